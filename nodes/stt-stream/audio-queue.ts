import { bytesToMs, frameBytes, msToBytes, type PcmFormat } from '../../lib/audio/format.ts';

interface Piece {
	pcm: Buffer;
	/** Position in the stream, in bytes. */
	at: number;
	/** Counts towards the limit. */
	counted: boolean;
}

/** A run of audio and where in the stream it begins. */
export interface QueuedAudio {
	readonly pcm: Buffer;
	readonly startMs: number;
}

/**
 * A stream's audio on its way to the recogniser: from the first sample, while the recogniser is opening, and
 * whenever it is slower than the audio. Bounded: what is too much is dropped at the old end, and counted.
 */
export class AudioQueue {
	readonly #format: PcmFormat;
	readonly #limit: number;
	readonly #pieces: Piece[] = [];
	#bytes = 0;
	#end = 0;

	constructor(format: PcmFormat, limitMs: number) {
		this.#format = format;
		this.#limit = msToBytes(limitMs, format);
	}

	get empty(): boolean {
		return this.#pieces.length === 0;
	}

	/**
	 * Appends whole frames; the Buffer is kept and not written to. A piece that alone exceeds the limit (a whole
	 * recording in one message) is kept: its memory is the message's.
	 * @returns milliseconds dropped for it
	 */
	push(pcm: Buffer): number {
		const counted = pcm.length <= this.#limit;
		this.#pieces.push({ pcm, at: this.#end, counted });
		this.#end += pcm.length;
		if (!counted) return 0;
		this.#bytes += pcm.length;
		let dropped = 0;
		while (this.#bytes > this.#limit) {
			const [piece] = this.#pieces.splice(
				this.#pieces.findIndex((piece) => piece.counted),
				1,
			) as [Piece];
			this.#bytes -= piece.pcm.length;
			dropped += piece.pcm.length;
		}
		return bytesToMs(dropped, this.#format);
	}

	/** The oldest audio, at most `ms` of it; undefined if there is none. */
	take(ms: number): QueuedAudio | undefined {
		const piece = this.#pieces[0];
		if (!piece) return undefined;
		const size = Math.max(msToBytes(ms, this.#format), frameBytes(this.#format));
		const pcm = piece.pcm.subarray(0, size);
		const startMs = bytesToMs(piece.at, this.#format);
		if (piece.counted) this.#bytes -= pcm.length;
		if (pcm.length === piece.pcm.length) this.#pieces.shift();
		else {
			piece.pcm = piece.pcm.subarray(pcm.length);
			piece.at += pcm.length;
		}
		return { pcm, startMs };
	}

	clear(): void {
		this.#pieces.length = 0;
		this.#bytes = 0;
	}
}
