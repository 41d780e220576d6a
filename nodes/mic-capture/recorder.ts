import { bytesToFrames, frameBytes, framesToMs, msToFrames } from '../../lib/audio/format.ts';
import type { Clock } from '../../lib/node/clock.ts';
import type { VoiceError } from '../../lib/node/errors.ts';
import type { EndReason } from '../../lib/node/messages.ts';
import { UNSEEN_DELAY_MS } from './capture-clock.ts';
import { DeviceMachine, type OpenDevice } from './device-machine.ts';
import { noSpeech, onlySilence } from './limits.ts';
import type { MicCommand, MicEvents, MicState } from './machine.ts';
import type { Mute } from './mute.ts';
import { type StreamLabel, Take, type TakeSettings } from './take.ts';

export interface RecorderSettings extends TakeSettings {
	/** A stream begins so long before its start; the device then stays open. 0 = open it at the start. */
	preRollMs: number;
	/** Every stream begins with the device's first sample: it is opened anew, however soon after the last stream. */
	fromStart?: boolean;
	/** Silences the microphone at times. */
	mute?: Mute;
	/** Names the stream that begins by itself as soon as there is a device, also after the device was lost. */
	autostart?: () => StreamLabel;
}

interface Command {
	word: MicCommand;
	label: StreamLabel;
	at: number;
}

/**
 * Sound needs up to 208 ms through PulseAudio, and comes in pieces that must be full; a busy machine may add as much.
 * Looked at twice, because a busy event loop runs an expired timer before it reads what has arrived.
 */
const TAIL_MS = [500, 100] as const;
const HISTORY_SPARE_MS = 1000;
const WAITING_MOST = 16;

/** Streams that begin and end by control words. */
export class Recorder extends DeviceMachine {
	readonly #settings: RecorderSettings;
	readonly #time: Clock;
	/** How late sound may come. */
	readonly #lateMs: number;
	/** Position of the device at which the stream goes on. */
	#next = 0;
	#stopAt: number | undefined;
	#toldSilent = false;
	/** Commands that came while the last stream was stopping. */
	#waiting: Command[] = [];
	#cancelTail = () => {};
	/** Begin a stream as soon as the device is open. */
	#resume = false;
	#over = false;

