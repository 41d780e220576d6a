import { list, type Message, number, optional, text } from '../fields.ts';
import type { OpenOptions, ResultWord, SttEvent, SttResult } from '../provider.ts';
import { confidence, span, words } from './fields.ts';
import type { Dialect, Reading } from './session.ts';

// Universal-Streaming, the third version of the interface. Message fields: the vendor's AsyncAPI files
// usm-streaming.yml and usm-streaming-u3-pro.yml, its pages "Message Sequence Breakdown", npm assemblyai 4.41.5.

/** A turn's formatted text may come after the next turn has begun, but not much later. */
const TURNS_REMEMBERED = 20;

interface Wishes extends Pick<OpenOptions, 'partials'> {
	/** Whether the session was asked for formatted turns. */
	readonly formatted: boolean;
	/** Whether it ends when nothing is sent. */
	readonly timesOut: boolean;
}

export function dialectV3({ partials, formatted, timesOut }: Wishes): Dialect {
	const turns = new Turns(partials, formatted);
	const events = (...events: SttEvent[]): Reading => ({ kind: 'events', events });
	const status = (detail: string) => events({ type: 'status', detail });

	return {
		greeting: [],
		terminate: '{"type":"Terminate"}',
		...(timesOut && { keepAlive: '{"type":"KeepAlive"}' }),
		audio: (pcm) => pcm,
		read(message) {
			const type = message['type'];
			if (type === 'Error' || (type === undefined && 'error' in message)) return readError(message);
			switch (type) {
				case 'Begin':
					return {
						kind: 'begin',
						id: optional(text, message, 'id') ?? '',
						// Seconds of Unix time.
						expiresAtMs: (optional(number, message, 'expires_at') ?? Number.NaN) * 1000,
					};
				case 'Turn':
					return events(...turns.read(message));
				case 'SpeechStarted':
					return events({ type: 'speech-started', atMs: number(message, 'timestamp') });
				case 'Warning':
					return status(`warning ${message['warning_code']}: ${message['warning']}`.slice(0, 200));
				case 'Heartbeat':
					return status(
						`heartbeat: ${message['total_audio_received_ms']} ms of audio, ` +
							`real-time factor ${message['realtime_factor']}`,
					);
				case 'Silence':
					return status(`silence from ${message['start_ms']} to ${message['end_ms']} ms`);
				case 'Termination':
					return { kind: 'end' };
				default:
					return { kind: 'unknown', type: String(type) };
			}
		},
	};
}

function readError(message: Message): Reading {
	const code = message['error_code'];
	return {
		kind: 'error',
		text: String(message['error'] ?? ''),
		...(typeof code === 'number' && { code }),
	};
}

/** Makes results of Turn messages. */
class Turns {
	readonly #partials: boolean;
	readonly #formatted: boolean;
	/** The turns that had their final, and whether they had their refinement. */
	readonly #finals = new Map<number, { refined: boolean }>();
	/** The turn whose utterance was reported to have ended. */
	#paused: number | undefined;

	constructor(partials: boolean, formatted: boolean) {
		this.#partials = partials;
		this.#formatted = formatted;
	}

	read(turn: Message): SttEvent[] {
		const order = number(turn, 'turn_order');
		const heard = optional(list, turn, 'words') ?? [];
		const transcript = text(turn, 'transcript');
		// Only this ends a turn: `turn_is_formatted` is also true in the middle of one.
		if (turn['end_of_turn'] === true) return this.#end(order, turn, transcript, words(heard));
		const events: SttEvent[] = [];
		if (this.#partials) {
			const said = partialText(transcript, heard);
			if (said.trim()) events.push({ type: 'partial', text: said, ...details(order, turn, words(heard)) });
		}
		// Filled in at a pause, which need not be the end of the turn.
		if (turn['utterance']) events.push(this.#pause(order, words(heard)));
		return events;
	}

	#end(order: number, turn: Message, transcript: string, heard: ResultWord[]): SttEvent[] {
		if (!transcript.trim()) return [];
		// Never `utterance`: it is empty here if the pause was reported before.
		const result = (type: SttResult['type']): SttResult => ({
			type,
			text: transcript,
			...details(order, turn, heard),
		});
		const isFormatted = this.#formatted && turn['turn_is_formatted'] === true;
		const before = this.#finals.get(order);
		if (before) {
			// The same turn again, formatted.
			if (!isFormatted || before.refined) return [];
			before.refined = true;
			return [result('refined')];
		}
		this.#finals.set(order, { refined: isFormatted });
		const [oldest] = this.#finals.keys();
		if (oldest !== undefined && this.#finals.size > TURNS_REMEMBERED) this.#finals.delete(oldest);
		const events: SttEvent[] = this.#paused === order ? [] : [this.#pause(order, heard)];
		events.push(result('final'));
		// Formatted at once: nothing else will come for whoever waits for it.
		if (isFormatted) events.push(result('refined'));
		return events;
	}

	#pause(order: number, heard: ResultWord[]): SttEvent {
		this.#paused = order;
		const { endMs } = span(heard);
		return { type: 'end-of-utterance', ...(endMs !== undefined && { atMs: endMs }) };
	}
}

/**
 * All that was heard of a turn so far. Of Universal models the newest words are only in `words`; other models call
 * no word final and have all of them in `transcript`.
 */
function partialText(transcript: string, heard: readonly Message[]): string {
	const lastFinal = heard.findLastIndex((word) => word['word_is_final'] === true);
	if (transcript && lastFinal < 0) return transcript;
	const newest = heard.slice(lastFinal + 1).map((word) => text(word, 'text'));
	return [transcript, ...newest].filter(Boolean).join(' ');
}

function details(order: number, turn: Message, heard: ResultWord[]): Omit<SttResult, 'type' | 'text'> {
	const language = turn['language_code'];
	// The message's own confidence is that of the end of the turn, not that of its text.
	const known = heard.flatMap((word) => word.confidence ?? []);
	const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
	return {
		utterance: order,
		words: heard,
		...span(heard),
		...confidence(mean),
		...(typeof language === 'string' && language && { language }),
	};
}
