import type { ResultWord, SttEvent, SttResult } from '../provider.ts';

// The messages of stt.proto that this package writes and reads, as proto-loader makes them: fields are named as
// there, and every field is present except members of a `oneof`.

export interface SessionOptions {
	readonly recognition_model: {
		readonly model: string;
		readonly audio_format: {
			readonly raw_audio: {
				readonly audio_encoding: 'LINEAR16_PCM';
				readonly sample_rate_hertz: number;
				readonly audio_channel_count: number;
			};
		};
		readonly text_normalization: {
			readonly text_normalization: string;
			readonly profanity_filter: boolean;
			readonly literature_text: boolean;
			readonly phone_formatting_mode?: string;
		};
		readonly language_restriction?: {
			readonly restriction_type: 'WHITELIST';
			readonly language_code: readonly string[];
		};
		readonly audio_processing_type: 'REAL_TIME' | 'FULL_DATA';
	};
	readonly eou_classifier: {
		readonly default_classifier: {
			readonly type: 'DEFAULT' | 'HIGH';
			readonly max_pause_between_words_hint_ms?: number;
		};
	};
}

export type StreamingRequest =
	| { readonly session_options: SessionOptions }
	| { readonly chunk: { readonly data: Buffer } };

interface Alternative {
	readonly text: string;
	readonly words: readonly { text: string; start_time_ms: number; end_time_ms: number }[];
	readonly start_time_ms: number;
	readonly end_time_ms: number;
	readonly languages: readonly { language_code: string; probability: number }[];
}

interface AlternativeUpdate {
	readonly alternatives: readonly Alternative[];
}

export interface StreamingResponse {
	readonly session_uuid: { readonly uuid: string; readonly user_request_id: string } | null;
	readonly audio_cursors: { readonly final_index: number } | null;
	/** Which of the following there is; none of them for an event that this package does not know. */
	readonly Event?: string;
	readonly partial?: AlternativeUpdate;
	readonly final?: AlternativeUpdate;
	readonly eou_update?: { readonly time_ms: number };
	readonly final_refinement?: { readonly final_index: number; readonly normalized_text?: AlternativeUpdate };
	readonly status_code?: { readonly code_type: string | number; readonly message: string };
}

/** What a response says; nothing for results without text, and for analyses that nobody has asked for. */
export function readResponse(response: StreamingResponse): SttEvent[] {
	const index = response.audio_cursors?.final_index;
	switch (response.Event) {
		case 'partial':
			return result('partial', response.partial);
		case 'final':
			return result('final', response.final, index);
		case 'final_refinement':
			return result(
				'refined',
				response.final_refinement?.normalized_text,
				response.final_refinement?.final_index,
			);
		case 'eou_update':
			return [{ type: 'end-of-utterance', atMs: response.eou_update?.time_ms ?? 0 }];
		case 'status_code': {
			const { code_type = '', message = '' } = response.status_code ?? {};
			// A type that is newer than our stt.proto comes as a number.
			return [{ type: 'status', detail: message ? `${code_type}: ${message}` : String(code_type) }];
		}
		default:
			return [];
	}
}

function result(type: SttResult['type'], update?: AlternativeUpdate, index?: number): SttEvent[] {
	// A partial without any is normal while nobody speaks.
	const [best, ...others] = update?.alternatives ?? [];
	if (!best?.text.trim()) return [];
	const words = best.words.map(
		(word): ResultWord => ({ text: word.text, startMs: word.start_time_ms, endMs: word.end_time_ms }),
	);
	const likely = best.languages.reduce<Alternative['languages'][number] | undefined>(
		(top, one) => (one.probability > (top?.probability ?? -1) ? one : top),
		undefined,
	);
	const alternatives = others.flatMap(({ text }) => (text.trim() ? { text } : []));
	// `confidence` is there, but documented as not used.
	return [
		{
			type,
			text: best.text,
			...(index !== undefined && { utterance: index }),
			...span(best, words),
			...(likely?.language_code && { language: likely.language_code }),
			...(words.length > 0 && { words }),
			...(alternatives.length > 0 && { alternatives }),
		},
	];
}

function span({ start_time_ms, end_time_ms }: Alternative, words: readonly ResultWord[]) {
	if (end_time_ms > 0) return { startMs: start_time_ms, endMs: end_time_ms };
	const [first, last] = [words[0], words.at(-1)];
	return first && last ? { startMs: first.startMs, endMs: last.endMs } : {};
}
