/** A click is not speech: so many loud frames in a row are. */
const LOUD_FRAMES = 2;

/** Tells whether speech has begun, by the same loudness as the node. */
export class Onset {
	readonly #threshold: number;
	#loud = 0;
	#begun = false;
	/** Loudest sample so far, 0 to 1. */
	peak = 0;

	/** @param thresholdDb dBFS of the root mean square */
	constructor(thresholdDb: number) {
		this.#threshold = 10 ** (thresholdDb / 20);
	}

	get begun(): boolean {
		return this.#begun;
	}

	push({ rms, peak }: { rms: number; peak: number }): void {
		this.peak = Math.max(this.peak, peak);
		this.#loud = rms > this.#threshold ? this.#loud + 1 : 0;
		this.#begun ||= this.#loud >= LOUD_FRAMES;
	}
}
