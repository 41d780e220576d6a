import { AudioFormatError } from '../audio/format.ts';

/** Every code that a Catch node can meet in `msg.error.code`. */
export type ErrorCode =
	| 'GPIO_UNAVAILABLE'
	| 'GPIO_LINE_NOT_FOUND'
	| 'GPIO_BUSY'
	| 'GPIO_PERMISSION'
	| 'MIC_BACKEND_MISSING'
	| 'MIC_DEVICE_NOT_FOUND'
	| 'MIC_DEVICE_BUSY'
	| 'MIC_FORMAT'
	| 'MIC_STALLED'
	| 'MIC_SILENT'
	| 'PLAY_BACKEND_MISSING'
	| 'PLAY_DEVICE_NOT_FOUND'
	| 'PLAY_DEVICE_BUSY'
	| 'PLAY_STALLED'
	| 'PLAY_QUEUE_FULL'
	| 'CONTROL_UNKNOWN'
	| 'AUDIO_FORMAT'
	| 'STT_AUTH'
	| 'STT_QUOTA'
	| 'STT_CONFIG'
	| 'STT_CONNECT'
	| 'STT_TIMEOUT'
	| 'STT_AUDIO_FORMAT'
	| 'STT_PROTOCOL'
	| 'STT_ENGINE'
	| 'STT_MODEL_MISSING';

export interface VoiceErrorOptions {
	/** May the same attempt succeed later without anybody changing anything? */
	retryable?: boolean;
	cause?: unknown;
}

/** What crosses a process boundary in place of a VoiceError. */
export interface SerializedVoiceError {
	code: ErrorCode;
	problem: string;
	remedy: string;
	retryable: boolean;
}

/**
 * The one error class of this package. Node-RED copies `message`, `code`, `stack` and `cause` to a Catch node, so
 * the remedy is part of the message: "arecord is not installed: sudo apt install alsa-utils".
 * Neither text ever holds a secret or words that somebody spoke.
 */
export class VoiceError extends Error {
	override readonly name = 'VoiceError';
	readonly code: ErrorCode;
	/** What happened, and to which device, file or host. */
	readonly problem: string;
	/** What the user can do about it. */
	readonly remedy: string;
	readonly retryable: boolean;

	constructor(code: ErrorCode, problem: string, remedy: string, options: VoiceErrorOptions = {}) {
		super(`${problem}: ${remedy}`, options.cause === undefined ? undefined : { cause: options.cause });
		this.code = code;
		this.problem = problem;
		this.remedy = remedy;
		this.retryable = options.retryable ?? false;
	}

	/** Node-RED shows `String(error)` in the log and in `msg.error.message`: keep the class name out of it. */
	override toString(): string {
		return this.message;
	}

	toJSON(): SerializedVoiceError {
		return { code: this.code, problem: this.problem, remedy: this.remedy, retryable: this.retryable };
	}

	static from(plain: SerializedVoiceError): VoiceError {
		return new VoiceError(plain.code, plain.problem, plain.remedy, { retryable: plain.retryable });
	}
}

/**
 * Makes a VoiceError of anything that was thrown. Audio format errors keep their own words; what nobody expected
 * becomes `fallback` with the original as its cause.
 */
export function toVoiceError(thrown: unknown, fallback: ErrorCode, doing: string): VoiceError {
	if (thrown instanceof VoiceError) return thrown;
	if (thrown instanceof AudioFormatError)
		return new VoiceError('AUDIO_FORMAT', thrown.problem, thrown.remedy, { cause: thrown });
	const text = messageOf(thrown);
	return new VoiceError(fallback, `${doing} failed (${text})`, 'see the Node-RED log', { cause: thrown });
}

/** Words for anything that can be thrown; objects without a message may hold secrets and are only named. */
function messageOf(thrown: unknown): string {
	if (thrown === null || typeof thrown !== 'object') return String(thrown);
	const { message } = thrown as { message?: unknown };
	return typeof message === 'string' ? message : Object.prototype.toString.call(thrown);
}
