/** Takes bits from bytes, the highest first. Behind the end there are zeros. */
export class BitReader {
	#bytes: Buffer = Buffer.alloc(0);
	/** Of the next byte to take into `#window`. */
	#at = 0;
	/** The lowest `#count` bits are those that come next. */
	#window = 0;
	#count = 0;

	/** Whole bytes that are not read. */
	get bytesLeft(): number {
		return this.#bytes.length - this.#at + (this.#count >>> 3);
	}

	/** More was taken than there is. */
	get overrun(): boolean {
		return this.#at - (this.#count >>> 3) > this.#bytes.length;
	}

	append(chunks: readonly Buffer[]): void {
		this.#bytes = Buffer.concat([this.#bytes.subarray(this.#at), ...chunks]);
		this.#at = 0;
	}

	/** @param count up to 24 */
	bits(count: number): number {
		this.#fill();
		const bits = (this.#window >>> (this.#count - count)) & ((1 << count) - 1);
		this.skip(count);
		return bits;
	}

	/** The next 20 bits, not taken. */
	peek20(): number {
		this.#fill();
		return (this.#window >>> (this.#count - 20)) & 0xfffff;
	}

	/** @param count up to 20 after `peek20` */
	skip(count: number): void {
		this.#count -= count;
	}

	/** Skips to the next byte. */
	align(): void {
		this.#count &= ~7;
	}

	#fill(): void {
		while (this.#count <= 24) {
			this.#window = (this.#window << 8) | this.#bytes[this.#at++]!;
			this.#count += 8;
		}
	}
}
