import type { OptionRules } from '../option-rules.ts';

/** BCP 47, or the word of v2's newer models for any language. */
export const LANGUAGE = /^(auto|[a-z]{2,3}(-[a-z\d]{2,8})*)$/i;

const PROJECT = /^[a-z\d][a-z\d.:-]{0,62}$/;

// Names and values: RecognitionConfig, RecognitionFeatures and StreamingRecognitionFeatures in the vendor's
// cloud_speech.proto, v1 and v2, in its JSON spelling; `phrases`, `boost` and `phraseSets` are its adaptation.

const COMMON = {
	apiVersion: ['v1', 'v2'],
	project: { pattern: PROJECT },
	quotaProject: { pattern: PROJECT },
	applicationDefaultCredentials: 'flag',
	languages: { items: LANGUAGE },
	enableAutomaticPunctuation: 'flag',
	enableSpokenPunctuation: 'flag',
	enableSpokenEmojis: 'flag',
	profanityFilter: 'flag',
	phrases: 'texts',
	boost: { min: 0, max: 20 },
	phraseSets: { items: /^projects\/[^\s/]+\/locations\/[^\s/]+\/phraseSets\/[^\s/]+$/ },
	maxAlternatives: { min: 1, max: 30, integer: true },
	enableWordTimeOffsets: 'flag',
	enableWordConfidence: 'flag',
	enableVoiceActivityEvents: 'flag',
} as const satisfies OptionRules;

/** v1 knows three places, each a host of its own. */
export const RULES_V1 = {
	...COMMON,
	location: ['global', 'us', 'eu'],
	useEnhanced: 'flag',
} as const satisfies OptionRules;

export const RULES_V2 = {
	...COMMON,
	location: { pattern: /^[a-z]+(-[a-z]+\d+)?$/ },
	recognizer: { pattern: /^(projects\/[^\s/]+\/locations\/[^\s/]+\/recognizers\/)?(_|[a-z][a-z\d-]{0,62})$/ },
	endpointingSensitivity: ['standard', 'short', 'supershort'],
} as const satisfies OptionRules;

/** Of both. */
export const GOOGLE_RULES = { ...RULES_V1, ...RULES_V2 } as const satisfies OptionRules;
