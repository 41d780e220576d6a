import type { Clock } from './clock.ts';

/** Audio that may go out at once after a pause. */
const BURST_MS = 1000;

/**
 * Keeps a backlog from being sent faster than the recogniser allows. The generic cell rate algorithm (ITU-T I.371):
 * each piece moves the time at which the audio sent would have been spoken at `pace`; that may be ahead by a burst.
 */
export class Pacer {
	readonly #pace: number;
	readonly #clock: Clock;
	#spokenAt = Number.NEGATIVE_INFINITY;

	/** @param pace times real time; `Infinity` = any */
	constructor(pace: number, clock: Clock) {
		this.#pace = pace;
		this.#clock = clock;
	}

	/** Milliseconds until the next piece may be sent; 0 = now. */
	get waitMs(): number {
		return Math.max(0, this.#spokenAt - this.#clock.now() - BURST_MS);
	}

	sent(ms: number): void {
		this.#spokenAt = Math.max(this.#spokenAt, this.#clock.now()) + ms / this.#pace;
	}
}
