import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeWav } from '../lib/audio/wav.ts';
import { type LabNodeRed, sink, startNodeRed } from '../test/lab/node-red.ts';
import { writeToyTransducer } from '../test/lab/toy-models/models.ts';
import { toneSpeech } from '../test/lab/toy-models/tones.ts';
import type { Extent } from './statistics.ts';

// What the size of a chunk costs and gives: from a WAV played in real time through mic-capture and stt-stream to the
// partials of the local engine sherpa-onnx, in a real Node-RED. The model takes tones for words, and decodes 320 ms
// at a time, as small streaming models do: no chunk makes that shorter.

const RATE = 16_000;
const FRAMES = [160, 320, 1024, 1600, 3200, 8000];
const WORDS = 'ONE TWO THREE';
const WORD_MS = 400;
const PHRASE_MS = 2100;
/** Clock ticks per second of /proc/<pid>/stat on Linux. */
const TICKS = 100;

export interface FrameSizeFigures {
	readonly frames: number;
	readonly chunkMs: number;
	/** From the beginning of a word's sound (300 ms) to the partial that first holds it, in milliseconds. */
	readonly partialP50Ms: number;
	readonly partialMaxMs: number;
	/** Processor time of Node-RED without the engine, in milliseconds for each second of audio. */
	readonly cpuMsPerSecond: number;
}

/** One run for each size. */
export async function measureFrameSizes({ seconds }: Pick<Extent, 'seconds'>): Promise<FrameSizeFigures[]> {
	const folder = mkdtempSync(join(tmpdir(), 'voice-bench-frames-'));
	try {
		const phrase = Buffer.concat([toneSpeech(WORDS), Buffer.alloc(RATE * 2)]);
		const count = Math.max(1, Math.round((seconds * RATE * 2) / phrase.length));
		const sound = Buffer.concat(Array.from({ length: count }, () => phrase));
		const file = join(folder, 'tones.wav');
		writeFileSync(file, encodeWav([sound], { sampleRate: RATE, channels: 1 }));
		const model = writeToyTransducer(join(folder, 'toy'));
		const figures: FrameSizeFigures[] = [];
		for (const frames of FRAMES) figures.push(await measure(frames, file, model));
		return figures;
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

async function measure(framesPerBuffer: number, file: string, model: string): Promise<FrameSizeFigures> {
	const nodeRed = await startNodeRed({
		flow: [
			{
				id: 'recogniser',
				type: 'stt-provider',
				provider: 'local',
				model,
				options: { engine: 'sherpa-onnx' },
			},
			{ id: 'mic', type: 'mic-capture', source: 'file', file, framesPerBuffer, wires: [['stt'], []] },
			{ id: 'stt', type: 'stt-stream', provider: 'recogniser', wires: [['out'], ['out'], ['out']] },
			sink('out'),
		],
	});
	try {
		await stream(nodeRed); // the model is loaded and the code is warm
		const before = cpuMs(nodeRed.pid);
		const lags = await stream(nodeRed);
		const audioMs = lags.audioMs;
		lags.partials.sort((a, b) => a - b);
		return {
			frames: framesPerBuffer,
			chunkMs: (framesPerBuffer * 1000) / RATE,
			partialP50Ms: Math.round(lags.partials[Math.floor(lags.partials.length / 2)] ?? Number.NaN),
			partialMaxMs: Math.round(lags.partials.at(-1) ?? Number.NaN),
			cpuMsPerSecond: Math.round(((cpuMs(nodeRed.pid) - before) / audioMs) * 10_000) / 10,
		};
	} finally {
		await nodeRed.stop();
	}
}

/** Plays the file once; answers how late each word was in a partial. */
async function stream(nodeRed: LabNodeRed): Promise<{ partials: number[]; audioMs: number }> {
	const from = {
		mic: nodeRed.messages('mic').length,
		stt: nodeRed.messages('stt', 1).length,
		finals: nodeRed.messages('stt', 0).length,
	};
	const closings = () => nodeRed.messages('stt', 2).filter(({ payload }) => payload === 'closed');
	const closed = closings().length;
	await nodeRed.send('mic', { payload: true });
	const first = await nodeRed.waitFor('mic', (_, index) => index >= from.mic);
	const { sampleRate } = first['audio'] as { sampleRate: number };
	const begin = performance.now() - ((first['payload'] as Buffer).length * 500) / sampleRate;
	const partials: number[] = [];
	let known = 0;
	for (let index = from.stt; closings().length === closed; ) {
		const next = await nodeRed.until('a partial or the end', () => {
			if (closings().length > closed) return 'end';
			return nodeRed.messages('stt', 1)[index] ? 'partial' : undefined;
		});
		if (next === 'end') break;
		const now = performance.now() - begin;
		const said = nodeRed.messages('stt', 1)[index++]?.['transcript'] as Spoken | undefined;
		const words = said ? count(nodeRed, from.finals, said.turn) + said.text.split(' ').length : 0;
		// A partial may bring more than one.
		for (; known < words; known++)
			partials.push(now - Math.floor(known / 3) * PHRASE_MS - (known % 3) * WORD_MS);
	}
	const session = closings().at(-1)?.['session'] as { audioMs: number } | undefined;
	return { partials, audioMs: session?.audioMs ?? Number.NaN };
}

interface Spoken {
	readonly text: string;
	readonly turn: number;
}

/** Words in the finals from that one on, of turns before this one: its own final may be there already. */
function count(nodeRed: LabNodeRed, from: number, turn: number): number {
	const finals = nodeRed.messages('stt', 0).slice(from);
	const before = finals.filter((message) => (message['transcript'] as Spoken).turn < turn);
	return before.flatMap(({ payload }) => String(payload).split(' ')).length;
}

function cpuMs(pid: number): number {
	const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
	return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS;
}
