import { bytesToMs, type PcmFormat } from '../../../lib/audio/format.ts';
import type { Clock } from '../../../lib/node/clock.ts';
import { toVoiceError } from '../../../lib/node/errors.ts';
import type { Capabilities, SttEvent, SttSession } from '../providers/provider.ts';
import type { AudioQueue } from './audio-queue.ts';
import { notEnded } from './failures.ts';
import { Feeder } from './feeder.ts';
import { Timeline } from './timeline.ts';
import type { Source } from './transcripts.ts';

/** A session is replaced at a pause once less than this is left of it: the smaller of share and time … */
const PAUSE_SHARE = 0.2;
const PAUSE_MS = 60_000;
/** … and without a pause once less than this is. */
const HARD_SHARE = 0.1;
const HARD_MS = 20_000;
/** A session that has stayed open for so long worked. */
const STABLE_MS = 10_000;
/** One that ends sooner, with nothing said by either side, was refused. */
const EARLY_MS = 5000;

export interface LegParts {
	readonly queue: AudioQueue;
	/** Who it is with, for error texts. */
	readonly peer: string;
	readonly capabilities: Capabilities;
	readonly from: PcmFormat;
	readonly to: PcmFormat;
	readonly clock: Clock;
	/** The recogniser took audio, or the session's time is nearly over. */
	readonly onProgress: (leg: Leg) => void;
}

/** One recogniser session on a stream's way: feeds it, holds it open, and hands out what it says in order. */
export class Leg implements Source {
	readonly session: SttSession;
	readonly timeline = new Timeline();
	readonly feeder: Feeder;
	knownMs = 0;
	/** Gets the audio from where this one stopped. */
	next: Leg | undefined;
	/** `next` hears again what this one had no final for. */
	repeated = false;
	/** Has audio with speech that no other leg gets. */
	vital = false;
	/** A final that settled audio. */
	gaveFinal = false;
	readonly #parts: LegParts;
	readonly #openedAt: number;
	readonly #limitMs: number;
	readonly #bytesMs: number;
	readonly #ended: Promise<void>;
	readonly #cancels = new Set<() => void>();
	#inbox: SttEvent[] = [];
	#reader: ((event: SttEvent) => void) | undefined;
	#finishing = false;
	#spoke = false;
	#sentAt: number;

	constructor(session: SttSession, parts: LegParts) {
		this.session = session;
		this.#parts = parts;
		const { capabilities, clock, to } = parts;
		this.#openedAt = this.#sentAt = clock.now();
		const { ms, bytes } = capabilities.sessionLimit;
		this.#limitMs = Math.min(ms, session.expiresInMs ?? Number.POSITIVE_INFINITY);
		this.#bytesMs = bytesToMs(bytes, to);
		this.feeder = new Feeder({
			...parts,
			session,
			timeline: this.timeline,
			onProgress: () => {
				this.#sentAt = clock.now();
				parts.onProgress(this);
			},
		});
		this.#ended = this.#pump();
		// Who reads it learns of it.
		this.#ended.catch(() => {});
		this.#holdOpen();
		if (Number.isFinite(this.#limitMs))
			this.#after(Math.max(0, this.#limitMs - this.#margin(HARD_SHARE, HARD_MS)), () =>
				parts.onProgress(this),
			);
	}

	get heardMs(): number {
		return this.feeder.sentMs;
	}

	/** The longest that it may last, in audio. */
	get limitMs(): number {
		return Math.min(this.#limitMs, this.#bytesMs);
	}

	/**
	 * It did what a session is for, so that its end is no sign that the next will fail. Of the audio that is there
	 * after the stream has ended, only finals make less: lasting long is no success then.
	 */
	worked(endedAt: number | undefined): boolean {
		return this.gaveFinal || (endedAt ?? this.#parts.clock.now()) - this.#openedAt >= STABLE_MS;
	}

	/** It ended at once without a word. */
	get early(): boolean {
		return !this.#spoke && this.#parts.clock.now() - this.#openedAt < EARLY_MS;
	}

	get finishing(): boolean {
		return this.#finishing;
	}

	/** Whether it is time for its successor. */
	due(pause: boolean): boolean {
		const { sentMs } = this.feeder;
		const left = Math.min(
			this.#limitMs - Math.max(this.#parts.clock.now() - this.#openedAt, sentMs),
			this.#bytesMs - sentMs,
		);
		return left <= (pause ? this.#margin(PAUSE_SHARE, PAUSE_MS) : this.#margin(HARD_SHARE, HARD_MS));
	}

	/** Hands over all events in order, from the first on. Resolves at the session's end, rejects with its failure. */
	read(take: (event: SttEvent) => void): Promise<void> {
		const inbox = this.#inbox;
		this.#inbox = [];
		this.#reader = take;
		for (const event of inbox) take(event);
		return this.#ended;
	}

	/** The stream has ended: everything out, then the end marker. */
	finish(): void {
		this.feeder.end(() => this.#finish());
	}

	/** Another gets the audio from here on. Waits at most `ms` for the last final. */
	retire(next: Leg, ms: number): void {
		this.next = next;
		this.feeder.detach(() => this.#finish());
		this.#after(ms, () => {
			this.session.abort(notEnded(this.#parts.peer, ms));
		});
	}

	/** Ends it at once. Resolves when the recogniser's side is gone. */
	async stop(): Promise<void> {
		for (const cancel of this.#cancels) cancel();
		this.#cancels.clear();
		this.feeder.stop();
		this.session.abort();
		await this.session.finish();
	}

	async #pump(): Promise<void> {
		for await (const event of this.session) {
			if (event.type === 'drain') this.feeder.drain();
			else if (this.#reader) this.#reader(event);
			else this.#keep(event);
			this.#spoke ||= event.type !== 'drain' && event.type !== 'status';
		}
	}

	/** Until its predecessor has said all; of partials only the last matters. */
	#keep(event: SttEvent): void {
		if (event.type === 'partial' && this.#inbox.at(-1)?.type === 'partial') this.#inbox.pop();
		this.#inbox.push(event);
	}

	#finish(): void {
		this.#finishing = true;
		void this.session.finish().catch(() => {});
	}

	#margin(share: number, ms: number): number {
		return Math.min(share * this.limitMs, ms);
	}

	/** Sends a sign of life twice in the time for which the recogniser goes without. */
	#holdOpen(): void {
		const { clock, capabilities } = this.#parts;
		const { keepAlive, idleLimitMs } = capabilities;
		if (keepAlive === 'none' || !Number.isFinite(idleLimitMs)) return;
		const idle = clock.now() - this.#sentAt;
		this.#after(Math.max(1, idleLimitMs / 2 - idle), () => {
			if (clock.now() - this.#sentAt >= idleLimitMs / 2 && !this.feeder.flushed) {
				this.#sentAt = clock.now();
				if (keepAlive === 'message') this.session.keepAlive?.();
				else this.feeder.keepAlive();
			}
			this.#holdOpen();
		});
	}

	#after(ms: number, run: () => void): void {
		const cancel = this.#parts.clock.after(ms, () => {
			this.#cancels.delete(cancel);
			try {
				run();
			} catch (thrown) {
				// From a timer it would end Node-RED.
				this.session.abort(toVoiceError(thrown, 'STT_PROTOCOL', 'Holding the session open'));
			}
		});
		this.#cancels.add(cancel);
	}
}
