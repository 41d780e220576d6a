import { msToBytes } from '../../../../lib/audio/format.ts';

// Speech whose words are numbers, so that a lost or doubled one shows in the transcript. Each word lasts WORD_MS: every
// sample of it has the word's number in it, and whether it belongs to the first or the second half.

export const WORD_MS = 100;
const RATE = 16_000;
export const FORMAT = { sampleRate: RATE, channels: 1 };
export const WORD_BYTES = msToBytes(WORD_MS, FORMAT);
/** Louder than any pause. */
const BASE = 1000;
/** Then they begin again: a sample has 16 bits. */
export const WORDS_MAX = 30_000;

/** `count` words from `first` on, without a pause between them. */
export function words(count: number, first = 0): Buffer {
	const pcm = Buffer.alloc(count * WORD_BYTES);
	for (let word = 0; word < count; word++)
		for (let at = 0; at < WORD_BYTES; at += 2)
			pcm.writeInt16LE(BASE + ((first + word) % WORDS_MAX), word * WORD_BYTES + at);
	return pcm;
}

export interface HeardWord {
	readonly word: number;
	readonly startMs: number;
	readonly endMs: number;
}

/** Understands numbered speech piece by piece: a word counts when three quarters of it were heard in one go, so that one that is
 * cut in the middle is lost. */
export class Listener {
	#bytes = 0;
	#current = -1;
	#since = 0;

	/** The words that end in this piece. */
	hear(pcm: Buffer): HeardWord[] {
		const heard: HeardWord[] = [];
		for (let at = 0; at + 1 < pcm.length; at += 2) {
			const sample = pcm.readInt16LE(at);
			const word = sample >= BASE ? sample - BASE : -1;
			if (word !== this.#current) {
				heard.push(...this.end());
				this.#current = word;
				this.#since = this.#bytes;
			}
			this.#bytes += 2;
		}
		// A whole word needs no successor to be known.
		if (this.#current >= 0 && this.#bytes - this.#since >= WORD_BYTES) heard.push(...this.end());
		return heard;
	}

	get heardMs(): number {
		return this.#bytes / 32;
	}

	/** The word that is being spoken. */
	end(): HeardWord[] {
		const word = this.#current;
		this.#current = -1;
		if (word < 0 || this.#bytes - this.#since < WORD_BYTES * 0.75) return [];
		return [{ word, startMs: this.#since / 32, endMs: this.#bytes / 32 }];
	}
}

/** The text of `count` words from `first` on. */
export const textOf = (count: number, first = 0): string =>
	Array.from({ length: count }, (_, index) => String((first + index) % WORDS_MAX)).join(' ');
