import type { Clock } from '../../lib/node/clock.ts';

const FIRST_MS = 1000;
const MOST_MS = 30_000;
/** A device that has delivered for so long works. */
const HEALTHY_MS = 5000;

/** Tries a device that is to stay open again after it went away: after 1 s, then 2 s, up to 30 s. */
export class Reopening {
	readonly #time: Clock;
	readonly #open: () => void;
	/** Failures in a row, of a device that did not work well in between. */
	#failures = 0;
	#failing = false;
	#cancel = () => {};

	constructor(time: Clock, open: () => void) {
		this.#time = time;
		this.#open = open;
	}

	/** The last attempt to use the device failed. */
	get failing(): boolean {
		return this.#failing;
	}

	/** @returns whether this is the first failure in a row */
	failed(): boolean {
		this.#failing = true;
		return this.#failures++ === 0;
	}

	opened(): void {
		this.#failing = false;
	}

	/** @param ms how long the device has delivered since it was opened */
	delivered(ms: number): void {
		if (this.#failures && ms > HEALTHY_MS) this.#failures = 0;
	}

	/** Opens the device again in a while. */
	schedule(): void {
		this.#cancel();
		const delay = Math.min(MOST_MS, FIRST_MS * 2 ** (this.#failures - 1));
		this.#cancel = this.#time.after(delay, () => this.#open());
	}

	cancel(): void {
		this.#cancel();
	}
}
