// What settings may be, as tables: the runtime reads by them, and the dialogs judge by them. Knows neither Node.js nor
// the DOM.

export interface NumberRule {
	/** What an empty setting means. */
	value: number;
	/** 0 if not set. */
	min?: number;
	max: number;
	integer?: boolean;
}

export interface ChoiceRule<T extends string = string> {
	/** What an empty setting means. */
	value: T;
	choices: readonly T[];
}

/** What the settings of one kind of node may be; a flag's rule is what an empty one means. */
export interface Rules {
	numbers: Readonly<Record<string, NumberRule>>;
	choices: Readonly<Record<string, ChoiceRule>>;
	flags: Readonly<Record<string, boolean>>;
}

/** Another setting as text, without spaces around it; of one that is empty, what that means. */
export type Of = (name: string) => string;

/** A value as text, without spaces around it. Settings are JSON of anybody's, where also `{"toString": 1}` may stand. */
export function textOf(value: unknown): string {
	try {
		return String(value ?? '').trim();
	} catch {
		return '[object]';
	}
}

export function fitsNumber(
	text: string,
	{ min = 0, max, integer = false }: Omit<NumberRule, 'value'>,
): boolean {
	const value = Number(text);
	return Number.isFinite(value) && value >= min && value <= max && (!integer || Number.isInteger(value));
}

/** What the text of a setting that is switched on or off says; undefined if it says neither. */
export function flagOf(text: string): boolean | undefined {
	if (['true', '1', 'yes', 'on'].includes(text.toLowerCase())) return true;
	return ['false', '0', 'no', 'off'].includes(text.toLowerCase()) ? false : undefined;
}

/** Nobody nests settings so deep, and what goes through them level by level has only so much room. */
const LEVELS_MAX = 50;

/** Does it hold more levels of objects and arrays than any setting has? */
export function isTooDeep(value: unknown, levels: number = LEVELS_MAX): boolean {
	if (value === null || typeof value !== 'object') return false;
	return levels === 0 || Object.values(value).some((item) => isTooDeep(item, levels - 1));
}

/** Is it a number that switches something off? */
export const isOff = (text: string): boolean => Number(text) === 0;

/** What an empty setting means, as text; '' if that is nothing. */
export function meaningOfNone(rules: Rules, name: string): string {
	const { numbers, choices, flags } = rules;
	return textOf(numbers[name]?.value ?? choices[name]?.value ?? flags[name]);
}
