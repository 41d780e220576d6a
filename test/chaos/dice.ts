import { randomInts } from '../lib/audio/random.ts';

/** All chance of a run, from its seed: the same seed makes the same run. */
export class Dice {
	readonly #roll: (limit: number) => number;

	/**
	 * @param part of a run, e.g. the number of a fault: each has its own chance, so that what depends on time in one
	 *   (who was connected just then) does not change all that follows
	 */
	constructor(seed: number, part = 0) {
		this.#roll = randomInts(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(part + 1, 0x85ebca6b));
	}

	/** A whole number, both ends included. */
	between(least: number, most: number): number {
		return least + this.#roll(most - least + 1);
	}

	/** True once in so many times. */
	oneIn(times: number): boolean {
		return this.#roll(times) === 0;
	}

	pick<L extends readonly [unknown, ...unknown[]]>(list: L): L[number];
	pick<T>(list: readonly T[]): T | undefined;
	pick(list: readonly unknown[]): unknown {
		return list[this.#roll(list.length)];
	}

	/** One of them, each as often as its weight says. */
	weigh<T extends { readonly weight: number }>(list: readonly T[]): T | undefined {
		let left = this.#roll(list.reduce((sum, { weight }) => sum + weight, 0) || 1);
		return list.find(({ weight }) => {
			left -= weight;
			return left < 0;
		});
	}

	/** Bytes without meaning. */
	bytes(count: number): Buffer {
		return Buffer.from(Array.from({ length: count }, () => this.#roll(256)));
	}
}
