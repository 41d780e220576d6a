/** Bounds of the waiting before the first retry and before any; they double from one to the next. */
const FIRST_MS = 250;
const LONGEST_MS = 10_000;
/** So many sudden early ends in a row count as the recogniser's will. */
export const EARLY_ENDS_MAX = 3;

/** How a connection failed. */
export interface Outage {
	/** It did its work before: gave a final, or stayed long. */
	readonly worked: boolean;
	/** The recogniser was suddenly gone, at once. */
	readonly early: boolean;
}

/**
 * Decides how long to wait before the next attempt, and when to stop: exponential back-off with full jitter
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), so that many streams which one
 * outage cut do not all come back at the same moment.
 */
export class Backoff {
	readonly #limitMs: number;
	readonly #random: () => number;
	#since: number | undefined;
	#attempts = 0;
	#early = 0;

	/**
	 * @param limitMs how long there may be no working connection; 0 = the first failure is the last
	 * @param random 0 to 1
	 */
	constructor(limitMs: number, random: () => number) {
		this.#limitMs = limitMs;
		this.#random = random;
	}

	/** Attempts since the last working connection. */
	get attempts(): number {
		return this.#attempts;
	}

	/** The recogniser closes every session at once. */
	get hopeless(): boolean {
		return this.#early >= EARLY_ENDS_MAX;
	}

	/** A connection failed, or could not be made. @returns milliseconds to wait; undefined = give up */
	next(now: number, { worked, early }: Outage): number | undefined {
		if (worked) {
			this.#attempts = 0;
			this.#since = undefined;
		}
		this.#early = early ? this.#early + 1 : 0;
		this.#since ??= now;
		const delay = this.#random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#attempts);
		if (this.hopeless || !this.#limitMs || now - this.#since + delay > this.#limitMs) return undefined;
		this.#attempts++;
		return delay;
	}
}
