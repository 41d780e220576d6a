import { bytesToMs, frameBytes, msToBytes, type PcmFormat } from '../../lib/audio/format.ts';
import type { ErrorCode, VoiceError } from '../../lib/node/errors.ts';

/** `msg.playback` of the message that tells that an item is over. */
export interface Playback {
	/** What left the loudspeaker. */
	durationMs: number;
	/** How often the loudspeaker fell silent because sound came too late. */
	underruns: number;
	/** Not all of it was played: stopped, replaced, reset, dropped or failed. */
	interrupted: boolean;
	/** Only if sound was lost because the queue was full. */
	droppedMs?: number;
	/** Only if it failed. */
	code?: ErrorCode;
}

/** A stream or a recording in the player's queue: the sound that came and was not played yet. */
export class Item {
	/** The stream; several items may have the same one, one after the other. */
	readonly id: string;
	readonly format: PcmFormat;
	/** No more sound will come. */
	ended = false;
	/** Some of its sound was taken into the queue. */
	begun = false;
	underruns = 0;
	/** The longest piece that came: how long one has to wait for the next, more or less. */
	longestMs = 0;
	/** Bytes that came and found the queue full. */
	droppedBytes = 0;
	failure: VoiceError | undefined;
	readonly #pieces: Buffer[] = [];
	#pendingBytes = 0;

	constructor(id: string, format: PcmFormat) {
		this.id = id;
		this.format = format;
	}

	get pendingMs(): number {
		return bytesToMs(this.#pendingBytes, this.format);
	}

	/** @param pcm whole frames of s16le, which nobody changes afterwards */
	push(pcm: Buffer): void {
		this.begun = true;
		this.#pieces.push(pcm);
		this.longestMs = Math.max(this.longestMs, bytesToMs(pcm.length, this.format));
		this.#pendingBytes += pcm.length;
	}

	/** The next sound, at most `ms` milliseconds and at least a frame of it; undefined if there is none. */
	take(ms: number): Buffer | undefined {
		const piece = this.#pieces[0];
		if (!piece) return undefined;
		const bytes = Math.max(msToBytes(ms, this.format), frameBytes(this.format));
		if (piece.length > bytes) this.#pieces[0] = piece.subarray(bytes);
		else this.#pieces.shift();
		const taken = piece.subarray(0, bytes);
		this.#pendingBytes -= taken.length;
		return taken;
	}

	/** Throws away what was not played. */
	clear(): void {
		this.#pieces.length = 0;
		this.#pendingBytes = 0;
		this.ended = true;
	}
}
