import type { Transcript } from '../../lib/node/messages.ts';
import type { SttResult } from './providers/provider.ts';
import type { Timeline } from './timeline.ts';

export interface TranscriptSettings {
	/** Of a recogniser that refines its finals: which of the two are wanted. */
	readonly finals: 'first' | 'refined' | 'both';
	readonly partials: boolean;
	readonly provider: string;
	readonly stream: string;
}

interface Turn {
	/** The recogniser's own number. */
	readonly utterance: number | undefined;
	readonly transcript: Transcript;
	/** Waits for its refinement. */
	held: boolean;
}

/** A stream of months must not collect its text for ever. */
const TEXTS_MAX = 10_000;
/** Finals whose refinement may still come. */
const OPEN_TURNS_MAX = 20;

/**
 * Turns a recogniser's results into transcripts: counts the turns, chooses between finals and their refinements,
 * puts times into those of the stream and lets them only rise, and remembers what was said.
 */
export class Transcripts {
	readonly #settings: TranscriptSettings;
	readonly #timeline: Timeline;
	readonly #texts = new Map<number, string>();
	#open: Turn[] = [];
	#turn = 0;
	#lastEndMs = 0;

	constructor(settings: TranscriptSettings, timeline: Timeline) {
		this.#settings = settings;
		this.#timeline = timeline;
	}

	/** All finals so far, the refined where there is one. */
	get text(): string {
		return [...this.#texts.values()].join(' ');
	}

	/** @param heardMs how much audio the recogniser has, for results without times; in its own time */
	take(result: SttResult, heardMs: number): Transcript[] {
		// Recognisers also report that nothing was said.
		if (!result.text.trim()) return [];
		if (result.type === 'refined') return this.#refine(result, heardMs);
		if (result.type === 'partial')
			return this.#settings.partials ? [this.#transcript(result, this.#turn, heardMs)] : [];
		const transcript = this.#transcript(result, this.#turn, heardMs);
		const held = this.#settings.finals === 'refined';
		this.#open.push({ utterance: result.utterance, transcript, held });
		this.#remember(this.#turn, result.text);
		this.#lastEndMs = transcript.endMs;
		if (result.endMs !== undefined) this.#timeline.forget(result.endMs);
		this.#turn++;
		const released = held ? [] : [transcript];
		while (this.#open.length > OPEN_TURNS_MAX) released.push(...this.#release(this.#open.shift()));
		return released;
	}

	/** The finals whose refinement never came. */
	end(): Transcript[] {
		const rest = this.#open.flatMap((turn) => this.#release(turn));
		this.#open = [];
		return rest;
	}

	#refine(result: SttResult, heardMs: number): Transcript[] {
		const { utterance } = result;
		const found =
			utterance === undefined
				? this.#open.length - 1
				: this.#open.findIndex((turn) => turn.utterance === utterance);
		const turn = this.#open[found];
		// Nobody holds its final any more: whoever waited got that.
		if (!turn) return [];
		const before = this.#open.splice(0, found + 1).slice(0, -1);
		const released = before.flatMap((earlier) => this.#release(earlier));
		this.#remember(turn.transcript.turn, result.text);
		if (this.#settings.finals === 'first') return released;
		const { turn: number, startMs, endMs } = turn.transcript;
		return [...released, { ...this.#transcript(result, number, heardMs), startMs, endMs }];
	}

	#release(turn: Turn | undefined): Transcript[] {
		return turn?.held ? [turn.transcript] : [];
	}

	#remember(turn: number, text: string): void {
		this.#texts.set(turn, text.trim());
		if (this.#texts.size > TEXTS_MAX) this.#texts.delete(turn - TEXTS_MAX);
	}

	#transcript(result: SttResult, turn: number, heardMs: number): Transcript {
		const { type, text, language, confidence, words, alternatives } = result;
		const at = (ms: number) => Math.round(this.#timeline.toStream(ms));
		const startMs = Math.max(this.#lastEndMs, result.startMs === undefined ? 0 : at(result.startMs));
		const endMs = Math.max(startMs, at(result.endMs ?? heardMs));
		return {
			kind: type,
			text: text.trim(),
			startMs,
			endMs,
			turn,
			...(language && { language }),
			...(confidence !== undefined && { confidence }),
			...(words && {
				words: words.map((word) => ({ ...word, startMs: at(word.startMs), endMs: at(word.endMs) })),
			}),
			...(alternatives && { alternatives: alternatives.map((alternative) => ({ ...alternative })) }),
			provider: this.#settings.provider,
			stream: this.#settings.stream,
		};
	}
}
