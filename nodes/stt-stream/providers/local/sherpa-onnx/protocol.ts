import type { SerializedVoiceError } from '../../../../../lib/node/errors.ts';
import type { SttEvent } from '../../provider.ts';

// What travels between Node-RED and the engine's process. Audio is s16le in Buffers, which cross as they are.

/** The engine's own configuration, as its addon reads it (types.js of sherpa-onnx-node). Times in seconds. */
export interface RecognizerConfig {
	readonly featConfig: { readonly sampleRate: number; readonly featureDim: number };
	readonly modelConfig: Readonly<Record<string, unknown>>;
	readonly decodingMethod: 'greedy_search' | 'modified_beam_search';
	readonly maxActivePaths: number;
	readonly enableEndpoint: 1;
	readonly rule1MinTrailingSilence: number;
	readonly rule2MinTrailingSilence: number;
	readonly rule3MinUtteranceLength: number;
	readonly hotwordsScore?: number;
	readonly hotwordsBuf?: string;
	readonly hotwordsBufSize?: number;
}

export interface VadConfig {
	readonly sileroVad?: Readonly<Record<string, unknown>>;
	readonly tenVad?: Readonly<Record<string, unknown>>;
	readonly sampleRate: 16_000;
	readonly numThreads: 1;
	readonly provider: 'cpu';
	readonly debug: 0;
}

/** How results are read. */
export interface Reading {
	/** Silence before the first sample and after the last. */
	readonly leadMs: number;
	readonly tailMs: number;
	/** What the engine's `start_time` must be multiplied by. */
	readonly startFactor: number;
	/** Length of a decoded frame. */
	readonly frameMs: number;
	readonly words: boolean;
}

/** 'load' */
export interface LoadPayload {
	readonly recognizer: RecognizerConfig;
	/** Hertz, of the model. */
	readonly sampleRate: number;
	readonly reading: Reading;
	/** Contents of a vocabulary for hotwords that has no file, or ''. */
	readonly vocabulary: string;
	readonly vad?: {
		readonly config: VadConfig;
		/** Samples that it looks at at once. */
		readonly window: number;
		/** Silence that ends an utterance. */
		readonly endSilenceMs: number;
	};
}

export interface StreamPayload {
	readonly stream: number;
}

/** 'open', before any other word about a stream. */
export interface OpenPayload extends StreamPayload {
	/** Hertz. */
	readonly sampleRate: number;
	readonly partials: boolean;
	/** Tag put on results, '' for none. */
	readonly language: string;
	/** Tell the engine the language. */
	readonly multilingual: boolean;
}

/** 'audio' */
export interface AudioPayload extends StreamPayload {
	readonly pcm: Buffer;
}

// Without a payload of their own: 'finish' (the end of the audio), 'close' (no more of it).

/** Events. `taken` acknowledges audio, `ended` is the last of a stream. */
export interface ResultsPayload extends StreamPayload {
	readonly events: readonly SttEvent[];
}
export interface TakenPayload extends StreamPayload {
	readonly bytes: number;
}
export interface EndedPayload extends StreamPayload {
	/** It did not end by `finish`. */
	readonly error?: SerializedVoiceError;
}

/** 'stats': what the engine has done since it was loaded, for measurements. */
export interface Stats {
	/** Audio that came, and audio that the recogniser was given (less with a detector, more with what is put around it). */
	readonly heardMs: number;
	readonly decodedMs: number;
	/** Time spent in the engine. */
	readonly busyMs: number;
	readonly loadMs: number;
	/** Bytes. */
	readonly memory: number;
	readonly streams: number;
}
