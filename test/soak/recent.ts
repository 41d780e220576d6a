/** Samples of sound that never repeats, so many that they tell a place in it from every other. */
export const NEEDLE_BYTES = 64 * 2;

/** The last part of a stream of s16le whose places are counted from its beginning: constant memory. */
export class Recent {
	readonly #keep: number;
	#buffer: Buffer;
	#used = 0;
	#base = 0;

	/** @param keep bytes that are never thrown away */
	constructor(keep: number) {
		this.#keep = keep;
		this.#buffer = Buffer.allocUnsafe(Math.min(2 * keep, 64 * 1024));
	}

	/** Where it ends, in bytes from the beginning of the stream. */
	get end(): number {
		return this.#base + this.#used;
	}

	/** What it still holds begins here. */
	get begin(): number {
		return this.#base;
	}

	push(pcm: Buffer): void {
		if (this.#used + pcm.length > this.#buffer.length) this.#makeRoom(pcm.length);
		pcm.copy(this.#buffer, this.#used);
		this.#used += pcm.length;
	}

	/** The place of this needle, in bytes from the beginning of the stream; at or after `from`, if there. */
	find(needle: Buffer, from = this.#base): number | undefined {
		const held = this.#buffer.subarray(0, this.#used);
		const search = (start: number) => {
			let at = held.indexOf(needle, start);
			while (at % 2 === 1) at = held.indexOf(needle, at + 1);
			return at;
		};
		const first = search(Math.max(0, from - this.#base));
		const at = first >= 0 ? first : search(0);
		return at >= 0 ? this.#base + at : undefined;
	}

	/** How many bytes of `pcm` are what the stream has at that place, up to the first other or to its end. */
	matches(pcm: Buffer, place: number): number {
		const at = place - this.#base;
		if (at < 0) return 0;
		const most = Math.min(pcm.length, this.#used - at);
		if (most <= 0) return 0;
		if (pcm.compare(this.#buffer, at, at + most, 0, most) === 0) return most;
		let same = 0;
		while (pcm[same] === this.#buffer[at + same]) same++;
		return same - (same % 2);
	}

	#makeRoom(bytes: number): void {
		const gone = Math.max(0, this.#used - this.#keep);
		this.#buffer.copyWithin(0, gone, this.#used);
		this.#base += gone;
		this.#used -= gone;
		if (this.#used + bytes <= this.#buffer.length) return;
		const grown = Buffer.allocUnsafe(2 * (this.#used + bytes));
		this.#buffer.copy(grown, 0, 0, this.#used);
		this.#buffer = grown;
	}
}
