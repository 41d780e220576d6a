import type { ResultWord } from '../provider.ts';

// Readers for the fields of a message that came from outside. Each throws a TypeError for what it cannot read.

export type Message = Readonly<Record<string, unknown>>;

export function text(message: Message, field: string): string {
	const value = message[field];
	if (typeof value !== 'string') throw new TypeError(field);
	return value;
}

export function number(message: Message, field: string): number {
	const value = message[field];
	if (typeof value !== 'number' || !Number.isFinite(value)) throw new TypeError(field);
	return value;
}

export function list(message: Message, field: string): Message[] {
	const value = message[field];
	if (!Array.isArray(value)) throw new TypeError(field);
	return value.map((item: unknown) => {
		if (item === null || typeof item !== 'object') throw new TypeError(field);
		return item as Message;
	});
}

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
