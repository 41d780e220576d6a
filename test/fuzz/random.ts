/** Numbers that look random and are the same for the same seed (mulberry32). */
export class Random {
	#state: number;

	constructor(seed: number) {
		this.#state = seed >>> 0;
	}

	/** From a text or bytes: what is done with an input depends on nothing but the input. */
	static of(bytes: Uint8Array): Random {
		let hash = 0x811c9dc5;
		for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
		return new Random(hash);
	}

	/** From 0 up to, but not, 1. */
	next(): number {
		this.#state = (this.#state + 0x6d2b79f5) >>> 0;
		let bits = this.#state;
		bits = Math.imul(bits ^ (bits >>> 15), bits | 1);
		bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
		return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
	}

	/** A whole number from 0 up to, but not, `limit`. */
	int(limit: number): number {
		return Math.floor(this.next() * limit);
	}

	chance(probability: number): boolean {
		return this.next() < probability;
	}

	pick<T>(items: readonly T[]): T {
		return items[this.int(items.length)] as T;
	}

	bytes(length: number): Buffer {
		return Buffer.from(Array.from({ length }, () => this.int(256)));
	}

	/** Cuts bytes into pieces of any length, also into single and empty ones. */
	cut(data: Buffer): Buffer[] {
		const pieces: Buffer[] = [];
		const longest = this.pick([1, 3, 16, 200, 5000]);
		for (let at = 0; at < data.length; ) {
			const length = this.int(longest + 1);
			pieces.push(data.subarray(at, at + length));
			at += length;
		}
		return pieces;
	}
}
