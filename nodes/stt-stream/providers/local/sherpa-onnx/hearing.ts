import type { NativeVad } from './addon.ts';
import { type GateSettings, SpeechGate } from './gate.ts';
import type { Recognition } from './recognition.ts';

/** A stream on its way through the detector, if there is one, and the recogniser. */
export interface Hearing {
	accept(samples: Float32Array): void;
	/** No more audio: the last words come. */
	finish(): void;
	/** Gives back what can be used again. */
	close(): void;
}

/** What was heard, and what the recogniser was given of that, in milliseconds. */
export interface Tally {
	heardMs: number;
	decodedMs: number;
}

/** @param at where in the stream it begins, in samples */
type Begin = (at: number) => Recognition;

/** All of a stream is recognised. */
export class WholeHearing implements Hearing {
	readonly #recognition: Recognition;
	readonly #sampleRate: number;
	readonly #tally: Tally;

	constructor(begin: Begin, sampleRate: number, tally: Tally) {
		this.#recognition = begin(0);
		this.#sampleRate = sampleRate;
		this.#tally = tally;
	}

	accept(samples: Float32Array): void {
		this.#tally.heardMs += (samples.length / this.#sampleRate) * 1000;
		this.#tally.decodedMs += this.#recognition.accept(samples);
	}

	finish(): void {
		this.#tally.decodedMs += this.#recognition.finish();
	}

	close(): void {}
}

/** Only speech is recognised, each stretch of it by itself. */
export class GatedHearing implements Hearing {
	readonly #gate: SpeechGate;
	readonly #sampleRate: number;
	readonly #tally: Tally;
	readonly #giveBack: () => void;
	#speech: Recognition | undefined;

	constructor(begin: Begin, vad: NativeVad, settings: GateSettings, tally: Tally, giveBack: () => void) {
		this.#sampleRate = settings.sampleRate;
		this.#tally = tally;
		this.#giveBack = giveBack;
		this.#gate = new SpeechGate(vad, settings, {
			opened: (at) => {
				this.#speech = begin(at);
			},
			audio: (samples) => {
				tally.decodedMs += this.#speech?.accept(samples) ?? 0;
			},
			closed: () => {
				tally.decodedMs += this.#speech?.finish() ?? 0;
				this.#speech = undefined;
			},
		});
	}

	accept(samples: Float32Array): void {
		this.#tally.heardMs += (samples.length / this.#sampleRate) * 1000;
		this.#gate.push(samples);
	}

	finish(): void {
		this.#gate.finish();
	}

	close(): void {
		this.#giveBack();
	}
}
