import type { SttEvent } from './provider.ts';

/**
 * Carries an adapter's events to whoever iterates its session. Bounded: an unread partial is replaced by the next,
 * and everything else comes at the speed of speech.
 */
export class EventQueue implements AsyncIterable<SttEvent> {
	readonly #events: SttEvent[] = [];
	#wake: (() => void) | undefined;
	#ended = false;
	#failure: Error | undefined;

	get ended(): boolean {
		return this.#ended;
	}

	/** Events after the end are nobody's. */
	push(event: SttEvent): void {
		if (this.#ended) return;
		const last = this.#events.at(-1);
		if (last && event.type === last.type && ['partial', 'drain'].includes(event.type)) this.#events.pop();
		this.#events.push(event);
		this.#wake?.();
	}

	/** The iteration ends after what was pushed, with `failure` if there is one. Only the first call counts. */
	end(failure?: Error): void {
		if (this.#ended) return;
		this.#ended = true;
		this.#failure = failure;
		this.#wake?.();
	}

	/** The iteration ends at once; what nobody has read is gone. */
	abort(reason?: Error): void {
		if (!this.#ended) this.#events.length = 0;
		this.end(reason);
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<SttEvent, void, void> {
		for (;;) {
			const event = this.#events.shift();
			if (event) yield event;
			else if (this.#ended) {
				if (this.#failure) throw this.#failure;
				return;
			} else
				await new Promise<void>((resolve) => {
					this.#wake = resolve;
				});
		}
	}
}
