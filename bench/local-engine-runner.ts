import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { pcmToFloat } from '../lib/audio/convert.ts';
import { VoiceError } from '../lib/node/errors.ts';
import { ForkedChild, serveParent } from '../lib/process/forked.ts';
import { loadAddon } from '../nodes/stt-stream/providers/local/sherpa-onnx/addon.ts';
import type { LoadPayload, Stats } from '../nodes/stt-stream/providers/local/sherpa-onnx/protocol.ts';

// One side of the comparison in local-engine.ts, in a process of its own: the engine may end the process that has it.

export interface Task {
	readonly load: LoadPayload;
	readonly pcm: Buffer;
	readonly chunkBytes: number;
	/** Milliseconds of rest after each chunk; 0 = the next chunk follows at once. */
	readonly restMs: number;
}

export interface Outcome {
	/** For each chunk, from handing it over until all that it led to is there, in milliseconds. */
	readonly chunkMs: number[];
	/** All chunks, without the rests. */
	readonly wallMs: number;
	/** Resident bytes of the process with the audio, and of the engine's where that is another. */
	readonly memory: { readonly own: number; readonly engine?: number };
	/** How late timers were in the process with the audio. */
	readonly loopDelayMs: { readonly p50: number; readonly p99: number; readonly max: number };
	readonly text: string;
}

type Step = (chunk: Buffer) => Promise<void> | void;

serveParent({ bare: (task: Task) => bare(task), child: (task: Task) => throughChild(task) }, (thrown) =>
	VoiceError.from({ code: 'STT_ENGINE', problem: String(thrown), remedy: 'see above', retryable: false }),
);

/** The addon as its documentation's examples use it: audio and engine in one process. */
async function bare(task: Task): Promise<Outcome> {
	const { load } = task;
	const native = new (loadAddon().OnlineRecognizer)(load.recognizer);
	const stream = native.createStream();
	const finals: string[] = [];
	let said = '';
	const decode = (samples: Float32Array) => {
		stream.acceptWaveform({ samples, sampleRate: load.sampleRate });
		while (native.isReady(stream)) {
			native.decode(stream);
			said = native.getResult(stream).text.trim();
			if (!native.isEndpoint(stream)) continue;
			if (said) finals.push(said);
			said = '';
			native.reset(stream);
		}
	};
	// The same silences as our path puts around the audio.
	const silence = (ms: number) => new Float32Array(Math.round((ms * load.sampleRate) / 1000));
	decode(silence(load.reading.tailMs));
	decode(silence(load.reading.leadMs));
	const outcome = await measure(task, (chunk) => decode(pcmToFloat(chunk)));
	decode(silence(load.reading.tailMs));
	return { ...outcome, memory: { own: process.memoryUsage.rss() }, text: [...finals, said].join(' ').trim() };
}

/** As the node does it: the engine in a child process. */
async function throughChild(task: Task): Promise<Outcome> {
	const finals: string[] = [];
	let taken = (): void => {};
	let ended = (): void => {};
	const over = new Promise<void>((resolve) => {
		ended = resolve;
	});
	const module = new URL('../nodes/stt-stream/providers/local/sherpa-onnx/child.js', import.meta.url);
	const child = new ForkedChild(module, {
		onEvent: (event, payload) => {
			if (event === 'taken') taken();
			else if (event === 'ended') ended();
			else
				for (const { type, text } of (payload as { events: Said[] }).events)
					if (type === 'final') finals.push(text);
		},
		lost: () => new VoiceError('STT_ENGINE', 'The engine ended', 'see its words above'),
	});
	await child.request('load', task.load, 180_000);
	const { sampleRate } = task.load;
	child.notify('open', { stream: 1, sampleRate, partials: true, language: '', multilingual: false });
	const outcome = await measure(task, (pcm) => {
		const answered = new Promise<void>((resolve) => {
			taken = resolve;
		});
		child.notify('audio', { stream: 1, pcm });
		return answered;
	});
	const { memory } = (await child.request('stats', {}, 30_000)) as Stats;
	child.notify('finish', { stream: 1 });
	await over;
	await child.kill();
	return {
		...outcome,
		memory: { own: process.memoryUsage.rss(), engine: memory },
		text: finals.join(' '),
	};
}

interface Said {
	readonly type: string;
	readonly text: string;
}

async function measure(
	{ pcm, chunkBytes, restMs }: Task,
	step: Step,
): Promise<Omit<Outcome, 'memory' | 'text'>> {
	const delay = monitorEventLoopDelay({ resolution: 1 });
	const chunkMs: number[] = [];
	delay.enable();
	for (let at = 0; at < pcm.length; at += chunkBytes) {
		const chunk = Buffer.from(pcm.subarray(at, at + chunkBytes));
		const began = performance.now();
		await step(chunk);
		chunkMs.push(performance.now() - began);
		await sleep(restMs);
	}
	delay.disable();
	return {
		chunkMs,
		wallMs: chunkMs.reduce((sum, ms) => sum + ms, 0),
		loopDelayMs: {
			p50: delay.percentile(50) / 1e6,
			p99: delay.percentile(99) / 1e6,
			max: delay.max / 1e6,
		},
	};
}