	constructor(settings: RecorderSettings, open: OpenDevice, time: Clock, events: MicEvents) {
		const { format, preRollMs, mute } = settings;
		const pieceMs = framesToMs(settings.framesPerBuffer, format);
		const historyMs = preRollMs + HISTORY_SPARE_MS + pieceMs;
		super({ format, historyMs, ...(mute && { mute }) }, open, time, events);
		this.#settings = settings;
		this.#time = time;
		this.#lateMs = TAIL_MS[0] + pieceMs;
		this.#resume = settings.autostart !== undefined;
		if (this.#keepsOpen) this.microphone.open();
	}

	override get state(): MicState {
		return this.take && this.#stopAt !== undefined ? 'stopping' : super.state;
	}

	get silent(): boolean {
		return this.take?.dead ?? false;
	}

	command(word: Command['word'], label: StreamLabel): void {
		this.#obey({ word, label, at: this.#time.now() });
		this.#catchUp();
	}

	reset(): void {
		this.#waiting = [];
		this.#resume = false;
		const take = this.#drop();
		take?.abandon();
		if (take) this.events.abandoned(take.label);
		this.#rest(take !== undefined);
	}

	async close(): Promise<void> {
		this.#over = true;
		this.#waiting = [];
		this.reopening.cancel();
		this.#drop()?.end('close');
		await this.microphone.close();
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
		const starts = command.word === 'start' || (command.word === 'toggle' && !this.take);
		if (starts) this.#start(command);
		else this.#stop(command.at);
	}

	#start({ label, at }: Command): void {
		if (this.take) return;
		this.#resume = false;
		this.reopening.cancel();
		this.#toldSilent = false;
		const microphone = this.microphone;
		// A device that is only now opened is heard from its first sample on.
		const pressed = this.deviceOpen ? this.#positionAt(at) : 0;
		const wanted = pressed - msToFrames(this.#settings.preRollMs, this.#settings.format);
		this.#next = Math.max(wanted, this.deviceOpen ? microphone.oldest : 0);
		const preRoll = Math.max(0, pressed - this.#next);
		this.take = new Take(label, this.#settings, preRoll, (chunk) => this.events.chunk(chunk));
		this.events.changed();
		microphone.open();
	}

	/** After a pause of the device that nobody told us, its clock runs ahead for a while: not further than it can be. */
	#positionAt(time: number): number {
		const { position } = this.microphone;
		const latest = position + msToFrames(this.#lateMs, this.#settings.format);
		return Math.min(this.microphone.positionAt(time) ?? position, latest);
	}

	/** Takes what was captured before the current stream was asked for. */
	#catchUp(): void {
		if (!this.take || !this.deviceOpen) return;
		const { pcm, position } = this.microphone.since(this.#next);
		this.audio(pcm, position);
	}

	#stop(at: number): void {
		this.#resume = false;
		if (this.take) this.#awaitTail(at);
		else this.#rest(false);
	}

	/** What was said until `at` is still on its way, and was perhaps captured a little later than it seems. */
	#awaitTail(at: number): void {
		this.#stopAt = at + (this.deviceOpen ? UNSEEN_DELAY_MS : 0);
		this.events.changed();
		this.#cancelTail = this.#time.after(this.#lateMs, () => {
			this.#cancelTail = this.#time.after(TAIL_MS[1], () => this.#finish('stop'));
		});
	}

	protected override opened(): void {
		this.events.changed();
		const label = this.#settings.autostart;
		if (this.#resume && label && !this.take) this.command('start', label());
	}

	/** Takes what belongs to the stream of frames that begin at `position`. */
	protected override audio(pcm: Buffer, position: number): void {
		const { format } = this.#settings;
		this.reopening.delivered(framesToMs(position, format));
		const take = this.take;
		if (!take) return;
		const end = position + bytesToFrames(pcm.length, format);
		const target = this.#stopAt === undefined ? undefined : this.microphone.positionAt(this.#stopAt);
		const until = Math.min(end, target ?? end);
		if (until > this.#next) {
			const from = Math.max(0, this.#next - position);
			this.#next = until;
			const size = frameBytes(format);
			const reason = take.push(pcm.subarray(from * size, (until - position) * size));
			if (this.take !== take) return;
			if (reason) this.#finish(reason);
			else this.#checkSilence(take);
		}
		if (target !== undefined && this.#next >= target && this.take === take) this.#finish('stop');
	}

	#checkSilence(take: Take): void {
		if (this.#settings.mute?.active) take.excuse();
		if (!take.dead || this.#toldSilent) return;
		this.#toldSilent = true;
		this.events.error(onlySilence(), take.label);
	}

	#finish(reason: EndReason): void {
		const take = this.#drop();
		if (!take) return;
		take.end(reason);
		for (const command of this.#waiting.splice(0)) this.#obey(command);
		this.#catchUp();
		this.#rest(true);
		if (reason === 'start-timeout') this.events.error(noSpeech(this.#settings.startTimeoutMs), take.label);
	}

	#drop(): Take | undefined {
		const take = this.take;
		this.take = undefined;
		this.#stopAt = undefined;
		this.#cancelTail();
		// At once: whoever starts again on hearing of the end, or did so before it, gets another.
		if (take && this.#settings.fromStart && !this.#keepsOpen) void this.microphone.close();
		return take;
	}

	/** Without a stream the device stays open only where something wants it. */
	#rest(changed: boolean): void {
		const { state } = this;
		if (!this.take && !this.#keepsOpen) {
			this.reopening.cancel();
			void this.microphone.close();
		}
		if (changed || this.state !== state) this.events.changed();
	}

	protected override ended(): void {
		if (this.take) this.#finish('end-of-file');
		else this.events.changed();
	}

	protected override failed(error: VoiceError): void {
		const label = this.take?.label;
		const first = this.reopening.failed();
		if (label && this.#settings.autostart) this.#resume = true;
		if (label) this.#finish('error');
		else this.events.changed();
		if (label || first) this.events.error(error, label);
		if (this.#keepsOpen && !this.take) this.reopening.schedule();
	}
}
