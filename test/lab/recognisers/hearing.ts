import { GARBLED, NumberedDecoder } from './numbered-audio.ts';

// What a loopback recogniser hears, before a vendor's protocol dresses it up: words in the time of the audio that
// it received, and the pauses that end a turn.

export interface HeardWord {
	readonly text: string;
	/** Milliseconds of the audio received in this session. */
	readonly startMs: number;
	readonly endMs: number;
	/** 0 to 1. */
	readonly confidence: number;
}

/** Something that makes words of audio; one for each session. */
export interface Listener {
	/** Takes mono s16le, returns the words that are over now. */
	push(pcm: Buffer): HeardWord[];
	/** No more audio. */
	end(): HeardWord[];
	readonly heardMs: number;
	/** When the word began that is not over yet. */
	readonly speakingSinceMs: number | undefined;
}

/**
 * @param rate of the audio in Hz
 * @param index of the connection, from 0
 */
export type Ears = (rate: number, index: number) => Listener;

/** Writes down the numbers in numbered audio, so that its text shows what was lost, doubled or damaged. */
export const numbers: Ears = (rate) => {
	const decoder = new NumberedDecoder(rate);
	const words = (heard: ReturnType<NumberedDecoder['push']>) =>
		heard.map(({ number, startMs, endMs }) => ({
			text: String(number ?? GARBLED),
			startMs: Math.round(startMs),
			endMs: Math.round(endMs),
			confidence: number === undefined ? 0.1 : 0.9,
		}));
	return {
		push: (pcm) => words(decoder.push(pcm)),
		end: () => words(decoder.end()),
		get heardMs() {
			return decoder.heardMs;
		},
		get speakingSinceMs() {
			return decoder.speakingSinceMs;
		},
	};
};

/** A word of a script: it is heard once so much audio has come, whatever that holds. */
export interface ScriptedWord {
	readonly text: string;
	readonly startMs: number;
	readonly endMs: number;
	/** Default 0.9. */
	readonly confidence?: number;
}

/** Hears these words, whatever the audio holds. */
export const scripted =
	(words: readonly ScriptedWord[]): Ears =>
	(rate) => {
		let bytes = 0;
		let next = 0;
		const heardMs = () => (bytes * 500) / rate;
		const take = (isHeard: (word: ScriptedWord) => boolean, cutMs: number) => {
			const heard: HeardWord[] = [];
			for (let word = words[next]; word && isHeard(word); word = words[++next])
				heard.push({ confidence: 0.9, ...word, endMs: Math.min(word.endMs, cutMs) });
			return heard;
		};
		return {
			push(pcm) {
				bytes += pcm.length;
				return take((word) => word.endMs <= heardMs(), Number.POSITIVE_INFINITY);
			},
			end: () => take((word) => word.startMs < heardMs(), Math.round(heardMs())),
			get heardMs() {
				return heardMs();
			},
			get speakingSinceMs() {
				const word = words[next];
				return word && word.startMs < heardMs() ? word.startMs : undefined;
			},
		};
	};

/** The words of a sentence for `scripted`, each `wordMs` long with a quarter of that between them. */
export function sentence(text: string, startMs: number, wordMs = 200): ScriptedWord[] {
	return text.split(' ').map((word, index) => {
		const begin = startMs + index * wordMs * 1.25;
		return { text: word, startMs: begin, endMs: begin + wordMs };
	});
}

export interface TurnRules {
	/** A pause that is reported, but does not end the turn. */
	pauseMs: number;
	/** A pause that ends the turn. */
	endMs: number;
	/** A turn ends with so many words, pause or not. */
	maxWords: number;
}

/** What happened in a turn. `words` are all of the turn's so far. */
export interface TurnEvent {
	readonly type: 'word' | 'pause' | 'end';
	/** Counts from 0. */
	readonly turn: number;
	readonly words: readonly HeardWord[];
	/** On 'end': its pause was reported. */
	readonly paused: boolean;
}

/** Divides what a listener hears into turns. */
export class Turns {
	/** May be changed at any time. */
	readonly rules: TurnRules;
	readonly #listener: Listener;
	#turn = 0;
	#words: HeardWord[] = [];
	#paused = false;

	constructor(listener: Listener, rules: TurnRules) {
		this.#listener = listener;
		this.rules = { ...rules };
	}

	get heardMs(): number {
		return this.#listener.heardMs;
	}

	push(pcm: Buffer): TurnEvent[] {
		const events: TurnEvent[] = [];
		for (const word of this.#listener.push(pcm)) this.#add(word, events);
		this.#silence(this.#listener.speakingSinceMs ?? this.heardMs, events);
		return events;
	}

	/** The turn ends now, with all that was heard. */
	end(): TurnEvent[] {
		const events: TurnEvent[] = [];
		for (const word of this.#listener.end()) this.#add(word, events);
		this.#close(events);
		return events;
	}

	#add(word: HeardWord, events: TurnEvent[]): void {
		this.#silence(word.startMs, events);
		this.#words.push(word);
		this.#paused = false;
		events.push(this.#event('word'));
		if (this.#words.length >= this.rules.maxWords) this.#close(events);
	}

	/** It was silent from the last word to `untilMs`. */
	#silence(untilMs: number, events: TurnEvent[]): void {
		const last = this.#words.at(-1);
		if (!last) return;
		const pause = untilMs - last.endMs;
		if (pause >= this.rules.pauseMs && pause < this.rules.endMs && !this.#paused) {
			this.#paused = true;
			events.push(this.#event('pause'));
		}
		if (pause >= this.rules.endMs) this.#close(events);
	}

	#close(events: TurnEvent[]): void {
		if (!this.#words.length) return;
		events.push(this.#event('end'));
		this.#turn++;
		this.#words = [];
		this.#paused = false;
	}

	#event(type: TurnEvent['type']): TurnEvent {
		return { type, turn: this.#turn, words: [...this.#words], paused: this.#paused };
	}
}
