import type { Version, Wanted } from './google-options.ts';
import type { HeardWord, TurnEvent } from './hearing.ts';

// `StreamingRecognizeResponse` of v1 and v2, as its comments in cloud_speech.proto describe a session: interim results
// of one stable and one unstable part, a final, and events of voice activity, each in a response of its own. That the
// end of the activity comes before the final is a guess.

/** What one version calls `_time`, the other calls `_offset`. */
const NAMES = {
	v1: { start: 'start_time', end: 'end_time', result: 'result_end_time', event: 'speech_event_time' },
	v2: { start: 'start_offset', end: 'end_offset', result: 'result_end_offset', event: 'speech_event_offset' },
} as const;

/** A final settles a little more than its last word; how much is a guess. */
const MARGIN_MS = 10;
const CONFIDENCE = 0.9;

export interface Answer {
	readonly response: object;
	readonly isFinal?: true;
}

/**
 * What is said of something heard.
 * @param heardMs of the audio received
 */
export function answersTo(
	{ type, turn, words }: TurnEvent,
	version: Version,
	wanted: Wanted,
	heardMs: number,
): Answer[] {
	const [first, last] = [words[0], words.at(-1)];
	if (type === 'pause' || !first || !last) return [];
	const names = NAMES[version];
	// Each result but the very first can be joined to the one before.
	const space = turn > 0 ? ' ' : '';
	if (type === 'word')
		return [
			...(words.length === 1 ? activity('BEGIN', first.startMs) : []),
			...(wanted.interim ? [{ response: { results: interim() } }] : []),
		];
	const settledMs = Math.min(last.endMs + MARGIN_MS, heardMs);
	const result = {
		alternatives: alternatives(),
		is_final: true,
		[names.result]: duration(settledMs),
		language_code: wanted.language.toLowerCase(),
	};
	return [...activity('END', settledMs), { response: { results: [result] }, isFinal: true }];

	function activity(what: 'BEGIN' | 'END', ms: number): Answer[] {
		const event = { speech_event_type: `SPEECH_ACTIVITY_${what}`, [names.event]: duration(ms) };
		return wanted.voiceActivity ? [{ response: event }] : [];
	}

	/** All but the latest word are stable. */
	function interim(): object[] {
		const [stable, latest] = [text(words.slice(0, -1)), text(words.slice(-1))];
		const part = (transcript: string, stability: number) => ({
			alternatives: [{ transcript }],
			stability,
			[names.result]: duration(heardMs),
			language_code: wanted.language.toLowerCase(),
		});
		if (!stable) return [part(space + latest, 0.01)];
		return [part(space + stable, 0.9), part(` ${latest}`, 0.01)];
	}

	/** Only the best has a confidence and words. */
	function alternatives(): object[] {
		const all = [{ transcript: space + text(words), confidence: CONFIDENCE, words: wordInfos() }];
		const others = words.slice(1, wanted.alternatives).map((_, index) => ({
			transcript: space + text(words.slice(0, words.length - 1 - index)),
		}));
		return [...all, ...others];
	}

	function wordInfos(): object[] {
		const { wordTimes, wordConfidence } = wanted;
		if (!wordTimes && !wordConfidence) return [];
		return words.map(({ text: word, startMs, endMs, confidence }) => ({
			word,
			...(wordTimes && { [names.start]: duration(startMs), [names.end]: duration(endMs) }),
			...(wordConfidence && { confidence }),
		}));
	}
}

const text = (words: readonly HeardWord[]) => words.map((word) => word.text).join(' ');

export const duration = (ms: number) => ({
	seconds: Math.floor(ms / 1000),
	nanos: Math.round((ms % 1000) * 1e6),
});
