import type { HeardWord, TurnEvent } from './hearing.ts';

// The events of `StreamingResponse` in stt.proto, in the order that the vendor's page "Streaming recognition" gives
// for an utterance: partials, the final, its refinement, the end of the utterance, an empty partial.

/** The last final's number, where it ended, and where the last utterance did. */
export interface Cursors {
	readonly final_index: number;
	readonly final_time_ms: number;
	readonly eou_time_ms: number;
}

export interface Answer {
	/** Exactly one member of the `oneof Event`. */
	readonly event: object;
	readonly after?: 'final' | 'refinement';
	readonly cursors?: Partial<Cursors>;
}

/** While nobody speaks, a partial has no alternatives at all. */
export const EMPTY_PARTIAL: Answer = { event: { partial: { alternatives: [] } } };

export const statusAnswer = (code_type: 'WORKING' | 'WARNING', message = ''): Answer => ({
	event: { status_code: { code_type, message } },
});

/**
 * What is said of something heard.
 * @param index the number of the final, if it is one
 */
export function answersTo({ type, words }: TurnEvent, index: number, isNormalizing: boolean): Answer[] {
	if (type === 'pause') return [];
	if (type === 'word') return [{ event: { partial: update(words) } }];
	const endMs = words.at(-1)?.endMs ?? 0;
	const refinement = { final_index: index, normalized_text: update(normalized(words)) };
	return [
		{
			event: { final: update(words) },
			after: 'final',
			cursors: { final_index: index, final_time_ms: endMs },
		},
		...(isNormalizing ? [{ event: { final_refinement: refinement }, after: 'refinement' } as const] : []),
		{ event: { eou_update: { time_ms: endMs } }, cursors: { eou_time_ms: endMs } },
		EMPTY_PARTIAL,
	];
}

/** An `AlternativeUpdate`. Its confidence is documented as not used, and is not. */
function update(words: readonly HeardWord[]): object {
	return {
		alternatives: [
			{
				words: words.map(({ text, startMs, endMs }) => ({
					text,
					start_time_ms: startMs,
					end_time_ms: endMs,
				})),
				text: words.map(({ text }) => text).join(' '),
				start_time_ms: words[0]?.startMs ?? 0,
				end_time_ms: words.at(-1)?.endMs ?? 0,
				languages: [
					{ language_code: 'en-US', probability: 0.1 },
					{ language_code: 'ru-RU', probability: 0.9 },
				],
			},
		],
	};
}

/** "Turn on the light." */
const normalized = (words: readonly HeardWord[]): HeardWord[] =>
	words.map((word, index) => {
		const text = index === 0 ? word.text.charAt(0).toUpperCase() + word.text.slice(1) : word.text;
		return { ...word, text: index === words.length - 1 ? `${text}.` : text };
	});
