import type { ResultWord, SttEvent, VoiceError } from '../provider.ts';

/** What every PocketSphinx model in use is trained for. */
export const SAMPLE_RATE = 16_000;

/** Translates the lines that an engine prints. */
export interface LineParser {
	/** Events of a line of stdout; 'ready' once the model is loaded. */
	line(text: string): readonly SttEvent[] | 'ready';
	/** What is left when the output ends. */
	end(): readonly SttEvent[];
}

/** How to run one kind of PocketSphinx. */
export interface Engine {
	readonly command: string;
	/** @param pipe path of the named pipe that brings the audio, '' for stdin */
	args(pipe: string): readonly string[];
	/** The program opens its input by name, which a Node.js stdin (a socket) refuses with ENXIO. */
	readonly namedPipe: boolean;
	parser(): LineParser;
	/** Line of the log after which the engine listens, where it does not say so on stdout. */
	readonly loaded?: RegExp;
	/** Audio before the first sample and after the last. */
	readonly lead: Buffer;
	readonly tail: Buffer;
	/** The error for an engine that ends while it loads; `reason` is its own line. */
	refused(reason: string): VoiceError;
}

export interface ParserSettings {
	/** Milliseconds of audio that the engine hears before the first sample of the stream. */
	readonly leadMs: number;
	/** The engine's probabilities mean something: with a grammar they are always 1. */
	readonly confidence: boolean;
	/** Tag put on results, '' for none. */
	readonly language: string;
}

/** A word as an engine tells it, in milliseconds of what it heard. */
export interface HeardWord {
	readonly text: string;
	readonly startMs: number;
	readonly endMs: number;
	readonly probability: number;
}

/** <s>, </s>, <sil>, [NOISE], ++COUGH++ and a grammar's (NULL). */
export const isFiller = (word: string): boolean => /^(<.*>|\[.*\]|\+\+.*\+\+|\(NULL\))$/.test(word);

/** The dictionary numbers the pronunciations of a word: "on(2)". */
export const withoutVariant = (word: string): string => word.replace(/\(\d+\)$/, '');

const round = (value: number) => Math.round(value * 1000) / 1000;

/** The events of an utterance that has ended, with its times moved to those of the stream. */
export function finalEvents(words: readonly HeardWord[], settings: ParserSettings): SttEvent[] {
	const { leadMs, confidence, language } = settings;
	const moved = (ms: number) => Math.max(0, Math.round(ms - leadMs));
	const spoken = words.filter(({ text }) => !isFiller(text) && withoutVariant(text).trim());
	const [first, last] = [spoken[0], spoken.at(-1)];
	if (!first || !last) return [];
	const results = spoken.map((word): ResultWord => {
		const times = { startMs: moved(word.startMs), endMs: moved(word.endMs) };
		const text = withoutVariant(word.text);
		return confidence
			? { text, ...times, confidence: round(Math.max(0, Math.min(1, word.probability))) }
			: { text, ...times };
	});
	const mean = results.reduce((sum, word) => sum + (word.confidence ?? 0), 0) / results.length;
	return [
		{
			type: 'final',
			text: results.map(({ text }) => text).join(' '),
			startMs: moved(first.startMs),
			endMs: moved(last.endMs),
			words: results,
			...(confidence && { confidence: round(mean) }),
			...(language && { language }),
		},
		{ type: 'end-of-utterance', atMs: moved(last.endMs) },
	];
}
