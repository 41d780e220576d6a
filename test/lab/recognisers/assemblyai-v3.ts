import { randomUUID } from 'node:crypto';
import type { Connection, Protocol } from './connection.ts';
import { type HeardWord, type Listener, type TurnEvent, Turns } from './hearing.ts';
import { isTooFast, type SessionRules } from './limits.ts';

// Universal-Streaming as the vendor describes it: usm-streaming.yml, usm-streaming-u3-pro.yml, "Message Sequence
// Breakdown" (both models), "Common session errors and closures". Not described there, and a guess here: that a
// session which `inactivity_timeout` ends gets a Termination, and code 3006 for a bad query.

const HOUR_MS = 3_600_000;

/** One session. */
export class AssemblyAiV3 implements Protocol {
	readonly #connection: Connection;
	readonly #rules: SessionRules;
	readonly #turns: Turns;
	readonly #rate: number;
	readonly #withLanguage: boolean;
	/** The newer models: no words one by one, always formatted. */
	readonly #isU3: boolean;
	#formatTurns: boolean;
	#speaking = false;
	/** By the clock for the pace. */
	#begunAt = 0;
	#inactivity: NodeJS.Timeout | undefined;
	readonly #inactivityMs: number | undefined;
	#isOver = false;

	constructor(connection: Connection, listener: Listener, rules: SessionRules) {
		const { query } = connection.record;
		this.#connection = connection;
		this.#rules = rules;
		this.#rate = Number(query['sample_rate']);
		this.#isU3 = !/^(universal-streaming|whisper)/.test(query['speech_model'] ?? '');
		this.#formatTurns = query['format_turns'] === 'true';
		this.#withLanguage = query['language_detection'] === 'true';
		const [pause, end] = this.#isU3 ? [100, 1000] : [400, 1280];
		this.#turns = new Turns(listener, {
			pauseMs: Number(query['min_turn_silence'] ?? pause),
			endMs: Number(query['max_turn_silence'] ?? end),
			maxWords: rules.turnWords,
		});
		const inactivity = query['inactivity_timeout'];
		this.#inactivityMs = inactivity ? (rules.inactivityMs ?? Number(inactivity) * 1000) : undefined;
	}

	begin(): void {
		const { sessionMs, now, paceNow } = this.#rules;
		this.#begunAt = paceNow();
		const expiresAt = (now() + (sessionMs ?? 3 * HOUR_MS)) / 1000;
		this.#connection.say({
			type: 'Begin',
			id: randomUUID(),
			// Whole seconds; a limit that a test has shortened would not survive that.
			expires_at: sessionMs === undefined ? Math.floor(expiresAt) : expiresAt,
		});
		if (sessionMs !== undefined)
			this.#connection.after(sessionMs, () =>
				this.#connection.fail(3008, 'Session Expired: Maximum session duration exceeded'),
			);
		this.#active();
	}

	binary(data: Buffer): void {
		this.#active();
		if (this.#isOver) return;
		this.#connection.audio(data, () => {
			const problem = this.#problemWith(data);
			if (problem) this.#connection.fail(3007, problem);
			else for (const event of this.#turns.push(data)) this.#tell(event);
		});
	}

	text(text: string): void {
		this.#active();
		let message: unknown;
		try {
			message = JSON.parse(text);
		} catch {
			this.#connection.record.addControl(text);
			this.#connection.fail(3006, `Invalid JSON: ${text}`);
			return;
		}
		this.#connection.record.addControl(message);
		if (message === null || typeof message !== 'object' || Array.isArray(message)) {
			this.#connection.fail(3006, `Invalid Message: ${text}`);
			return;
		}
		this.#control(message as Record<string, unknown>);
	}

	errorMessage(code: number, error: string): object {
		return { type: 'Error', error_code: code, error };
	}

	stop(): void {
		clearTimeout(this.#inactivity);
	}

	#control(message: Record<string, unknown>): void {
		switch (message['type']) {
			case 'Terminate':
				this.#terminate();
				break;
			case 'ForceEndpoint':
				for (const event of this.#turns.end()) this.#tell(event);
				break;
			case 'UpdateConfiguration': {
				const { rules } = this.#turns;
				rules.pauseMs = Number(message['min_turn_silence'] ?? rules.pauseMs);
				rules.endMs = Number(message['max_turn_silence'] ?? rules.endMs);
				this.#formatTurns = Boolean(message['format_turns'] ?? this.#formatTurns);
				break;
			}
			case 'KeepAlive':
				break;
			default:
				this.#connection.fail(3006, `Invalid Message Type: ${message['type']}`);
		}
	}

	#terminate(): void {
		if (this.#isOver) return;
		this.#isOver = true;
		this.#connection.record.finish();
		if (this.#connection.cues.reach('finish')) return;
		this.#connection.after(this.#connection.behaviour.finishDelayMs ?? 0, () => {
			for (const event of this.#turns.end()) this.#tell(event);
			this.#goodbye();
		});
	}

	#goodbye(): void {
		this.#connection.say({
			type: 'Termination',
			audio_duration_seconds: Math.round(this.#turns.heardMs / 1000),
			session_duration_seconds: Math.round(this.#connection.elapsedMs / 1000),
		});
		this.#connection.close(1000);
	}

	#problemWith(data: Buffer): string | undefined {
		const { chunkMs = { min: 50, max: 1000 } } = this.#rules;
		const ms = (data.length * 500) / this.#rate;
		if (ms < chunkMs.min || ms > chunkMs.max)
			return `Input duration violation: ${ms} ms. Expected between ${chunkMs.min} and ${chunkMs.max} ms`;
		const { audioMs } = this.#connection;
		const elapsedMs = this.#rules.paceNow() - this.#begunAt;
		if (!isTooFast(this.#rules, audioMs, elapsedMs)) return undefined;
		return `Audio Transmission Rate Exceeded: Received ${audioMs / 1000} sec. audio in ${elapsedMs / 1000} sec`;
	}

	#active(): void {
		clearTimeout(this.#inactivity);
		if (this.#inactivityMs === undefined || this.#isOver) return;
		this.#inactivity = this.#connection.after(this.#inactivityMs, () => {
			this.#isOver = true;
			this.#goodbye();
		});
	}

	#tell(event: TurnEvent): void {
		if (this.#isU3) this.#tellU3(event);
		else this.#tellUniversal(event);
	}

	/** Word by word; the newest is not final yet. At a pause the utterance, at the end the turn. */
	#tellUniversal({ type, turn, words, paused }: TurnEvent): void {
		const text = joined(words);
		if (type !== 'end') {
			const older = joined(words.slice(0, -1));
			const isFinal = (index: number) => index < words.length - 1;
			const utterance = type === 'pause' ? text : '';
			this.#say(message(turn, older, words, isFinal, { utterance, confidence: 0.1 }));
			return;
		}
		const delay = this.#connection.behaviour.finalDelayMs;
		const end = { end: true, confidence: 0.75 };
		const always = () => true;
		this.#say(message(turn, text, words, always, { ...end, utterance: paused ? '' : text }), delay);
		if (!this.#formatTurns) return;
		const formatted = format(words);
		this.#say(message(turn, joined(formatted), formatted, always, { ...end, formatted: true }), delay);
	}

	/** Nothing but a sign that somebody speaks until a pause; then the whole turn, of which no word is final. */
	#tellU3({ type, turn, words }: TurnEvent): void {
		const [first] = words;
		if (!this.#speaking && first)
			this.#connection.say({ type: 'SpeechStarted', timestamp: first.startMs, confidence: 0.98 });
		this.#speaking = type !== 'end';
		if (type === 'word') return;
		if (type === 'pause') {
			this.#say(message(turn, `${joined(words)}—`, words, () => false, { confidence: 0 }));
			return;
		}
		const formatted = format(words);
		const text = joined(formatted);
		const end = { end: true, formatted: true, confidence: 1, utterance: text };
		this.#say(
			message(turn, text, formatted, () => true, end),
			this.#connection.behaviour.finalDelayMs,
		);
	}

	#say(turn: { end_of_turn: boolean; utterance: string }, delayMs = 0): void {
		const isKnown = this.#withLanguage && (turn.end_of_turn || turn.utterance);
		const language = isKnown ? { language_code: 'en', language_confidence: 0.99 } : {};
		this.#connection.say({ ...turn, ...language }, delayMs);
	}
}

const joined = (words: readonly HeardWord[]) => words.map(({ text }) => text).join(' ');

/** "Turn on the light." */
export function format(words: readonly HeardWord[]): HeardWord[] {
	return words.map((word, index) => {
		const text = index === 0 ? word.text.charAt(0).toUpperCase() + word.text.slice(1) : word.text;
		return { ...word, text: index === words.length - 1 ? `${text}.` : text };
	});
}

function message(
	turn: number,
	transcript: string,
	words: readonly HeardWord[],
	isFinal: (index: number) => boolean,
	{ end = false, formatted = false, utterance = '', confidence = 0 },
) {
	return {
		turn_order: turn,
		turn_is_formatted: formatted,
		end_of_turn: end,
		transcript,
		end_of_turn_confidence: confidence,
		words: words.map(({ text, startMs, endMs, confidence: sure }, index) => ({
			start: startMs,
			end: endMs,
			text,
			confidence: sure,
			word_is_final: isFinal(index),
		})),
		utterance,
		type: 'Turn',
	};
}
