import type { SttEvent } from '../provider.ts';
import { finalEvents, type LineParser, type ParserSettings } from './engine.ts';

interface Line {
	type: 'ready' | 'speech' | 'partial' | 'final';
	text: string;
	at: number;
	start: number;
	end: number;
	words: { text: string; start: number; end: number; prob: number }[];
}

/** Reads what sphinx_sidecar.py prints; its docstring has the format. */
export class SidecarParser implements LineParser {
	readonly #settings: ParserSettings;

	constructor(settings: ParserSettings) {
		this.#settings = settings;
	}

	line(text: string): readonly SttEvent[] | 'ready' {
		if (!text.startsWith('{')) return [];
		const line = JSON.parse(text) as Line;
		const { leadMs, language } = this.#settings;
		const moved = (ms: number) => Math.max(0, ms - leadMs);
		switch (line.type) {
			case 'ready':
				return 'ready';
			case 'speech':
				return [{ type: 'speech-started', atMs: moved(line.at) }];
			case 'partial': {
				const times = { startMs: moved(line.start), endMs: moved(line.end) };
				return [{ type: 'partial', text: line.text, ...times, ...(language && { language }) }];
			}
			case 'final': {
				const words = line.words.map(({ text, start, end, prob }) => ({
					text,
					startMs: start,
					endMs: end,
					probability: prob,
				}));
				return finalEvents(words, this.#settings);
			}
		}
	}

	end(): readonly SttEvent[] {
		return [];
	}
}
