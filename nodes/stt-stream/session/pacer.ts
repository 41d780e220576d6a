import type { Clock } from '../../../lib/node/clock.ts';
import type { Capabilities } from '../providers/provider.ts';

/** Audio that may go out at once after a pause. */
const BURST_MS = 1000;

/**
 * Keeps a backlog from being sent faster than the recogniser allows. The generic cell rate algorithm (ITU-T I.371):
 * each piece moves the time at which the audio sent would have been spoken at `pace`; that may be ahead by a burst. And
 * a long recording is sent no further ahead of its own time than `leadMs`.
 */
export class Pacer {
	readonly #pace: number;
	readonly #leadMs: number;
	readonly #clock: Clock;
	#spokenAt = Number.NEGATIVE_INFINITY;
	#beganAt: number | undefined;
	#sentMs = 0;

	constructor({ pace, leadMs }: Pick<Capabilities, 'pace' | 'leadMs'>, clock: Clock) {
		this.#pace = pace;
		this.#leadMs = leadMs ?? Number.POSITIVE_INFINITY;
		this.#clock = clock;
	}

	/** Milliseconds until the next piece may be sent; 0 = now. */
	get waitMs(): number {
		const now = this.#clock.now();
		const lead = this.#sentMs - (now - (this.#beganAt ?? now));
		return Math.max(0, this.#spokenAt - now - BURST_MS, lead - this.#leadMs);
	}

	sent(ms: number): void {
		const now = this.#clock.now();
		this.#spokenAt = Math.max(this.#spokenAt, now) + ms / this.#pace;
		this.#beganAt ??= now;
		this.#sentMs += ms;
	}
}
