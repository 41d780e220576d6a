import type { Clock } from '../../../nodes/button-trigger/gestures.ts';

/** Time that passes only when a test says so. */
export class ManualClock implements Clock {
	#now = 0;
	#queue: { due: number; run: () => void }[] = [];

	now(): number {
		return this.#now;
	}

	after(ms: number, run: () => void): () => void {
		const entry = { due: this.#now + ms, run };
		this.#queue.push(entry);
		return () => {
			this.#queue = this.#queue.filter((other) => other !== entry);
		};
	}

	advance(ms: number): void {
		const end = this.#now + ms;
		for (;;) {
			const next = this.#queue.filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)[0];
			if (!next) break;
			this.#queue = this.#queue.filter((other) => other !== next);
			this.#now = next.due;
			next.run();
		}
		this.#now = end;
	}

	/** As if the event loop had been blocked: time passes, timers that came due have not run yet. */
	block(ms: number): void {
		this.#now += ms;
	}

	get pending(): number {
		return this.#queue.length;
	}
}
