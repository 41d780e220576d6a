import type { PcmFormat } from '../../lib/audio/format.ts';
import { loadResampler } from '../../lib/audio/resample.ts';
import { type Clock, systemClock } from '../../lib/node/clock.ts';
import { toVoiceError } from '../../lib/node/errors.ts';
import type { SessionDetails, SessionEventName, Transcript } from '../../lib/node/messages.ts';
import {
	peerOf,
	type SttEvent,
	type SttProvider,
	SuddenEnd,
	UnconfirmedEnd,
	type VoiceError,
} from './providers/provider.ts';
import { Account } from './session/account.ts';
import { AudioQueue } from './session/audio-queue.ts';
import { Backoff, type Outage } from './session/backoff.ts';
import { gaveUp, hopeless, silentAfterEnd, unexplainedEnd } from './session/failures.ts';
import { Hearing } from './session/hearing.ts';
import type { Leg } from './session/leg.ts';
import { Legs } from './session/legs.ts';
import { sleep } from './session/open-within.ts';
import { isQuiet } from './session/quiet.ts';
import { Rotation } from './session/rotation.ts';

export interface SessionSettings {
	/** BCP 47 tag, '' = the provider's default. */
	readonly language: string;
	readonly partials: boolean;
	readonly finals: 'first' | 'refined' | 'both';
	readonly connectTimeoutMs: number;
	/** How long the recogniser may be silent after the end of the audio. */
	readonly finalTimeoutMs: number;
	/** Audio that may wait for the recogniser, or be said again after a failure. */
	readonly maxBufferMs: number;
	/** How long a stream may be without a working connection; 0, the default, = the first failure ends it. */
	readonly reconnectMs?: number;
}

/** What comes out of a session; nothing after 'closed', which comes exactly once. */
export interface SessionOutput {
	transcript(transcript: Transcript): void;
	event(name: SessionEventName, details: SessionDetails): void;
	/** Just before 'closed'. */
	failed(error: VoiceError): void;
}

/** What a session takes from its surroundings. */
export interface Engine {
	readonly clock: Clock;
	/** 0 to 1, for the jitter of the back-off. */
	readonly random: () => number;
	/** Opens a session, or hands out one that is open already. */
	readonly open: SttProvider['open'];
}

/** A recogniser that only repeats itself, or that it is at work, is believed for so many times `finalTimeoutMs`. */
const WORKING_TIMES = 3;

export type SessionState = 'connecting' | 'listening' | 'closed';

/**
 * One audio stream's way through a recogniser, from its first sample to 'closed'. Free of Node-RED and of vendors.
 *
 * The stream passes through one recogniser session after another, its legs: the next begins where the last final of
 * the one before ended, so that no word is lost, and none is doubled because a leg's say ends there too.
 */
export class Session {
	readonly #provider: SttProvider;
	readonly #settings: SessionSettings;
	readonly #output: SessionOutput;
	readonly #engine: Engine;
	readonly #queue: AudioQueue;
	readonly #backoff: Backoff;
	readonly #rotation: Rotation;
	readonly #abandoned = new AbortController();
	readonly #account: Account;
	readonly #hearing: Hearing;
	readonly #legs: Legs;
	readonly #gone: Promise<void>;
	#state: SessionState = 'connecting';
	/** The leg that gets the audio. While its predecessor drains, what that says goes first. */
	#fed: Leg | undefined;
	#failure: VoiceError | undefined;
	/** An end of the stream was not believed. */
	#doubted = false;
	#cancelWatch: (() => void) | undefined;
	/** After the end of the audio: when something came of it for the last time. */
	#progressAt = 0;
	#said = '';

