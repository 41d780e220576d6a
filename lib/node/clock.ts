/** The passing of time, so that tests can put one of their own in its place. */
export interface Clock {
	/** Milliseconds from any origin; never goes back. */
	now(): number;
	/** Calls `run` once after `ms`. The function it returns cancels that, and may be called at any time. */
	after(ms: number, run: () => void): () => void;
}

/** The most that setTimeout takes; more would be none at all. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
	now: () => performance.now(),
	after(ms, run) {
		let timer: NodeJS.Timeout;
		const wait = (left: number) => {
			const rest = left - TIMER_MAX_MS;
			timer = setTimeout(() => (rest > 0 ? wait(rest) : run()), Math.min(left, TIMER_MAX_MS));
		};
		wait(ms);
		return () => clearTimeout(timer);
	},
};
