import type { Transcript } from '../../../lib/node/messages.ts';
import type { SttEvent, SttResult } from '../providers/provider.ts';
import type { Account } from './account.ts';
import type { AudioQueue } from './audio-queue.ts';
import type { Leg } from './leg.ts';
import { type TranscriptSettings, Transcripts } from './transcripts.ts';

export interface HearingParts extends TranscriptSettings {
	readonly queue: AudioQueue;
	readonly account: Account;
	readonly transcript: (transcript: Transcript) => void;
	/** A final came that settled something, or had words. */
	readonly onFinal: (leg: Leg) => void;
}

/** Passes on what a stream's sessions say, and knows up to where the stream is in finals. */
export class Hearing {
	readonly #parts: HearingParts;
	readonly #transcripts: Transcripts;
	#settledMs = 0;
	#pending = false;

	constructor(parts: HearingParts) {
		this.#parts = parts;
		this.#transcripts = new Transcripts(parts);
	}

	/** Everything before this position of the stream is in a final. */
	get settledMs(): number {
		return this.#settledMs;
	}

	/** There was speech since then. */
	get pending(): boolean {
		return this.#pending;
	}

	/** All finals so far. */
	get text(): string {
		return this.#transcripts.text;
	}

	/** What waits for a refinement waits no longer. */
	end(): void {
		for (const transcript of this.#transcripts.end()) this.#parts.transcript(transcript);
	}

	take(event: SttEvent, leg: Leg): void {
		const { account } = this.#parts;
		if (leg.repeated && event.type !== 'refined' && event.type !== 'status') return;
		switch (event.type) {
			case 'drain':
				return;
			case 'status':
				account.report('status', { detail: event.detail });
				return;
			case 'speech-started':
			case 'end-of-utterance': {
				const at = event.atMs === undefined ? undefined : Math.max(0, Math.min(event.atMs, leg.heardMs));
				const atMs = at === undefined ? undefined : Math.round(leg.timeline.toStream(at));
				this.#pending ||= event.type === 'speech-started';
				account.report(event.type, atMs === undefined ? {} : { atMs });
				return;
			}
			default:
				this.#takeResult(event, leg);
		}
	}

	#takeResult(result: SttResult, leg: Leg): void {
		const transcripts = this.#transcripts.take(result, leg);
		const hasText = !!result.text.trim();
		if (hasText) this.#parts.account.heard(result.type === 'partial');
		if (result.type === 'partial') this.#pending ||= hasText;
		// Without times it settles all that the recogniser has been sent; an empty one may be too early for that.
		const isFinal = result.type === 'final' && (hasText || result.endMs !== undefined);
		if (isFinal) this.#settle(result.settledMs ?? result.endMs ?? leg.heardMs, leg);
		for (const transcript of transcripts) this.#parts.transcript(transcript);
		if (isFinal) this.#parts.onFinal(leg);
	}

	/**
	 * Whoever hears the stream again begins where a final says, or exactly at its end. Earlier would be safer where
	 * that time is early or late by some hundredths of a second, but then the last word is heard again, at times that
	 * differ a little, and a short one could not be told from a new one: rather a cut sound than a doubled word.
	 * Recognisers give finals in pauses, where neither happens.
	 */
	#settle(endMs: number, leg: Leg): void {
		const { queue } = this.#parts;
		this.#pending = false;
		const at = Math.min(leg.timeline.toStream(endMs), queue.positionMs);
		if (at <= this.#settledMs) return;
		leg.gaveFinal = true;
		this.#settledMs = at;
		queue.release(at);
	}
}
