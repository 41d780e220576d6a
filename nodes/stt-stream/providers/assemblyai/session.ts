import { EventQueue } from '../event-queue.ts';
import { type SttEvent, type SttSession, textOf, UnconfirmedEnd } from '../provider.ts';
import {
	openWebSocket,
	type WebSocketEnd,
	type WebSocketEvents,
	type WebSocketLink,
	type WebSocketRequest,
} from '../websocket.ts';
import type { Faults } from './errors.ts';

/** What a message of the server says. */
export type Reading =
	/** Of `expiresAtMs`, NaN is unknown. */
	| { readonly kind: 'begin'; readonly id: string; readonly expiresAtMs: number }
	| { readonly kind: 'events'; readonly events: readonly SttEvent[] }
	| { readonly kind: 'end' }
	| { readonly kind: 'error'; readonly code?: number; readonly text: string }
	/** Nothing that this package knows. */
	| { readonly kind: 'unknown'; readonly type: string };

/** One version of the interface; one object for each session. */
export interface Dialect {
	/** What to send once the session has begun. */
	readonly greeting: readonly string[];
	readonly terminate: string;
	/** Present where the session must be held open. */
	readonly keepAlive?: string;
	audio(pcm: Buffer): Buffer | string;
	/** Throws if a field that it needs is missing. */
	read(message: Readonly<Record<string, unknown>>): Reading;
}

/** A session cannot last longer; a later end comes from clocks that disagree. */
const LIFETIME_MAX_MS = 24 * 3_600_000;

/** Connects and waits for the session to begin. Rejects with a VoiceError, or with the reason of `signal`. */
export async function openSession(
	request: WebSocketRequest,
	dialect: Dialect,
	faults: Faults,
	signal: AbortSignal,
): Promise<SttSession> {
	let session: Session;
	try {
		session = await openWebSocket(request, (link) => new Session(link, dialect, faults), signal);
	} catch (thrown) {
		signal.throwIfAborted();
		throw faults.opening(thrown);
	}
	const onAbort = () => session.abort(signal.reason);
	signal.addEventListener('abort', onAbort, { once: true });
	try {
		await session.begun;
		signal.throwIfAborted();
		return session;
	} finally {
		signal.removeEventListener('abort', onAbort);
	}
}

/** What a session needs of its connection. */
export type SessionLink = Pick<WebSocketLink, 'send' | 'close' | 'gone' | 'serverClock'>;

export class Session implements SttSession, WebSocketEvents {
	/** Resolves when the server has opened the session; rejects if it ends before. */
	readonly begun: Promise<void>;
	readonly keepAlive?: () => void;
	expiresInMs?: number;
	readonly #link: SessionLink;
	readonly #dialect: Dialect;
	readonly #faults: Faults;
	readonly #events = new EventQueue();
	readonly #unknown = new Set<string>();
	#settleBegun: (failure?: Error) => void = () => {};
	#hasBegun = false;
	#finishing = false;
	/** There was a partial since the last final. */
	#owesFinal = false;
	/** An error message without a code; the close that follows has one. */
	#complaint: string | undefined;

	constructor(link: SessionLink, dialect: Dialect, faults: Faults) {
		this.#link = link;
		this.#dialect = dialect;
		this.#faults = faults;
		this.begun = new Promise((resolve, reject) => {
			this.#settleBegun = (failure) => (failure ? reject(failure) : resolve());
		});
		this.begun.catch(() => {});
		const { keepAlive } = dialect;
		if (keepAlive) this.keepAlive = () => void (this.#isOver || link.send(keepAlive));
	}

	write(pcm: Buffer): boolean {
		if (this.#isOver || !pcm.length) return true;
		return this.#link.send(this.#dialect.audio(pcm));
	}

	finish(): Promise<void> {
		if (!this.#isOver) this.#link.send(this.#dialect.terminate);
		this.#finishing = true;
		return this.#link.gone;
	}

	abort(reason?: Error): void {
		// The vendor bills a session until its end, and says that only this surely ends it.
		if (!this.#isOver) this.#link.send(this.#dialect.terminate);
		this.#finishing = true;
		this.#events.abort(reason);
		this.#settleBegun(reason ?? new Error('aborted'));
		this.#link.close();
	}

	[Symbol.asyncIterator](): AsyncIterator<SttEvent> {
		return this.#events[Symbol.asyncIterator]();
	}

	message(text: string): void {
		if (this.#events.ended) return;
		const reading = this.#read(text);
		switch (reading.kind) {
			case 'begin':
				this.#begin(reading.id, reading.expiresAtMs);
				break;
			case 'events':
				for (const event of reading.events) this.#tell(event);
				break;
			case 'end':
				this.#end();
				break;
			case 'error':
				this.#complain(reading.code, reading.text);
				break;
			case 'unknown':
				this.#note(reading.type);
				break;
		}
	}

	drain(): void {
		this.#events.push({ type: 'drain' });
	}

	closed(end: WebSocketEnd): void {
		const isPlain = [1000, 1005].includes(end.code) && !end.error && this.#complaint === undefined;
		if (!isPlain || !this.#hasBegun) this.#end(this.#faults.closed(end, this.#complaint, this.#hasBegun));
		else if (!this.#finishing) this.#end();
		// The interface promises a last message; some servers that imitate it send none.
		else if (!this.#owesFinal) this.#end(new UnconfirmedEnd(this.#faults.peer));
		else this.#end(this.#faults.closed(end, undefined, true));
	}

	get #isOver(): boolean {
		return this.#events.ended || this.#finishing;
	}

	#read(text: string): Reading {
		let message: unknown;
		try {
			message = JSON.parse(text);
			if (message === null || typeof message !== 'object' || Array.isArray(message))
				throw new TypeError('not an object');
			return this.#dialect.read(message as Record<string, unknown>);
		} catch {
			// A message that is lost may be a lost word: better to begin again than to go on without it.
			const { type, message_type: kind } = (message ?? {}) as { type?: unknown; message_type?: unknown };
			throw this.#faults.garbled(
				message ? `a message "${textOf(type ?? kind)}"` : 'a message that is no JSON',
			);
		}
	}

	#tell(event: SttEvent): void {
		if (event.type === 'partial') this.#owesFinal = true;
		if (event.type === 'final') this.#owesFinal = false;
		this.#events.push(this.#faults.cleanEvent(event));
	}

	#begin(id: string, expiresAtMs: number): void {
		if (this.#hasBegun) return;
		this.#hasBegun = true;
		const lifetime = expiresAtMs - (this.#link.serverClock ?? Date.now());
		if (lifetime > 0 && lifetime < LIFETIME_MAX_MS) this.expiresInMs = lifetime;
		for (const greeting of this.#dialect.greeting) this.#link.send(greeting);
		// The vendor's support asks for it.
		this.#events.push({ type: 'status', detail: this.#faults.clean(`session ${id}`) });
		this.#settleBegun();
	}

	#complain(code: number | undefined, text: string): void {
		if (code !== undefined) this.#end(this.#faults.code(code, text, this.#hasBegun));
		else {
			this.#complaint = text;
			this.#link.close();
		}
	}

	/** Something new from the vendor; said once. */
	#note(type: string): void {
		if (this.#unknown.has(type) || this.#unknown.size > 20) return;
		this.#unknown.add(type);
		this.#events.push({ type: 'status', detail: `ignored: ${this.#faults.clean(type).slice(0, 40)}` });
	}

	#end(failure?: Error): void {
		this.#events.end(failure);
		this.#settleBegun(failure ?? new Error('ended'));
		this.#link.close();
	}
}
