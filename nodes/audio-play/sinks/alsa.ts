import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { englishEnvironment, findTool, listDevices, whyNot } from '../../../lib/alsa/devices.ts';
import { nameOf } from '../../../lib/alsa/errors.ts';
import { AlsaLog, type Ask } from '../../../lib/alsa/log.ts';
import { frameBytes, type PcmFormat } from '../../../lib/audio/format.ts';
import { VoiceError } from '../../../lib/node/errors.ts';
import { type GuardedProcess, spawnGuarded } from '../../../lib/process/guarded.ts';
import { PlayClock } from './play-clock.ts';
import type { Sink, SinkBackend, SinkEvents, SinkOptions } from './sink.ts';

/** The device's own buffer: short, so that pause and stop are quick; long enough for a busy Raspberry Pi. */
const BUFFER_MS = 300;
/** aplay collects so much before it hands it on. */
const PERIOD_MS = 25;
/** Sound starts when so much is in the device's buffer; aplay would wait until the buffer is full. */
const START_MS = 100;
/**
 * How far ahead of the sound we write. The pipe to aplay would take seconds, and pause, volume and position
 * would lag behind by as much.
 */
const LEAD_MS = 500;
const ENCODING = 'S16_LE';
const OPEN_TIMEOUT_MS = 10_000;
const STALL_MS = 10_000;

/** Plays through `aplay` of alsa-utils. @param stallMs how long a device may take no sound */
export function alsaBackend(stallMs = STALL_MS): SinkBackend {
	return {
		open: (options, events) => openAlsa(options, events, stallMs),
		devices: () => listDevices('output'),
	};
}

async function openAlsa(options: SinkOptions, events: SinkEvents, stallMs: number): Promise<Sink> {
	const command = findTool('output');
	const { device, format } = options;
	const ask: Ask = { encoding: ENCODING, channels: format.channels };
	let run = new AplayRun(command, device, format);
	let setup = await run.opened;
	const next = setup ? undefined : run.log.nextAsk(ask, [ENCODING]);
	if (next) {
		run = new AplayRun(command, device, { ...format, channels: next.channels });
		setup = await run.opened;
	}
	if (setup) return new AlsaSink(run, setup, events, nameOf('output', device), stallMs);
	if (run.timedOut)
		throw new VoiceError(
			'PLAY_STALLED',
			`${nameOf('output', device)} did not open within ${OPEN_TIMEOUT_MS / 1000} s`,
			'check the device, and that the sound server is running',
		);
	throw await whyNot('output', device, run.log);
}

/** One run of aplay that reads raw sound from its stdin. */
class AplayRun {
	readonly guarded: GuardedProcess;
	readonly log: AlsaLog;
	/** Resolves with the setup when the device is open, with undefined when aplay ended or hung instead. */
	readonly opened: Promise<PcmFormat | undefined>;
	/** Resolves with the exit code when aplay has ended and all that it printed was read. */
	readonly ended: Promise<number>;
	onUnderrun: () => void = () => {};
	timedOut = false;

	constructor(command: string, device: string, { sampleRate, channels }: PcmFormat) {
		this.guarded = spawnGuarded(
			command,
			[
				...(device ? [`--device=${device}`] : []),
				...['--file-type=raw', `--format=${ENCODING}`, `--rate=${sampleRate}`, `--channels=${channels}`],
				...[
					`--buffer-time=${BUFFER_MS * 1000}`,
					`--period-time=${PERIOD_MS * 1000}`,
					`--start-delay=${START_MS * 1000}`,
				],
				...['--verbose', '--dump-hw-params', '-'],
			],
			{ env: englishEnvironment() },
		);
		let opened: (setup: PcmFormat) => void;
		const setup = new Promise<PcmFormat>((resolve) => {
			opened = resolve;
		});
		this.log = new AlsaLog({ setup: (setup) => opened(setup), underrun: () => this.onUnderrun() });
		const { stdout, stderr } = this.guarded.process;
		stdout?.resume();
		stderr?.setEncoding('utf8').on('data', (text: string) => this.log.push(text));
		const read = stderr && !stderr.closed ? once(stderr, 'close') : undefined;
		this.ended = this.guarded.exited.then(async ({ code }) => {
			await Promise.race([read, sleep(1000, undefined, { ref: false })]);
			return code;
		});
		const timer = setTimeout(() => {
			this.timedOut = true;
			this.guarded.kill();
		}, OPEN_TIMEOUT_MS);
		this.opened = Promise.race([setup, this.ended.then(() => undefined)]).finally(() => clearTimeout(timer));
	}
}

