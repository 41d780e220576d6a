import type { SttEvent } from '../provider.ts';
import { finalEvents, type HeardWord, isFiller, type LineParser, type ParserSettings } from './engine.ts';

/**
 * Reads what `pocketsphinx_continuous -time yes` (0.8) prints: a line with the text of an utterance, then a line
 * `word start end probability` (seconds) for each of its words and pauses.
 */
export class ContinuousParser implements LineParser {
	readonly #settings: ParserSettings;
	#expected = 0;
	#words: HeardWord[] = [];

	constructor(settings: ParserSettings) {
		this.#settings = settings;
	}

	line(text: string): readonly SttEvent[] {
		const [, word, start, end, probability] =
			/^(\S+) (\d{1,9}\.\d+) (\d{1,9}\.\d+) (\d{1,9}\.\d+(?:e-?\d+)?)$/.exec(text.trim()) ?? [];
		if (word === undefined) {
			const before = this.end();
			this.#expected = text.split(/\s+/).filter(Boolean).length;
			return before;
		}
		if (!this.#expected || isFiller(word)) return [];
		this.#words.push({
			text: word,
			startMs: Number(start) * 1000,
			// The end is that of the frame's beginning.
			endMs: Number(end) * 1000 + 10,
			probability: Number(probability),
		});
		// The pauses after the last word are not waited for.
		return this.#words.length === this.#expected ? this.end() : [];
	}

	end(): readonly SttEvent[] {
		const events = finalEvents(this.#words, this.#settings);
		this.#words = [];
		this.#expected = 0;
		return events;
	}
}
