import { bytesToFrames, frameBytes, type PcmFormat } from '../../../lib/audio/format.ts';
import { loadResampler } from '../../../lib/audio/resample.ts';
import { VoiceError } from '../../../lib/node/errors.ts';
import { HandsFree, type HandsFreeSettings } from '../../../nodes/mic-capture/hands-free.ts';
import type { MicEvents, MicMachine } from '../../../nodes/mic-capture/machine.ts';
import { Mute } from '../../../nodes/mic-capture/mute.ts';
import { Recorder, type RecorderSettings } from '../../../nodes/mic-capture/recorder.ts';
import type { Capture, SourceEvents } from '../../../nodes/mic-capture/sources/source.ts';
import type { Chunk, StreamLabel } from '../../../nodes/mic-capture/take.ts';
import { HandClock } from '../../lab/hand-clock.ts';
import { noise } from '../../lab/signals.ts';

// It takes real time, which tests with hand-made time do not wait for.
await loadResampler();

/** Lets every promise that is due settle. */
export async function settle(): Promise<void> {
	for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
}

export const gone = () =>
	new VoiceError('MIC_STALLED', 'The device went away', 'plug it in', { retryable: true });

/**
 * A sound card worked by hand: captures `signal` in real time from its opening on, delivers it every `burstMs`, and
 * each burst reaches up to `latencyMs` before its delivery.
 */
export class HandDevice {
	readonly format: PcmFormat;
	signal: Buffer;
	burstMs = 20;
	latencyMs = 0;
	/** While set, opening fails with it. */
	failure: VoiceError | undefined;
	/** While true, opening and closing wait for `settleNow`. */
	slow = false;
	opened = 0;
	closed = 0;
	/** Time of the last opening. */
	began = 0;
	readonly #time: HandClock;
	#events: SourceEvents | undefined;
	#sent = 0;
	#cancel = () => {};
	#waiting: (() => void)[] = [];
	/** Openings asked for while the device was not closed. */
	overlaps = 0;
	#held = false;

	constructor(time: HandClock, format: PcmFormat = { sampleRate: 16_000, channels: 1 }, seconds = 30) {
		this.#time = time;
		this.format = format;
		this.signal = noise(seconds * format.sampleRate, 1, format.channels);
	}

