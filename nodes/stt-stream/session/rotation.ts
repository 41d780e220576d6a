import type { Clock } from '../../../lib/node/clock.ts';
import type { AudioQueue } from './audio-queue.ts';
import type { Leg } from './leg.ts';
import { sleep } from './open-within.ts';
import { isQuiet } from './quiet.ts';

/** Between two attempts to open a successor; the old session still works meanwhile. */
const RETRY_MS = 1000;
/** A session that is to be replaced gets at most so long for its last final. */
const DRAIN_MAX_MS = 10_000;

export interface RotationParts {
	readonly queue: AudioQueue;
	readonly clock: Clock;
	/** How long the last final of the old session is awaited. */
	readonly drainMs: number;
	readonly open: (signal: AbortSignal) => Promise<Leg>;
	readonly discard: (leg: Leg) => void;
	/** Where the last final ended, in the stream. */
	readonly settledMs: () => number;
	/** Whether there was speech since then. */
	readonly pending: () => boolean;
	readonly onSwitch: (next: Leg) => void;
}

/**
 * Replaces a session before its limit: opens the successor while the old one still works, then moves the feed at one
 * sample. If nothing but quiet came since the last final, that sample is the next one. Otherwise a word may be under
 * way: the successor begins at the end of the last final, and what the old session still says is not used. Only if
 * that is too long ago (half a session, or no longer in memory) the cut is made where it falls.
 */
export class Rotation {
	readonly #parts: RotationParts;
	#under: AbortController | undefined;

	constructor(parts: RotationParts) {
		this.#parts = parts;
	}

	/** Begins if it is time. @param pause nobody is speaking */
	consider(leg: Leg, pause: boolean): void {
		if (this.#under || leg.feeder.flushed || !leg.due(pause)) return;
		this.#under = new AbortController();
		void this.#rotate(leg, this.#under.signal);
	}

	cancel(): void {
		this.#under?.abort();
		this.#under = undefined;
	}

	async #rotate(old: Leg, signal: AbortSignal): Promise<void> {
		while (!signal.aborted) {
			try {
				const next = await this.#parts.open(signal);
				if (signal.aborted || old.feeder.flushed) return this.#parts.discard(next);
				this.#switch(old, next);
				return;
			} catch (thrown) {
				// Reported when the old session ends, should it still be so then.
				if (!(thrown as { retryable?: boolean } | undefined)?.retryable) return;
				await sleep(RETRY_MS, this.#parts.clock, signal);
			}
		}
	}

	#switch(old: Leg, next: Leg): void {
		const { queue, settledMs, pending, drainMs, onSwitch } = this.#parts;
		const from = settledMs();
		const heard = queue.readSince(from);
		if (pending() || !heard?.every(isQuiet)) {
			old.repeated = heard !== undefined && queue.positionMs - from <= old.limitMs / 2;
			old.vital = !old.repeated;
			if (old.repeated) queue.rewind(from);
		}
		old.retire(next, Math.min(drainMs, DRAIN_MAX_MS));
		onSwitch(next);
	}
}
