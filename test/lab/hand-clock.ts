/** Time that passes only when a test says so: in place of a clock with timers. */
export class HandClock {
	#now: number;
	#queue: { due: number; action: () => void }[] = [];

	/** @param now what it shows at first, in milliseconds */
	constructor(now = 0) {
		this.#now = now;
	}

	now(): number {
		return this.#now;
	}

	/** Runs `action` once after `ms`; the result cancels it. */
	after(ms: number, action: () => void): () => void {
		const entry = { due: this.#now + ms, action };
		this.#queue.push(entry);
		return () => {
			this.#queue = this.#queue.filter((other) => other !== entry);
		};
	}

	/** Lets time pass; what comes due runs in its order, each at its own time. */
	advance(ms: number): void {
		const end = this.#now + ms;
		for (;;) {
			const next = this.#queue.filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)[0];
			if (!next) break;
			this.#queue = this.#queue.filter((other) => other !== next);
			// What came due while the clock was blocked runs late.
			this.#now = Math.max(this.#now, next.due);
			next.action();
		}
		this.#now = end;
	}

	/** As if the event loop had been blocked: time passes, timers that came due have not run yet. */
	block(ms: number): void {
		this.#now += ms;
	}

	/** How many timers wait. */
	get pending(): number {
		return this.#queue.length;
	}
}
