import { type OpenOptions, VoiceError } from '../provider.ts';
import type { RequestV1, RequestV2 } from './messages.ts';
import type { GoogleOptions } from './options.ts';
import { LANGUAGE } from './rules.ts';

// The first message of a session, as v1 and v2 want it.

/** v1 demands a language; so does v2, where no recognizer has one. */
const LANGUAGE_DEFAULT = 'en-US';
/** v1 chooses by itself; v2 does not. */
const MODEL_V2 = 'long';
const NOBODY = '_';

type Wishes = Pick<OpenOptions, 'sampleRate' | 'language' | 'partials'>;

/** @throws VoiceError STT_CONFIG for a language that is none */
export function requestV1(model: string, options: GoogleOptions, wishes: Wishes): RequestV1 {
	const [language = LANGUAGE_DEFAULT, ...others] = languagesOf(options, wishes.language);
	if (language === 'auto') throw noLanguage(language);
	const { phrases, boost, phraseSets } = options;
	const inline = { phrases: phrases.map((value) => ({ value })), ...(boost > 0 && { boost }) };
	const adapts = phrases.length > 0 || phraseSets.length > 0;
	return {
		streaming_config: {
			config: {
				encoding: 'LINEAR16',
				sample_rate_hertz: wishes.sampleRate,
				audio_channel_count: 1,
				language_code: language,
				...(others.length > 0 && { alternative_language_codes: others }),
				...(model && { model }),
				...(options.useEnhanced && { use_enhanced: true }),
				...commonFeatures(model, options),
				...(options.spokenPunctuation !== undefined && {
					enable_spoken_punctuation: { value: options.spokenPunctuation },
				}),
				...(options.spokenEmojis !== undefined && {
					enable_spoken_emojis: { value: options.spokenEmojis },
				}),
				...(adapts && {
					adaptation: {
						...(phrases.length > 0 && { phrase_sets: [inline] }),
						...(phraseSets.length > 0 && { phrase_set_references: phraseSets }),
					},
				}),
			},
			interim_results: wishes.partials,
			enable_voice_activity_events: options.voiceActivity,
		},
	};
}

/**
 * @param project of the recognizer, where its path is not given
 * @throws VoiceError STT_CONFIG for a language that is none
 */
export function requestV2(
	model: string,
	options: GoogleOptions,
	wishes: Wishes,
	project: string,
): RequestV2 & { readonly recognizer: string } {
	const { recognizer, location, phrases, boost, phraseSets, endpointing } = options;
	const isNamed = !recognizer.endsWith(NOBODY);
	const languages = languagesOf(options, wishes.language);
	const inline = { phrases: phrases.map((value) => ({ value })), ...(boost > 0 && { boost }) };
	const sets = [
		...(phrases.length > 0 ? [{ inline_phrase_set: inline }] : []),
		...phraseSets.map((phrase_set) => ({ phrase_set })),
	];
	// A recognizer has a model and languages of its own.
	const chosen = model || (isNamed ? '' : MODEL_V2);
	const spoken = languages.length || isNamed ? languages : [LANGUAGE_DEFAULT];
	return {
		recognizer: recognizer.includes('/')
			? recognizer
			: `projects/${project}/locations/${location}/recognizers/${recognizer}`,
		streaming_config: {
			config: {
				explicit_decoding_config: {
					encoding: 'LINEAR16',
					sample_rate_hertz: wishes.sampleRate,
					audio_channel_count: 1,
				},
				...(chosen && { model: chosen }),
				...(spoken.length > 0 && { language_codes: spoken }),
				features: {
					...commonFeatures(chosen, options),
					...(options.spokenPunctuation && { enable_spoken_punctuation: true }),
					...(options.spokenEmojis && { enable_spoken_emojis: true }),
				},
				...(sets.length > 0 && { adaptation: { phrase_sets: sets } }),
			},
			streaming_features: {
				interim_results: wishes.partials,
				enable_voice_activity_events: options.voiceActivity,
				...(endpointing && {
					endpointing_sensitivity: `ENDPOINTING_SENSITIVITY_${endpointing.toUpperCase()}`,
				}),
			},
		},
	};
}

/** What both call by the same names. */
function commonFeatures(model: string, options: GoogleOptions) {
	// The Chirp models refuse what they cannot do, and this is what they cannot.
	const wordConfidence = options.wordConfidence ?? !/^chirp/.test(model);
	return {
		...(options.maxAlternatives > 0 && { max_alternatives: options.maxAlternatives }),
		...(options.profanityFilter && { profanity_filter: true }),
		...(options.punctuation && { enable_automatic_punctuation: true }),
		...(options.wordTimes && { enable_word_time_offsets: true }),
		...(wordConfidence && { enable_word_confidence: true }),
	};
}

function languagesOf({ languages }: GoogleOptions, language: string): string[] {
	if (language && !LANGUAGE.test(language)) throw noLanguage(language);
	return [...new Set([language, ...languages])].filter(Boolean);
}

const noLanguage = (language: string) =>
	new VoiceError(
		'STT_CONFIG',
		`"${language.slice(0, 20)}" is not a language`,
		'use a tag such as en-US or ru-RU, or leave the language empty; "auto" is for models of v2 such as chirp_3',
	);
