import { isAllowed, isTexts, parseJson } from '../option-rules.ts';
import { readOptions } from '../options.ts';
import { textOf, VoiceError } from '../provider.ts';
import { GOOGLE_RULES as RULES, RULES_V1, RULES_V2 } from './rules.ts';

// What `options` of an stt-provider say for Google.

export type ApiVersion = 'v1' | 'v2';

type Raw = Readonly<Record<string, unknown>>;

/** Of flags and choices, undefined: as the vendor, or the recognizer, decides. */
export interface GoogleOptions {
	readonly apiVersion: ApiVersion;
	/** '' = that of the credentials. */
	readonly project: string;
	readonly location: string;
	/** Of v2: its identifier, or its whole path. */
	readonly recognizer: string;
	/** Who pays, '' = whoever owns the credentials. */
	readonly quotaProject: string;
	readonly applicationDefault: boolean;
	/** Languages besides that of the session. */
	readonly languages: readonly string[];
	readonly punctuation: boolean | undefined;
	readonly spokenPunctuation: boolean | undefined;
	readonly spokenEmojis: boolean | undefined;
	readonly profanityFilter: boolean | undefined;
	readonly phrases: readonly string[];
	/** 0 = none. */
	readonly boost: number;
	readonly phraseSets: readonly string[];
	/** 0 = not set. */
	readonly maxAlternatives: number;
	readonly wordTimes: boolean;
	/** Undefined: where the model can. */
	readonly wordConfidence: boolean | undefined;
	readonly voiceActivity: boolean;
	readonly endpointing: 'standard' | 'short' | 'supershort' | undefined;
	readonly useEnhanced: boolean;
}

/** @throws VoiceError STT_CONFIG that names the option */
export function readGoogleOptions(raw: Raw): GoogleOptions {
	const options = readOptions('google', raw, Object.keys(RULES));
	const maybe = (name: string) => (options.text(name) ? options.flag(name, false) : undefined);
	const apiVersion = options.choice('apiVersion', RULES.apiVersion, 'v1');
	const [own, other] = apiVersion === 'v1' ? [RULES_V1, 'v2'] : [RULES_V2, 'v1'];
	for (const [name, value] of Object.entries(raw))
		if (!Object.hasOwn(own, name) && !/^(|false|0|no|off)$/i.test(textOf(value)))
			throw refuse(name, `leave it out, or set "apiVersion": "${other}"`);
	if (!isAllowed(own.location, raw['location']))
		throw refuse(
			'location',
			apiVersion === 'v1'
				? `use one of ${RULES_V1.location.join(', ')}, or set "apiVersion": "v2"`
				: 'use one such as us, eu or europe-west4',
		);
	return {
		apiVersion,
		project: matching(raw, 'project', 'use the identifier of the project, such as my-project-123'),
		location: options.text('location') || 'global',
		recognizer: matching(raw, 'recognizer', 'use its identifier or its whole path') || '_',
		quotaProject: matching(raw, 'quotaProject', 'use the identifier of the project, such as my-project-123'),
		applicationDefault: options.flag('applicationDefaultCredentials', false),
		languages: readList(raw, 'languages', 'use an array of tags, such as ["en-US", "ru-RU"]'),
		punctuation: maybe('enableAutomaticPunctuation'),
		spokenPunctuation: maybe('enableSpokenPunctuation'),
		spokenEmojis: maybe('enableSpokenEmojis'),
		profanityFilter: maybe('profanityFilter'),
		phrases: readPhrases(raw['phrases']),
		boost: options.number('boost', 0, RULES.boost),
		phraseSets: readList(raw, 'phraseSets', 'use paths such as "projects/p/locations/global/phraseSets/s"'),
		maxAlternatives: options.number('maxAlternatives', 0, RULES.maxAlternatives),
		wordTimes: options.flag('enableWordTimeOffsets', true),
		wordConfidence: maybe('enableWordConfidence'),
		voiceActivity: options.flag('enableVoiceActivityEvents', true),
		endpointing: options.text('endpointingSensitivity')
			? options.choice('endpointingSensitivity', RULES.endpointingSensitivity, 'standard')
			: undefined,
		useEnhanced: options.flag('useEnhanced', false),
	} satisfies GoogleOptions;
}

/** Where a recognizer is: as its path says, else as the options do. */
export function locationOf({ recognizer, location }: GoogleOptions): string {
	return recognizer.includes('/') ? (recognizer.split('/')[3] ?? location) : location;
}

function matching(raw: Raw, name: 'project' | 'recognizer' | 'quotaProject', remedy: string) {
	if (isAllowed(RULES[name], raw[name])) return textOf(raw[name]);
	throw refuse(name, remedy);
}

/** An array, or a list with commas. */
function readList(raw: Raw, name: 'languages' | 'phraseSets', remedy: string): string[] {
	const value = raw[name];
	if (!isAllowed(RULES[name], value)) throw refuse(name, remedy);
	const list = typeof value === 'string' ? value.split(',') : ((value ?? []) as unknown[]);
	return list.map(textOf).filter(Boolean);
}

/** An array of texts, or the same written as JSON. */
function readPhrases(value: unknown): string[] {
	if (value === undefined || value === null || value === '') return [];
	const texts = typeof value === 'string' ? parseJson(value) : value;
	if (isTexts(texts)) return texts;
	throw refuse('phrases', 'use an array of texts, such as ["one", "two"]');
}

const refuse = (name: string, remedy: string) =>
	new VoiceError('STT_CONFIG', `The option "${name}" cannot be used`, remedy);
