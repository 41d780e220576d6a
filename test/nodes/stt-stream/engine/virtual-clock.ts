import type { Clock } from '../../../../lib/node/clock.ts';

interface Timer {
	readonly at: number;
	readonly order: number;
	readonly run: () => void;
}

/** Time that passes only when the test says so. */
export class VirtualClock implements Clock {
	#now = 0;
	#order = 0;
	readonly #timers = new Set<Timer>();

	now(): number {
		return this.#now;
	}

	after(ms: number, run: () => void): () => void {
		const timer = { at: this.#now + ms, order: this.#order++, run };
		this.#timers.add(timer);
		return () => this.#timers.delete(timer);
	}

	/** Timers that have not fired. */
	get waiting(): number {
		return this.#timers.size;
	}

	/** Lets `ms` pass; after each timer, and at the end, all that follows from it happens first. */
	async pass(ms: number): Promise<void> {
		const end = this.#now + ms;
		await settled();
		for (;;) {
			const next = [...this.#timers].sort((a, b) => a.at - b.at || a.order - b.order)[0];
			if (!next || next.at > end) break;
			this.#timers.delete(next);
			this.#now = Math.max(this.#now, next.at);
			next.run();
			await settled();
		}
		this.#now = end;
		await settled();
	}
}

/** Promises and immediates that wait now, and those that they bring about, have run. */
export async function settled(turns = 4): Promise<void> {
	for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}
