import type { Clock } from '../../../lib/node/clock.ts';
import type { SessionDetails, SessionEventName } from '../../../lib/node/messages.ts';
import type { VoiceError } from '../providers/provider.ts';

/** Announce drops no more often than after so much more was dropped. */
const DROP_NEWS_MS = 1000;

export interface AccountParts {
	readonly stream: string;
	readonly provider: string;
	readonly clock: Clock;
	/** Milliseconds of audio handed to the recogniser; repetitions do not count. */
	readonly audioMs: () => number;
	readonly event: (name: SessionEventName, details: SessionDetails) => void;
}

/** Keeps the figures of a stream and sends them with its events. */
export class Account {
	readonly #parts: AccountParts;
	readonly #begin: number;
	#reconnects = 0;
	#droppedMs = 0;
	#announcedMs = 0;
	#firstPartialMs: number | undefined;
	#endedAt: number | undefined;
	#finalAt: number | undefined;

	constructor(parts: AccountParts) {
		this.#parts = parts;
		this.#begin = parts.clock.now();
	}

	/** The audio has ended. */
	get ended(): boolean {
		return this.#endedAt !== undefined;
	}

	/** When it did, by the clock. */
	get endedAt(): number | undefined {
		return this.#endedAt;
	}

	audioEnded(): void {
		this.#endedAt = this.#parts.clock.now();
	}

	/** Something was understood. */
	heard(isPartial: boolean): void {
		const now = this.#parts.clock.now();
		this.#firstPartialMs ??= Math.round(now - this.#begin);
		if (!isPartial) this.#finalAt = now;
	}

	dropped(ms: number): void {
		if (!ms) return;
		const before = this.#droppedMs;
		this.#droppedMs += ms;
		if (before && this.#droppedMs - this.#announcedMs < DROP_NEWS_MS) return;
		this.#announcedMs = this.#droppedMs;
		this.report('dropped-audio');
	}

	reconnecting(error: VoiceError): void {
		this.#reconnects++;
		this.report('reconnecting', { detail: error.problem });
	}

	report(name: SessionEventName, more: Partial<SessionDetails> = {}): void {
		const { stream, provider, audioMs, event } = this.#parts;
		const firstPartialMs = this.#firstPartialMs;
		event(name, {
			stream,
			provider,
			audioMs: Math.round(audioMs()),
			reconnects: this.#reconnects,
			droppedMs: Math.round(this.#droppedMs),
			...(firstPartialMs !== undefined && { firstPartialMs }),
			...more,
		});
	}

	closed(text: string, error: VoiceError | undefined): void {
		const timed = this.#finalAt !== undefined && this.#endedAt !== undefined;
		const finalLatencyMs = Math.max(0, Math.round((this.#finalAt ?? 0) - (this.#endedAt ?? 0)));
		this.report('closed', { ...(timed && { finalLatencyMs }), text, ...(error && { code: error.code }) });
	}
}
