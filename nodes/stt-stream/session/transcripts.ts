import type { Transcript } from '../../../lib/node/messages.ts';
import type { ResultWord, SttResult } from '../providers/provider.ts';
import type { Timeline } from './timeline.ts';

export interface TranscriptSettings {
	/** Of a recogniser that refines its finals: which of the two are wanted. */
	readonly finals: 'first' | 'refined' | 'both';
	readonly partials: boolean;
	readonly provider: string;
	readonly stream: string;
	/** Whether the recogniser refines its finals at all; known once there are results. */
	readonly refines: () => boolean;
}

/** The session that a result came from. */
export interface Source {
	readonly timeline: Timeline;
	/** How much audio it has, for results without times; in its own time. */
	readonly heardMs: number;
	/** Stream time up to which earlier sessions' finals have it all: what it says of that is a repetition. */
	readonly knownMs: number;
}

interface Turn {
	readonly source: Source;
	/** The recogniser's own number. */
	readonly utterance: number | undefined;
	readonly transcript: Transcript;
	/** Waits for its refinement. */
	held: boolean;
	/** A repetition was left out of its final. */
	readonly cut: boolean;
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
	readonly #texts = new Map<number, string>();
	#open: Turn[] = [];
	#turn = 0;
	#lastEndMs = 0;

	constructor(settings: TranscriptSettings) {
		this.#settings = settings;
	}

	/** All finals so far, the refined where there is one. */
	get text(): string {
		return [...this.#texts.values()].join(' ');
	}

	take(said: SttResult, source: Source): Transcript[] {
		const result = withoutKnown(said, source);
		// Recognisers also report that nothing was said.
		if (!result?.text.trim()) return [];
		if (result.type === 'refined') return this.#refine(result, source);
		if (result.type === 'partial')
			return this.#settings.partials ? [this.#transcript(result, this.#turn, source, this.#lastEndMs)] : [];
		const transcript = this.#transcript(result, this.#turn, source, this.#lastEndMs);
		const { finals, refines } = this.#settings;
		const held = finals === 'refined' && refines();
		const { utterance } = result;
		this.#open.push({ utterance, transcript, held, source, cut: result !== said });
		this.#remember(this.#turn, result.text);
		this.#lastEndMs = transcript.endMs;
		if (result.endMs !== undefined) source.timeline.forget(Math.min(result.endMs, source.heardMs));
		this.#turn++;
		const released = held ? [] : [transcript];
		while (this.#open.length > OPEN_TURNS_MAX) released.push(...this.#release(this.#open.shift()));
		return released;
	}

	/** The finals whose refinement never came; call it when a session ends. */
	end(): Transcript[] {
		const rest = this.#open.flatMap((turn) => this.#release(turn));
		this.#open = [];
		return rest;
	}

	#refine(result: SttResult, source: Source): Transcript[] {
		const { utterance } = result;
		const found = this.#open.findLastIndex(
			(turn) => turn.source === source && (utterance === undefined || turn.utterance === utterance),
		);
		const turn = this.#open[found];
		// Nobody holds its final any more: whoever waited got that.
		if (!turn) return [];
		const before = this.#open.splice(0, found + 1).slice(0, -1);
		const released = before.flatMap((earlier) => this.#release(earlier));
		// It would bring back what was left out.
		if (turn.cut && !result.words?.length) return [...released, ...this.#release(turn)];
		this.#remember(turn.transcript.turn, result.text);
		if (this.#settings.finals === 'first' || !this.#settings.refines()) return released;
		const { turn: number, startMs, endMs } = turn.transcript;
		return [...released, { ...this.#transcript(result, number, source, startMs), startMs, endMs }];
	}

	#release(turn: Turn | undefined): Transcript[] {
		return turn?.held ? [turn.transcript] : [];
	}

	#remember(turn: number, text: string): void {
		this.#texts.set(turn, text.trim());
		if (this.#texts.size > TEXTS_MAX) this.#texts.delete(turn - TEXTS_MAX);
	}

	/** @param floorMs no time is earlier */
	#transcript(result: SttResult, turn: number, source: Source, floorMs: number): Transcript {
		const { type, text, language, confidence, words, alternatives } = result;
		const { timeline, heardMs } = source;
		// Nobody hears what was not said yet: a time beyond it would push all that follow to there.
		const at = (ms: number) => Math.max(floorMs, Math.round(timeline.toStream(Math.min(ms, heardMs))));
		const startMs = result.startMs === undefined ? floorMs : at(result.startMs);
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
				words: words.map((word) => {
					const from = at(word.startMs);
					return { ...word, startMs: from, endMs: Math.max(from, at(word.endMs)) };
				}),
			}),
			...(alternatives && { alternatives: alternatives.map((alternative) => ({ ...alternative })) }),
			provider: this.#settings.provider,
			stream: this.#settings.stream,
		};
	}
}

/**
 * What a result adds to the finals of earlier sessions: a session that was given audio again may begin with the end
 * of a word that they had. By the words' times where it has them (a word belongs to where its middle is).
 */
function withoutKnown(result: SttResult, { timeline, knownMs }: Source): SttResult | undefined {
	const { words, endMs } = result;
	if (!knownMs || endMs === undefined) return result;
	if (timeline.toStream(endMs) <= knownMs) return undefined;
	if (!words?.length) return result;
	const middle = ({ startMs, endMs }: ResultWord) => timeline.toStream((startMs + endMs) / 2);
	const fresh = words.filter((word) => middle(word) > knownMs);
	if (fresh.length === words.length) return result;
	const { alternatives: _, ...rest } = result;
	return { ...rest, words: fresh, text: fresh.map(({ text }) => text).join(' ') };
}
