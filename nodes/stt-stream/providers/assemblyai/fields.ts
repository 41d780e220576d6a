import { type Message, number, text } from '../fields.ts';
import type { ResultWord } from '../provider.ts';

/** A probability, or nothing: an unknown one is absent and not 0. */
export function confidence(value: unknown): { confidence?: number } {
	return typeof value === 'number' && value > 0 && value <= 1 ? { confidence: value } : {};
}

/** Words as both versions of the interface write them: `{ text, start, end, confidence }`, times in milliseconds. */
export function words(messages: readonly Message[]): ResultWord[] {
	return messages.map((word) => ({
		text: text(word, 'text'),
		startMs: number(word, 'start'),
		endMs: number(word, 'end'),
		...confidence(word['confidence']),
	}));
}

/** Where words begin and end. */
export function span(heard: readonly ResultWord[]): { startMs?: number; endMs?: number } {
	const [first, last] = [heard[0], heard.at(-1)];
	return first && last ? { startMs: first.startMs, endMs: last.endMs } : {};
}
