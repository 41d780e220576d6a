import { msToBytes, type PcmFormat } from '../../../lib/audio/format.ts';
import type { Capabilities } from '../providers/provider.ts';

/** Cuts and joins audio so that every piece is one that the recogniser takes. */
export class Chunker {
	readonly #min: number;
	readonly #max: number;
	#rest: Buffer = Buffer.alloc(0);

	constructor(
		{ chunkMs, chunkMaxBytes }: Pick<Capabilities, 'chunkMs' | 'chunkMaxBytes'>,
		format: PcmFormat,
	) {
		const bytes = Math.min(msToBytes(Math.min(chunkMs.max, 3_600_000), format), chunkMaxBytes);
		this.#max = Math.max(2, bytes - (bytes % 2));
		this.#min = Math.min(msToBytes(chunkMs.min, format), this.#max);
	}

	*push(pcm: Buffer): Generator<Buffer> {
		const all = this.#rest.length ? Buffer.concat([this.#rest, pcm]) : pcm;
		let at = 0;
		while (at < all.length) {
			const left = all.length - at;
			if (left < this.#min) break;
			const piece = all.subarray(at, at + Math.min(left, this.#max));
			at += piece.length;
			yield piece;
		}
		// A copy, because a view would keep the whole message alive.
		this.#rest = Buffer.from(all.subarray(at));
	}

	/** The last piece, filled up with silence if it is too short; empty if there is none. */
	flush(): Buffer {
		const rest = this.#rest;
		this.#rest = Buffer.alloc(0);
		if (!rest.length || rest.length >= this.#min) return rest;
		return Buffer.concat([rest, Buffer.alloc(this.#min - rest.length)]);
	}
}

/** The rate at which to send audio of `rate`: the same, else the next higher, else the highest. */
export function chooseRate(rate: number, offered: readonly number[]): number {
	const rising = [...offered].sort((a, b) => a - b);
	return rising.find((candidate) => candidate >= rate) ?? rising.at(-1) ?? rate;
}
