import { randomUUID } from 'node:crypto';
import { format } from './assemblyai-v3.ts';
import type { Connection, Protocol } from './connection.ts';
import { type HeardWord, type Listener, type TurnEvent, Turns } from './hearing.ts';
import { isTooFast, type SessionRules } from './limits.ts';

// Realtime v2 as the vendor's asyncapi.yml 1.1.2 describes it, with the close codes of npm assemblyai 4.41.5.

const HOUR_MS = 3_600_000;
const PAUSE_MS = 700;

/** One session. */
export class AssemblyAiV2 implements Protocol {
	readonly #connection: Connection;
	readonly #rules: SessionRules;
	readonly #turns: Turns;
	readonly #rate: number;
	readonly #partials: boolean;
	readonly #withInformation: boolean;
	/** By the clock for the pace. */
	#begunAt = 0;
	#isOver = false;

	constructor(connection: Connection, listener: Listener, rules: SessionRules) {
		const { query } = connection.record;
		this.#connection = connection;
		this.#rules = rules;
		this.#rate = Number(query['sample_rate']);
		this.#partials = query['disable_partial_transcripts'] !== 'true';
		this.#withInformation = query['enable_extra_session_information'] === 'true';
		this.#turns = new Turns(listener, {
			pauseMs: Number.POSITIVE_INFINITY,
			endMs: PAUSE_MS,
			maxWords: rules.turnWords,
		});
	}

	begin(): void {
		const { sessionMs, now, paceNow } = this.#rules;
		this.#begunAt = paceNow();
		this.#connection.say({
			message_type: 'SessionBegins',
			session_id: randomUUID(),
			expires_at: stamp(now() + (sessionMs ?? HOUR_MS)),
		});
		if (sessionMs !== undefined)
			this.#connection.after(sessionMs, () => this.#connection.fail(4008, 'Session has expired'));
	}

	binary(data: Buffer): void {
		if (this.#isOver) return;
		this.#connection.audio(data, () => {
			const problem = this.#problemWith(data);
			if (problem) this.#connection.fail(...problem);
			else for (const event of this.#turns.push(data)) this.#tell(event);
		});
	}

	text(text: string): void {
		let message: unknown;
		try {
			message = JSON.parse(text);
		} catch {
			this.#connection.fail(4100, 'Endpoint received invalid JSON');
			return;
		}
		const fields = (message ?? {}) as Record<string, unknown>;
		const audio = fields['audio_data'];
		if (typeof audio === 'string') {
			this.binary(Buffer.from(audio, 'base64'));
			return;
		}
		this.#connection.record.addControl(message);
		const silence = fields['end_utterance_silence_threshold'];
		if (fields['terminate_session'] === true) this.#terminate();
		else if (fields['force_end_utterance'] === true) for (const event of this.#turns.end()) this.#tell(event);
		else if (typeof silence === 'number' && silence >= 0 && silence <= 20_000)
			this.#turns.rules.endMs = silence;
		else this.#connection.fail(4101, 'Endpoint received a message with an invalid schema');
	}

	errorMessage(_code: number, error: string): object {
		return { error };
	}

	stop(): void {}

	#terminate(): void {
		if (this.#isOver) return;
		this.#isOver = true;
		this.#connection.record.finish();
		if (this.#connection.cues.reach('finish')) return;
		this.#connection.after(this.#connection.behaviour.finishDelayMs ?? 0, () => {
			for (const event of this.#turns.end()) this.#tell(event);
			if (this.#withInformation)
				this.#connection.say({
					message_type: 'SessionInformation',
					audio_duration_seconds: this.#turns.heardMs / 1000,
				});
			this.#connection.say({ message_type: 'SessionTerminated' });
			this.#connection.close(1000);
		});
	}

	#problemWith(data: Buffer): [code: number, error: string] | undefined {
		const { chunkMs = { min: 100, max: 2000 }, paceNow } = this.#rules;
		const ms = (data.length * 500) / this.#rate;
		if (ms < chunkMs.min) return [4032, 'Audio duration is too short'];
		if (ms > chunkMs.max) return [4033, 'Audio duration is too long'];
		const isFast = isTooFast(this.#rules, this.#connection.audioMs, paceNow() - this.#begunAt);
		return isFast ? [4029, 'Client sent audio too fast'] : undefined;
	}

	#tell({ type, words }: TurnEvent): void {
		if (type === 'end') {
			const final = {
				...transcript('FinalTranscript', format(words)),
				punctuated: true,
				text_formatted: true,
			};
			this.#connection.say(final, this.#connection.behaviour.finalDelayMs);
		} else if (this.#partials) this.#connection.say(transcript('PartialTranscript', words));
	}
}

/** Microseconds, and no time zone. */
const stamp = (ms: number) => `${new Date(ms).toISOString().slice(0, -1)}048`;

function transcript(type: string, words: readonly HeardWord[]) {
	return {
		message_type: type,
		created: stamp(Date.now()),
		audio_start: words[0]?.startMs ?? 0,
		audio_end: words.at(-1)?.endMs ?? 0,
		confidence: words.reduce((sum, { confidence }) => sum + confidence, 0) / words.length,
		text: words.map(({ text }) => text).join(' '),
		words: words.map(({ text, startMs, endMs, confidence }) => ({
			start: startMs,
			end: endMs,
			confidence,
			text,
		})),
	};
}
