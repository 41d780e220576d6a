import { EventQueue } from '../../../../nodes/stt-stream/providers/event-queue.ts';
import {
	type Capabilities,
	type OpenOptions,
	type SttEvent,
	type SttProvider,
	type SttSession,
	VoiceError,
} from '../../../../nodes/stt-stream/providers/provider.ts';
import { UNLIMITED } from '../unlimited.ts';
import { type HeardWord, Listener } from './numbered-speech.ts';
import type { VirtualClock } from './virtual-clock.ts';

const NONE = Number.POSITIVE_INFINITY;

/** What the recogniser does wrong, and how it behaves. All optional. */
export interface Behaviour {
	capabilities?: Partial<Capabilities>;
	/** Words in an utterance: a final comes after so many. */
	utterance?: number;
	/** Finals carry times; default true. */
	times?: boolean;
	/** Virtual milliseconds from the audio to its result, and from the end marker to the last final. */
	lagMs?: number;
	finalLagMs?: number;
	openMs?: number;
	/** Keeps what it receives; default true. */
	record?: boolean;
	/** What the nth opening (from 0) comes to: an error to reject with, or nothing. */
	refuse?: (opening: number) => Error | undefined;
	/** How much audio the nth session takes before it fails. */
	dropAfterMs?: (opening: number) => number;
	/** How it fails: default a retryable STT_CONNECT; null = it ends without a word. */
	failure?: Error | null;
	/** The session fails on the end marker instead of giving its last final. */
	failAtFinish?: (opening: number) => boolean;
	/** Bytes that it takes before it wants to drain, which takes `drainMs`. */
	roomBytes?: number;
	drainMs?: number;
	expiresInMs?: number;
}

export const lost = () =>
	new VoiceError('STT_CONNECT', 'The connection was lost', 'check the network', { retryable: true });

/** A recogniser in virtual time that understands numbered speech, keeps its limits strictly, and fails as it is told. */
export class FlakyProvider implements SttProvider {
	readonly id = 'flaky';
	readonly capabilities: Capabilities;
	readonly behaviour: Behaviour;
	readonly clock: VirtualClock;
	readonly sessions: FlakySession[] = [];
	/** When each opening was asked for. */
	readonly openings: number[] = [];
	/** Sessions open at the same time, now and at most. */
	openNow = 0;

	constructor(clock: VirtualClock, behaviour: Behaviour = {}) {
		this.clock = clock;
		this.behaviour = behaviour;
		this.capabilities = {
			...UNLIMITED,
			chunkMs: { min: 0, max: 200 },
			confidence: false,
			...behaviour.capabilities,
		};
	}

	async open(_options: OpenOptions, signal: AbortSignal): Promise<SttSession> {
		const opening = this.openings.length;
		this.openings.push(this.clock.now());
		const { openMs = 0, refuse } = this.behaviour;
		if (openMs)
			await new Promise<void>((resolve, reject) => {
				this.clock.after(openMs, resolve);
				signal.addEventListener('abort', () => reject(signal.reason), { once: true });
			});
		const refusal = refuse?.(opening);
		if (refusal) throw refusal;
		const session = new FlakySession(this, opening);
		this.sessions.push(session);
		this.openNow++;
		return session;
	}
}

