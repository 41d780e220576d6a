import { type ErrorCode, VoiceError } from './errors.ts';
import {
	fitsNumber,
	flagOf,
	isTooDeep,
	meaningOfNone,
	type NumberRule,
	type Of,
	type Rules,
	textOf,
} from './rules.ts';

// Settings reach a node as the editor stored them, or as text when they come from ${ENV}; a flow written by hand
// may leave them out. Each reader accepts all of that and names the setting in its error.

export type RawSettings = Readonly<Record<string, unknown>>;

/** Reads settings for one node; a value that cannot be used throws a VoiceError with `code`. */
export class SettingsReader {
	readonly #raw: RawSettings;
	readonly #code: ErrorCode;

	constructor(raw: object, code: ErrorCode) {
		this.#raw = raw as RawSettings;
		this.#code = code;
	}

	text(name: string, fallback = ''): string {
		const value = this.#raw[name];
		return value === undefined || value === null ? fallback : textOf(value);
	}

	number(name: string, fallback: number, rule: Partial<NumberRule> = {}): number {
		const text = this.text(name);
		if (text === '') return fallback;
		const { min = 0, max = Number.MAX_SAFE_INTEGER, integer = false } = rule;
		if (!fitsNumber(text, { min, max, integer }))
			throw this.#refuse(name, text, `use a ${integer ? 'whole ' : ''}number from ${min} to ${max}`);
		return Number(text);
	}

	flag(name: string, fallback: boolean): boolean {
		const text = this.text(name);
		if (text === '') return fallback;
		const flag = flagOf(text);
		if (flag === undefined) throw this.#refuse(name, text, 'use true or false');
		return flag;
	}

	choice<const T extends string>(name: string, choices: readonly T[], fallback: T): T {
		const text = this.text(name);
		if (text === '') return fallback;
		if (choices.includes(text as T)) return text as T;
		throw this.#refuse(name, text, `use one of ${choices.join(', ')}`);
	}

	/** A JSON object; an empty setting is `{}`. */
	object(name: string): Record<string, unknown> {
		const raw = this.#raw[name];
		if (isUsable(raw)) return { ...raw };
		const text = this.text(name);
		if (text === '') return {};
		try {
			const value: unknown = JSON.parse(text);
			if (isUsable(value)) return value;
		} catch {
			// falls through to the error below
		}
		// Not shown: who mistypes it may have a key or a password in it.
		throw new VoiceError(
			this.#code,
			`The setting "${name}" is not a JSON object`,
			'use one such as {"key": "value"}',
		);
	}

	#refuse(name: string, text: string, remedy: string): VoiceError {
		return new VoiceError(this.#code, `The setting "${name}" is "${text.slice(0, 60)}"`, remedy);
	}
}

/**
 * Reads by a table of rules: `of` gives any setting as text; `number` one number, of which an empty one, and one for which
 * there is no use, mean what the rule says, or `none`.
 * @throws VoiceError from `number`, which names the setting that cannot be used
 */
export function readerOf<R extends Rules>(
	read: SettingsReader,
	rules: R,
	applies: (name: string, of: Of) => boolean,
): { of: Of; number(name: keyof R['numbers'] & string, none?: number): number } {
	const of: Of = (name) => read.text(name) || meaningOfNone(rules, name);
	return {
		of,
		number(name, none) {
			const rule = rules.numbers[name] as NumberRule;
			const fallback = none ?? rule.value;
			return applies(name, of) ? read.number(name, fallback, rule) : fallback;
		},
	};
}

const isUsable = (value: unknown): value is Record<string, unknown> =>
	value !== null && typeof value === 'object' && !Array.isArray(value) && !isTooDeep(value);
