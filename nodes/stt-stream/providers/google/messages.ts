import type { ResultWord, SttEvent, SttResult } from '../provider.ts';

// The messages of cloud_speech.proto, v1 and v2, that this package writes and reads, as proto-loader makes them:
// fields are named as there, and every field is present except members of a `oneof`.

interface Features {
	readonly max_alternatives?: number;
	readonly profanity_filter?: boolean;
	readonly enable_automatic_punctuation?: boolean;
	readonly enable_word_time_offsets?: boolean;
	readonly enable_word_confidence?: boolean;
}

interface PhraseSet {
	readonly phrases: readonly { readonly value: string }[];
	readonly boost?: number;
}

export type RequestV1 =
	| {
			readonly streaming_config: {
				readonly config: Features & {
					readonly encoding: 'LINEAR16';
					readonly sample_rate_hertz: number;
					readonly audio_channel_count: number;
					readonly language_code: string;
					readonly alternative_language_codes?: readonly string[];
					readonly model?: string;
					readonly use_enhanced?: boolean;
					readonly enable_spoken_punctuation?: { readonly value: boolean };
					readonly enable_spoken_emojis?: { readonly value: boolean };
					readonly adaptation?: {
						readonly phrase_sets?: readonly PhraseSet[];
						readonly phrase_set_references?: readonly string[];
					};
				};
				readonly interim_results: boolean;
				readonly enable_voice_activity_events: boolean;
			};
	  }
	| { readonly audio_content: Buffer };

export type RequestV2 =
	| {
			readonly recognizer: string;
			readonly streaming_config: {
				readonly config: {
					readonly explicit_decoding_config: {
						readonly encoding: 'LINEAR16';
						readonly sample_rate_hertz: number;
						readonly audio_channel_count: number;
					};
					readonly model?: string;
					readonly language_codes?: readonly string[];
					readonly features: Features & {
						readonly enable_spoken_punctuation?: boolean;
						readonly enable_spoken_emojis?: boolean;
					};
					readonly adaptation?: {
						readonly phrase_sets: readonly (
							| { readonly inline_phrase_set: PhraseSet }
							| { readonly phrase_set: string }
						)[];
					};
				};
				readonly streaming_features: {
					readonly interim_results: boolean;
					readonly enable_voice_activity_events: boolean;
					readonly endpointing_sensitivity?: string;
				};
			};
	  }
	| { readonly audio: Buffer };

export type Request = RequestV1 | RequestV2;

interface Duration {
	readonly seconds: number;
	readonly nanos: number;
}

/** Times have one name in v1 and another in v2. */
interface Word {
	readonly word: string;
	readonly confidence: number;
	readonly start_time?: Duration | null;
	readonly end_time?: Duration | null;
	readonly start_offset?: Duration | null;
	readonly end_offset?: Duration | null;
}

interface Alternative {
	readonly transcript: string;
	readonly confidence: number;
	readonly words: readonly Word[];
}

interface Result {
	readonly alternatives: readonly Alternative[];
	readonly is_final: boolean;
	readonly language_code: string;
	readonly result_end_time?: Duration | null;
	readonly result_end_offset?: Duration | null;
}

export interface Response {
	/** Of v1: the error that ends the session, inside a message. */
	readonly error?: { readonly code: number; readonly message: string } | null;
	readonly results: readonly Result[];
	readonly speech_event_type: string;
	readonly speech_event_time?: Duration | null;
	readonly speech_event_offset?: Duration | null;
	/** Of v2. */
	readonly metadata?: { readonly request_id: string } | null;
}

/** What a response says, but for an `error`. */
export function readResponse(response: Response): SttEvent[] {
	return [...speechEvent(response), ...readResults(response.results)];
}

function speechEvent({ speech_event_type: type, ...response }: Response): SttEvent[] {
	const atMs = ms(response.speech_event_time ?? response.speech_event_offset);
	const at = atMs === undefined ? {} : { atMs };
	if (type === 'SPEECH_ACTIVITY_BEGIN') return [{ type: 'speech-started', ...at }];
	if (['SPEECH_ACTIVITY_END', 'END_OF_SINGLE_UTTERANCE'].includes(type))
		return [{ type: 'end-of-utterance', ...at }];
	return [];
}

/** At most one final comes first; all that is not final is, put together, what was understood since. */
function readResults(results: readonly Result[]): SttEvent[] {
	const finals = results.filter((result) => result.is_final).flatMap(readFinal);
	const interim = results.filter((result) => !result.is_final);
	const text = interim.map(({ alternatives }) => alternatives[0]?.transcript ?? '').join('');
	const last = interim.at(-1);
	if (!last || !text.trim()) return finals;
	const endMs = endOf(last);
	return [
		...finals,
		{
			type: 'partial',
			text: text.trim(),
			...(endMs !== undefined && { endMs }),
			...languageOf(last),
		},
	];
}

function readFinal(result: Result): SttResult[] {
	// It can begin with a space, which would join it to the one before.
	const [best, ...others] = result.alternatives;
	if (!best?.transcript.trim()) return [];
	const words = readWords(best.words);
	const [first, last] = [words[0], words.at(-1)];
	const resultEndMs = endOf(result);
	const endMs = last?.endMs ?? resultEndMs;
	const alternatives = others.flatMap(({ transcript, confidence: sure }) => {
		const text = transcript.trim();
		return text ? { text, ...confidence(sure) } : [];
	});
	return [
		{
			type: 'final',
			text: best.transcript.trim(),
			...(first && { startMs: first.startMs }),
			...(endMs !== undefined && { endMs }),
			// It has settled all up to there: the vendor's own example of endless streaming goes on from it.
			...(endMs !== undefined && resultEndMs !== undefined && { settledMs: Math.max(endMs, resultEndMs) }),
			...languageOf(result),
			...confidence(best.confidence),
			...(words.length > 0 && { words }),
			...(alternatives.length > 0 && { alternatives }),
		},
	];
}

/** None, if they have no times. */
function readWords(words: readonly Word[]): ResultWord[] {
	const all: ResultWord[] = [];
	for (const { word, confidence: sure, ...times } of words) {
		const endMs = ms(times.end_time ?? times.end_offset);
		if (endMs === undefined) return [];
		const startMs = Math.min(ms(times.start_time ?? times.start_offset) ?? 0, endMs);
		all.push({ text: word, startMs, endMs, ...confidence(sure) });
	}
	return all;
}

const endOf = (result: Result) => ms(result.result_end_time ?? result.result_end_offset);

const ms = (duration: Duration | null | undefined): number | undefined =>
	duration ? Math.round(duration.seconds * 1000 + duration.nanos / 1e6) : undefined;

/** 0 says that it is not known; of a float's digits more are noise. */
const confidence = (value: number): { confidence?: number } =>
	value > 0 ? { confidence: Math.min(1, Math.round(value * 1e4) / 1e4) } : {};

/** The vendor writes "en-us" where it was asked for en-US. */
function languageOf({ language_code: code }: Result): { language?: string } {
	const [language, ...rest] = code.split('-');
	if (!language) return {};
	const parts = rest.map((part) => {
		if (part.length === 4) return part.charAt(0).toUpperCase() + part.slice(1).toLowerCase();
		return part.length === 2 ? part.toUpperCase() : part;
	});
	return { language: [language.toLowerCase(), ...parts].join('-') };
}
