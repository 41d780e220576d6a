import { bytesToFrames, frameBytes, msToFrames } from '../../lib/audio/format.ts';
import { VoiceError } from '../../lib/node/errors.ts';
import type { EndReason } from '../../lib/node/messages.ts';
import { Microphone, type Time } from './microphone.ts';
import type { Capture, SourceEvents } from './sources/source.ts';
import { type Chunk, type StreamLabel, Take, type TakeSettings } from './take.ts';

/**
 * closed, opening: the device. armed: it is open, and only pre-roll is kept. recording: a stream runs (perhaps the
 * device is still being opened). stopping: what was said before the stop is still on its way.
 */
export type RecorderState = 'closed' | 'opening' | 'armed' | 'recording' | 'stopping';

export interface RecorderSettings extends TakeSettings {
	/** A stream begins so long before its start; the device then stays open. 0 = open it at the start. */
	preRollMs: number;
	/** Names the stream that begins by itself as soon as there is a device, also after the device was lost. */
	autostart?: () => StreamLabel;
}

export interface RecorderEvents {
	chunk(chunk: Chunk): void;
	/** The stream was reset: nothing more of it comes. */
	abandoned(label: StreamLabel): void;
	/** @param label the stream that failed; absent when the device went away while nothing was recorded */
	error(error: VoiceError, label?: StreamLabel): void;
	/** The sound card had to throw audio away. */
	dropped(ms: number): void;
	changed(): void;
}

interface Command {
	word: 'start' | 'stop' | 'toggle';
	label: StreamLabel;
	at: number;
}

/** Sound needs up to 208 ms through PulseAudio; a busy machine may add as much. Looked at twice, because a busy
 * event loop runs an expired timer before it reads what has arrived. */
const TAIL_MS = [500, 100] as const;
const HISTORY_SPARE_MS = 1000;
const WAITING_MOST = 16;
const RETRY_MS = { first: 1000, most: 30_000 };
/** A device that has delivered for so long works. */
const HEALTHY_MS = 5000;

/** Turns control words and a device into streams. Knows nothing of Node-RED, files or sound cards. */
export class Recorder {
	readonly #settings: RecorderSettings;
	readonly #events: RecorderEvents;
	readonly #time: Time;
	readonly #microphone: Microphone;
	#take: Take | undefined;
	/** Position of the device at which the stream goes on. */
	#next = 0;
	#stopAt: number | undefined;
	#toldSilent = false;
	/** Commands that came while the last stream was stopping. */
	#waiting: Command[] = [];
	#cancelTail = () => {};
	#cancelRetry = () => {};
	/** Failures in a row, of a device that did not work well in between. */
	#failures = 0;
	#broken = false;
	/** Begin a stream as soon as the device is open. */
	#resume = false;
	#over = false;

	constructor(
		settings: RecorderSettings,
		open: (events: SourceEvents) => Promise<Capture>,
		time: Time,
		events: RecorderEvents,
	) {
		this.#settings = settings;
		this.#events = events;
		this.#time = time;
		const { format, preRollMs } = settings;
		this.#microphone = new Microphone(
			{ format, historyMs: preRollMs + HISTORY_SPARE_MS, open, time },
			{
				opened: () => this.#opened(),
				audio: (pcm, position) => this.#audio(pcm, position),
				dropped: (ms) => events.dropped(ms),
				ended: () => this.#ended(),
				failed: (error) => this.#failed(error),
			},
		);
		this.#resume = settings.autostart !== undefined;
		if (this.#keepsOpen) this.#microphone.open();
	}

	get state(): RecorderState {
		if (this.#take) return this.#stopAt === undefined ? 'recording' : 'stopping';
		const { state } = this.#microphone;
		return state === 'open' ? 'armed' : state;
	}

	/** Is there a device for the stream? */
	get deviceOpen(): boolean {
		return this.#microphone.state === 'open';
	}

	/** The last attempt to use the device failed. */
	get failing(): boolean {
		return this.#broken;
	}

	/** Milliseconds of audio in the current stream. */
	get durationMs(): number {
		return this.#take?.durationMs ?? 0;
	}

	/** The current stream has brought only digital silence, for some seconds. */
	get silent(): boolean {
		return this.#take?.dead ?? false;
	}

	/** A start while recording and a stop while idle are no errors: buttons bounce, flows repeat themselves. */
	command(word: Command['word'], label: StreamLabel): void {
		this.#obey({ word, label, at: this.#time.now() });
		this.#catchUp();
	}

	/** Abandons the current stream: no last chunk. */
	reset(): void {
		this.#waiting = [];
		this.#resume = false;
		const take = this.#drop();
		take?.abandon();
		if (take) this.#events.abandoned(take.label);
		this.#rest(take !== undefined);
	}

	/** Ends the current stream and lets the device go; resolves when it is free. */
	async close(): Promise<void> {
		this.#over = true;
		this.#waiting = [];
		this.#cancelRetry();
		this.#drop()?.end('close');
		await this.#microphone.close();
	}

	get #keepsOpen(): boolean {
		return !this.#over && (this.#settings.preRollMs > 0 || this.#resume);
	}

