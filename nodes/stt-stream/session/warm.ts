import type { Clock } from '../../../lib/node/clock.ts';
import { EventQueue } from '../providers/event-queue.ts';
import {
	type OpenOptions,
	peerOf,
	type SttEvent,
	type SttProvider,
	type SttSession,
} from '../providers/provider.ts';
import { unlessAborted } from '../providers/unless-aborted.ts';
import { chooseRate } from './chunker.ts';
import { openWithin, sleep } from './open-within.ts';

/** Most streams have this rate; the next session is opened at that of the stream before. */
const USUAL_RATE = 16_000;
/** Between two openings of sessions that nobody took: the shortest time, and the longest. */
const AGAIN_MS = 1000;
const AGAIN_MAX_MS = 60_000;

export interface WarmParts {
	readonly provider: SttProvider;
	readonly clock: Clock;
	readonly asked: Omit<OpenOptions, 'sampleRate'>;
	readonly connectTimeoutMs: number;
	/** The recogniser does not want us, and no time heals that. */
	readonly onRefused?: (error: unknown) => void;
}

/**
 * Keeps one session, or where the provider can do that a connection without one, ready for the next stream. A session
 * that ends while it waits, or has little of its time left, is replaced. After a refusal that no time heals it makes no
 * attempt of its own until a stream has got a session.
 */
export class Warm {
	readonly #parts: WarmParts;
	readonly #closing = new AbortController();
	#rate: number | undefined;
	#keeping: Promise<void> | undefined;
	#parked: Parked | undefined;
	#late: Promise<void> = Promise.resolve();
	#refused = false;

	constructor(parts: WarmParts) {
		this.#parts = parts;
	}

	/** From now on one is to be ready. */
	ready(): void {
		if (this.#closing.signal.aborted || this.#refused) return;
		this.#keeping ??= this.#keep()
			.catch((thrown) => {
				if (this.#closing.signal.aborted) return;
				this.#refused = true;
				this.#parts.onRefused?.(thrown);
			})
			.finally(() => {
				this.#keeping = undefined;
			});
	}

	/** For `Engine.open`: the session that is ready, if it is what is asked for, else a new one. */
	readonly open: SttProvider['open'] = async (options, signal) => {
		this.#rate = options.sampleRate;
		const parked = this.#parked;
		this.#parked = undefined;
		if (parked?.take(options.sampleRate)) return parked;
		parked?.abort();
		const session = await this.#parts.provider.open(options, signal);
		this.#refused = false;
		return session;
	};

	/** Resolves when nothing is left of it. */
	async close(): Promise<void> {
		this.#closing.abort();
		this.#parked?.abort();
		await this.#keeping;
		await this.#late;
	}

	async #keep(): Promise<void> {
		const { provider, clock, asked } = this.#parts;
		const { signal } = this.#closing;
		if (provider.prepare) await unlessAborted(signal, provider.prepare(asked));
		if (provider.warm) return provider.warm(signal);
		for (let pause = AGAIN_MS; !signal.aborted; pause = Math.min(pause * 2, AGAIN_MAX_MS)) {
			try {
				const parked = await this.#park();
				this.#parked = parked;
				if (signal.aborted) parked.abort();
				if (await parked.waiting) return;
				await parked.finish();
				if (this.#parked === parked) this.#parked = undefined;
				if (parked.ageMs > AGAIN_MAX_MS) pause = AGAIN_MS;
				if (parked.failure) throw parked.failure;
			} catch (thrown) {
				if (!(thrown as { retryable?: boolean } | undefined)?.retryable) throw thrown;
			}
			await sleep(pause, clock, signal);
		}
	}

	async #park(): Promise<Parked> {
		const { provider, clock, asked, connectTimeoutMs } = this.#parts;
		const { sampleRates } = provider.capabilities;
		const sampleRate = chooseRate(this.#rate ?? USUAL_RATE, sampleRates);
		const session = await openWithin((signal) => provider.open({ sampleRate, ...asked }, signal), {
			timeoutMs: connectTimeoutMs,
			peer: peerOf(provider),
			clock,
			abandoned: this.#closing.signal,
			onLate: (gone) => {
				this.#late = gone.catch(() => {});
			},
		});
		return new Parked(session, sampleRate, provider, clock);
	}
}

/** A session that waits for its stream. */
class Parked implements SttSession {
	readonly #session: SttSession;
	readonly #sampleRate: number;
	readonly #clock: Clock;
	readonly #openedAt: number;
	readonly #limitMs: number;
	readonly #events = new EventQueue();
	/** Whether it was taken; false = it ended before. */
	readonly waiting: Promise<boolean>;
	/** What ended it while it waited. */
	failure: Error | undefined;
	#settle = (_taken: boolean): void => {};
	#cancelExpiry = (): void => {};
	#cancelKeepAlive = (): void => {};

	constructor(session: SttSession, sampleRate: number, { capabilities }: SttProvider, clock: Clock) {
		this.#session = session;
		this.#sampleRate = sampleRate;
		this.#clock = clock;
		this.#openedAt = clock.now();
		this.#limitMs = Math.min(capabilities.sessionLimit.ms, session.expiresInMs ?? Number.POSITIVE_INFINITY);
		this.waiting = new Promise((resolve) => {
			this.#settle = resolve;
		});
		// Half of its time is for the stream.
		if (Number.isFinite(this.#limitMs))
			this.#cancelExpiry = clock.after(this.#limitMs / 2, () => this.abort());
		if (capabilities.keepAlive === 'message' && Number.isFinite(capabilities.idleLimitMs))
			this.#holdOpen(capabilities.idleLimitMs / 2);
		void this.#pump();
	}

	get ageMs(): number {
		return this.#clock.now() - this.#openedAt;
	}

	/** What is left of it. */
	get expiresInMs(): number {
		return this.#limitMs - this.ageMs;
	}

	/** False if it has ended or has another rate. */
	take(sampleRate: number): boolean {
		if (this.#events.ended || sampleRate !== this.#sampleRate) return false;
		this.#stopWaiting(true);
		return true;
	}

	write(pcm: Buffer): boolean {
		return this.#session.write(pcm);
	}

	keepAlive(): void {
		this.#session.keepAlive?.();
	}

	finish(): Promise<void> {
		return this.#session.finish();
	}

	abort(reason?: Error): void {
		this.#stopWaiting(false);
		this.#session.abort(reason);
		this.#events.abort(reason);
	}

	[Symbol.asyncIterator](): AsyncIterator<SttEvent> {
		return this.#events[Symbol.asyncIterator]();
	}

	async #pump(): Promise<void> {
		try {
			for await (const event of this.#session) this.#events.push(event);
			this.#events.end();
		} catch (thrown) {
			this.failure = thrown as Error;
			this.#events.end(this.failure);
		}
		this.#stopWaiting(false);
	}

	#holdOpen(ms: number): void {
		this.#cancelKeepAlive = this.#clock.after(ms, () => {
			this.#session.keepAlive?.();
			this.#holdOpen(ms);
		});
	}

	#stopWaiting(taken: boolean): void {
		this.#cancelExpiry();
		this.#cancelKeepAlive();
		this.#settle(taken);
	}
}
