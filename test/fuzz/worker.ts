import { parentPort, workerData } from 'node:worker_threads';
import { fuzz } from './runner.ts';
import { NO_PARSERS, TARGETS } from './targets.ts';
import { BYTES_AT, COUNT, LENGTH, type WorkerData } from './watch.ts';

// The thread that feeds one parser.

const { parser, corpus, options, shared } = workerData as WorkerData;
const words = new Int32Array(shared, 0, 2);
const bytes = new Uint8Array(shared, BYTES_AT);
const report = await fuzz(
	{ ...TARGETS, ...NO_PARSERS }[parser]!,
	corpus.map(Buffer.from),
	options,
	(input) => {
		bytes.set(input.subarray(0, bytes.length));
		Atomics.store(words, LENGTH, Math.min(input.length, bytes.length));
		Atomics.add(words, COUNT, 1);
	},
);
parentPort?.postMessage(report);
