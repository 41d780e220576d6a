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

export const textOf = (value: unknown): string => String(value ?? '').trim();

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

/** Is it a number that switches something off? */
export const isOff = (text: string): boolean => Number(text) === 0;

/** What an empty setting means, as text; '' if that is nothing. */
export function meaningOfNone(rules: Rules, name: string): string {
	const { numbers, choices, flags } = rules;
	return textOf(numbers[name]?.value ?? choices[name]?.value ?? flags[name]);
}
