import { type ErrorCode, VoiceError } from '../../../lib/node/errors.ts';

export { VoiceError } from '../../../lib/node/errors.ts';
export { textOf } from '../../../lib/node/rules.ts';
export { SettingsReader } from '../../../lib/node/settings.ts';

// The interface between the session, which keeps words safe, and a recogniser's adapter, which only translates a
// protocol. Adapters resample, buffer, retry and time nothing.

/** What a recogniser can do and demands. Rates in hertz, `Infinity` where there is no limit. */
export interface Capabilities {
	/** Sample rates it takes, mono s16le; the first is the one to prefer. */
	readonly sampleRates: readonly number[];
	/** Shortest and longest piece of audio that `write` may get. */
	readonly chunkMs: { readonly min: number; readonly max: number };
	/** Largest piece in bytes, where the recogniser counts those. */
	readonly chunkMaxBytes: number;
	/** How many times faster than real time audio may be sent. */
	readonly pace: number;
	/** How far a session's audio may be ahead of real time in all, where the recogniser limits that. */
	readonly leadMs?: number;
	/** How long a session may last and how much audio it may get before it must be replaced by another. */
	readonly sessionLimit: { readonly ms: number; readonly bytes: number };
	/** The recogniser ends a session to which nothing was sent for so long. */
	readonly idleLimitMs: number;
	/** What holds an idle session open: the adapter's `keepAlive()`, or only audio, be it silence. */
	readonly keepAlive: 'none' | 'message' | 'silence';
	/** The protocol has an end marker, so that the last final surely comes after `finish`. */
	readonly endMarker: boolean;
	readonly partials: boolean;
	/** A final may be followed by a `refined` one (formatted, normalised). */
	readonly refines: boolean;
	/** Results carry words with times. */
	readonly words: boolean;
	/** Results may carry a confidence. */
	readonly confidence: boolean;
}

/** What one session is asked for. */
export interface OpenOptions {
	/** One of `capabilities.sampleRates`. */
	readonly sampleRate: number;
	/** BCP 47 tag such as en-US; '' = the recogniser's default. */
	readonly language: string;
	/** Whether anybody listens to partials and to refined finals. */
	readonly partials: boolean;
	readonly refined: boolean;
}

export interface ResultWord {
	readonly text: string;
	readonly startMs: number;
	readonly endMs: number;
	/** 0 to 1; absent when unknown. */
	readonly confidence?: number;
}

/** A result. Times are milliseconds of the audio written to this session; absent where the recogniser gives none. */
export interface SttResult {
	readonly type: 'partial' | 'final' | 'refined';
	readonly text: string;
	/** The recogniser's own number of the utterance; ties a `refined` to its `final`. Default: the last final's. */
	readonly utterance?: number;
	readonly startMs?: number;
	readonly endMs?: number;
	/**
	 * Of a final: whoever hears the audio again begins here, where neither its last word nor the next one sounds.
	 * Default: `endMs`.
	 */
	readonly settledMs?: number;
	readonly language?: string;
	readonly confidence?: number;
	readonly words?: readonly ResultWord[];
	readonly alternatives?: readonly { readonly text: string; readonly confidence?: number }[];
}

export type SttEvent =
	| SttResult
	| { readonly type: 'speech-started' | 'end-of-utterance'; readonly atMs?: number }
	/** The recogniser's own remark. Never text that was spoken, never a secret. */
	| { readonly type: 'status'; readonly detail: string }
	/** `write` answered false and may now be called again. */
	| { readonly type: 'drain' };

/**
 * One session, from its opening to its end. Iterate it exactly once: it yields events until the end, and throws the
 * VoiceError of a failure (`retryable` says whether the same attempt may succeed later). An iteration that ends
 * before `finish` or `abort` was called is a session that the recogniser closed without a reason.
 */
