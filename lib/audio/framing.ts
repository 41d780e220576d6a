/**
 * Cuts a byte stream into pieces of exactly `size` bytes. Every piece is a Buffer of its own, never a view of
 * something that changes later, because messages share memory across wires.
 */
export class Framer {
	readonly size: number;
	#piece: Buffer | undefined;
	#filled = 0;

	constructor(size: number) {
		if (!Number.isInteger(size) || size < 1) throw new RangeError(`frame size ${size}`);
		this.size = size;
	}

	get pendingBytes(): number {
		return this.#filled;
	}

	/** Yields each piece as it becomes full. */
	*push(data: Buffer): Generator<Buffer> {
		let at = 0;
		while (at < data.length) {
			this.#piece ??= Buffer.allocUnsafeSlow(this.size);
			const taken = data.copy(this.#piece, this.#filled, at);
			at += taken;
			this.#filled += taken;
			if (this.#filled === this.size) yield this.#take();
		}
	}

	/** What is left: an incomplete piece, or an empty Buffer. */
	flush(): Buffer {
		return this.#filled ? this.#take() : Buffer.alloc(0);
	}

	#take(): Buffer {
		const piece = (this.#piece as Buffer).subarray(0, this.#filled);
		this.#piece = undefined;
		this.#filled = 0;
		return piece;
	}
}
