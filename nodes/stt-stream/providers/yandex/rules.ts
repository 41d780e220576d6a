import type { OptionRules } from '../option-rules.ts';

/** BCP 47, or the vendor's word for any language. */
export const LANGUAGE = /^(auto|[a-z]{2,3}(-[a-z\d]{2,8})*)$/i;

// Names and values: the vendor's stt.proto, and its pages "Streaming recognition" and "Authentication".
export const YANDEX_RULES = {
	folderId: { pattern: /^[\w.-]{0,100}$/ },
	iamEndpoint: { pattern: /^https?:\/\/[^\s/@]+(\/[^\s]*)?$/i },
	languages: { items: LANGUAGE },
	textNormalization: 'flag',
	profanityFilter: 'flag',
	literatureText: 'flag',
	phoneFormatting: 'flag',
	eouSensitivity: ['default', 'high'],
	maxPauseBetweenWordsHintMs: { min: 0, max: 60_000, integer: true },
	audioProcessing: ['real-time', 'full-data'],
	dataLogging: 'flag',
} as const satisfies OptionRules;
