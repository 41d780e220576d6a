import { msToBytes, type PcmFormat } from '../../../lib/audio/format.ts';
import type { Capabilities } from '../providers/provider.ts';

/** Cuts and joins audio so that every piece is one that the recogniser takes. */
export class Chunker {
	readonly #min: number;
	readonly #max: number;
	/** Too short to be a piece. */
	#rest: Buffer[] = [];
	#restBytes = 0;

	constructor(
		{ chunkMs, chunkMaxBytes }: Pick<Capabilities, 'chunkMs' | 'chunkMaxBytes'>,
		format: PcmFormat,
	) {
		const bytes = Math.min(msToBytes(Math.min(chunkMs.max, 3_600_000), format), chunkMaxBytes);
		this.#max = Math.max(2, bytes - (bytes % 2));
		this.#min = Math.min(msToBytes(chunkMs.min, format), this.#max);
	}

	/** The Buffer is kept until the next call, and not written to. */
	push(pcm: Buffer): Buffer[] {
		if (!pcm.length) return [];
		this.#rest.push(pcm);
		this.#restBytes += pcm.length;
		if (this.#restBytes < this.#min) return [];
		const all = this.#takeRest();
		if (all.length <= this.#max) return [all];
		const pieces: Buffer[] = [];
		let at = 0;
		for (; at < all.length && all.length - at >= this.#min; at += this.#max)
			pieces.push(all.subarray(at, at + this.#max));
		if (at < all.length) this.push(all.subarray(at));
		return pieces;
	}

	/** The last piece, filled up with silence if it is too short; empty if there is none. */
	flush(): Buffer {
		const rest = this.#takeRest();
		if (!rest.length || rest.length >= this.#min) return rest;
		return Buffer.concat([rest, Buffer.alloc(this.#min - rest.length)]);
	}

	#takeRest(): Buffer {
		const [only, ...more] = this.#rest;
		const all = only && !more.length ? only : Buffer.concat(this.#rest);
		this.#rest = [];
		this.#restBytes = 0;
		return all;
	}
}

/** The rate at which to send audio of `rate`: the same, else the next higher, else the highest. */
export function chooseRate(rate: number, offered: readonly number[]): number {
	const rising = [...offered].sort((a, b) => a - b);
	return rising.find((candidate) => candidate >= rate) ?? rising.at(-1) ?? rate;
}
