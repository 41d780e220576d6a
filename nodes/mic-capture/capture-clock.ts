/** Long enough for several of PulseAudio's bursts (208 ms), short enough to follow a device after a pause. */
const WINDOW_MS = 3000;
const BUCKET_MS = 250;

/**
 * Tells which part of what a device captures belongs to a moment of this machine's clock.
 *
 * Sound arrives late and in bursts: PortAudio through PulseAudio delivers 208 ms at once. The piece that came
 * soonest after its capture tells most about when the device began, so the smallest difference between arrival and
 * position counts, over a window, because a sound card's clock drifts against ours (100 ppm = 0.3 ms per window).
 * What is left of the error is the shortest delay from the microphone to here, some milliseconds.
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

	/** Milliseconds of audio captured up to `time`; may be negative. Undefined before anything was observed. */
	audioMsAt(time: number): number | undefined {
		if (!this.#buckets.length) return undefined;
		return time - Math.min(...this.#buckets.map(({ begin }) => begin));
	}

	/** Forget, because audio was lost: positions before and after do not share a beginning. */
	reset(): void {
		this.#buckets = [];
	}
}
