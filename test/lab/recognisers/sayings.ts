/** Does things in order, each so long after the one before it, until it is stopped. */
export class Sayings {
	readonly #timers = new Set<NodeJS.Timeout>();
	#queue: { delayMs: number; say: () => void }[] = [];
	#isSaying = false;
	#isStopped = false;

	/** After everything before it, and after `delayMs`. */
	add(say: () => void, delayMs = 0): void {
		if (this.#isStopped) return;
		this.#queue.push({ delayMs, say });
		this.#next();
	}

	/** Out of order. The timer may be cleared. */
	after(ms: number, act: () => void): NodeJS.Timeout | undefined {
		if (this.#isStopped) return undefined;
		if (ms <= 0) {
			act();
			return undefined;
		}
		const timer = setTimeout(() => {
			this.#timers.delete(timer);
			act();
		}, ms);
		this.#timers.add(timer);
		return timer;
	}

	stop(): void {
		this.#isStopped = true;
		this.#queue = [];
		for (const timer of this.#timers) clearTimeout(timer);
		this.#timers.clear();
	}

	#next(): void {
		if (this.#isSaying) return;
		const next = this.#queue.shift();
		if (!next) return;
		this.#isSaying = true;
		this.after(next.delayMs, () => {
			this.#isSaying = false;
			next.say();
			this.#next();
		});
	}
}
