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
		while (this.step(end));
	}

	/** Lets time pass until what comes due next has run; if that is not before `end`, until then, and returns false. */
	step(end: number): boolean {
		const next = this.#queue.filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)[0];
		this.#queue = this.#queue.filter((other) => other !== next);
		// What came due while the clock was blocked runs late.
		this.#now = next ? Math.max(this.#now, next.due) : end;
		next?.action();
		return next !== undefined;
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
