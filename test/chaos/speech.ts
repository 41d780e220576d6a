import { BLOCK_MS, NUMBERS, numberedAudio } from '../lab/recognisers/numbered-audio.ts';

export const RATE = 16_000;
export const BYTES_PER_MS = (RATE / 1000) * 2;
/** Below what the decoder of numbered audio hears. */
const NOISE = 700;

/**
 * Numbered audio in which not even the pauses repeat: some samples tell which part of which sound they are. No two
 * calls give the same.
 */
export class Speech {
	#next: number;

	/** @param from its first number; one for each place where somebody speaks */
	constructor(from: number) {
		this.#next = from % NUMBERS;
	}

	/** Mono s16le at RATE. */
	say(ms: number): { pcm: Buffer; from: number; count: number } {
		const count = Math.ceil(ms / BLOCK_MS);
		const from = this.#next;
		this.#next = (this.#next + count) % NUMBERS;
		const pcm = numberedAudio(count, RATE, from);
		let state = (from * 0x9e3779b1) >>> 0 || 1;
		for (let at = 0; at < pcm.length; at += 2) {
			// xorshift32 (Marsaglia 2003)
			state ^= state << 13;
			state ^= state >>> 17;
			state ^= state << 5;
			pcm.writeInt16LE(pcm.readInt16LE(at) + (((state >>> 0) % (2 * NOISE)) - NOISE), at);
		}
		return { pcm, from, count };
	}
}
