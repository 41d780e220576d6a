import type { PcmFormat } from '../../lib/audio/format.ts';
import { loadResampler } from '../../lib/audio/resample.ts';
import { toVoiceError } from '../../lib/node/errors.ts';
import type { SessionDetails, SessionEventName, Transcript } from '../../lib/node/messages.ts';
import { AudioQueue } from './audio-queue.ts';
import { chooseRate } from './chunker.ts';
import { Feeder } from './feeder.ts';
import { within } from './open-within.ts';
import {
	type SttEvent,
	type SttProvider,
	type SttResult,
	type SttSession,
	VoiceError,
} from './providers/provider.ts';
import { Timeline } from './timeline.ts';
import { Transcripts } from './transcripts.ts';

export interface SessionSettings {
	/** BCP 47 tag, '' = the provider's default. */
	readonly language: string;
	readonly partials: boolean;
	readonly finals: 'first' | 'refined' | 'both';
	readonly connectTimeoutMs: number;
	/** How long the recogniser may be silent after the end of the audio. */
	readonly finalTimeoutMs: number;
	/** Audio that may wait for the recogniser. */
	readonly maxBufferMs: number;
}

/** What comes out of a session; nothing after 'closed', which comes exactly once. */
export interface SessionOutput {
	transcript(transcript: Transcript): void;
	event(name: SessionEventName, details: SessionDetails): void;
	/** Just before 'closed'. */
	failed(error: VoiceError): void;
}

export type SessionState = 'connecting' | 'listening' | 'closed';

/** Announce drops no more often than after so much more was dropped. */
const DROP_NEWS_MS = 1000;

/** One audio stream's way through a recogniser, from its first sample to 'closed'. Free of Node-RED and of vendors. */
export class Session {
	readonly #provider: SttProvider;
	readonly #settings: SessionSettings;
	readonly #format: PcmFormat;
	readonly #output: SessionOutput;
	readonly #queue: AudioQueue;
	readonly #timeline = new Timeline();
	readonly #abandoned = new AbortController();
	readonly #details: SessionDetails;
	readonly #begin = performance.now();
	readonly #gone: Promise<void>;
	#state: SessionState = 'connecting';
	#transcripts: Transcripts | undefined;
	#session: SttSession | undefined;
	#feeder: Feeder | undefined;
	#endedAt: number | undefined;
	#finalAt: number | undefined;
	#silenceWatch: NodeJS.Timeout | undefined;
	#announcedMs = 0;

	constructor(
		provider: SttProvider,
		settings: SessionSettings,
		stream: { readonly id: string; readonly format: PcmFormat },
		output: SessionOutput,
	) {
		this.#provider = provider;
		this.#settings = settings;
		this.#format = stream.format;
		this.#output = output;
		this.#queue = new AudioQueue(stream.format, settings.maxBufferMs);
		this.#details = { stream: stream.id, provider: provider.id, audioMs: 0, reconnects: 0, droppedMs: 0 };
		// An output that throws must not end Node-RED.
		this.#gone = this.#run().catch(() => {});
	}

	get state(): SessionState {
		return this.#state;
	}