	#obey(command: Command): void {
		if (this.#over) return;
		if (this.#stopAt !== undefined) {
			if (this.#waiting.length < WAITING_MOST) this.#waiting.push(command);
			return;
		}
		const starts = command.word === 'start' || (command.word === 'toggle' && !this.#take);
		if (starts) this.#start(command);
		else this.#stop(command.at);
	}

	#start({ label, at }: Command): void {
		if (this.#take) return;
		this.#resume = false;
		this.#cancelRetry();
		this.#toldSilent = false;
		const microphone = this.#microphone;
		// A device that is only now opened is heard from its first sample on.
		const pressed = this.deviceOpen ? (microphone.positionAt(at) ?? microphone.position) : 0;
		const wanted = pressed - msToFrames(this.#settings.preRollMs, this.#settings.format);
		this.#next = Math.max(wanted, this.deviceOpen ? microphone.oldest : 0);
		const preRoll = Math.max(0, pressed - this.#next);
		this.#take = new Take(label, this.#settings, preRoll, (chunk) => this.#events.chunk(chunk));
		this.#events.changed();
		microphone.open();
	}

	/** Takes what was captured before the current stream was asked for. */
	#catchUp(): void {
		if (!this.#take || !this.deviceOpen) return;
		const { pcm, position } = this.#microphone.since(this.#next);
		this.#audio(pcm, position);
	}

	#stop(at: number): void {
		this.#resume = false;
		if (this.#take) this.#awaitTail(at);
		else this.#rest(false);
	}

	/** What was said until `at` is still on its way. */
	#awaitTail(at: number): void {
		this.#stopAt = at;
		this.#events.changed();
		const [first, second] = TAIL_MS;
		this.#cancelTail = this.#time.after(first, () => {
			this.#cancelTail = this.#time.after(second, () => this.#finish('stop'));
		});
	}

	#opened(): void {
		this.#broken = false;
		this.#events.changed();
		const label = this.#settings.autostart;
		if (this.#resume && label && !this.#take) this.command('start', label());
	}

	/** Takes what belongs to the stream of frames that begin at `position`. */
	#audio(pcm: Buffer, position: number): void {
		const { format } = this.#settings;
		if (this.#failures && position > msToFrames(HEALTHY_MS, format)) this.#failures = 0;
		const take = this.#take;
		if (!take) return;
		const end = position + bytesToFrames(pcm.length, format);
		const target = this.#stopAt === undefined ? undefined : this.#microphone.positionAt(this.#stopAt);
		const until = Math.min(end, target ?? end);
		if (until > this.#next) {
			const from = Math.max(0, this.#next - position);
			this.#next = until;
			const size = frameBytes(format);
			const reason = take.push(pcm.subarray(from * size, (until - position) * size));
			if (this.#take !== take) return;
			if (reason) this.#finish(reason);
			else this.#checkSilence(take);
		}
		if (target !== undefined && this.#next >= target && this.#take === take) this.#finish('stop');
	}

	#checkSilence(take: Take): void {
		if (!take.dead || this.#toldSilent) return;
		this.#toldSilent = true;
		const error = new VoiceError(
			'MIC_SILENT',
			'The microphone delivers only digital silence',
			'switch it on, unmute it, and check that Node-RED may use it',
		);
		this.#events.error(error, take.label);
	}

	#finish(reason: EndReason): void {
		const take = this.#drop();
		if (!take) return;
		take.end(reason);
		for (const command of this.#waiting.splice(0)) this.#obey(command);
		this.#catchUp();
		this.#rest(true);
		if (reason === 'start-timeout')
			this.#events.error(
				new VoiceError(
					'MIC_SILENT',
					`No speech began within ${this.#settings.startTimeoutMs / 1000} s`,
					'speak sooner or louder, or lower the setting "silenceThresholdDb"',
				),
				take.label,
			);
	}

	#drop(): Take | undefined {
		const take = this.#take;
		this.#take = undefined;
		this.#stopAt = undefined;
		this.#cancelTail();
		return take;
	}

	/** Without a stream the device stays open only where something wants it. */
	#rest(changed: boolean): void {
		const { state } = this;
		if (!this.#take && !this.#keepsOpen) {
			this.#cancelRetry();
			void this.#microphone.close();
		}
		if (changed || this.state !== state) this.#events.changed();
	}

	#ended(): void {
		if (this.#take) this.#finish('end-of-file');
		else this.#events.changed();
	}

	#failed(error: VoiceError): void {
		const label = this.#take?.label;
		const first = this.#failures++ === 0;
		this.#broken = true;
		if (label && this.#settings.autostart) this.#resume = true;
		if (label) this.#finish('error');
		else this.#events.changed();
		if (label || first) this.#events.error(error, label);
		if (!this.#keepsOpen || this.#take) return;
		const delay = Math.min(RETRY_MS.most, RETRY_MS.first * 2 ** (this.#failures - 1));
		this.#cancelRetry();
		this.#cancelRetry = this.#time.after(delay, () => this.#microphone.open());
	}
}
