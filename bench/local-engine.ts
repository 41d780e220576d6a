import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { VoiceError } from '../lib/node/errors.ts';
import { ForkedChild } from '../lib/process/forked.ts';
import type { LoadPayload } from '../nodes/stt-stream/providers/local/sherpa-onnx/protocol.ts';
import { writeToyTransducer } from '../test/lab/toy-models/models.ts';
import { toneSpeech } from '../test/lab/toy-models/tones.ts';
import { payloadFor } from '../test/nodes/stt-stream/providers/sherpa-lab.ts';
import type { Outcome, Task } from './local-engine-runner.ts';
import { type Extent, median, percentile, rounded } from './statistics.ts';

// What it costs that the engine sherpa-onnx runs in a process of its own: the same audio, in the same chunks, through
// our child process and through the bare addon in one process, in turns, each time in fresh processes.

const RATE = 16_000;
const CHUNK_MS = 64;
const PHRASE = 'ONE TWO THREE';
const RUN_MS = 600_000;
/** A pause after each chunk, so that each finds an idle engine. */
const REST_MS = 4;

export interface LocalEngineFigures {
	readonly model: string;
	/** Seconds of work for each second of audio, chunk after chunk without a pause. */
	readonly realTimeFactor: { readonly bare: number; readonly child: number };
	/** child / bare. */
	readonly ratio: number;
	/** Milliseconds from handing over a chunk until all is there that it led to. */
	readonly chunkP50Ms: { readonly bare: number; readonly child: number };
	readonly chunkP99Ms: { readonly bare: number; readonly child: number };
	readonly addedP50Ms: number;
	readonly addedP99Ms: number;
	/** Resident megabytes: one process; or the process with the audio and the engine's. */
	readonly memoryMb: { readonly bare: number; readonly own: number; readonly engine: number };
	/** 99th percentile of how late timers were in the process with the audio. */
	readonly loopDelayP99Ms: { readonly bare: number; readonly child: number };
}

/** Of `runs` runs of each side the median, each with so many seconds of audio. */
export async function measureLocalEngine({ seconds, runs }: Extent): Promise<LocalEngineFigures[]> {
	const folder = mkdtempSync(join(tmpdir(), 'voice-bench-engine-'));
	try {
		const models = {
			'toy (some kilobytes)': writeToyTransducer(join(folder, 'toy')),
			'heavy (67 million parameters)': writeToyTransducer(join(folder, 'heavy'), { ballast: 8192 }),
		};
		const figures: LocalEngineFigures[] = [];
		for (const [model, path] of Object.entries(models))
			figures.push(await compare(model, await payloadFor(path), { seconds, runs }));
		return figures;
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

type Side = 'bare' | 'child';

async function compare(
	model: string,
	load: LoadPayload,
	{ seconds, runs }: Extent,
): Promise<LocalEngineFigures> {
	const phrase = Buffer.concat([toneSpeech(PHRASE), Buffer.alloc(RATE * 2)]);
	const count = Math.max(1, Math.round((seconds * RATE * 2) / phrase.length));
	const pcm = Buffer.concat(Array.from({ length: count }, () => phrase));
	const task = { load, pcm, chunkBytes: (RATE * 2 * CHUNK_MS) / 1000 };
	const audioMs = (pcm.length / (RATE * 2)) * 1000;
	const fast: Record<Side, Outcome[]> = { bare: [], child: [] };
	const calm: Record<Side, Outcome[]> = { bare: [], child: [] };
	for (let run = 0; run < runs; run++)
		// Turn about who begins: whatever else this machine does meets both.
		for (const side of run % 2 ? (['child', 'bare'] as const) : (['bare', 'child'] as const)) {
			fast[side].push(await perform(side, { ...task, restMs: 0 }));
			calm[side].push(await perform(side, { ...task, restMs: REST_MS }));
		}
	const all = [...fast.bare, ...fast.child, ...calm.bare, ...calm.child];
	const expected = Array.from({ length: count }, () => PHRASE).join(' ');
	const wrong = all.find(({ text }) => text !== expected);
	if (wrong) throw new Error(`Not all was recognised, so nothing is compared: ${wrong.text.slice(0, 200)}`);

	const both = (read: (outcomes: Outcome[]) => number, from = calm) => ({
		bare: read(from.bare),
		child: read(from.child),
	});
	const realTimeFactor = both((runs) => median(runs.map(({ wallMs }) => wallMs / audioMs)), fast);
	const p50 = both((runs) => median(runs.map(({ chunkMs }) => percentile(chunkMs, 50))));
	const p99 = both((runs) => median(runs.map(({ chunkMs }) => percentile(chunkMs, 99))));
	const mb = (side: Side, of: 'own' | 'engine') =>
		Math.round(median(calm[side].map(({ memory }) => memory[of] ?? 0)) / 2 ** 20);
	return rounded({
		model,
		realTimeFactor,
		ratio: realTimeFactor.child / realTimeFactor.bare,
		chunkP50Ms: p50,
		chunkP99Ms: p99,
		addedP50Ms: p50.child - p50.bare,
		addedP99Ms: p99.child - p99.bare,
		memoryMb: { bare: mb('bare', 'own'), own: mb('child', 'own'), engine: mb('child', 'engine') },
		loopDelayP99Ms: both((runs) => median(runs.map(({ loopDelayMs }) => loopDelayMs.p99))),
	});
}

async function perform(side: Side, task: Task): Promise<Outcome> {
	const runner = new ForkedChild(new URL('./local-engine-runner.js', import.meta.url), {
		lost: (reason, stderr) => {
			process.stderr.write(stderr);
			return new VoiceError('STT_ENGINE', `A run of the bench was lost (${reason})`, 'see its words above');
		},
	});
	try {
		return (await runner.request(side, task, RUN_MS)) as Outcome;
	} finally {
		await runner.kill();
	}
}