	/** Takes whole frames in the stream's format; the Buffer is kept for a while and not written to. */
	write(pcm: Buffer): void {
		if (this.#state === 'closed' || this.#endedAt !== undefined) return;
		const dropped = this.#queue.push(pcm);
		if (dropped) this.#countDrop(dropped);
		this.#feeder?.poke();
	}

	/** No more audio: the last final is awaited, then 'closed' comes. */
	end(): void {
		if (this.#endedAt !== undefined) return;
		this.#endedAt = performance.now();
		this.#finish();
	}

	/** Gives up now: 'closed' comes at once, with what was heard. Resolves when the recogniser is gone. */
	abandon(): Promise<void> {
		this.#close();
		this.#abandoned.abort();
		this.#session?.abort();
		return this.#gone;
	}

	async #run(): Promise<void> {
		let session: SttSession | undefined;
		let opening: Promise<SttSession> | undefined;
		try {
			// Also makes sure that nothing is reported before the constructor has returned.
			await loadResampler();
			if (this.#abandoned.signal.aborted) return;
			const opener = new AbortController();
			opening = this.#open(opener.signal);
			session = await within(this.#settings.connectTimeoutMs, opening, opener, this.#abandoned.signal);
			if (this.#state !== 'closed') await this.#listen(session);
			this.#close();
		} catch (thrown) {
			this.#close(toVoiceError(thrown, 'STT_PROTOCOL', 'Speech recognition'));
		} finally {
			clearTimeout(this.#silenceWatch);
			this.#feeder?.stop();
			// It may have opened after it was given up.
			session ??= await opening?.catch(() => undefined);
			session?.abort();
			await session?.finish();
		}
	}

	async #open(signal: AbortSignal): Promise<SttSession> {
		const { language, partials, finals } = this.#settings;
		await this.#provider.prepare?.();
		signal.throwIfAborted();
		const { sampleRates } = this.#provider.capabilities;
		const sampleRate = chooseRate(this.#format.sampleRate, sampleRates);
		return this.#provider.open({ sampleRate, language, partials, refined: finals !== 'first' }, signal);
	}

	async #listen(session: SttSession): Promise<void> {
		const { capabilities, id } = this.#provider;
		const { partials, finals } = this.#settings;
		this.#transcripts = new Transcripts(
			{
				partials,
				// Whoever waits for refinements that never come would get no finals at all.
				finals: capabilities.refines ? finals : 'first',
				provider: id,
				stream: this.#details.stream,
			},
			this.#timeline,
		);
		this.#session = session;
		this.#feeder = new Feeder({
			queue: this.#queue,
			session,
			timeline: this.#timeline,
			capabilities,
			from: this.#format,
			to: { sampleRate: chooseRate(this.#format.sampleRate, capabilities.sampleRates), channels: 1 },
			onProgress: () => this.#watchSilence(),
		});
		this.#state = 'listening';
		this.#report('open');
		this.#feeder.poke();
		this.#finish();
		for await (const event of session) this.#take(event);
		if (this.#endedAt === undefined && !this.#abandoned.signal.aborted)
			throw new VoiceError(
				'STT_PROTOCOL',
				'The recogniser ended the session before the audio did',
				'start the stream again',
				{ retryable: true },
			);
	}

	/** Once the audio has ended and the session is open: everything out, then the end marker. */
	#finish(): void {
		if (this.#endedAt === undefined || !this.#feeder) return;
		this.#watchSilence();
		this.#feeder.end(() => void this.#session?.finish().catch(() => {}));
	}

	/** After the end of the audio the recogniser must show a sign of life within `finalTimeoutMs`. */
	#watchSilence(): void {
		if (this.#endedAt === undefined || this.#state === 'closed') return;
		clearTimeout(this.#silenceWatch);
		const { finalTimeoutMs } = this.#settings;
		this.#silenceWatch = setTimeout(() => {
			const error = new VoiceError(
				'STT_TIMEOUT',
				`The recogniser was silent for ${finalTimeoutMs} ms after the end of the audio`,
				'raise the limit for the last final, or see whether the recogniser is overloaded',
				{ retryable: true },
			);
			this.#close(error);
			this.#session?.abort();
		}, finalTimeoutMs);
	}

	#take(event: SttEvent): void {
		if (this.#state === 'closed') return;
		this.#watchSilence();
		switch (event.type) {
			case 'drain':
				this.#feeder?.drain();
				return;
			case 'status':
				this.#report('status', { detail: event.detail });
				return;
			case 'speech-started':
			case 'end-of-utterance': {
				const atMs = event.atMs === undefined ? undefined : Math.round(this.#timeline.toStream(event.atMs));
				this.#report(event.type, atMs === undefined ? {} : { atMs });
				return;
			}
			default:
				this.#takeResult(event);
		}
	}

	#takeResult(result: SttResult): void {
		const transcripts = this.#transcripts?.take(result, this.#feeder?.sentMs ?? 0) ?? [];
		if (result.text.trim()) {
			this.#details.firstPartialMs ??= Math.round(performance.now() - this.#begin);
			if (result.type !== 'partial') this.#finalAt = performance.now();
		}
		for (const transcript of transcripts) this.#output.transcript(transcript);
	}

	#countDrop(ms: number): void {
		const { droppedMs } = this.#details;
		this.#details.droppedMs = droppedMs + ms;
		if (droppedMs && this.#details.droppedMs - this.#announcedMs < DROP_NEWS_MS) return;
		this.#announcedMs = this.#details.droppedMs;
		this.#report('dropped-audio');
	}

	#report(name: SessionEventName, more: Partial<SessionDetails> = {}): void {
		const audioMs = Math.round(this.#feeder?.sentMs ?? 0);
		const droppedMs = Math.round(this.#details.droppedMs);
		this.#output.event(name, { ...this.#details, audioMs, droppedMs, ...more });
	}

	#close(error?: VoiceError): void {
		if (this.#state === 'closed') return;
		for (const transcript of this.#transcripts?.end() ?? []) this.#output.transcript(transcript);
		this.#state = 'closed';
		this.#queue.clear();
		if (this.#finalAt !== undefined && this.#endedAt !== undefined)
			this.#details.finalLatencyMs = Math.max(0, Math.round(this.#finalAt - this.#endedAt));
		if (error) this.#output.failed(error);
		this.#report('closed', { text: this.#transcripts?.text ?? '', ...(error && { code: error.code }) });
	}
}
