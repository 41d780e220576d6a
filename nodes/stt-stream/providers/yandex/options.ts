import { readOptions } from '../options.ts';
import { textOf, VoiceError } from '../provider.ts';
import type { SessionOptions } from './messages.ts';
import { LANGUAGE, YANDEX_RULES as RULES } from './rules.ts';

// What `options` of an stt-provider say for SpeechKit, and the first message of a session that comes of it.

const IAM_ENDPOINT = 'https://iam.api.cloud.yandex.net/iam/v1/tokens';
const MODEL = 'general';

export interface YandexOptions {
	readonly folderId: string;
	readonly iamEndpoint: URL;
	/** Languages besides that of the session. */
	readonly languages: readonly string[];
	/** Undefined: as the session wishes. */
	readonly normalize: boolean | undefined;
	readonly profanityFilter: boolean;
	readonly literatureText: boolean;
	readonly phoneFormatting: boolean;
	readonly eouSensitivity: 'default' | 'high';
	/** 0 = the vendor's. */
	readonly maxPauseMs: number;
	readonly audioProcessing: 'real-time' | 'full-data';
	/** Whether the vendor may keep the audio. */
	readonly dataLogging: boolean;
}

/** @throws VoiceError STT_CONFIG that names the option */
export function readYandexOptions(raw: Readonly<Record<string, unknown>>): YandexOptions {
	const options = readOptions('yandex', raw, Object.keys(RULES));
	const folderId = options.text('folderId');
	if (!RULES.folderId.pattern.test(folderId)) throw refuse('folderId', 'use the identifier of the folder');
	return {
		folderId,
		iamEndpoint: readIamEndpoint(options.text('iamEndpoint', IAM_ENDPOINT) || IAM_ENDPOINT),
		languages: readLanguages(raw['languages']),
		normalize: options.text('textNormalization') ? options.flag('textNormalization', true) : undefined,
		profanityFilter: options.flag('profanityFilter', false),
		literatureText: options.flag('literatureText', false),
		phoneFormatting: options.flag('phoneFormatting', true),
		eouSensitivity: options.choice('eouSensitivity', RULES.eouSensitivity, 'default'),
		maxPauseMs: options.number('maxPauseBetweenWordsHintMs', 0, RULES.maxPauseBetweenWordsHintMs),
		audioProcessing: options.choice('audioProcessing', RULES.audioProcessing, 'real-time'),
		dataLogging: options.flag('dataLogging', false),
	};
}

/**
 * The first message of a session.
 * @param language BCP 47 tag, '' = the model finds out
 * @throws VoiceError STT_CONFIG for a language that is none
 */
export function sessionOptions(
	model: string,
	options: YandexOptions,
	{ sampleRate, language, refined }: { sampleRate: number; language: string; refined: boolean },
): SessionOptions {
	if (language && !LANGUAGE.test(language))
		throw new VoiceError(
			'STT_CONFIG',
			`"${language.slice(0, 20)}" is not a language`,
			'use a tag such as en-US or ru-RU, or leave the language empty',
		);
	const languages = [...new Set([language, ...options.languages])].filter(Boolean);
	// Both are steps of the normalisation.
	const normalize = options.normalize ?? (refined || options.profanityFilter || options.literatureText);
	return {
		recognition_model: {
			model: model || MODEL,
			audio_format: {
				raw_audio: {
					audio_encoding: 'LINEAR16_PCM',
					sample_rate_hertz: sampleRate,
					audio_channel_count: 1,
				},
			},
			text_normalization: {
				text_normalization: `TEXT_NORMALIZATION_${normalize ? 'ENABLED' : 'DISABLED'}`,
				profanity_filter: options.profanityFilter,
				literature_text: options.literatureText,
				...(!options.phoneFormatting && { phone_formatting_mode: 'PHONE_FORMATTING_MODE_DISABLED' }),
			},
			...(languages.length > 0 && {
				language_restriction: { restriction_type: 'WHITELIST', language_code: languages },
			}),
			audio_processing_type: options.audioProcessing === 'full-data' ? 'FULL_DATA' : 'REAL_TIME',
		},
		eou_classifier: {
			default_classifier: {
				type: options.eouSensitivity === 'high' ? 'HIGH' : 'DEFAULT',
				...(options.maxPauseMs > 0 && { max_pause_between_words_hint_ms: options.maxPauseMs }),
			},
		},
	};
}

/** An array, or a list with commas. */
function readLanguages(value: unknown): string[] {
	const list = typeof value === 'string' ? value.split(',') : (value ?? []);
	const languages = Array.isArray(list) ? list.map(textOf) : [''];
	if (typeof value === 'string' && !value.trim()) return [];
	if (languages.every((language) => LANGUAGE.test(language))) return languages;
	throw refuse('languages', 'use an array of tags, such as ["ru-RU", "en-US"]');
}

function readIamEndpoint(text: string): URL {
	const url = URL.canParse(text) ? new URL(text) : undefined;
	if (url && ['https:', 'http:'].includes(url.protocol) && !url.username && !url.password) return url;
	throw refuse('iamEndpoint', `use the whole address, such as ${IAM_ENDPOINT}`);
}

const refuse = (name: string, remedy: string) =>
	new VoiceError('STT_CONFIG', `The option "${name}" cannot be used`, remedy);
