import type { OptionRules } from '../providers/option-rules.ts';

// What the dialog needs to know of a provider.

export const SECRETS = ['apiKey', 'token', 'serviceAccount'] as const;
export type Secret = (typeof SECRETS)[number];

/** An option with a field of its own; the others are reached as JSON. */
export interface OfferedOption {
	readonly name: string;
	readonly icon: string;
	/** A flag whose absence does not mean false, so that there are three choices. */
	readonly threeWay?: true;
	/** Fewer choices than there are. */
	readonly choices?: readonly string[];
	/** Values to choose from, beside any other. */
	readonly suggestions?: readonly string[];
	/** Of no use unless one signs in so. */
	readonly secret?: Secret;
	/** The variants in which it is offered where it has no value; else in all that know it. */
	readonly of?: readonly string[];
	/** Stands before the model. */
	readonly first?: true;
}

/** One way in which a provider works. */
export interface Variant {
	/** What the runtime takes then. */
	readonly rules: OptionRules;
	readonly models: readonly string[];
}

export interface Kind {
	/** Ways to sign in, the usual one first. */
	readonly secrets: readonly Secret[];
	/** A flag that lets one in without a key. */
	readonly keyless?: string;
	/** Texts that the JSON key of a service account has. */
	readonly keyFile?: readonly string[];
	readonly endpoint?: {
		readonly pattern: RegExp;
		readonly example: string;
		/** Other addresses of the vendor, by their key in the catalogue. */
		readonly others: Readonly<Record<string, string>>;
	};
	/** Undefined where there is no choice. */
	readonly models: readonly string[] | undefined;
	/** Of all variants. */
	readonly rules: OptionRules | undefined;
	readonly offers: readonly OfferedOption[];
	/** Where an option decides which others there are: by its value, the usual one first. */
	readonly variants?: {
		readonly option: string;
		readonly of: Readonly<Record<string, Variant>>;
		/** Whether the runtime takes options of another variant that are switched off. */
		readonly ignoresOff?: true;
	};
	/** The variants whose models Node-RED downloads. */
	readonly downloads?: readonly string[];
	/** Whether a final may be followed by a better one, with these settings. */
	readonly refines: (model: string, options: Readonly<Record<string, unknown>>) => boolean;
	/** What the runtime would say against options that are each allowed, by its key in the catalogue. */
	readonly objection?: (options: Readonly<Record<string, unknown>>) => string | undefined;
}

/**
 * The variant that the options choose; '' where there are none, or where it comes from the environment: anything may be
 * true then.
 */
export function variantOf({ variants }: Kind, options: Readonly<Record<string, unknown>>): string {
	if (!variants) return '';
	const value = String(options[variants.option] ?? '').trim() || (Object.keys(variants.of)[0] ?? '');
	return Object.hasOwn(variants.of, value) ? value : '';
}

/** The options that there are with these options. */
export const rulesOf = (kind: Kind, options: Readonly<Record<string, unknown>>): OptionRules | undefined =>
	kind.variants?.of[variantOf(kind, options)]?.rules ?? kind.rules;

/** Does one sign in without a key? Also where the environment may say so. */
export function isKeyless({ keyless }: Kind, options: Readonly<Record<string, unknown>>): boolean {
	return keyless !== undefined && !isOff(options[keyless]);
}

/** Is a flag not set, or set to no? */
export const isOff = (value: unknown): boolean => /^(|false|0|no|off)$/i.test(String(value ?? '').trim());

/** Models to suggest. */
export const modelsOf = (kind: Kind, options: Readonly<Record<string, unknown>>): readonly string[] =>
	kind.variants?.of[variantOf(kind, options)]?.models ?? kind.models ?? [];
