import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeWav } from '../lib/audio/wav.ts';
import { type FlowNode, type LabNodeRed, sink, startNodeRed } from '../test/lab/node-red.ts';
import { writeToyTransducer } from '../test/lab/toy-models/models.ts';
import { toneSpeech } from '../test/lab/toy-models/tones.ts';
import { type Extent, median, rounded } from './statistics.ts';

// What recognition on the device does to all else that Node-RED does: how late its timers are while the engine decodes
// a deliberately heavy network, in real time, and while the same microphone leads nowhere.

const RATE = 16_000;
const FRAMES = 1024;
const STREAM_MS = 600_000;

export interface EventLoopFigures {
	readonly flow: 'without a recogniser' | 'with the heavy local engine';
	/** How late a timer of one millisecond is in Node-RED's process, in milliseconds. */
	readonly delayP50Ms: number;
	readonly delayP99Ms: number;
	readonly delayMaxMs: number;
	/** Seconds of audio of a run, and words understood in it. */
	readonly seconds: number;
	readonly words: number;
}

/** Runs in Node-RED itself; `msg.payload` is whether to begin. */
const METER = `
if (msg.payload) {
	const delay = perf_hooks.monitorEventLoopDelay({ resolution: 1 });
	delay.enable();
	context.set('delay', delay);
	return;
}
const delay = context.get('delay');
delay.disable();
const [p50, p99] = [50, 99].map((percent) => delay.percentile(percent) / 1e6);
return { payload: { p50, p99, max: delay.max / 1e6 } };`;

/** Both flows in turns, each in a Node-RED of its own; of their runs the medians. */
export async function measureEventLoop({ seconds, runs }: Extent): Promise<EventLoopFigures[]> {
	const folder = mkdtempSync(join(tmpdir(), 'voice-bench-loop-'));
	const benches: Bench[] = [];
	try {
		const phrase = Buffer.concat([toneSpeech('ONE TWO THREE'), Buffer.alloc(RATE * 2)]);
		const count = Math.max(1, Math.round((seconds * RATE * 2) / phrase.length));
		const file = join(folder, 'tones.wav');
		const pcm = Buffer.concat(Array.from({ length: count }, () => phrase));
		writeFileSync(file, encodeWav([pcm], { sampleRate: RATE, channels: 1 }));
		const model = writeToyTransducer(join(folder, 'heavy'), { ballast: 8192 });
		for (const one of [undefined, model]) benches.push(await Bench.start(file, one));
		for (const bench of benches) await bench.play(); // the model is loaded and the code is warm
		for (let run = 0; run < runs; run++) for (const bench of benches) await bench.measure();
		return benches.map((bench) => bench.figures());
	} finally {
		for (const bench of benches) await bench.stop();
		rmSync(folder, { recursive: true, force: true });
	}
}

interface Delay {
	readonly p50: number;
	readonly p99: number;
	readonly max: number;
}

/** A Node-RED with a microphone that leads to a recogniser, or nowhere. */
class Bench {
	readonly #nodeRed: LabNodeRed;
	readonly #recognises: boolean;
	readonly #delays: Delay[] = [];
	#streams = 0;

	static async start(file: string, model: string | undefined): Promise<Bench> {
		const options = { engine: 'sherpa-onnx' };
		const recogniser: FlowNode[] = [
			{ id: 'recogniser', type: 'stt-provider', provider: 'local', model: model ?? '', options },
			{ id: 'stt', type: 'stt-stream', provider: 'recogniser', wires: [['out'], ['out'], ['out']] },
		];
		const nodeRed = await startNodeRed({
			flow: [
				{ id: 'tab', type: 'tab', label: 'Bench' },
				...(model ? recogniser : []),
				{
					...{ id: 'mic', type: 'mic-capture', z: 'tab', source: 'file', file, framesPerBuffer: FRAMES },
					wires: [[model ? 'stt' : 'out'], []],
				},
				{
					...{ id: 'meter', type: 'function', z: 'tab', func: METER, outputs: 1, wires: [['out']] },
					libs: [{ var: 'perf_hooks', module: 'perf_hooks' }],
				},
				sink('out'),
			],
		});
		return new Bench(nodeRed, model !== undefined);
	}

	private constructor(nodeRed: LabNodeRed, recognises: boolean) {
		this.#nodeRed = nodeRed;
		this.#recognises = recognises;
	}

	/** Plays the file once, to the end of its stream. */
	async play(): Promise<void> {
		const nodeRed = this.#nodeRed;
		const [node, port] = this.#recognises ? ['stt', 2] : ['mic', 0];
		const ends = () =>
			nodeRed.messages(node, port).filter(({ complete, payload }) => complete || payload === 'closed');
		this.#streams++;
		await nodeRed.send('mic', { payload: true });
		await nodeRed.until('its end', () => ends().length === this.#streams || undefined, STREAM_MS);
	}

	async measure(): Promise<void> {
		const nodeRed = this.#nodeRed;
		const known = nodeRed.messages('meter').length;
		await nodeRed.send('meter', { payload: true });
		await this.play();
		await nodeRed.send('meter', { payload: false });
		const { payload } = await nodeRed.waitFor('meter', (_, index) => index === known);
		this.#delays.push(payload as Delay);
	}

	figures(): EventLoopFigures {
		const of = (name: keyof Delay) => median(this.#delays.map((delay) => delay[name]));
		const last = this.#nodeRed.messages('mic', 0).at(-1)?.['audio'] as { startMs: number };
		const finals = this.#nodeRed.messages('stt', 0);
		const words = finals.flatMap(({ payload }) => String(payload).split(' ')).length;
		return rounded({
			flow: this.#recognises ? 'with the heavy local engine' : 'without a recogniser',
			delayP50Ms: of('p50'),
			delayP99Ms: of('p99'),
			delayMaxMs: of('max'),
			seconds: last.startMs / 1000,
			words: words / this.#streams,
		});
	}

	stop(): Promise<void> {
		return this.#nodeRed.stop();
	}
}
