import { bytesToFrames, frameBytes, framesToMs, type PcmFormat } from '../../lib/audio/format.ts';
import { Framer } from '../../lib/audio/framing.ts';
import { type Level, measureLevel } from '../../lib/audio/level.ts';
import type { EndReason } from '../../lib/node/messages.ts';
import { type LimitSettings, Limits } from './limits.ts';

/** Who asked for a stream, and what it is called. */
export interface StreamLabel {
	/** The `parts.id` of all its messages. */
	id: string;
	topic: string;
	/** The message that began it, for error reports. */
	cause: object;
}

/** A piece of a stream, in a Buffer of its own. */
export interface Chunk {
	label: StreamLabel;
	index: number;
	pcm: Buffer;
	/** Milliseconds from the first sample of the stream to the first of this piece. */
	startMs: number;
	level: Level;
	/** Set on the last piece, which may be short or empty. */
	ended?: EndReason;
}

export interface TakeSettings extends LimitSettings {
	/** What the stream consists of. */
	format: PcmFormat;
	/** Frames of a chunk. */
	framesPerBuffer: number;
}

/** One stream from its first sample to its last: cuts it into chunks, and ends it where a limit is reached. */
export class Take {
	readonly label: StreamLabel;
	readonly #format: PcmFormat;
	readonly #framer: Framer;
	readonly #limits: Limits;
	readonly #emit: (chunk: Chunk) => void;
	#index = 0;
	#framesOut = 0;
	#frames = 0;
	#over = false;

	constructor(
		label: StreamLabel,
		settings: TakeSettings,
		preRollFrames: number,
		emit: (chunk: Chunk) => void,
	) {
		this.label = label;
		this.#format = settings.format;
		this.#framer = new Framer(settings.framesPerBuffer * frameBytes(settings.format));
		this.#limits = new Limits(settings, settings.format, preRollFrames);
		this.#emit = emit;
	}

	/** Milliseconds of audio taken so far. */
	get durationMs(): number {
		return framesToMs(this.#frames, this.#format);
	}

	/** Only digital silence so far, for some seconds: the microphone is off. */
	get dead(): boolean {
		return this.#limits.dead;
	}

	/** Its silence is of our making. */
	excuse(): void {
		this.#limits.excuse();
	}

	/** Takes the next whole frames; answers why, if the stream is to end with them. */
	push(pcm: Buffer): EndReason | undefined {
		const verdict = this.#limits.push(pcm);
		const taken = verdict ? pcm.subarray(0, verdict.frames * frameBytes(this.#format)) : pcm;
		this.#frames += bytesToFrames(taken.length, this.#format);
		for (const piece of this.#framer.push(taken)) {
			this.#send(piece);
			// Whoever receives a chunk may end the stream right away.
			if (this.#over) return undefined;
		}
		return verdict?.reason;
	}

	/** Sends the last chunk. Call once. */
	end(reason: EndReason): void {
		this.#over = true;
		this.#send(this.#framer.flush(), reason);
	}

	/** Sends nothing more. */
	abandon(): void {
		this.#over = true;
	}

	#send(pcm: Buffer, ended?: EndReason): void {
		this.#emit({
			label: this.label,
			index: this.#index++,
			pcm,
			startMs: framesToMs(this.#framesOut, this.#format),
			level: measureLevel(pcm),
			...(ended === undefined ? {} : { ended }),
		});
		this.#framesOut += bytesToFrames(pcm.length, this.#format);
	}
}
