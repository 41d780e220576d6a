/** Lets so many pass in a period, one after another or all at once; more come back as time goes by. */
export class RateLimit {
	readonly #count: number;
	readonly #perMs: number;
	readonly #now: () => number;
	#left: number;
	#at: number;

	constructor(rate: { count: number; perMs: number }, now: () => number = () => performance.now()) {
		this.#count = rate.count;
		this.#perMs = rate.perMs;
		this.#now = now;
		this.#left = rate.count;
		this.#at = now();
	}

	/**
	 * 0: it may pass, and is counted. Else the milliseconds after which it may.
	 * @param size how many it counts as
	 */
	take(size = 1): number {
		const now = this.#now();
		this.#left = Math.min(this.#count, this.#left + ((now - this.#at) * this.#count) / this.#perMs);
		this.#at = now;
		if (this.#left < size) return Math.ceil(((size - this.#left) * this.#perMs) / this.#count);
		this.#left -= size;
		return 0;
	}

	/** Counts a request. False if it comes too soon: `Retry-After` of the response then says when to come again. */
	admits(response: { setHeader(name: string, value: string): unknown }): boolean {
		const waitMs = this.take();
		if (waitMs > 0) response.setHeader('Retry-After', String(Math.ceil(waitMs / 1000)));
		return waitMs === 0;
	}
}
