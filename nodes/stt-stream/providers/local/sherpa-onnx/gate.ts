import type { NativeVad } from './addon.ts';

export interface GateSettings {
	/** Samples that the detector looks at at once. */
	readonly window: number;
	/** Hertz. */
	readonly sampleRate: number;
	/** Silence after speech that goes through. */
	readonly endSilenceMs: number;
}

/** Where the audio behind the gate goes. Positions are samples of the stream. */
export interface GateOutput {
	opened(at: number): void;
	audio(samples: Float32Array): void;
	closed(): void;
}

/** The detector is sure only after some speech, and words may begin softly. */
const PRE_ROLL_MS = 500;
/** In silence so much is held back: if it goes on, it may be the beginning of the next words. */
const HOLD_MS = 200;
/** A pause of the detector's own after `reset` must not look like silence. */
const SILENCE_MIN_MS = 300;
/** It keeps, and copies again and again, the speech that it is hearing. */
const RENEW_MS = 10_000;

/** Lets only speech through, with some time before and after it. */
export class SpeechGate {
	readonly #vad: NativeVad;
	readonly #settings: GateSettings;
	readonly #output: GateOutput;
	readonly #preRoll: number;
	readonly #hold: number;
	readonly #end: number;
	readonly #renew: number;
	#rest: Float32Array = new Float32Array(0);
	/** What the recogniser has not got: before it is open the last moments, then what is held back. */
	#kept: Float32Array[] = [];
	#position = 0;
	#isOpen = false;
	#silent = 0;
	#speaking = 0;

	constructor(vad: NativeVad, settings: GateSettings, output: GateOutput) {
		this.#vad = vad;
		this.#settings = settings;
		this.#output = output;
		const samples = (ms: number) => Math.round((ms * settings.sampleRate) / 1000);
		this.#preRoll = Math.ceil(samples(PRE_ROLL_MS) / settings.window);
		this.#hold = Math.ceil(samples(HOLD_MS) / settings.window);
		this.#end = samples(Math.max(settings.endSilenceMs, SILENCE_MIN_MS));
		this.#renew = samples(RENEW_MS);
	}

	push(samples: Float32Array): void {
		const { window } = this.#settings;
		const all = new Float32Array(this.#rest.length + samples.length);
		all.set(this.#rest);
		all.set(samples, this.#rest.length);
		let at = 0;
		for (; at + window <= all.length; at += window) this.#take(all.slice(at, at + window));
		this.#rest = all.slice(at);
	}

	/** No more audio. */
	finish(): void {
		if (!this.#isOpen) return;
		this.#kept.push(this.#rest);
		this.#release(0);
		this.#close();
	}

	#take(samples: Float32Array): void {
		const speaks = this.#detect(samples);
		this.#position += samples.length;
		this.#kept.push(samples);
		if (!this.#isOpen && speaks) this.#open();
		if (!this.#isOpen) {
			if (this.#kept.length > this.#preRoll) this.#kept.shift();
			return;
		}
		this.#silent = speaks ? 0 : this.#silent + samples.length;
		this.#release(speaks ? 0 : this.#hold);
		if (this.#silent >= this.#end) this.#close();
	}

	#detect(samples: Float32Array): boolean {
		this.#vad.acceptWaveform(samples);
		while (!this.#vad.isEmpty()) this.#vad.pop();
		const speaks = this.#vad.isDetected();
		this.#speaking = speaks ? this.#speaking + samples.length : 0;
		if (this.#speaking >= this.#renew) {
			this.#vad.reset();
			this.#speaking = 0;
		}
		return speaks;
	}

	#open(): void {
		this.#isOpen = true;
		this.#output.opened(this.#position - this.#kept.length * this.#settings.window);
	}

	/** Lets through what was kept, except the last `count` pieces. */
	#release(count: number): void {
		while (this.#kept.length > count) this.#output.audio(this.#kept.shift() as Float32Array);
	}

	#close(): void {
		this.#isOpen = false;
		this.#silent = 0;
		this.#output.closed();
	}
}
