import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pcmToFloat } from '../../../../../lib/audio/convert.ts';
import { serveParent } from '../../../../../lib/process/forked.ts';
import { type SttEvent, VoiceError } from '../../provider.ts';
import { type Addon, loadAddon, type NativeRecognizer, type NativeVad } from './addon.ts';
import { collectSoon } from './collector.ts';
import { GatedHearing, type Hearing, type Tally, WholeHearing } from './hearing.ts';
import type {
	AudioPayload,
	EndedPayload,
	LoadPayload,
	OpenPayload,
	RecognizerConfig,
	ResultsPayload,
	Stats,
	StreamPayload,
	TakenPayload,
} from './protocol.ts';
import { Recognition } from './recognition.ts';

// The process that owns sherpa-onnx, with one model. It may end at any time: many a mistake in a model makes the engine
// abort or exit, past every handler.

const VAD_BUFFER_S = 30;

const streams = new Map<number, Hearing>();
/** Detectors without a stream; each has loaded its model. */
const idleVads: NativeVad[] = [];
let loaded:
	| { readonly addon: Addon; readonly native: NativeRecognizer; readonly payload: LoadPayload }
	| undefined;
const done: Tally & { busyMs: number; loadMs: number } = { heardMs: 0, decodedMs: 0, busyMs: 0, loadMs: 0 };

const send = serveParent(
	{
		load,
		open: (request: OpenPayload) => {
			try {
				streams.set(
					request.stream,
					busy(() => hear(request)),
				);
			} catch (thrown) {
				const { stream } = request;
				send('ended', { stream, error: toError(thrown).toJSON() } satisfies EndedPayload);
			}
		},
		audio: ({ stream, pcm }: AudioPayload) => {
			const samples = pcmToFloat(pcm);
			run(stream, (hearing) => hearing.accept(samples));
			send('taken', { stream, bytes: pcm.length } satisfies TakenPayload);
		},
		finish: ({ stream }: StreamPayload) => {
			run(stream, (hearing) => hearing.finish());
			close(stream);
			send('ended', { stream } satisfies EndedPayload);
		},
		close: ({ stream }: StreamPayload) => close(stream),
		stats: (): Stats => ({ ...done, memory: process.memoryUsage.rss(), streams: streams.size }),
	},
	toError,
);

function toError(thrown: unknown): VoiceError {
	if (thrown instanceof VoiceError) return thrown;
	const reason = thrown instanceof Error ? thrown.message : String(thrown);
	return new VoiceError(
		'STT_ENGINE',
		`sherpa-onnx failed (${reason.split('\n')[0]?.slice(0, 200)})`,
		'report it together with the name of the model',
	);
}

/** Loads the model and has it decode silence, so that whatever ends the process does so now. */
function load(payload: LoadPayload): { version: string } {
	const began = performance.now();
	const addon = loadAddon();
	const native = withVocabulary(payload, (config) => new addon.OnlineRecognizer(config));
	loaded = { addon, native, payload };
	const { reading, vad, sampleRate } = payload;
	const trial = new Recognition(
		native,
		{ ...reading, sampleRate, partials: true, language: '', multilingual: false, at: 0 },
		() => {},
	);
	trial.accept(new Float32Array(Math.round((reading.tailMs * sampleRate) / 1000)));
	trial.finish();
	if (vad) {
		const detector = new addon.Vad(vad.config, VAD_BUFFER_S);
		for (let window = 0; window < 4; window++) detector.acceptWaveform(new Float32Array(vad.window));
		detector.reset();
		idleVads.push(detector);
	}
	done.loadMs = performance.now() - began;
	return { version: addon.version };
}

/** The engine reads a vocabulary for hotwords only from a file. */
function withVocabulary<T>(
	{ recognizer, vocabulary }: LoadPayload,
	make: (config: RecognizerConfig) => T,
): T {
	if (!vocabulary) return make(recognizer);
	const folder = mkdtempSync(join(tmpdir(), 'voice-hotwords-'));
	try {
		const bpeVocab = join(folder, 'bpe.vocab');
		writeFileSync(bpeVocab, vocabulary);
		return make({ ...recognizer, modelConfig: { ...recognizer.modelConfig, bpeVocab } });
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

function hear(request: OpenPayload): Hearing {
	if (!loaded) throw new Error('no model is loaded');
	const { addon, native, payload } = loaded;
	const { stream, sampleRate } = request;
	const emit = (event: SttEvent) => send('results', { stream, events: [event] } satisfies ResultsPayload);
	const settings = { ...payload.reading, ...request };
	const begin = (at: number) => {
		collectSoon();
		return new Recognition(native, { ...settings, at }, emit);
	};
	// Detectors know only this rate.
	if (!payload.vad || sampleRate !== 16_000) return new WholeHearing(begin, sampleRate, done);
	const vad = idleVads.pop() ?? new addon.Vad(payload.vad.config, VAD_BUFFER_S);
	const giveBack = () => {
		vad.reset();
		idleVads.push(vad);
	};
	return new GatedHearing(begin, vad, { ...payload.vad, sampleRate }, done, giveBack);
}

function run(stream: number, act: (hearing: Hearing) => void): void {
	const hearing = streams.get(stream);
	if (!hearing) return;
	try {
		busy(() => act(hearing));
	} catch (thrown) {
		close(stream);
		send('ended', { stream, error: toError(thrown).toJSON() } satisfies EndedPayload);
	}
}

function close(stream: number): void {
	streams.get(stream)?.close();
	if (streams.delete(stream)) collectSoon();
}

function busy<T>(act: () => T): T {
	const began = performance.now();
	try {
		return act();
	} finally {
		done.busyMs += performance.now() - began;
	}
}