	constructor(
		provider: SttProvider,
		settings: SessionSettings,
		stream: { readonly id: string; readonly format: PcmFormat },
		output: SessionOutput,
		engine: Partial<Engine> = {},
	) {
		this.#provider = provider;
		this.#settings = settings;
		this.#output = output;
		const open: Engine['open'] = (options, signal) => provider.open(options, signal);
		this.#engine = { clock: systemClock, random: Math.random, open, ...engine };
		this.#queue = new AudioQueue(stream.format, settings.maxBufferMs);
		this.#backoff = new Backoff(settings.reconnectMs ?? 0, this.#engine.random);
		this.#rotation = new Rotation({
			queue: this.#queue,
			clock: this.#engine.clock,
			drainMs: settings.finalTimeoutMs,
			open: (signal) => this.#legs.open(signal),
			discard: (leg) => this.#legs.stop(leg),
			settledMs: () => this.#hearing.settledMs,
			pending: () => this.#hearing.pending,
			onSwitch: (next) => this.#onSwitch(next),
		});
		this.#account = new Account({
			stream: stream.id,
			provider: provider.id,
			clock: this.#engine.clock,
			audioMs: () => this.#queue.readMs,
			event: (name, details) => output.event(name, details),
		});
		const { language, partials, finals, connectTimeoutMs } = settings;
		this.#legs = new Legs({
			provider,
			open: this.#engine.open,
			asked: { language, partials, refined: finals !== 'first' },
			connectTimeoutMs,
			queue: this.#queue,
			format: stream.format,
			clock: this.#engine.clock,
			onProgress: (leg) => {
				this.#watchSilence();
				if (leg === this.#fed) this.#rotation.consider(leg, false);
			},
		});
		this.#hearing = new Hearing({
			partials,
			finals,
			provider: provider.id,
			stream: stream.id,
			// Whoever waits for refinements that never come would get no finals at all.
			refines: () => provider.capabilities.refines,
			queue: this.#queue,
			account: this.#account,
			transcript: (transcript) => output.transcript(transcript),
			onFinal: (leg) => this.#onFinal(leg),
		});
		// An output that throws must not end Node-RED.
		this.#gone = this.#run().catch(() => {});
	}

	get state(): SessionState {
		return this.#state;
	}

	/** Takes whole frames in the stream's format; the Buffer is kept for a while and not written to. */
	write(pcm: Buffer): void {
		if (this.#state === 'closed' || this.#account.ended) return;
		this.#account.dropped(this.#queue.push(pcm));
		this.#fed?.feeder.poke();
	}

	/** No more audio: the last final is awaited, then 'closed' comes. */
	end(): void {
		if (this.#account.ended) return;
		this.#account.audioEnded();
		if (this.#fed) this.#finishFed();
		else if (this.#failure) this.#watchSilence();
	}

	/** Gives up now: 'closed' comes at once, with what was heard. Resolves when the recogniser is gone. */
	abandon(): Promise<void> {
		this.#close();
		return this.#gone;
	}

	async #run(): Promise<void> {
		try {
			// Also makes sure that nothing is reported before the constructor has returned.
			await loadResampler();
			while (!this.#isClosed()) {
				const failed = await this.#connection();
				if (!failed) this.#close();
				else if (!this.#isClosed()) await this.#retry(failed);
			}
		} catch (thrown) {
			this.#close(toVoiceError(thrown, 'STT_PROTOCOL', 'Speech recognition'));
		} finally {
			this.#stopAll();
			await this.#legs.gone();
		}
	}

	/** From an opening to the end of the stream, or to the failure that it returns. */
	async #connection(): Promise<Failed | undefined> {
		let leg: Leg | undefined;
		let worked = false;
		try {
			leg = await this.#legs.open(this.#abandoned.signal);
			if (this.#isClosed()) return undefined;
			this.#fed = leg;
			this.#state = 'listening';
			this.#account.report('open');
			leg.feeder.poke();
			this.#finishFed();
			while (leg && !this.#isClosed()) {
				// Of all of them: what one achieved still counts when the next one fails.
				await this.#hear(leg).finally(() => {
					worked ||= !!leg?.worked(this.#account.endedAt);
				});
				leg = leg.next;
			}
			return undefined;
		} catch (thrown) {
			const error = toVoiceError(thrown, 'STT_PROTOCOL', 'Speech recognition');
			return { error, worked, early: error instanceof SuddenEnd && (leg?.early ?? true) };
		}
	}

	/** Passes on what a leg says, up to its end. */
	async #hear(leg: Leg): Promise<void> {
		leg.knownMs = this.#hearing.settledMs;
		try {
			await leg.read((event) => this.#take(event, leg));
			if (!leg.finishing && !this.#isClosed()) throw unexplainedEnd(peerOf(this.#provider));
		} catch (thrown) {
			// What it would have said, the next one says.
			const isMended = leg.next ? !leg.vital : thrown instanceof UnconfirmedEnd && this.#believes();
			if (!isMended) throw thrown;
		}
		if (this.#isClosed()) return;
		this.#hearing.end();
		this.#legs.stop(leg);
		if (!leg.next) return;
		this.#rotation.cancel();
		this.#rotation.consider(leg.next, false);
	}

	/** Whether the last leg's end, which nobody confirmed, is taken for one. */
	#believes(): boolean {
		const { settledMs } = this.#hearing;
		if (this.#queue.readSince(settledMs)?.every(isQuiet)) return true;
		if (!this.#doubted && this.#settings.reconnectMs) {
			this.#doubted = true;
			return false;
		}
		this.#account.dropped(this.#queue.giveUp(settledMs));
		return true;
	}

	/** Prepares the next attempt and waits for its time, or throws the error that ends the stream. */
	async #retry({ error, ...outage }: Failed): Promise<void> {
		this.#failure = error;
		this.#fed = undefined;
		this.#rotation.cancel();
		this.#legs.stopAll();
		this.#hearing.end();
		if (!error.retryable) throw error;
		const { clock } = this.#engine;
		const { attempts } = this.#backoff;
		const delay = this.#backoff.next(clock.now(), outage);
		if (delay === undefined)
			throw this.#backoff.hopeless ? hopeless(error) : gaveUp(error, outage.worked ? 0 : attempts);
		this.#state = 'connecting';
		const gone = this.#queue.rewind(this.#hearing.settledMs);
		this.#account.reconnecting(error);
		const tells = this.#provider.capabilities.partials && this.#settings.partials;
		// Of what is gone, silence is no loss: what a recogniser that hears did not take for speech, or what is quiet.
		const isLost = this.#hearing.pending || !tells;
		this.#account.dropped(isLost ? gone : Math.min(gone, this.#queue.unheardMs));
		this.#queue.heard();
		if (this.#account.ended && !this.#cancelWatch) this.#watchSilence();
		await sleep(delay, clock, this.#abandoned.signal);
	}

	#onSwitch(next: Leg): void {
		this.#fed = next;
		this.#account.report('rotated');
		next.feeder.poke();
		this.#finishFed();
	}

	/** Once the audio has ended and a session is open: everything out, then the end marker. */
	#finishFed(): void {
		if (!this.#account.ended || !this.#fed) return;
		this.#watchSilence();
		this.#fed.finish();
	}

	/** After the end of the audio the recogniser must show a sign of life within `finalTimeoutMs`. */
	#watchSilence(progress = true): void {
		if (!this.#account.ended || this.#isClosed()) return;
		const { finalTimeoutMs } = this.#settings;
		const { clock } = this.#engine;
		if (progress) this.#progressAt = clock.now();
		else if (clock.now() - this.#progressAt > WORKING_TIMES * finalTimeoutMs) return;
		this.#cancelWatch?.();
		this.#cancelWatch = clock.after(finalTimeoutMs, () => {
			const failure = this.#fed ? undefined : this.#failure;
			this.#close(failure ?? silentAfterEnd(peerOf(this.#provider), finalTimeoutMs));
		});
	}

	#take(event: SttEvent, leg: Leg): void {
		if (this.#isClosed()) return;
		this.#watchSilence(this.#isNew(event));
		if (leg === this.#fed) this.#queue.heard();
		this.#hearing.take(event, leg);
	}

	/** Whether it shows that the recogniser gets on with the audio. */
	#isNew(event: SttEvent): boolean {
		if (!('text' in event)) return false;
		const before = this.#said;
		this.#said = `${event.type} ${event.endMs} ${event.text}`;
		return this.#said !== before;
	}

	#onFinal(leg: Leg): void {
		this.#failure = undefined;
		// Not at the end of an utterance that has no final yet: all of it would have to be said again.
		if (leg === this.#fed && !this.#isClosed()) this.#rotation.consider(leg, true);
	}

	#isClosed(): boolean {
		return this.#state === 'closed';
	}

	#close(error?: VoiceError): void {
		if (this.#isClosed()) return;
		this.#hearing.end();
		this.#state = 'closed';
		this.#queue.clear();
		this.#stopAll();
		if (error) this.#output.failed(error);
		this.#account.closed(this.#hearing.text, error);
	}

	#stopAll(): void {
		this.#cancelWatch?.();
		this.#rotation.cancel();
		this.#abandoned.abort();
		this.#legs.stopAll();
	}
}

interface Failed extends Outage {
	readonly error: VoiceError;
}
