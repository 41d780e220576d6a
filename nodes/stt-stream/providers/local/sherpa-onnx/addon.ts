import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Machine, notLoaded } from './errors.ts';
import type { RecognizerConfig, VadConfig } from './protocol.ts';

// Only ever imported by the child: many a mistake ends the process that has this addon loaded.

/** What the engine has understood since the last `reset`; times in seconds since `start_time`. */
export interface NativeResult {
	readonly text: string;
	readonly tokens: readonly string[];
	/** When each token was found; none for some kinds of models. */
	readonly timestamps: readonly number[];
	/** Natural logarithms of the tokens' probabilities; only transducers have them. */
	readonly ys_probs: readonly number[];
	/** Decoded frames since the last token. */
	readonly num_trailing_blanks?: number;
	/** When the utterance began: the last `reset`, in seconds of the stream. */
	readonly start_time: number;
}

export interface NativeStream {
	/** Only float samples: it reads any other array as if they were. */
	acceptWaveform(audio: { readonly samples: Float32Array; readonly sampleRate: number }): void;
	inputFinished(): void;
	setOption(name: string, value: string): void;
}

export interface NativeRecognizer {
	createStream(): NativeStream;
	isReady(stream: NativeStream): boolean;
	decode(stream: NativeStream): void;
	isEndpoint(stream: NativeStream): boolean;
	reset(stream: NativeStream): void;
	getResult(stream: NativeStream): NativeResult;
}

/** A detector of speech. It also collects the speech, which has to be taken away. */
export interface NativeVad {
	acceptWaveform(samples: Float32Array): void;
	isDetected(): boolean;
	isEmpty(): boolean;
	pop(): void;
	reset(): void;
}

export interface Addon {
	readonly version: string;
	readonly OnlineRecognizer: new (config: RecognizerConfig) => NativeRecognizer;
	readonly Vad: new (config: VadConfig, bufferSeconds: number) => NativeVad;
}

/** @throws VoiceError STT_ENGINE that tells what is missing on this machine */
export function loadAddon(): Addon {
	const require = createRequire(import.meta.url);
	try {
		const index = require.resolve('sherpa-onnx-node');
		const platform = process.platform === 'win32' ? 'win' : process.platform;
		// The package tells of no reason, so its compiled part is loaded first.
		createRequire(index)(join('..', `sherpa-onnx-${platform}-${process.arch}`, 'sherpa-onnx.node'));
		return require('sherpa-onnx-node') as Addon;
	} catch (thrown) {
		throw notLoaded(thrown, machine());
	}
}

function machine(): Machine {
	const { platform, arch } = process;
	const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
	return { platform, arch, glibc: header?.glibcVersionRuntime };
}
