import { Resampler } from './resampler.ts';

/** Length of the pieces in which audio travels: a compromise between delay and the number of messages. */
const FRAME_MS = 40;

/** A piece of audio on its way to Node-RED: mono s16le, with its loudness from 0 (silence) to 1 (full scale). */
export interface Frame {
	pcm: ArrayBuffer;
	rms: number;
	peak: number;
}

/** Makes frames of one rate out of a microphone's samples at another. */
export class Framer {
	readonly #resampler: Resampler;
	readonly #length: number;
	#frame: Int16Array<ArrayBuffer>;
	#filled = 0;

	constructor(inRate: number, outRate: number) {
		this.#resampler = new Resampler(inRate, outRate);
		this.#length = Math.round((outRate * FRAME_MS) / 1000);
		this.#frame = new Int16Array(this.#length);
	}

	/** Takes mono samples from -1 to 1; answers the frames that they complete. */
	push(samples: Float32Array): Frame[] {
		return this.#fill(this.#resampler.push(samples));
	}

	/** The rest: whole frames, and one that is shorter. */
	flush(): Frame[] {
		const frames = this.#fill(this.#resampler.flush());
		if (this.#filled) frames.push(measured(this.#frame.slice(0, this.#filled)));
		this.#filled = 0;
		return frames;
	}

	#fill(samples: Float32Array): Frame[] {
		const frames: Frame[] = [];
		for (const sample of samples) {
			this.#frame[this.#filled++] = Math.max(-32768, Math.min(32767, Math.round(sample * 32768)));
			if (this.#filled < this.#length) continue;
			frames.push(measured(this.#frame));
			this.#frame = new Int16Array(this.#length);
			this.#filled = 0;
		}
		return frames;
	}
}

function measured(samples: Int16Array<ArrayBuffer>): Frame {
	let sum = 0;
	let peak = 0;
	for (const sample of samples) {
		sum += sample * sample;
		peak = Math.max(peak, Math.abs(sample));
	}
	const { buffer: pcm } = samples;
	return { pcm, rms: Math.sqrt(sum / Math.max(1, samples.length)) / 32768, peak: peak / 32768 };
}