export class FlakySession implements SttSession {
	readonly pieces: Buffer[] = [];
	readonly expiresInMs?: number;
	readonly openedAt: number;
	/** Virtual time and size in milliseconds of every piece. */
	readonly writes: { at: number; ms: number }[] = [];
	keptAlive = 0;
	receivedMs = 0;
	/** Rules of the protocol that the engine broke. */
	readonly offences: string[] = [];
	/** When it ended, and whether by the end marker. */
	endedAt: number | undefined;
	finished = false;
	readonly #provider: FlakyProvider;
	readonly #opening: number;
	readonly #events = new EventQueue();
	readonly #listener = new Listener();
	#utterance: HeardWord[] = [];
	#room: number;
	#cancelIdle = (): void => {};
	#cancelLimit = (): void => {};
	#over = (): void => {};
	readonly #ended = new Promise<void>((resolve) => {
		this.#over = resolve;
	});

	constructor(provider: FlakyProvider, opening: number) {
		this.#provider = provider;
		this.#opening = opening;
		this.openedAt = provider.clock.now();
		this.#room = provider.behaviour.roomBytes ?? NONE;
		const { expiresInMs } = provider.behaviour;
		if (expiresInMs !== undefined) this.expiresInMs = expiresInMs;
		const limit = Math.min(provider.capabilities.sessionLimit.ms, expiresInMs ?? NONE);
		if (Number.isFinite(limit))
			this.#cancelLimit = provider.clock.after(limit, () => this.#offend('session limit reached'));
		this.#alive();
	}

	get pcm(): Buffer {
		return Buffer.concat(this.pieces);
	}

	write(pcm: Buffer): boolean {
		if (this.endedAt !== undefined) return true;
		const { behaviour, capabilities, clock } = this.#provider;
		if (this.finished) this.#offend('written after the end marker');
		if (this.#room <= 0) this.#offend('written while busy');
		const ms = pcm.length / 32;
		if (!ms || ms < capabilities.chunkMs.min || ms > capabilities.chunkMs.max)
			this.#offend(`piece of ${ms} ms`);
		if (pcm.length > capabilities.chunkMaxBytes) this.#offend(`piece of ${pcm.length} bytes`);
		this.receivedMs += ms;
		if (this.receivedMs * 32 > capabilities.sessionLimit.bytes) this.#offend('session limit in bytes');
		this.writes.push({ at: clock.now(), ms });
		if (behaviour.record !== false) this.pieces.push(Buffer.from(pcm));
		this.#alive();
		this.#hear(this.#listener.hear(pcm));
		if (this.receivedMs >= (behaviour.dropAfterMs?.(this.#opening) ?? NONE)) this.fail();
		this.#room -= pcm.length;
		if (this.#room > 0) return true;
		clock.after(behaviour.drainMs ?? 0, () => {
			this.#room = behaviour.roomBytes ?? NONE;
			this.#events.push({ type: 'drain' });
		});
		return false;
	}

	keepAlive(): void {
		this.keptAlive++;
		this.#alive();
	}

	finish(): Promise<void> {
		if (this.finished || this.endedAt !== undefined) return this.#ended;
		this.finished = true;
		// The limits are about audio.
		this.#cancelLimit();
		const { behaviour } = this.#provider;
		if (behaviour.failAtFinish?.(this.#opening)) {
			this.fail();
			return this.#ended;
		}
		this.#hear(this.#listener.end());
		this.#final(behaviour.finalLagMs ?? behaviour.lagMs ?? 0);
		this.#later(behaviour.finalLagMs ?? behaviour.lagMs ?? 0, () => this.#end());
		return this.#ended;
	}

	abort(reason?: Error): void {
		this.#events.abort(reason);
		this.#end();
	}

	/** Ends as the behaviour says. */
	fail(
		failure: Error | null = this.#provider.behaviour.failure === undefined
			? lost()
			: this.#provider.behaviour.failure,
	): void {
		this.#end(failure ?? undefined);
	}

	say(event: SttEvent): void {
		this.#events.push(event);
	}

	[Symbol.asyncIterator](): AsyncIterator<SttEvent> {
		return this.#events[Symbol.asyncIterator]();
	}

	#hear(words: HeardWord[]): void {
		const { utterance = 5, lagMs = 0 } = this.#provider.behaviour;
		for (const word of words) {
			this.#utterance.push(word);
			if (this.#utterance.length >= utterance) this.#final(lagMs);
			else {
				const text = this.#utterance.map(({ word }) => word).join(' ');
				this.#later(lagMs, () => this.#events.push({ type: 'partial', text }));
			}
		}
	}

	#final(lagMs: number): void {
		const said = this.#utterance;
		this.#utterance = [];
		const [first] = said;
		const last = said.at(-1);
		if (!first || !last) return;
		const words = said.map(({ word, startMs, endMs }) => ({ text: String(word), startMs, endMs }));
		const text = words.map((word) => word.text).join(' ');
		const times = { startMs: first.startMs, endMs: last.endMs, words };
		const { times: timed = true } = this.#provider.behaviour;
		this.#later(lagMs, () => this.#events.push({ type: 'final', text, ...(timed && times) }));
	}

	#later(ms: number, run: () => void): void {
		if (ms) this.#provider.clock.after(ms, run);
		else run();
	}

	/** Nothing for longer than the idle limit ends it. */
	#alive(): void {
		this.#cancelIdle();
		const { idleLimitMs } = this.#provider.capabilities;
		if (Number.isFinite(idleLimitMs) && !this.finished)
			this.#cancelIdle = this.#provider.clock.after(idleLimitMs, () => {
				if (!this.finished) this.#offend('idle for too long');
			});
	}

	#offend(what: string): void {
		if (this.endedAt !== undefined) return;
		this.offences.push(what);
		this.#end(new VoiceError('STT_PROTOCOL', `Offence: ${what}`, 'mend the engine', { retryable: true }));
	}

	#end(failure?: Error): void {
		if (this.endedAt !== undefined) return;
		this.endedAt = this.#provider.clock.now();
		this.#provider.openNow--;
		this.#cancelIdle();
		this.#cancelLimit();
		this.#events.end(failure);
		this.#over();
	}
}
