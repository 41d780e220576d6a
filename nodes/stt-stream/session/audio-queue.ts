import { bytesToMs, frameBytes, msToBytes, type PcmFormat } from '../../../lib/audio/format.ts';
import { isQuiet } from './quiet.ts';

interface Piece {
	readonly pcm: Buffer;
	/** Position in the stream, in bytes. */
	readonly at: number;
	/** Counts towards the limit. */
	readonly counted: boolean;
}

/** A run of audio and where in the stream it begins. */
export interface QueuedAudio {
	readonly pcm: Buffer;
	readonly startMs: number;
}

/** Audio is kept and dropped in pieces of at most so much; smaller ones are joined up to the other. */
const PIECE_MS = 1000;
const JOINED_MS = 20;

/**
 * A stream's audio on its way to the recogniser: from the first sample, while the recogniser is opening, and
 * whenever it is slower than the audio. What was read stays until `release`, to be read again after a failure.
 * Bounded: of what is too much the oldest goes; what nobody had read is counted as dropped.
 */
export class AudioQueue {
	readonly #format: PcmFormat;
	readonly #limit: number;
	readonly #pieces: Piece[] = [];
	/** Index of the first piece that is not wholly read. */
	#next = 0;
	#bytes = 0;
	/** Positions in bytes: of the reader, and of the end. */
	#at = 0;
	#end = 0;
	/** Runs of audio that were counted as dropped, as positions; only what may still be asked for. */
	#lost: { from: number; to: number }[] = [];
	/** How much was read for the first time. */
	#readOnce = 0;
	#furthest = 0;
	/** Bytes of sound that were read and are gone, since whoever reads last showed that it hears. */
	#unheard = 0;

	constructor(format: PcmFormat, limitMs: number) {
		this.#format = format;
		this.#limit = msToBytes(limitMs, format);
	}