export interface SttSession extends AsyncIterable<SttEvent> {
	/** Set when the server has told at opening how long this session may last, counted from then. */
	readonly expiresInMs?: number;
	/**
	 * Takes mono s16le at the rate asked for, within `chunkMs` (the last piece before `finish` may be shorter where
	 * `chunkMs.min` allows it). The Buffer is not written to. False: taken, but wait for a `drain` event before the
	 * next. Nothing happens after the end.
	 */
	write(pcm: Buffer): boolean;
	/** Holds an idle session open; present where `capabilities.keepAlive` is 'message'. */
	keepAlive?(): void;
	/**
	 * No more audio: sends the end marker. The last final comes, and the iteration ends. Resolves at that end,
	 * whatever it was: a failure shows in the iteration only.
	 */
	finish(): Promise<void>;
	/** Ends at once; the iteration throws `reason`, or ends if there is none. Resources are gone when `finish` resolves. */
	abort(reason?: Error): void;
}

export interface SttProvider {
	/** As in the setting `provider`, e.g. 'local'. */
	readonly id: string;
	/** Who it is, for error texts: "AssemblyAI at streaming.assemblyai.com". */
	readonly peer?: string;
	/** What recognises, where that is a program on this machine; known once a session has opened. */
	readonly engine?: LocalEngine | undefined;
	/** Final once `prepare` has resolved. */
	readonly capabilities: Capabilities;
	/**
	 * Learns what this machine has, and checks what sessions will be asked for; connects to nothing. Rejects with the
	 * VoiceError that every such `open` would; may be called again then.
	 */
	prepare?(asked?: Pick<OpenOptions, 'language'>): Promise<void>;
	/** Rejects with a VoiceError. `signal` abandons the opening and has no effect on an open session. */
	open(options: OpenOptions, signal: AbortSignal): Promise<SttSession>;
	/**
	 * Present where a connection without a session costs nothing: makes one for the next `open`. Resolves when it is
	 * there no more: used, lost, not to be had, or given up by `signal`. Never rejects.
	 */
	warm?(signal: AbortSignal): Promise<void>;
}

export interface LocalEngine {
	readonly name: string;
	/** Name of the model's folder. */
	readonly model: string;
	/** What kind of model or of program it is, in the engine's own words: "zipformer2". */
	readonly kind: string;
}

/** Who an error is about. */
export const peerOf = ({ peer }: SttProvider): string => peer ?? 'The recogniser';

/**
 * The recogniser was gone all at once, and whether it is to be had again only an attempt can tell: the failure of a
 * session that was closed without a reason, or of a program that died. Three of them in a row, each soon after the
 * session was opened or instead of that, count as permanent.
 */
export class SuddenEnd extends VoiceError {
	constructor(code: ErrorCode, problem: string, remedy: string) {
		super(code, problem, remedy, { retryable: true });
	}
}

/**
 * The recogniser ended a session after `finish`, but not with its protocol's word that it had heard all: perhaps it
 * had not. What sounds since the last final is said again, once; such an end of that, too, is believed, and what it
 * leaves without a final counts as dropped.
 */
export class UnconfirmedEnd extends VoiceError {
	constructor(peer: string) {
		const problem = `${peer} ended the session and did not confirm that it had heard all`;
		const remedy = 'see whether the recogniser is overloaded, or another program closes its connections';
		super('STT_PROTOCOL', problem, remedy, { retryable: true });
	}
}

/** The settings of an stt-provider. */
export interface ProviderConfig {
	/** Host or URL; '' = the vendor's. */
	readonly endpoint: string;
	/** PEM file of a certificate authority to trust; '' = the usual ones. */
	readonly caFile: string;
	/** Name, or for `local` a folder; '' = the default. */
	readonly model: string;
	/** Provider-specific; the factory refuses names that it does not know. */
	readonly options: Readonly<Record<string, unknown>>;
	readonly credentials: { readonly apiKey: string; readonly token: string; readonly serviceAccount: string };
	/** Node-RED's user directory, below which downloaded models are. */
	readonly userDir?: string;
}

/** Makes a provider. Throws a VoiceError (STT_CONFIG) for settings that can never work; does no I/O. */
export type ProviderFactory = (config: ProviderConfig) => SttProvider;