	readonly open = async (events: SourceEvents): Promise<Capture> => {
		if (this.#held) this.overlaps++;
		this.#held = true;
		this.opened++;
		await this.#pause();
		if (this.failure) {
			this.#held = false;
			throw this.failure;
		}
		this.#events = events;
		this.#sent = 0;
		this.began = this.#time.now();
		this.#tick();
		let closing: Promise<void> | undefined;
		return {
			format: this.format,
			close: () => {
				closing ??= this.#close();
				return closing;
			},
		};
	};

	settleNow(): void {
		for (const go of this.#waiting.splice(0)) go();
	}

	lose(error = gone()): void {
		this.#cancel();
		this.#events?.lost(error);
	}

	/** The card throws away what it captured in the last `ms`. */
	drop(ms: number): void {
		this.deliverUpTo(this.#time.now() - ms);
		this.#sent += Math.floor((ms * this.format.sampleRate) / 1000);
		this.#events?.dropped?.(ms);
	}

	end(): void {
		this.#cancel();
		this.#events?.end();
	}

	/** Delivers what has been captured up to `latencyMs` before that time. */
	deliverUpTo(time: number): void {
		const size = frameBytes(this.format);
		const frames = Math.min(this.frameAt(time), bytesToFrames(this.signal.length, this.format));
		if (frames <= this.#sent) return;
		const pcm = Buffer.from(this.signal.subarray(this.#sent * size, frames * size));
		this.#sent = frames;
		this.#events?.data(pcm);
	}

	/** The first frame that arrives at or after that time. */
	frameAt(time: number): number {
		return Math.floor(((time - this.began - this.latencyMs) * this.format.sampleRate) / 1000);
	}

	#tick(): void {
		this.#cancel = this.#time.after(this.burstMs, () => {
			this.#tick();
			this.deliverUpTo(this.#time.now());
		});
	}

	async #close(): Promise<void> {
		this.#cancel();
		this.#events = undefined;
		await this.#pause();
		this.#held = false;
		this.closed++;
	}

	async #pause(): Promise<void> {
		if (this.slow) await new Promise<void>((resolve) => this.#waiting.push(resolve));
	}
}

export interface Heard {
	label: StreamLabel;
	chunks: Chunk[];
	pcm: Buffer;
	ended: Chunk['ended'];
}

interface BenchSettings extends Partial<RecorderSettings & Pick<HandsFreeSettings, 'label'>> {
	autostarts?: boolean;
	handsFree?: boolean;
	mutes?: boolean;
}

/** A recorder on a hand-worked device, and everything that it says. */
export class Bench {
	readonly time = new HandClock(1000);
	readonly device: HandDevice;
	readonly recorder: MicMachine;
	readonly chunks: Chunk[] = [];
	readonly errors: { error: VoiceError; label: StreamLabel | undefined }[] = [];
	readonly abandoned: StreamLabel[] = [];
	droppedMs = 0;
	readonly states: string[] = [];
	onChunk: (chunk: Chunk) => void = () => {};
	#names = 0;

	constructor(
		settings: BenchSettings = {},
		prepare: (device: HandDevice) => void = () => {},
		deviceFormat?: PcmFormat,
	) {
		this.device = new HandDevice(this.time, deviceFormat);
		prepare(this.device);
		const { autostarts, handsFree, mutes, ...given } = settings;
		const own = {
			format: { sampleRate: 16_000, channels: 1 },
			framesPerBuffer: 1024,
			preRollMs: 0,
			maxMs: 0,
			startTimeoutMs: 0,
			silenceStopMs: 0,
			silenceThresholdDb: -45,
			...(autostarts ? { autostart: () => this.label('auto') } : {}),
			...(mutes ? { mute: new Mute(this.time) } : {}),
			label: () => this.label(),
			...given,
		};
		const events: MicEvents = {
			chunk: (chunk) => {
				this.chunks.push(chunk);
				this.onChunk(chunk);
			},
			abandoned: (label) => this.abandoned.push(label),
			error: (error, label) => this.errors.push({ error, label }),
			dropped: (ms) => {
				this.droppedMs += ms;
			},
			changed: () => this.states.push(this.recorder.state),
		};
		this.recorder = handsFree
			? new HandsFree(own, this.device.open, this.time, events)
			: new Recorder(own, this.device.open, this.time, events);
	}

	label(name = `s${++this.#names}`): StreamLabel {
		return { id: name, topic: name, cause: { from: name } };
	}

	async start(name?: string): Promise<StreamLabel> {
		const label = this.label(name);
		this.recorder.command('start', label);
		await settle();
		return label;
	}

	async stop(): Promise<void> {
		this.recorder.command('stop', this.label('unused'));
		await settle();
	}

	async pass(ms: number): Promise<void> {
		// In steps, because what a timer starts may have to settle before the next one is due.
		for (let left = ms; left > 0; left -= 10) {
			this.time.advance(Math.min(10, left));
			await new Promise(setImmediate);
		}
		await settle();
	}

	/** Everything sent so far of one stream. */
	heard(id: string): Heard {
		const chunks = this.chunks.filter((chunk) => chunk.label.id === id);
		const [first] = chunks;
		if (!first) throw new Error(`no stream ${id}`);
		return {
			label: first.label,
			chunks,
			pcm: Buffer.concat(chunks.map((chunk) => chunk.pcm)),
			ended: chunks.at(-1)?.ended,
		};
	}

	/** The frames of the device's signal that a stream ought to consist of. */
	signal(from: number, to: number): Buffer {
		const size = frameBytes(this.device.format);
		return this.device.signal.subarray(from * size, to * size);
	}
}
