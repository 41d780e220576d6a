/**
 * The last `capacity` bytes of an endless stream, in memory of constant size. Positions count bytes since the
 * stream began.
 */
export class RingBuffer {
	readonly capacity: number;
	readonly #memory: Buffer;
	#end = 0;

	constructor(capacity: number) {
		this.capacity = Math.max(0, Math.floor(capacity));
		this.#memory = Buffer.alloc(this.capacity);
	}

	/** Position after the newest byte. */
	get end(): number {
		return this.#end;
	}

	/** Position of the oldest byte that is still there. */
	get start(): number {
		return Math.max(0, this.#end - this.capacity);
	}

	push(data: Buffer): void {
		const kept = data.length > this.capacity ? data.subarray(data.length - this.capacity) : data;
		this.#end += data.length;
		if (!kept.length) return;
		const at = (this.#end - kept.length) % this.capacity;
		const first = kept.copy(this.#memory, at);
		kept.copy(this.#memory, 0, first);
	}

	/** A copy of everything from `position` on; from the oldest byte if that is already gone. */
	from(position: number): Buffer {
		const start = Math.min(Math.max(position, this.start), this.#end);
		const bytes = this.#end - start;
		const copy = Buffer.allocUnsafe(bytes);
		if (!bytes) return copy;
		const at = start % this.capacity;
		const first = this.#memory.copy(copy, 0, at, Math.min(at + bytes, this.capacity));
		this.#memory.copy(copy, first, 0, bytes - first);
		return copy;
	}

	clear(): void {
		this.#end = 0;
	}
}
