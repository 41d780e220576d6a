import { randomUUID } from 'node:crypto';
import type { PageConnection, PageEvents } from '../../../lib/browser/connection.ts';
import {
	type EndpointMessage,
	type NodeLimits,
	type PageMessage,
	SAMPLE_RATES,
} from '../../../lib/browser/protocol.ts';
import type { Clock } from '../../../lib/node/clock.ts';
import { toVoiceError, VoiceError } from '../../../lib/node/errors.ts';
import type { EndReason } from '../../../lib/node/messages.ts';
import { noSpeech, onlySilence } from '../limits.ts';
import type { Chunk, StreamLabel, TakeSettings } from '../take.ts';
import { Utterance } from './utterance.ts';

/** What all pages of a node have in common. */
export interface PageHost {
	readonly settings: TakeSettings;
	readonly limits: NodeLimits;
	readonly time: Clock;
	/** Names the next stream. */
	label(): StreamLabel;
	started(page: Page, stream: string): void;
	chunk(chunk: Chunk): void;
	abandoned(label: StreamLabel): void;
	/** The stream has sent its last chunk, or was abandoned. */
	ended(stream: string): void;
	gone(page: Page): void;
	error(error: VoiceError, label?: StreamLabel): void;
}

/** A page that sends nothing for so long, though it says that somebody speaks, has stopped without saying so. */
const STALL_MS = 30_000;

/** One page that is connected, and what is said into it: utterances, one after another. */
export class Page implements PageEvents {
	readonly #host: PageHost;
	readonly #connection: PageConnection;
	/** Where its results go, also those of its former connections. */
	readonly home: string;
	#ready = false;
	#utterance: Utterance | undefined;
	#toldSilent = false;
	#heardAt = 0;
	#cancelStall = () => {};

	constructor(host: PageHost, connection: PageConnection) {
		this.#host = host;
		this.#connection = connection;
		this.home = connection.key || randomUUID();
		connection.listen(this);
	}

	/** The stream that runs. */
	get stream(): string | undefined {
		return this.#utterance?.label.id;
	}

	/** May it come back? */
	get isKnown(): boolean {
		return this.#connection.key !== '';
	}

	/** Tells the page that it may begin. */
	ready(): void {
		this.#ready = true;
		this.send({ type: 'ready', limits: this.#host.limits });
	}

	send(message: EndpointMessage): void {
		this.#connection.send(message);
	}

	/** Ends what is being said, if somebody speaks. */
	stop(reason: EndReason): void {
		this.#finish(reason);
	}

	/** Abandons what is being said. */
	abandon(): void {
		const utterance = this.#drop();
		if (!utterance) return;
		utterance.abandon();
		this.#host.abandoned(utterance.label);
		this.#stopped(utterance, 'reset');
	}

	message(message: PageMessage): void {
		if (!this.#ready) throw new VoiceError('MIC_FORMAT', 'A page did not wait for "ready"', 'let it wait');
		if (message.type === 'start') this.#start(message);
		// What ended here by itself is still stopped there.
		else if (message.utterance !== this.#utterance?.number) return;
		else if (message.type === 'stop') this.#finish(message.cause ?? 'stop');
		else this.abandon();
	}

	audio(pcm: Buffer): void {
		const utterance = this.#utterance;
		if (!utterance) return;
		this.#heardAt = this.#host.time.now();
		const reason = utterance.push(pcm);
		if (reason) this.#finish(reason, false);
		else this.#checkSilence(utterance);
	}

	gone(error?: VoiceError): void {
		const label = this.#utterance?.label;
		this.#finish(error ? 'error' : 'lost');
		this.#host.gone(this);
		if (error) this.#host.error(error, label);
	}

	#start({ utterance: number, sampleRate }: PageMessage & { type: 'start' }): void {
		const { min, max } = SAMPLE_RATES;
		if (!Number.isInteger(sampleRate) || sampleRate < min || sampleRate > max) {
			this.#fail(number, badRate(sampleRate));
			return;
		}
		this.#finish('stop');
		const { settings, time } = this.#host;
		const label = this.#host.label();
		let utterance: Utterance;
		try {
			utterance = new Utterance(label, number, sampleRate, settings, (chunk) => this.#host.chunk(chunk));
		} catch (thrown) {
			this.#fail(number, toVoiceError(thrown, 'MIC_FORMAT', 'Converting the audio of a page'));
			return;
		}
		this.#utterance = utterance;
		this.#toldSilent = false;
		this.#heardAt = time.now();
		this.#awaitAudio(STALL_MS);
		this.send({ type: 'started', utterance: number, stream: label.id });
		this.#host.started(this, label.id);
	}

	#awaitAudio(ms: number): void {
		const { time } = this.#host;
		this.#cancelStall = time.after(ms, () => {
			const left = this.#heardAt + STALL_MS - time.now();
			if (left > 0) this.#awaitAudio(left);
			else this.#stalled();
		});
	}

	#stalled(): void {
		const utterance = this.#utterance;
		if (!utterance) return;
		this.#finish('error');
		this.#fail(utterance.number, stalled(), utterance.label);
	}

	#checkSilence({ dead, number, label }: Utterance): void {
		if (!dead || this.#toldSilent) return;
		this.#toldSilent = true;
		this.#fail(number, onlySilence(), label);
	}

	#finish(reason: EndReason, whole = true): void {
		const utterance = this.#drop();
		if (!utterance) return;
		const ended = utterance.end(reason, whole);
		this.#stopped(utterance, ended);
		if (ended !== 'start-timeout') return;
		// Pages have limits of their own.
		this.#host.error(noSpeech(whole ? 0 : this.#host.settings.startTimeoutMs), utterance.label);
	}

	#drop(): Utterance | undefined {
		const utterance = this.#utterance;
		this.#utterance = undefined;
		this.#cancelStall();
		return utterance;
	}

	#stopped({ number, label }: Utterance, ended: string): void {
		this.send({ type: 'stopped', utterance: number, stream: label.id, ended });
		this.#host.ended(label.id);
	}

	/** Tells the page and the flow. */
	#fail(utterance: number, error: VoiceError, label?: StreamLabel): void {
		this.send({ type: 'error', code: error.code, message: error.message, utterance });
		this.#host.error(error, label);
	}
}

const badRate = (sampleRate: number) =>
	new VoiceError(
		'MIC_FORMAT',
		`A page sends audio at ${sampleRate} Hz`,
		`let it send whole hertz from ${SAMPLE_RATES.min} to ${SAMPLE_RATES.max}`,
	);

const stalled = () =>
	new VoiceError(
		'MIC_STALLED',
		`A page has sent no audio for ${STALL_MS / 1000} s`,
		'keep the page in front while you speak, and look at its network',
	);
