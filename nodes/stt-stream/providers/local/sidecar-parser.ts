import { list, type Message, number, text as textIn } from '../fields.ts';
import type { SttEvent } from '../provider.ts';
import { finalEvents, type LineParser, type ParserSettings } from './engine.ts';

/** Reads what sphinx_sidecar.py prints; its docstring has the format. */
export class SidecarParser implements LineParser {
	readonly #settings: ParserSettings;

	constructor(settings: ParserSettings) {
		this.#settings = settings;
	}

	line(text: string): readonly SttEvent[] | 'ready' {
		if (!text.startsWith('{')) return [];
		const line = JSON.parse(text) as Message;
		const { leadMs, language } = this.#settings;
		const moved = (ms: number) => Math.max(0, ms - leadMs);
		switch (line['type']) {
			case 'ready':
				return 'ready';
			case 'speech':
				return [{ type: 'speech-started', atMs: moved(number(line, 'at')) }];
			case 'partial': {
				const said = textIn(line, 'text');
				if (!said.trim()) return [];
				const times = { startMs: moved(number(line, 'start')), endMs: moved(number(line, 'end')) };
				return [{ type: 'partial', text: said, ...times, ...(language && { language }) }];
			}
			case 'final': {
				const words = list(line, 'words').map((word) => ({
					text: textIn(word, 'text'),
					startMs: number(word, 'start'),
					endMs: number(word, 'end'),
					probability: number(word, 'prob'),
				}));
				return finalEvents(words, this.#settings);
			}
			default:
				return [];
		}
	}

	end(): readonly SttEvent[] {
		return [];
	}
}
