// What a provider's `options` may hold, as data, and its check. Nothing of Node.js in here and nothing of a provider's
// work: the edit dialog is built from the same tables.

import { textOf } from '../../../lib/node/rules.ts';

export type OptionRule =
	| 'flag'
	| 'text'
	/** Array of texts. */
	| 'texts'
	| 'object'
	/** One of these words. */
	| readonly string[]
	| { readonly min: number; readonly max: number; readonly integer?: true }
	/** A text of this form. */
	| { readonly pattern: RegExp }
	/** Array of texts of this form, or a list of them with commas. */
	| { readonly items: RegExp }
	/** Array of texts; at most so many characters when written as JSON. */
	| { readonly jsonMax: number };

export type OptionRules = Readonly<Record<string, OptionRule>>;

/** Is it an array of texts, none of them blank? */
export const isTexts = (value: unknown): value is string[] =>
	Array.isArray(value) && value.every((item) => typeof item === 'string' && item.trim());

/** Reads JSON; undefined if it is none. */
export function parseJson(text: string): unknown {
	try {
		return JSON.parse(text) as unknown;
	} catch {
		return undefined;
	}
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
	value !== null && typeof value === 'object' && !Array.isArray(value);

/** Whether an option may have this value. Everything may be missing, and may be text that says the same. */
export function isAllowed(rule: OptionRule, value: unknown): boolean {
	const text = textOf(value);
	if (text === '' && !Array.isArray(value)) return true;
	if (rule === 'flag') return /^(true|false|1|0|yes|no|on|off)$/i.test(text);
	if (rule === 'text') return typeof value !== 'object';
	const whole = typeof value === 'string' ? parseJson(value) : value;
	if (rule === 'texts') return isTexts(whole);
	if (rule === 'object') return isObject(whole);
	if ('jsonMax' in rule) return isTexts(whole) && JSON.stringify(whole).length <= rule.jsonMax;
	if ('pattern' in rule) return typeof value !== 'object' && rule.pattern.test(text);
	if ('items' in rule)
		return listed(value).every((item) => typeof item === 'string' && rule.items.test(item.trim()));
	if ('min' in rule) return isWithin(rule, Number(text));
	return rule.includes(text);
}

const listed = (value: unknown): unknown[] =>
	typeof value === 'string' ? value.split(',') : Array.isArray(value) ? value : [undefined];

const isWithin = ({ min, max, integer }: { min: number; max: number; integer?: true }, size: number) =>
	size >= min && size <= max && (!integer || Number.isInteger(size));
