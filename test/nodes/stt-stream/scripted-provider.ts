import { EventQueue } from '../../../nodes/stt-stream/providers/event-queue.ts';
import type {
	Capabilities,
	OpenOptions,
	SttEvent,
	SttProvider,
	SttSession,
} from '../../../nodes/stt-stream/providers/provider.ts';

import { UNLIMITED } from './unlimited.ts';

const NONE = Number.POSITIVE_INFINITY;

/**
 * A recogniser whose every move the test makes by hand, so that order and timing can be tested without a clock. It
 * recognises nothing; the real recognisers are tested in providers/.
 */
export class ScriptedProvider implements SttProvider {
	readonly id = 'scripted';
	readonly capabilities: Capabilities;
	/** Every session that was opened, in order. */
	readonly sessions: ScriptedSession[] = [];
	/** What each opening was asked for. */
	readonly asked: OpenOptions[] = [];
	readonly signals: AbortSignal[] = [];
	/** Openings wait for this. */
	gate: Promise<void> = Promise.resolve();
	/** Pieces that a session takes before it says that it is busy. */
	room = NONE;
	/** The next opening fails with it. */
	refusal: Error | undefined;
	/** Preparing fails with it. */
	unprepared: Error | undefined;

	constructor(capabilities: Partial<Capabilities> = {}) {
		this.capabilities = { ...UNLIMITED, ...capabilities };
	}

	/** Holds openings back until the returned function is called. */
	hold(): () => void {
		let release = (): void => {};
		this.gate = new Promise((resolve) => {
			release = resolve;
		});
		return release;
	}

	async prepare(): Promise<void> {
		if (this.unprepared) throw this.unprepared;
	}

	async open(options: OpenOptions, signal: AbortSignal): Promise<SttSession> {
		this.asked.push(options);
		this.signals.push(signal);
		await this.gate;
		if (this.refusal) throw this.refusal;
		const session = new ScriptedSession(this.room);
		this.sessions.push(session);
		return session;
	}
}

export class ScriptedSession implements SttSession {
	readonly pieces: Buffer[] = [];
	finished = 0;
	aborted = 0;
	/** Events that come when the end marker does, before the session ends; none = it does not end by itself. */
	atFinish: readonly SttEvent[] | undefined = [];
	readonly #events = new EventQueue();
	#over = (): void => {};
	#room: number;
	readonly #ended = new Promise<void>((resolve) => {
		this.#over = resolve;
	});

	constructor(room: number) {
		this.#room = room;
	}

	get pcm(): Buffer {
		return Buffer.concat(this.pieces);
	}

	/** The recogniser says something. */
	say(...events: SttEvent[]): void {
		for (const event of events) this.#events.push(event);
	}

	/** The recogniser ends the session. */
	end(failure?: Error): void {
		this.#events.end(failure);
		this.#over();
	}

	/** Takes `pieces` more. */
	drain(pieces = NONE): void {
		this.#room = pieces;
		this.say({ type: 'drain' });
	}

	write(pcm: Buffer): boolean {
		if (this.finished) throw new Error('written after finish');
		if (this.#room <= 0) throw new Error('written while busy');
		this.pieces.push(Buffer.from(pcm));
		this.#room--;
		return this.#room > 0;
	}

	finish(): Promise<void> {
		this.finished++;
		if (this.atFinish && this.finished === 1) {
			this.say(...this.atFinish);
			this.end();
		}
		return this.#ended;
	}

	abort(reason?: Error): void {
		this.aborted++;
		this.#events.abort(reason);
		this.#over();
	}

	[Symbol.asyncIterator](): AsyncIterator<SttEvent> {
		return this.#events[Symbol.asyncIterator]();
	}
}

export const final = (text: string, startMs: number, endMs: number, utterance?: number): SttEvent => ({
	type: 'final',
	text,
	startMs,
	endMs,
	...(utterance !== undefined && { utterance }),
});

export const partial = (text: string): SttEvent => ({ type: 'partial', text });
