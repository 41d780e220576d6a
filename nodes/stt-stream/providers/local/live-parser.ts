import type { SttEvent } from '../provider.ts';
import { finalEvents, type LineParser, type ParserSettings } from './engine.ts';

interface Line {
	w?: { b: number; d: number; p: number; t: string }[];
}

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
		const { w = [] } = JSON.parse(text) as Line;
		const words = w.map(({ b, d, p, t }) => ({
			text: t,
			startMs: b * 1000,
			endMs: (b + d) * 1000,
			probability: p,
		}));
		return finalEvents(words, this.#settings);
	}

	end(): readonly SttEvent[] {
		return [];
	}
}
