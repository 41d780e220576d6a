// Audio that counts itself. Each block of 100 ms holds its own number, so that a recogniser that writes down the
// numbers it hears shows which audio it got, in which order, and what was lost, doubled or damaged.
//
// A block is 10 ms of silence, 80 ms of "word" and 10 ms of silence. The word is 32 bits of 2.5 ms each, a positive
// or a negative level: 20 bits of the number and 12 bits of check. That survives resampling between 8 and 48 kHz.

export const BLOCK_MS = 100;
/** Numbers begin again after so many blocks (29 hours). */
export const NUMBERS = 2 ** 20;
/** What the decoder makes of a word that is cut or damaged. */
export const GARBLED = 'garbled';

const GAP_MS = 10;
const BIT_MS = 2.5;
const BITS = 32;
const WORD_MS = BITS * BIT_MS;
const LEVEL = 8000;
/** Anything quieter is silence … */
const THRESHOLD = 2000;
/** … if it lasts so long: between two bits the level crosses zero. */
const QUIET_MS = 3;
/** A word may be so much too long or too short. */
const TOLERANCE_MS = 1.5;

/** `count` blocks with the numbers from `from` on: mono s16le at `rate` Hz, count * 100 ms long. */
export function numberedAudio(count: number, rate = 16_000, from = 0): Buffer {
	const at = (ms: number) => Math.round((ms * rate) / 1000);
	const pcm = Buffer.alloc(at(count * BLOCK_MS) * 2);
	for (let block = 0; block < count; block++) {
		const bits = encode((from + block) % NUMBERS);
		for (let bit = 0; bit < BITS; bit++) {
			const begin = block * BLOCK_MS + GAP_MS + bit * BIT_MS;
			const level = (bits >>> bit) & 1 ? LEVEL : -LEVEL;
			for (let i = at(begin); i < at(begin + BIT_MS); i++) pcm.writeInt16LE(level, i * 2);
		}
	}
	return pcm;
}

/** The text of those blocks as a recogniser writes it: "7 8 9". */
export const numberedText = (count: number, from = 0): string =>
	Array.from({ length: count }, (_, block) => (from + block) % NUMBERS).join(' ');

const encode = (number: number) => number | (check(number) << 20);
const check = (number: number) => Math.imul(number + 1, 0x9e3779b1) >>> 20;

export interface NumberedWord {
	/** Undefined for a word that is cut or damaged. */
	readonly number: number | undefined;
	/** Where it stands in the audio that the decoder got, in milliseconds. */
	readonly startMs: number;
	readonly endMs: number;
}

/** Finds numbers in audio that comes in pieces of any size and may begin and end anywhere. */
export class NumberedDecoder {
	readonly #rate: number;
	#carry: Buffer = Buffer.alloc(0);
	#heard = 0;
	/** Samples of the word that is being spoken, and where it began. */
	#word: number[] = [];
	#start = 0;
	/** Samples of silence since the last loud one. */
	#quiet = 0;

	/** @param rate of the audio in Hz */
	constructor(rate: number) {
		this.#rate = rate;
	}

	/** How much audio came. */
	get heardMs(): number {
		return this.#ms(this.#heard);
	}

	/** When the word began that is not over yet. */
	get speakingSinceMs(): number | undefined {
		return this.#word.length ? this.#ms(this.#start) : undefined;
	}

	/** Takes mono s16le; returns the words that are over now. */
	push(pcm: Buffer): NumberedWord[] {
		const all = this.#carry.length ? Buffer.concat([this.#carry, pcm]) : pcm;
		const words: NumberedWord[] = [];
		const whole = all.length - (all.length % 2);
		for (let at = 0; at < whole; at += 2) this.#take(all.readInt16LE(at), words);
		this.#carry = Buffer.from(all.subarray(whole));
		return words;
	}

	/** No more audio: a word that is not over is over. */
	end(): NumberedWord[] {
		return this.#word.length ? [this.#finish()] : [];
	}

	#take(sample: number, words: NumberedWord[]): void {
		const isLoud = Math.abs(sample) > THRESHOLD;
		if (!this.#word.length) this.#start = this.#heard;
		this.#heard++;
		if (isLoud) this.#quiet = 0;
		else this.#quiet++;
		if (isLoud || this.#word.length) this.#word.push(sample);
		if (!this.#word.length) return;
		const isOver = this.#quiet >= (QUIET_MS * this.#rate) / 1000;
		// Something that is no number and has no pauses must not fill the memory.
		if (isOver || this.#ms(this.#word.length) > 2 * BLOCK_MS) words.push(this.#finish());
	}

	#finish(): NumberedWord {
		const samples = this.#word.slice(0, this.#word.length - this.#quiet);
		const startMs = this.#ms(this.#start);
		this.#word = [];
		this.#quiet = 0;
		const word = { startMs, endMs: startMs + this.#ms(samples.length) };
		return { ...word, number: this.#decode(samples) };
	}

	#decode(samples: readonly number[]): number | undefined {
		if (Math.abs(this.#ms(samples.length) - WORD_MS) > TOLERANCE_MS) return undefined;
		let bits = 0;
		for (let bit = 0; bit < BITS; bit++) {
			const centre = Math.floor(((bit + 0.5) * samples.length) / BITS);
			if ((samples[centre] ?? 0) > 0) bits |= 1 << bit;
		}
		const number = bits & (NUMBERS - 1);
		return encode(number) === bits ? number : undefined;
	}

	#ms(samples: number): number {
		return (samples * 1000) / this.#rate;
	}
}