class AlsaSink implements Sink {
	readonly format: PcmFormat;
	readonly #run: AplayRun;
	readonly #events: SinkEvents;
	/** For messages. */
	readonly #device: string;
	readonly #stallMs: number;
	readonly #clock: PlayClock;
	#playing = true;
	#paused = false;
	/** The gap that aplay reports next was noticed by the clock, or was a pause. */
	#gapKnown = false;
	#writtenMs = 0;
	#dryTimer: NodeJS.Timeout | undefined;
	#drainTimer: NodeJS.Timeout | undefined;
	#stallTimer: NodeJS.Timeout | undefined;

	constructor(run: AplayRun, setup: PcmFormat, events: SinkEvents, device: string, stallMs: number) {
		this.format = setup;
		this.#run = run;
		this.#events = events;
		this.#device = device;
		this.#stallMs = stallMs;
		this.#clock = new PlayClock(setup.sampleRate * frameBytes(this.format));
		run.onUnderrun = () => this.#reportedGap();
		run.guarded.process.stdin?.on('drain', () => this.#room());
		run.ended.then((code) => {
			if (this.#playing) this.#lose(this.#gone(code));
		});
	}

	get queuedBytes(): number {
		return this.#clock.queuedBytes;
	}

	write(pcm: Buffer): boolean {
		if (!this.#playing) return true;
		this.#paused = false;
		const taken = this.#stdin.write(pcm);
		this.#clock.written(pcm.length);
		this.#writtenMs += (pcm.length / frameBytes(this.format) / this.format.sampleRate) * 1000;
		clearTimeout(this.#dryTimer);
		this.#dryTimer = setTimeout(() => this.#ranDry(), this.#clock.queuedMs);
		if (!taken)
			this.#stallTimer ??= setTimeout(() => this.#lose(this.#stalled('takes no more sound')), this.#stallMs);
		if (taken && this.#clock.queuedMs < LEAD_MS) return true;
		this.#room();
		return false;
	}

	pause(): void {
		this.#paused = true;
	}

	async end(): Promise<void> {
		this.#close();
		this.#stdin.end();
		let late = false;
		const timer = setTimeout(() => {
			late = true;
			this.#run.guarded.kill();
		}, this.#clock.queuedMs + this.#stallMs);
		const code = await this.#run.ended;
		clearTimeout(timer);
		if (late) throw this.#stalled('did not play its last sound');
		// aplay reports no error when the device vanishes while the last sound is in its buffer: it is just too early.
		const early = this.#clock.queuedMs > 250 + this.#writtenMs / 1000 && !this.#run.log.unpaced;
		if (code !== 0 || early) throw this.#gone(code);
	}

	async abort(): Promise<void> {
		this.#close();
		// A process that hangs in a driver cannot be killed; nobody shall wait for it.
		await Promise.race([this.#run.guarded.stop(500), sleep(3000, undefined, { ref: false })]);
	}

	get #stdin(): Writable {
		return this.#run.guarded.process.stdin as Writable;
	}

	/** Calls `drain` once the pipe and the clock both have room. */
	#room(): void {
		if (!this.#playing || this.#stdin.writableNeedDrain) return;
		clearTimeout(this.#stallTimer);
		this.#stallTimer = undefined;
		clearTimeout(this.#drainTimer);
		const wait = this.#clock.queuedMs - LEAD_MS / 2;
		this.#drainTimer = setTimeout(() => this.#events.drain(), Math.max(0, wait));
	}

	#ranDry(): void {
		// Timers may fire a little early.
		if (this.#clock.queuedMs > 0) {
			this.#dryTimer = setTimeout(() => this.#ranDry(), this.#clock.queuedMs);
			return;
		}
		this.#gapKnown = true;
		if (!this.#paused) this.#events.underrun();
	}

	#reportedGap(): void {
		if (this.#playing && !this.#gapKnown) this.#events.underrun();
		this.#gapKnown = false;
	}

	#close(): void {
		this.#playing = false;
		for (const timer of [this.#dryTimer, this.#drainTimer, this.#stallTimer]) clearTimeout(timer);
	}

	#lose(error: VoiceError): void {
		this.#close();
		this.#run.guarded.kill();
		this.#events.lost(error);
	}

	#stalled(what: string): VoiceError {
		return new VoiceError(
			'PLAY_STALLED',
			`${this.#device} ${what} for ${this.#stallMs / 1000} s`,
			'check the device, and that the sound server is running',
			{ retryable: true },
		);
	}

	#gone(code: number): VoiceError {
		const reason =
			code === 0 ? 'its sound ended too early' : this.#run.log.reason || `aplay ended with ${code}`;
		return new VoiceError(
			'PLAY_STALLED',
			`${this.#device} stopped playing (${reason})`,
			'check that the device is still connected and the sound server is running',
			{ retryable: true },
		);
	}
}
