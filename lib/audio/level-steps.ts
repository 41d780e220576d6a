import { frameBytes, msToFrames, type PcmFormat } from './format.ts';
import { measureLevel } from './level.ts';

/** Long enough for a period of the deepest voice, short enough to place a word. */
const STEP_MS = 20;

export interface LevelStep {
	/** dBFS of the root mean square. */
	readonly rms: number;
	/** Frames since the first that was pushed: where the step begins, and where the next one does. */
	readonly from: number;
	readonly to: number;
}

/** Measures PCM in steps of 20 ms, so that what is decided by loudness does not depend on how audio is cut. */
export class LevelSteps {
	readonly #step: Buffer;
	readonly #frames: number;
	#filled = 0;
	#next = 0;

	constructor(format: PcmFormat) {
		this.#frames = Math.max(1, msToFrames(STEP_MS, format));
		this.#step = Buffer.alloc(this.#frames * frameBytes(format));
	}

	/** Takes the next whole frames; yields each step that they complete. */
	*push(pcm: Buffer): Generator<LevelStep> {
		for (let at = 0; at < pcm.length; ) {
			const taken = pcm.copy(this.#step, this.#filled, at);
			at += taken;
			this.#filled += taken;
			if (this.#filled < this.#step.length) return;
			this.#filled = 0;
			const from = this.#next;
			this.#next += this.#frames;
			yield { rms: measureLevel(this.#step).rms, from, to: this.#next };
		}
	}
}
