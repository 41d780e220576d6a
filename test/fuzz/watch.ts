import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { Worker } from 'node:worker_threads';
import { readCorpus } from './corpus.ts';
import type { Failure, RunOptions, RunReport } from './runner.ts';

/** A run in which no input was finished for so long hangs, also on a busy machine. */
const HANG_MS = 30_000;
const MEMORY_MB = 512;
/** In the memory that is shared with the worker: how many inputs, the length of the latest, its bytes. */
export const COUNT = 0;
export const LENGTH = 1;
export const BYTES_AT = 8;
export const SHARED_BYTES = BYTES_AT + (1 << 20);

export interface WorkerData {
	readonly parser: string;
	readonly corpus: readonly Uint8Array[];
	readonly options: RunOptions;
	readonly shared: SharedArrayBuffer;
	/** Path of an empty folder. */
	readonly scratch: string;
}

/** Fuzzes a parser in a thread of its own, so that a hang or a lack of memory is a failure like others. */
export async function fuzzWatched(parser: string, options: RunOptions, hangMs = HANG_MS): Promise<RunReport> {
	const shared = new SharedArrayBuffer(SHARED_BYTES);
	const words = new Int32Array(shared, 0, 2);
	// In memory where there is such a folder: what is unpacked is synced.
	const scratch = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'voice-fuzz-'));
	const remove = () => rmSync(scratch, { recursive: true, force: true });
	// Also where somebody ends the run.
	process.once('exit', remove);
	const workerData: WorkerData = { parser, corpus: readCorpus(parser), options, shared, scratch };
	const began = performance.now();
	const worker = new Worker(new URL('./worker.js', import.meta.url), {
		workerData,
		resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
	});
	let last = -1;
	let since = performance.now();
	let hang: NodeJS.Timeout | undefined;
	try {
		return await new Promise<RunReport>((resolve) => {
			const fail = (text: string) => {
				const input = Buffer.from(Buffer.from(shared, BYTES_AT, Atomics.load(words, LENGTH)));
				const failure: Failure = { input, text };
				const seconds = (performance.now() - began) / 1000;
				resolve({ executions: Atomics.load(words, COUNT), seconds, failures: [failure], best: [] });
			};
			worker.once('message', resolve);
			worker.once('error', (error) => fail(error.stack ?? String(error)));
			worker.once('exit', (code) => fail(`the worker ended with code ${code}`));
			hang = setInterval(() => {
				const count = Atomics.load(words, COUNT);
				if (count !== last) [last, since] = [count, performance.now()];
				// Before the first input the parser is being loaded.
				else if (count > 0 && performance.now() - since > hangMs) fail(`hangs: ${hangMs} ms without an end`);
			}, 500);
		});
	} finally {
		clearInterval(hang);
		worker.removeAllListeners();
		worker.on('error', () => {});
		await worker.terminate();
		remove();
		process.off('exit', remove);
	}
}
