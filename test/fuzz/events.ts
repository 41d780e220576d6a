import type { SttEvent } from '../../nodes/stt-stream/providers/provider.ts';
import { rule } from './target.ts';

const RESULTS = ['partial', 'final', 'refined'];
const MARKS = ['speech-started', 'end-of-utterance'];

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown) => typeof value === 'number' && Number.isFinite(value);
const maybe = (value: unknown, is: (value: unknown) => boolean) => value === undefined || is(value);
const isSure = (value: unknown) => isNumber(value) && (value as number) >= 0 && (value as number) <= 1;

/** What the interface promises of a recogniser's events, whatever it was sent. */
export function checkEvent(event: SttEvent): void {
	const words = JSON.stringify(event)?.slice(0, 300);
	if (event.type === 'drain') return;
	if (event.type === 'status') {
		rule(isText(event.detail), `a status without text: ${words}`);
		return;
	}
	if (MARKS.includes(event.type)) {
		rule(maybe((event as { atMs?: number }).atMs, isNumber), `no time: ${words}`);
		return;
	}
	rule(RESULTS.includes(event.type), `unknown: ${words}`);
	const result = event as Extract<SttEvent, { text: string }>;
	rule(isText(result.text) && result.text.trim() !== '', `a result without text: ${words}`);
	for (const time of [result.startMs, result.endMs, result.settledMs, result.utterance])
		rule(maybe(time, isNumber), `no number: ${words}`);
	rule(maybe(result.language, isText), `no language: ${words}`);
	rule(maybe(result.confidence, isSure), `no confidence: ${words}`);
	for (const word of result.words ?? []) {
		rule(isText(word.text), `a word without text: ${words}`);
		rule(isNumber(word.startMs) && isNumber(word.endMs), `a word without times: ${words}`);
		rule(maybe(word.confidence, isSure), `a word's confidence: ${words}`);
	}
	for (const { text, confidence } of result.alternatives ?? [])
		rule(isText(text) && maybe(confidence, isSure), `an alternative: ${words}`);
}

/** Reads a session's events to their end, which has to have come. */
export async function eventsOf(
	session: AsyncIterable<SttEvent>,
): Promise<{ events: SttEvent[]; failure?: unknown }> {
	const events: SttEvent[] = [];
	try {
		for await (const event of session) {
			checkEvent(event);
			events.push(event);
		}
	} catch (failure) {
		return { events, failure };
	}
	return { events };
}
