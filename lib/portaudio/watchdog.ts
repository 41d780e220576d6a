/**
 * Expires when nothing was heard for some time, counted in ticks instead of by the clock: a tick that was late because
 * our own event loop was busy counts once, and what had arrived meanwhile is read before the next one.
 */
export class Watchdog {
	readonly #expired: () => void;
	readonly #isPaused: () => boolean;
	#timer: NodeJS.Timeout | undefined;
	#tickMs = 0;
	#leftMs = 0;

	/**
	 * @param isPaused no time passes while it holds
	 * @param expired called once
	 */
	constructor(isPaused: () => boolean, expired: () => void) {
		this.#isPaused = isPaused;
		this.#expired = expired;
	}

	/** Gives it so many milliseconds from now on. */
	feed(ms: number): void {
		this.#leftMs = ms;
		const tickMs = Math.max(10, Math.min(250, ms / 8));
		if (this.#timer && tickMs === this.#tickMs) return;
		clearInterval(this.#timer);
		this.#tickMs = tickMs;
		this.#timer = setInterval(() => this.#tick(), tickMs);
	}

	stop(): void {
		clearInterval(this.#timer);
		this.#timer = undefined;
	}

	#tick(): void {
		if (this.#isPaused()) return;
		this.#leftMs -= this.#tickMs;
		if (this.#leftMs > 0) return;
		this.stop();
		this.#expired();
	}
}
