import { englishEnvironment, findTool, listDevices, whyNot } from '../../../lib/alsa/devices.ts';
import { nameOf, openError } from '../../../lib/alsa/errors.ts';
import { AlsaLog, type Ask } from '../../../lib/alsa/log.ts';
import { PcmDecoder, type SampleEncoding } from '../../../lib/audio/convert.ts';
import { VoiceError } from '../../../lib/node/errors.ts';
import { type GuardedProcess, spawnGuarded } from '../../../lib/process/guarded.ts';
import { type Capture, EventGate, type Source, type SourceEvents, type SourceOptions } from './source.ts';

/** How often the card hands audio over, and how much it keeps for a reader that is late. */
const PERIOD_MS = 20;
const BUFFER_MS = 500;
const STOP_GRACE_MS = 1000;
/** A refused channel count, then a refused sample encoding, then one more of each. */
const ATTEMPTS = 4;

/** arecord's names of the sample encodings that we read, the best first. */
const ENCODINGS: Record<string, SampleEncoding> = {
	S16_LE: 's16le',
	S32_LE: 's32le',
	S24_3LE: 's24le',
	FLOAT_LE: 'f32le',
	U8: 'u8',
};

/** Microphones of the sound system, through `arecord` of alsa-utils: no native addon, so it works everywhere. */
export const alsa: Source = {
	async open(options, events) {
		const command = findTool('input');
		let ask: Ask = { encoding: 'S16_LE', channels: options.format.channels };
		for (let attempt = 1; ; attempt++) {
			const recorder = new Recorder(command, options, ask, events);
			const refusal = await recorder.begun;
			if (refusal === undefined) return recorder;
			await recorder.close();
			if (refusal !== 'by arecord') throw refusal;
			const next = attempt < ATTEMPTS ? recorder.log.nextAsk(ask, Object.keys(ENCODINGS)) : undefined;
			if (!next) throw await whyNot('input', options.device, recorder.log);
			ask = next;
		}
	},
	devices: () => listDevices('input'),
};

/** One run of arecord. */
class Recorder implements Capture {
	/** Resolves when audio comes, or with why none does. */
	readonly begun: Promise<VoiceError | 'by arecord' | undefined>;
	readonly log: AlsaLog;
	format;
	readonly #options: SourceOptions;
	readonly #gate: EventGate;
	readonly #child: GuardedProcess;
	readonly #encoding: Ask['encoding'];
	#decoder: PcmDecoder | undefined;
	#settle: (refusal: VoiceError | 'by arecord' | undefined) => void = () => {};
	#watchdog: NodeJS.Timeout | undefined;
	#heard = 0;

	constructor(command: string, options: SourceOptions, ask: Ask, events: SourceEvents) {
		this.#options = options;
		this.#gate = new EventGate(events);
		this.log = new AlsaLog({ overrun: (ms) => this.#gate.dropped(ms) });
		this.#encoding = ask.encoding;
		this.format = { ...options.format, channels: ask.channels };
		this.begun = new Promise((resolve) => {
			this.#settle = resolve;
		});
		this.#child = spawnGuarded(command, recordArguments(options, ask), {
			env: englishEnvironment(),
		});
		const { process: child } = this.#child;
		child.stdin?.end();
		child.stdout?.on('data', (data: Buffer) => this.#receive(data));
		child.stderr?.setEncoding('utf8').on('data', (text: string) => this.log.push(text));
		// 'close' comes after the last bytes of both pipes; a command that cannot be started has only 'error'.
		child.once('close', () => this.#over());
		child.once('error', () => this.#over());
		this.#watch();
	}

	async close(): Promise<void> {
		this.#gate.close();
		clearTimeout(this.#watchdog);
		await this.#child.stop(STOP_GRACE_MS);
		this.#child.process.stdout?.destroy();
	}

	#receive(data: Buffer): void {
		this.#heard++;
		if (this.#decoder) {
			this.#gate.data(this.#decoder.push(data));
			return;
		}
		// arecord describes its set-up before the first samples, but the two pipes are read in any order.
		this.#child.process.stdout?.pause();
		setImmediate(() => {
			if (this.log.unpaced) return this.#refuse(nullDevice(this.#options.device));
			this.format = this.log.setup ?? this.format;
			this.#decoder = new PcmDecoder(this.format, ENCODINGS[this.#encoding] ?? 's16le');
			this.#gate.data(this.#decoder.push(data));
			this.#settle(undefined);
			this.#gate.open();
			this.#child.process.stdout?.resume();
		});
	}

	#over(): void {
		clearTimeout(this.#watchdog);
		this.#settle('by arecord');
		const { device } = this.#options;
		this.#gate.lost(
			new VoiceError(
				'MIC_STALLED',
				`${nameOf('input', device)} went away while it recorded (${this.log.ownReason ?? 'arecord gave no reason'})`,
				'check its cable and the sound server; the next start tries again',
				{ cause: openError('input', device, this.log, []), retryable: true },
			),
		);
	}

	#refuse(error: VoiceError): void {
		this.#settle(error);
		void this.#child.stop(STOP_GRACE_MS);
	}

	/** Ends arecord when nothing came for `stallMs`. A timer that is late itself looks again first. */
	#watch(): void {
		const { stallMs, device } = this.#options;
		const heard = this.#heard;
		this.#watchdog = setTimeout(() => {
			setImmediate(() => {
				if (this.#gate.closed) return;
				if (this.#heard !== heard) return this.#watch();
				const error = new VoiceError(
					'MIC_STALLED',
					`${nameOf('input', device)} delivered nothing for ${stallMs / 1000} s`,
					'unplug it and plug it in again, or choose another device',
					{ retryable: true },
				);
				this.#gate.lost(error);
				this.#refuse(error);
			});
		}, stallMs);
	}
}

const nullDevice = (device: string) =>
	new VoiceError(
		'MIC_FORMAT',
		`The device "${device}" is no microphone: it delivers zeros as fast as they are read`,
		'choose a microphone that "arecord -L" lists',
	);

function recordArguments({ device, format, framesPerBuffer }: SourceOptions, ask: Ask): string[] {
	// A quarter of what the user asks for at once is smooth enough, and nobody needs less than 5 ms.
	const period = Math.min(PERIOD_MS, Math.max(5, (framesPerBuffer * 250) / format.sampleRate));
	return [
		...(device === '' ? [] : [`--device=${device}`]),
		'--file-type=raw',
		`--format=${ask.encoding}`,
		`--channels=${ask.channels}`,
		`--rate=${format.sampleRate}`,
		`--period-time=${Math.round(period * 1000)}`,
		`--buffer-time=${BUFFER_MS * 1000}`,
		// ALSA's own rate converter is a linear one: let the device say its rate, and convert it well.
		'--disable-resample',
		'--dump-hw-params',
		'--verbose',
	];
}
