import { list, type Message, number, text as textIn } from '../fields.ts';
import type { SttEvent } from '../provider.ts';
import { finalEvents, type LineParser, type ParserSettings } from './engine.ts';

/**
 * Reads what `pocketsphinx live -` (5.x) prints: for each utterance a line of JSON, with beginning, duration
 * (seconds), probability and text of the whole (b, d, p, t) and of each of its words (w)
 * (programs/pocketsphinx_main.c of cmusphinx/pocketsphinx).
 */
export class LiveParser implements LineParser {
	readonly #settings: ParserSettings;

	constructor(settings: ParserSettings) {
		this.#settings = settings;
	}

	line(text: string): readonly SttEvent[] {
		if (!text.startsWith('{')) return [];
		const line = JSON.parse(text) as Message;
		if (line['w'] === undefined) return [];
		const words = list(line, 'w').map((word) => ({
			text: textIn(word, 't'),
			startMs: number(word, 'b') * 1000,
			endMs: (number(word, 'b') + number(word, 'd')) * 1000,
			probability: number(word, 'p'),
		}));
		return finalEvents(words, this.#settings);
	}

	end(): readonly SttEvent[] {
		return [];
	}
}
