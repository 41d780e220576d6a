import { bytesToFrames, bytesToMs, frameBytes, msToBytes, type PcmFormat } from '../../lib/audio/format.ts';
import { type Converter, createConverter, loadResampler } from '../../lib/audio/resample.ts';
import { RingBuffer } from '../../lib/audio/ring.ts';
import type { Clock } from '../../lib/node/clock.ts';
import { toVoiceError, type VoiceError } from '../../lib/node/errors.ts';
import { CaptureClock } from './capture-clock.ts';
import type { Mute } from './mute.ts';
import type { Capture, SourceEvents } from './sources/source.ts';

export interface MicrophoneEvents {
	opened(): void;
	/** The next frames in the wanted format; the first is number `position` since the device was opened. */
	audio(pcm: Buffer, position: number): void;
	dropped(ms: number): void;
	/** The audio is over as intended; the device is closed. */
	ended(): void;
	/** The device could not be opened, or went away; it is closed. */
	failed(error: VoiceError): void;
}

export interface MicrophoneOptions {
	/** What `audio` brings, whatever the device delivers. */
	format: PcmFormat;
	/** How much of the past `since` can give. */
	historyMs: number;
	open(events: SourceEvents): Promise<Capture>;
	time: Clock;
	/** Silences what must not be heard. */
	mute?: Mute;
}

/**
 * One device that is open or not, delivering one format. Opening and closing never overlap, in whatever order they
 * are asked for: a device that is still being closed would answer that it is busy.
 */
export class Microphone {
	readonly #options: MicrophoneOptions;
	readonly #events: MicrophoneEvents;
	readonly #clock = new CaptureClock();
	readonly #history: RingBuffer;
	readonly #resampler: Promise<void>;
	/** Settles when everything that was opened before is closed. */
	#free: Promise<void> = Promise.resolve();
	#session: Session | undefined;
	#position = 0;

	constructor(options: MicrophoneOptions, events: MicrophoneEvents) {
		this.#options = options;
		this.#events = events;
		// Ahead of time, so that the first start need not wait for it. Missed only by those who need it.
		this.#resampler = loadResampler().catch(() => {});
		this.#history = new RingBuffer(msToBytes(options.historyMs, options.format));
	}

	get state(): 'closed' | 'opening' | 'open' {
		if (!this.#session) return 'closed';
		return this.#session.capture ? 'open' : 'opening';
	}

	/** Frames since the device was opened. */
	get position(): number {
		return this.#position;
	}

	/** The oldest frame that `since` can give. */
	get oldest(): number {
		return this.#history.start / frameBytes(this.#options.format);
	}

	/** The frame that is captured at `time`; undefined before the first audio. */
	positionAt(time: number): number | undefined {
		const ms = this.#clock.audioMsAt(time);
		return ms === undefined ? undefined : Math.floor((ms * this.#options.format.sampleRate) / 1000);
	}

	/** What has been captured from `position` on, as far back as the history goes, and where that begins. */
	since(position: number): { pcm: Buffer; position: number } {
		const pcm = this.#history.from(Math.max(0, position) * frameBytes(this.#options.format));
		return { pcm, position: this.#position - bytesToFrames(pcm.length, this.#options.format) };
	}

	/** Opens the device unless it is open; `opened` or `failed` follows. */
	open(): void {
		if (this.#session) return;
		const session: Session = {};
		this.#session = session;
		const before = this.#free;
		const opening = before
			.then(() => this.#resampler)
			.then(() => (session === this.#session ? this.#open(session) : undefined));
		this.#free = opening.then(
			() => {},
			() => {},
		);
	}

	/** Closes the device; resolves when it is free. */
	close(): Promise<void> {
		const session = this.#session;
		this.#session = undefined;
		if (session) this.#release(session);
		return this.#free;
	}

	/** Never rejects. */
	async #open(session: Session): Promise<void> {
		let capture: Capture;
		try {
			capture = await this.#options.open(this.#listen(session));
		} catch (thrown) {
			this.#fail(session, thrown);
			return;
		}
		if (session !== this.#session) return capture.close();
		session.capture = capture;
		this.#position = 0;
		this.#history.clear();
		this.#clock.reset();
		try {
			session.converter = createConverter(capture.format, this.#options.format);
		} catch (thrown) {
			this.#fail(session, thrown);
			return;
		}
		this.#events.opened();
	}

	/** Handlers of one session. What they call may throw, and must not end Node-RED from inside a stream's event. */
	#listen(session: Session): SourceEvents {
		const current = (action: () => void) => {
			if (session !== this.#session) return;
			try {
				action();
			} catch (thrown) {
				this.#fail(session, thrown);
			}
		};
		let audioMs = 0;
		return {
			data: (pcm) =>
				current(() => {
					const { capture, converter } = session;
					if (!capture || !converter) return;
					audioMs += bytesToMs(pcm.length, capture.format);
					this.#clock.observe(audioMs, this.#options.time.now());
					this.#deliver(converter.push(pcm));
				}),
			dropped: (ms) =>
				current(() => {
					this.#clock.reset();
					this.#events.dropped(ms);
				}),
			end: () => current(() => this.#finish(session, () => this.#events.ended())),
			lost: (error) => current(() => this.#finish(session, () => this.#events.failed(error))),
		};
	}

	#deliver(pcm: Buffer): void {
		if (!pcm.length) return;
		const position = this.#position;
		this.#position += bytesToFrames(pcm.length, this.#options.format);
		const { mute, format } = this.#options;
		const heard = mute?.apply(pcm, position, format, (time) => this.positionAt(time)) ?? pcm;
		this.#history.push(heard);
		this.#events.audio(heard, position);
	}

	/** What the converter still holds belongs to the stream. */
	#finish(session: Session, tell: () => void): void {
		if (session.converter) this.#deliver(session.converter.flush());
		if (session !== this.#session) return;
		this.#session = undefined;
		this.#release(session);
		tell();
	}

	#fail(session: Session, thrown: unknown): void {
		if (session !== this.#session) return;
		this.#session = undefined;
		this.#release(session);
		this.#events.failed(toVoiceError(thrown, 'MIC_FORMAT', 'The microphone'));
	}

	#release(session: Session): void {
		session.converter?.close();
		const { capture } = session;
		if (capture) this.#free = this.#free.then(() => capture.close()).catch(() => {});
	}
}

interface Session {
	capture?: Capture;
	converter?: Converter;
}
