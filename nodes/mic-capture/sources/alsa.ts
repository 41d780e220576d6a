import { PcmDecoder } from '../../../lib/audio/convert.ts';
import { VoiceError } from '../../../lib/node/errors.ts';
import { findCommand, type GuardedProcess, spawnGuarded } from '../../../lib/process/guarded.ts';
import {
	type Ask,
	alsaError,
	encodingOf,
	isNullDevice,
	nextAsk,
	parseDevices,
	parseOverrun,
	parseSetup,
} from './alsa-messages.ts';
import {
	type Capture,
	type DeviceName,
	EventGate,
	type Source,
	type SourceEvents,
	type SourceOptions,
} from './source.ts';

/** How often the card hands audio over, and how much it keeps for a reader that is late. */
const PERIOD_MS = 20;
const BUFFER_MS = 500;
const NAMES_SHOWN = 12;
const LIST_TIMEOUT_MS = 5000;
const STOP_GRACE_MS = 1000;
/** A refused channel count, then a refused sample encoding, then one more of each. */
const ATTEMPTS = 4;

/** Microphones of the sound system, through `arecord` of alsa-utils: no native addon, so it works everywhere. */
export const alsa: Source = {
	async open(options, events) {
		const command = arecord();
		let ask: Ask = { encoding: 'S16_LE', channels: options.format.channels };
		for (let attempt = 1; ; attempt++) {
			const recorder = new Recorder(command, options, ask, events);
			const refusal = await recorder.begun;
			if (refusal === undefined) return recorder;
			await recorder.close();
			const next = attempt < ATTEMPTS ? nextAsk(refusal.stderr, ask) : undefined;
			if (!next) throw refusal.error ?? alsaError(refusal.stderr, options.device, await someNames());
			ask = next;
		}
	},
	devices: async () => listDevices(arecord()),
};

function arecord(): string {
	const command = findCommand('arecord');
	if (command) return command;
	throw new VoiceError('MIC_BACKEND_MISSING', 'arecord is not installed', 'sudo apt install alsa-utils');
}

// Messages in English, whatever the user's language; their numbers are parsed.
const environment = (): NodeJS.ProcessEnv => ({ ...process.env, LC_ALL: 'C', LANGUAGE: 'C' });

async function listDevices(command: string): Promise<DeviceName[]> {
	const listing = spawnGuarded(command, ['-L'], { env: environment() });
	let output = '';
	listing.process.stdout?.on('data', (data: Buffer) => {
		output = (output + data.toString()).slice(0, 100_000);
	});
	listing.process.stderr?.resume();
	const timer = setTimeout(() => listing.kill(), LIST_TIMEOUT_MS);
	await new Promise((resolve) => listing.process.once('close', resolve));
	clearTimeout(timer);
	return parseDevices(output);
}

/** The names that an error message shows: few, and first those that nearly everybody means. */
async function someNames(): Promise<string[]> {
	const devices = await listDevices(arecord()).catch(() => []);
	const names = devices.map(({ name }) => name);
	const likely = names.filter((name) => !name.includes('CARD=') || /^(sysdefault|plughw):/.test(name));
	return (likely.length ? likely : names).slice(0, NAMES_SHOWN);
}

interface Refusal {
	stderr: string;
	error?: VoiceError;
}

/** One run of arecord. */
class Recorder implements Capture {
	/** Resolves when audio comes, or with why none does. */
	readonly begun: Promise<Refusal | undefined>;
	format;
	readonly #options: SourceOptions;
	readonly #gate: EventGate;
	readonly #child: GuardedProcess;
	readonly #encoding: Ask['encoding'];
	#decoder: PcmDecoder | undefined;
	#settle: (refusal: Refusal | undefined) => void = () => {};
	#stderr = '';
	#line = '';
	#watchdog: NodeJS.Timeout | undefined;
	#heard = 0;

	constructor(command: string, options: SourceOptions, ask: Ask, events: SourceEvents) {
		this.#options = options;
		this.#gate = new EventGate(events);
		this.#encoding = ask.encoding;
		this.format = { ...options.format, channels: ask.channels };
		this.begun = new Promise((resolve) => {
			this.#settle = resolve;
		});
		this.#child = spawnGuarded(command, recordArguments(options, ask), { env: environment() });
		const { process: child } = this.#child;
		child.stdin?.end();
		child.stdout?.on('data', (data: Buffer) => this.#receive(data));
		child.stderr?.on('data', (data: Buffer) => this.#read(data.toString()));
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
			if (isNullDevice(this.#stderr)) return this.#refuse(nullDevice(this.#options.device));
			this.format = parseSetup(this.#stderr) ?? this.format;
			this.#decoder = new PcmDecoder(this.format, encodingOf(this.#encoding));
			this.#stderr = '';
			this.#gate.data(this.#decoder.push(data));
			this.#settle(undefined);
			this.#gate.open();
			this.#child.process.stdout?.resume();
		});
	}

	#read(text: string): void {
		this.#stderr = (this.#stderr + text).slice(-8000);
		const lines = (this.#line + text).split('\n');
		this.#line = (lines.pop() ?? '').slice(-1000);
		for (const line of lines) {
			const lostMs = parseOverrun(line);
			if (lostMs !== undefined) this.#gate.dropped(lostMs);
		}
	}

	#over(): void {
		clearTimeout(this.#watchdog);
		this.#settle({ stderr: this.#stderr });
		const { device } = this.#options;
		const cause = alsaError(this.#stderr, device, []);
		this.#gate.lost(
			new VoiceError(
				'MIC_STALLED',
				`The microphone "${device || 'default'}" went away while it recorded (${(cause.cause as Error).message})`,
				'check its cable and the sound server; the next start tries again',
				{ cause, retryable: true },
			),
		);
	}

	#refuse(error: VoiceError): void {
		this.#settle({ stderr: '', error });
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
					`The microphone "${device || 'default'}" delivered nothing for ${stallMs / 1000} s`,
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
