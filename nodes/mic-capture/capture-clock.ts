/**
 * Long enough for a delay that comes and goes: a sound server that hands over whole blocks of its own brings pieces of
 * another length a little later each time, until one of them catches up (measured through PulseAudio: 1024 frames at
 * 8 kHz in 8 s). Short enough to follow a device after a pause. A card that is 200 ppm slow is 4 ms off after it.
 */
const WINDOW_MS = 20_000;
const BUCKET_MS = 500;

/**
 * Tells which part of what a device captures belongs to a moment of this machine's clock.
 *
 * Sound arrives late and in bursts: PortAudio through PulseAudio delivers 208 ms at once. The piece that came
 * soonest after its capture tells most about when the device began, so the smallest difference between arrival and
 * position counts, over a window, because a sound card's clock drifts against ours. What is left of the error is the
 * shortest delay from the microphone to here, which nothing tells: see UNSEEN_DELAY_MS.
 */
export class CaptureClock {
	/** Smallest difference of each bucket, the newest bucket last. */
	#buckets: { since: number; begin: number }[] = [];

	/**
	 * @param audioMs how much has been captured since the device was opened, up to the last sample that just arrived
	 * @param now milliseconds of a monotonic clock
	 */
	observe(audioMs: number, now: number): void {
		const begin = now - audioMs;
		const newest = this.#buckets.at(-1);
		if (newest && now - newest.since < BUCKET_MS) newest.begin = Math.min(newest.begin, begin);
		else this.#buckets.push({ since: now, begin });
		while ((this.#buckets[0]?.since ?? now) < now - WINDOW_MS) this.#buckets.shift();
	}

	/**
	 * Milliseconds of audio captured up to `time`, or up to UNSEEN_DELAY_MS less than really were; may be negative.
	 * Undefined before anything was observed.
	 */
	audioMsAt(time: number): number | undefined {
		if (!this.#buckets.length) return undefined;
		return time - Math.min(...this.#buckets.map(({ begin }) => begin));
	}

	/** Forget, because audio was lost: positions before and after do not share a beginning. */
	reset(): void {
		this.#buckets = [];
	}
}

/**
 * What even the soonest piece may have been under way without our seeing it: less than 1 ms to 13 ms were measured
 * through PulseAudio, the more the fewer pieces had come; a sound server's block and a busy machine add to that.
 */
export const UNSEEN_DELAY_MS = 20;
