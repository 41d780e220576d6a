import type { Random } from './random.ts';

/**
 * Makes another input of one from the pool.
 * @param other one more of the pool, to take pieces from
 */
export type Mutate = (input: Buffer, random: Random, other: Buffer) => Buffer;

/** A parser under test. */
export interface Target {
	/** Files of dist/ whose coverage counts, as the end of their path or a folder in it. */
	readonly covers: readonly string[];
	/** Inputs to begin with, besides those in the corpus. */
	readonly seeds: readonly Buffer[];
	readonly mutate: Mutate;
	/** Longer inputs are cut. */
	readonly maxBytes?: number;
	/** How many mutated inputs `npm test` tries. */
	readonly tries?: number;
	/**
	 * Parses the input and throws if it finds anything wrong: an error that is not the parser's own, a result that
	 * breaks a rule.
	 * @param random depends on the input alone
	 */
	run(input: Buffer, random: Random): void | Promise<void>;
}

type ErrorClass = abstract new (...args: never[]) => Error;

/** The result of `parse`, or undefined if it threw one of the errors that it may throw. */
export function unless<T>(errors: readonly ErrorClass[], parse: () => T): T | undefined {
	try {
		return parse();
	} catch (thrown) {
		permit(thrown, errors);
		return undefined;
	}
}

/** Throws what is none of the errors that a parser may throw; a violation of a rule never is. */
export function permit(thrown: unknown, errors: readonly ErrorClass[]): void {
	if (thrown instanceof Violation || !errors.some((each) => thrown instanceof each)) throw thrown;
}

/** A rule that does not hold. */
export class Violation extends Error {}

export function rule(holds: boolean, words: string): asserts holds {
	if (!holds) throw new Violation(words);
}

export function sameBytes(one: Buffer, other: Buffer, what: string): void {
	rule(one.equals(other), `${what}: ${one.length} bytes, not the same as the other ${other.length}`);
}