	/** Where the reader is in the stream. */
	get positionMs(): number {
		return bytesToMs(this.#at, this.#format);
	}

	/** Milliseconds of different audio that were read. */
	get readMs(): number {
		return bytesToMs(this.#readOnce, this.#format);
	}

	/** Milliseconds of sound that were read and are gone, and of which nobody knows whether they were heard. */
	get unheardMs(): number {
		return bytesToMs(this.#unheard, this.#format);
	}

	/** Whoever reads gives a sign that it hears; or what it had not heard was counted. */
	heard(): void {
		this.#unheard = 0;
	}

	/**
	 * Appends whole frames; the Buffer is kept and not written to. A piece that alone exceeds the limit (a whole
	 * recording in one message) is kept: its memory is the message's.
	 * @returns milliseconds dropped for it
	 */
	push(pcm: Buffer): number {
		const counted = pcm.length <= this.#limit;
		if (!counted || !this.#join(pcm)) this.#append(pcm, counted);
		let dropped = 0;
		while (this.#bytes > this.#limit)
			dropped += this.#remove(this.#pieces.findIndex((piece) => piece.counted));
		return bytesToMs(dropped, this.#format);
	}

	/** The oldest unread audio, at most `ms` of it; undefined if there is none. */
	take(ms: number): QueuedAudio | undefined {
		const piece = this.#pieces[this.#next];
		if (!piece) return undefined;
		const at = Math.max(this.#at, piece.at);
		const size = Math.max(msToBytes(ms, this.#format), frameBytes(this.#format));
		const isWhole = at === piece.at && piece.pcm.length <= size;
		const pcm = isWhole ? piece.pcm : piece.pcm.subarray(at - piece.at, at - piece.at + size);
		this.#at = at + pcm.length;
		this.#readOnce += Math.max(0, this.#at - Math.max(at, this.#furthest));
		this.#furthest = Math.max(this.#furthest, this.#at);
		if (this.#at >= piece.at + piece.pcm.length) this.#next++;
		return { pcm, startMs: bytesToMs(at, this.#format) };
	}

	/**
	 * Goes back to read from `ms` on again, as far as that is still there.
	 * @returns milliseconds that are not
	 */
	rewind(ms: number): number {
		const reader = this.#at;
		this.#at = Math.min(this.#bytesAt(ms), reader);
		const first = this.#pieces.findIndex((piece) => end(piece) > this.#at);
		this.#next = first < 0 ? this.#pieces.length : first;
		let missing = 0;
		let covered = this.#at;
		for (const piece of this.#pieces.slice(this.#next)) {
			if (covered >= reader) break;
			missing += this.#lose(covered, Math.min(piece.at, reader));
			covered = Math.max(covered, end(piece));
		}
		return bytesToMs(missing + this.#lose(covered, reader), this.#format);
	}

	/**
	 * What was read from `ms` on is given up.
	 * @returns milliseconds of it that are not counted as dropped yet
	 */
	giveUp(ms: number): number {
		return bytesToMs(this.#lose(Math.min(this.#bytesAt(ms), this.#at), this.#at), this.#format);
	}

	/** Nothing before `ms` will be read again. */
	release(ms: number): void {
		const until = Math.min(this.#bytesAt(ms), this.#at);
		let gone = 0;
		while (gone < this.#next && end(this.#pieces[gone] as Piece) <= until) gone++;
		for (const piece of this.#pieces.splice(0, gone)) if (piece.counted) this.#bytes -= piece.pcm.length;
		this.#next -= gone;
		if (this.#lost.length) this.#lost = this.#lost.filter(({ to }) => to > until);
	}

	/** The audio from `ms` to the reader's position; undefined if not all of it is there any more. */
	readSince(ms: number): Buffer[] | undefined {
		let covered = this.#bytesAt(ms);
		const parts: Buffer[] = [];
		for (const piece of this.#pieces) {
			if (covered >= this.#at || piece.at > covered) break;
			if (end(piece) <= covered) continue;
			parts.push(piece.pcm.subarray(covered - piece.at, this.#at - piece.at));
			covered = end(piece);
		}
		return covered >= this.#at ? parts : undefined;
	}

	clear(): void {
		this.#pieces.length = 0;
		this.#next = 0;
		this.#bytes = 0;
	}

	#append(pcm: Buffer, counted: boolean): void {
		const step = msToBytes(PIECE_MS, this.#format);
		for (let at = 0; at < pcm.length; at += step) {
			const piece = pcm.length <= step ? pcm : pcm.subarray(at, at + step);
			this.#pieces.push({ pcm: piece, at: this.#end, counted });
			this.#end += piece.length;
			if (counted) this.#bytes += piece.length;
		}
	}

	/** Makes one piece of the last and this one if both are small: a piece costs more than its samples. */
	#join(pcm: Buffer): boolean {
		const last = this.#pieces.at(-1);
		const most = msToBytes(JOINED_MS, this.#format);
		if (!last?.counted || end(last) !== this.#end || last.pcm.length + pcm.length > most) return false;
		this.#pieces[this.#pieces.length - 1] = { ...last, pcm: Buffer.concat([last.pcm, pcm]) };
		this.#next = Math.min(this.#next, this.#pieces.length - 1);
		this.#end += pcm.length;
		this.#bytes += pcm.length;
		return true;
	}

	/** @returns how many of its bytes nobody had read */
	#remove(index: number): number {
		const [piece] = this.#pieces.splice(index, 1) as [Piece];
		if (piece.counted) this.#bytes -= piece.pcm.length;
		if (index < this.#next) this.#next--;
		if (piece.at < this.#at && !isQuiet(piece.pcm))
			this.#unheard += Math.min(end(piece), this.#at) - piece.at;
		return this.#lose(Math.max(piece.at, this.#at), end(piece));
	}

	/** @returns how many bytes of that are not counted as dropped yet */
	#lose(from: number, to: number): number {
		if (to <= from) return 0;
		let fresh = to - from;
		for (const run of this.#lost) fresh -= Math.max(0, Math.min(to, run.to) - Math.max(from, run.from));
		if (!fresh) return 0;
		const last = this.#lost.at(-1);
		if (last && last.to === from) last.to = to;
		else this.#lost = [...this.#lost.filter((run) => run.from < from || run.to > to), { from, to }];
		return fresh;
	}

	/** Nearest frame to `ms`. */
	#bytesAt(ms: number): number {
		return msToBytes(ms, this.#format);
	}
}

function end({ at, pcm }: Piece): number {
	return at + pcm.length;
}
