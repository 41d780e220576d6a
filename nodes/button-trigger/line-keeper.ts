import { toVoiceError, type VoiceError } from '../../lib/node/errors.ts';
import type { Line, LineRequest, OpenLine } from './lines/line.ts';

export interface KeeperListener {
	/** `high` is undefined when the level shows only with the first edge. */
	opened(high: boolean | undefined): void;
	level(high: boolean): void;
	/** An open line is gone. `isNew`: not told since the line was last open for a while. */
	lost(error: VoiceError, isNew: boolean): void;
	/** It could not be opened. */
	failed(error: VoiceError, isNew: boolean): void;
}

export interface RetryPace {
	firstMs: number;
	/** The wait doubles up to this. */
	longestMs: number;
}

const PACE: RetryPace = { firstMs: 1000, longestMs: 30_000 };
/** A line that was open for this long works: what happens next is news. */
const LASTING_MS = 60_000;

/**
 * Keeps a line open: tries again in the background when it is busy, not there yet or lost, at a bounded rate and
 * telling each different error once. Gives up only on what a new attempt cannot change (no such pin).
 */
export class LineKeeper {
	readonly #open: OpenLine;
	readonly #request: LineRequest;
	readonly #listener: KeeperListener;
	readonly #pace: RetryPace;
	readonly #told = new Set<string>();
	#attempts = 0;
	#openedAt = 0;
	#timer: NodeJS.Timeout | undefined;
	#work: Promise<void> = Promise.resolve();
	#line: Line | undefined;
	#closed = false;

	constructor(open: OpenLine, request: LineRequest, listener: KeeperListener, pace: RetryPace = PACE) {
		this.#open = open;
		this.#request = request;
		this.#listener = listener;
		this.#pace = pace;
	}

	/** Begins; everything else comes through the listener. */
	start(): void {
		if (!this.#closed) this.#work = this.#attempt();
	}

	/** Gives the line back. Resolves when it is free; nothing is told any more. */
	async close(): Promise<void> {
		this.#closed = true;
		clearTimeout(this.#timer);
		await this.#work;
		await this.#line?.close();
		this.#line = undefined;
	}

	async #attempt(): Promise<void> {
		// Events may come before `open` resolves: levels are in `line.high` then, a loss is kept for afterwards.
		let current = false;
		const early: VoiceError[] = [];
		try {
			const line = await this.#open(this.#request, {
				onLevel: (high) => {
					if (current && !this.#closed) this.#listener.level(high);
				},
				onLost: (error) => {
					if (current) this.#lose(error);
					else early.push(error);
				},
			});
			this.#line = line;
			if (this.#closed) return;
			this.#openedAt = performance.now();
			this.#listener.opened(line.high);
			current = true;
			for (const error of early) this.#lose(error);
		} catch (thrown) {
			if (this.#closed) return;
			const error = toVoiceError(thrown, 'GPIO_UNAVAILABLE', 'Opening the GPIO line');
			this.#listener.failed(error, this.#isNew(error));
			if (error.retryable) this.#retry();
		}
	}

	#lose(error: VoiceError): void {
		this.#line = undefined;
		if (this.#closed) return;
		if (performance.now() - this.#openedAt > LASTING_MS) {
			this.#attempts = 0;
			this.#told.clear();
		}
		this.#listener.lost(error, this.#isNew(error));
		this.#retry();
	}

	#isNew(error: VoiceError): boolean {
		const known = this.#told.has(error.message);
		// A text that never repeats must not grow the memory.
		if (this.#told.size > 50) this.#told.clear();
		this.#told.add(error.message);
		return !known;
	}

	#retry(): void {
		const { firstMs, longestMs } = this.#pace;
		const wait = Math.min(firstMs * 2 ** this.#attempts++, longestMs);
		// Spread, so that many nodes do not all try at the same moment.
		this.#timer = setTimeout(() => this.start(), wait * (0.75 + Math.random() / 4));
	}
}
