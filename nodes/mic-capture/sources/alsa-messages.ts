import { accessSync, constants, readdirSync } from 'node:fs';
import type { SampleEncoding } from '../../../lib/audio/convert.ts';
import type { PcmFormat } from '../../../lib/audio/format.ts';
import { VoiceError } from '../../../lib/node/errors.ts';
import type { DeviceName } from './source.ts';

// What arecord (alsa-utils, aplay.c) writes on stderr with LC_ALL=C -v --dump-hw-params.

/** arecord's names of the sample encodings that we read, the best first. */
const ENCODINGS: Record<string, SampleEncoding> = {
	S16_LE: 's16le',
	S32_LE: 's32le',
	S24_3LE: 's24le',
	FLOAT_LE: 'f32le',
	U8: 'u8',
};

export function encodingOf(alsaName: string): SampleEncoding {
	return ENCODINGS[alsaName] ?? 's16le';
}

/** The format that a device was set up with ("Its setup is: … channels : 1, rate : 48000"). */
export function parseSetup(stderr: string): PcmFormat | undefined {
	const setup = stderr.slice(stderr.indexOf('Its setup is:'));
	const channels = /^\s*channels\s*: (\d+)/m.exec(setup)?.[1];
	const rate = /^\s*rate\s*: (\d+)/m.exec(setup)?.[1];
	return channels && rate ? { channels: Number(channels), sampleRate: Number(rate) } : undefined;
}

/** ALSA's `null` device delivers zeros as fast as they are read: a flood, not a microphone. */
export function isNullDevice(stderr: string): boolean {
	return /^Null PCM$/m.test(stderr);
}

/** What to ask a device for. */
export interface Ask {
	/** arecord's name of the sample encoding. */
	encoding: string;
	channels: number;
}

/** After a refusal: the nearest thing that the device says it can do, or undefined if that was no refusal. */
export function nextAsk(stderr: string, asked: Ask): Ask | undefined {
	if (/Channels? count (non|not) available/i.test(stderr)) {
		const channels = nearest(stderr, 'CHANNELS', asked.channels);
		return channels === undefined || channels === asked.channels ? undefined : { ...asked, channels };
	}
	if (/Sample format (non|not) available/i.test(stderr)) {
		const offered = /^FORMAT: +(.*)$/m.exec(stderr)?.[1]?.split(/\s+/) ?? [];
		const encoding = Object.keys(ENCODINGS).find((name) => offered.includes(name));
		return encoding === undefined || encoding === asked.encoding ? undefined : { ...asked, encoding };
	}
	return undefined;
}

/** The value nearest to `wanted` that a line such as "CHANNELS: 2", "CHANNELS: [2 8]" or "CHANNELS: 2 4" allows. */
function nearest(stderr: string, name: string, wanted: number): number | undefined {
	const line = new RegExp(`^${name}: +(.*)$`, 'm').exec(stderr)?.[1] ?? '';
	const numbers = line.match(/\d+/g)?.map(Number) ?? [];
	const [low, high] = numbers;
	if (/^[[(]/.test(line) && low !== undefined && high !== undefined)
		return Math.min(Math.max(wanted, low), high);
	return numbers.sort((a, b) => Math.abs(a - wanted) - Math.abs(b - wanted))[0];
}

/** "overrun!!! (at least 12.345 ms long)": milliseconds of audio that the card had to throw away. */
export function parseOverrun(line: string): number | undefined {
	const ms = /overrun!!! \(at least ([\d.]+) ms long\)/.exec(line)?.[1];
	return ms === undefined ? undefined : Number(ms);
}

/** What a failed open or a broken capture means. `names` are the devices that are there. */
export function alsaError(stderr: string, device: string, names: readonly string[]): VoiceError {
	const shown = device === '' ? 'the default microphone' : `the microphone "${device}"`;
	const cause = new Error(reason(stderr));
	const is = (text: RegExp) => text.test(cause.message);
	if (is(/resource busy/i))
		return new VoiceError(
			'MIC_DEVICE_BUSY',
			`Another program uses ${shown}`,
			'end that program, or choose a device that can be shared, such as "default"',
			{ cause, retryable: true },
		);
	if (is(/permission denied|operation not permitted/i) || (is(/no such file/i) && lacksPermission()))
		return new VoiceError(
			'MIC_DEVICE_NOT_FOUND',
			`The user who runs Node-RED may not open ${shown}`,
			'add that user to the group audio (sudo usermod -aG audio <user>) and restart Node-RED',
			{ cause },
		);
	if (is(/no such (file|device)|unknown pcm|not found|invalid argument.*open/i))
		return new VoiceError(
			'MIC_DEVICE_NOT_FOUND',
			`There is no ${shown.replace(/^the /, '')}`,
			names.length
				? `choose one of ${names.join(', ')}`
				: 'plug a microphone in; "arecord -l" lists those that are there',
			{ cause, retryable: true },
		);
	if (is(/connection refused|host is down|connection terminated/i))
		return new VoiceError(
			'MIC_DEVICE_NOT_FOUND',
			`The sound server behind ${shown} does not answer`,
			'start PulseAudio or PipeWire for the user who runs Node-RED, or choose a device such as "plughw:0"',
			{ cause, retryable: true },
		);
	return new VoiceError(
		'MIC_FORMAT',
		`${shown} refused to record (${cause.message})`.replace(/^t/, 'T'),
		REMEDY,
		{
			cause,
		},
	);
}

const REMEDY = 'choose a device whose name begins with "plughw:" or "default"';

/** arecord's own last words, without the noise that libasound prints while it looks for devices. */
export function reason(stderr: string): string {
	const lines = stderr.split('\n').map((line) => line.trim());
	const own = lines.filter((line) => /^arecord: /.test(line)).at(-1);
	return own?.replace(/^arecord: (\w+:\d+: )?/, '') ?? 'arecord gave no reason';
}

/** Does this machine have a sound card that this user may not open? libasound then says that there is none. */
function lacksPermission(folder = '/dev/snd'): boolean {
	try {
		const captures = readdirSync(folder).filter((name) => /^pcmC\d+D\d+c$/.test(name));
		return captures.length > 0 && captures.every((name) => !mayOpen(`${folder}/${name}`));
	} catch {
		return false;
	}
}

function mayOpen(path: string): boolean {
	try {
		accessSync(path, constants.R_OK | constants.W_OK);
		return true;
	} catch {
		return false;
	}
}

/** The output of `arecord -L`: a name at the start of a line, then indented lines that describe it. */
export function parseDevices(output: string): DeviceName[] {
	const devices: DeviceName[] = [];
	for (const line of output.split('\n')) {
		const last = devices.at(-1);
		if (/^\S/.test(line)) devices.push({ name: line.trim(), description: '' });
		else if (last && line.trim())
			last.description = [last.description, line.trim()].filter(Boolean).join(', ');
	}
	return devices.filter(({ name }) => name !== 'null');
}
