/**
 * Tells how much of what was written to a real-time device has not been played yet, for devices behind a pipe that
 * does not tell. Assumes that sound starts with the first write, so it is never more than what is really left.
 */
export class PlayClock {
	readonly #bytesPerMs: number;
	readonly #now: () => number;
	/** When all that was written will have been played. */
	#dryAt = Number.NEGATIVE_INFINITY;

	/** @param now milliseconds, monotonic */
	constructor(bytesPerSecond: number, now: () => number = () => performance.now()) {
		this.#bytesPerMs = bytesPerSecond / 1000;
		this.#now = now;
	}

	written(bytes: number): void {
		this.#dryAt = Math.max(this.#dryAt, this.#now()) + bytes / this.#bytesPerMs;
	}

	get queuedMs(): number {
		return Math.max(0, this.#dryAt - this.#now());
	}

	get queuedBytes(): number {
		return Math.round(this.queuedMs * this.#bytesPerMs);
	}
}
