/** Time for the session engine, so that tests can run an hour of it in a second. */
export interface Clock {
	/** Milliseconds from any origin; never goes back. */
	now(): number;
	/** Calls `run` once after `ms`. The function it returns cancels that, and may be called at any time. */
	after(ms: number, run: () => void): () => void;
}

/** setTimeout takes no more; longer waits just look again earlier. */
const TIMER_MAX_MS = 2_000_000_000;

export const realClock: Clock = {
	now: () => performance.now(),
	after(ms, run) {
		const timer = setTimeout(run, Math.min(ms, TIMER_MAX_MS));
		return () => clearTimeout(timer);
	},
};
