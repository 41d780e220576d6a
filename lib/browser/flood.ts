import { RateLimit } from '../node/rate-limit.ts';

/** Half a minute of audio may come at once: a network that stalled hands over what it held. */
const AUDIO_MS = { count: 30_000, perMs: 7500 };
/** A page sends 10 to 50 pieces of audio a second. */
const FRAMES = { count: 2000, perMs: 10_000 };

/** Tells what a page may send from what only a program that means harm sends. */
export class Flood {
	readonly #audio: RateLimit;
	readonly #frames: RateLimit;

	constructor(now?: () => number) {
		this.#audio = new RateLimit(AUDIO_MS, now);
		this.#frames = new RateLimit(FRAMES, now);
	}

	/**
	 * Counts one frame; answers what is wrong with their number.
	 * @param audioMs how long its audio lasts; 0 for text
	 */
	count(audioMs: number): string | undefined {
		if (this.#frames.take()) return 'more than 200 frames a second';
		if (audioMs && this.#audio.take(audioMs)) return 'audio more than four times as fast as it is spoken';
		return undefined;
	}
}
