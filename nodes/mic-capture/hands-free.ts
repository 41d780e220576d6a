import { bytesToFrames, frameBytes, framesToMs, msToFrames } from '../../lib/audio/format.ts';
import { RingBuffer } from '../../lib/audio/ring.ts';
import { SpeechDetector } from '../../lib/audio/speech-detector.ts';
import type { Clock } from '../../lib/node/clock.ts';
import type { VoiceError } from '../../lib/node/errors.ts';
import type { EndReason } from '../../lib/node/messages.ts';
import { DeviceMachine, type OpenDevice } from './device-machine.ts';
import { onlySilence } from './limits.ts';
import type { MicCommand, MicEvents } from './machine.ts';
import type { Mute } from './mute.ts';
import { type StreamLabel, Take, type TakeSettings } from './take.ts';

export interface HandsFreeSettings extends TakeSettings {
	/** A stream begins so long before its speech. */
	preRollMs: number;
	mute?: Mute;
	/** Names the next utterance. @param cause the message that began the listening; an empty one if none did */
	label(cause: Readonly<Record<string, unknown>>): StreamLabel;
}

/** Audio is looked at in pieces of this length, so that a long burst needs no more memory than a short one. */
const PIECE_MS = 100;
/** Speech is known as such only a moment after it began. */
const DECISION_MS = 500;
/** So long nothing but zeros since the device was opened: it is off. */
const DEAD_MS = 10_000;

/** Streams that begin by themselves when somebody speaks, one per utterance, as long as it is listening. */
export class HandsFree extends DeviceMachine {
	readonly #settings: HandsFreeSettings;
	readonly #history: RingBuffer;
	readonly #size: number;
	#detector: SpeechDetector;
	/** As far as the detector's changes have been followed. */
	#speaking = false;
	/** Position of the device at which the stream goes on, or up to which the last one reached. */
	#next = 0;
	#taken = 0;
	#listening = true;
	#cause: Readonly<Record<string, unknown>> = {};
	/** The device has delivered something else than zeros. */
	#sound = false;
	/** Up to there its zeros were of our making, in milliseconds. */
	#excusedMs = 0;
	#toldSilent = false;

	constructor(settings: HandsFreeSettings, open: OpenDevice, time: Clock, events: MicEvents) {
		const { format, preRollMs, mute } = settings;
		super({ format, historyMs: 0, ...(mute && { mute }) }, open, time, events);
		this.#settings = settings;
		this.#size = frameBytes(format);
		const historyMs = preRollMs + DECISION_MS + PIECE_MS;
		this.#history = new RingBuffer(msToFrames(historyMs, format) * this.#size);
		this.#detector = this.#newDetector();
		this.microphone.open();
	}

	get silent(): boolean {
		return this.#toldSilent;
	}

	/** Start and stop switch the listening; what is being said at a stop ends there. */
	command(word: MicCommand, label: StreamLabel): void {
		const listen = word === 'start' || (word === 'toggle' && !this.#listening);
		if (listen) this.#cause = { ...label.cause };
		if (listen === this.#listening) return;
		this.#listening = listen;
		if (listen) this.microphone.open();
		else this.#rest();
		this.events.changed();
	}

	/** The rest of the utterance is not heard either. */
	reset(): void {
		const take = this.#drop();
		if (!take) return;
		take.abandon();
		this.events.abandoned(take.label);
		this.events.changed();
	}

	async close(): Promise<void> {
		this.#listening = false;
		this.#rest('close');
		await this.microphone.close();
	}

	#newDetector(): SpeechDetector {
		const { format, silenceThresholdDb, silenceStopMs } = this.#settings;
		return new SpeechDetector({ format, thresholdDb: silenceThresholdDb, silenceMs: silenceStopMs });
	}

	#rest(reason: EndReason = 'stop'): void {
		this.reopening.cancel();
		this.#finish(reason);
		void this.microphone.close();
	}

	protected override opened(): void {
		this.#detector = this.#newDetector();
		this.#speaking = false;
		this.#history.clear();
		this.#next = 0;
		this.#sound = false;
		this.#excusedMs = 0;
		this.#toldSilent = false;
		this.events.changed();
	}

	protected override audio(pcm: Buffer): void {
		const piece = Math.max(1, msToFrames(PIECE_MS, this.#settings.format)) * this.#size;
		for (let at = 0; at < pcm.length && this.#listening; at += piece)
			this.#hear(pcm.subarray(at, at + piece));
		const { format } = this.#settings;
		const heardMs = framesToMs(bytesToFrames(this.#history.end, format), format);
		this.reopening.delivered(heardMs);
		this.#sound ||= pcm.some((byte) => byte !== 0);
		if (this.#settings.mute?.active) this.#excusedMs = heardMs;
		if (this.#sound) this.#tellSilence(false);
		else if (heardMs - this.#excusedMs >= DEAD_MS) this.#tellSilence(true);
	}

	#hear(pcm: Buffer): void {
		this.#history.push(pcm);
		for (const { speaking, frame } of this.#detector.push(pcm)) {
			// What belongs to the utterance may still begin another stream at the limit.
			if (!speaking) this.#feed(frame);
			this.#speaking = speaking;
			if (speaking) this.#begin(frame - msToFrames(this.#settings.preRollMs, this.#settings.format), frame);
			else this.#finish('silence');
		}
		this.#feed(bytesToFrames(this.#history.end, this.#settings.format));
	}

	/** No sample is in two streams. */
	#begin(wanted: number, speech: number): void {
		if (!this.#listening) return;
		this.#next = Math.max(wanted, this.#next, Math.ceil(this.#history.start / this.#size));
		this.#taken = 0;
		const limits = { ...this.#settings, startTimeoutMs: 0, silenceStopMs: 0 };
		const preRoll = Math.max(0, speech - this.#next);
		const label = this.#settings.label(this.#cause);
		this.take = new Take(label, limits, preRoll, (chunk) => this.events.chunk(chunk));
		this.events.changed();
	}

	/** Gives the stream what it lacks up to there; at its limit another one goes on. */
	#feed(to: number): void {
		const { maxMs, format } = this.#settings;
		const most = maxMs ? msToFrames(maxMs, format) : Number.POSITIVE_INFINITY;
		for (let take = this.take; take && this.#next < to; take = this.take) {
			const frames = Math.min(to - this.#next, most - this.#taken);
			const pcm = this.#history.from(this.#next * this.#size).subarray(0, frames * this.#size);
			this.#next += frames;
			this.#taken += frames;
			const reason = take.push(pcm);
			// Whoever receives a chunk may end the stream right away.
			if (this.take !== take || !reason) continue;
			this.#finish(reason);
			if (this.#speaking) this.#begin(this.#next, this.#next);
		}
	}

	#finish(reason: EndReason): void {
		const take = this.#drop();
		if (!take) return;
		take.end(reason);
		this.events.changed();
	}

	#drop(): Take | undefined {
		const take = this.take;
		this.take = undefined;
		return take;
	}

	#tellSilence(silent: boolean): void {
		if (silent === this.#toldSilent) return;
		this.#toldSilent = silent;
		if (silent) this.events.error(onlySilence());
		this.events.changed();
	}

	/** A file has been played. */
	protected override ended(): void {
		this.#listening = false;
		this.#finish('end-of-file');
		this.events.changed();
	}

	protected override failed(error: VoiceError): void {
		const label = this.take?.label;
		const first = this.reopening.failed();
		this.#finish('error');
		if (label || first) this.events.error(error, label);
		this.events.changed();
		if (this.#listening) this.reopening.schedule();
	}
}
