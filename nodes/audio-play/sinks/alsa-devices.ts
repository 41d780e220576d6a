import { setTimeout as sleep } from 'node:timers/promises';
import { VoiceError } from '../../../lib/node/errors.ts';
import { findCommand, spawnGuarded } from '../../../lib/process/guarded.ts';
import type { DeviceName } from './sink.ts';

const LIST_TIMEOUT_MS = 10_000;
const NAMES_IN_ERROR = 12;

export const nameOf = (device: string): string =>
	device ? `The sound device "${device}"` : 'The default sound device';

export const aplayMissing = (): VoiceError =>
	new VoiceError('PLAY_BACKEND_MISSING', 'aplay is not installed', 'sudo apt install alsa-utils');

/** The PCMs that `aplay -L` lists: names as the `device` setting takes them. */
export async function listAlsaDevices(): Promise<DeviceName[]> {
	const command = findCommand('aplay');
	if (!command) throw aplayMissing();
	const guarded = spawnGuarded(command, ['-L'], { env: { ...process.env, LC_ALL: 'C' } });
	const { stdin, stdout, stderr } = guarded.process;
	stdin?.end();
	stderr?.resume();
	let text = '';
	stdout?.setEncoding('utf8').on('data', (piece: string) => {
		text = (text + piece).slice(0, 100_000);
	});
	const closed = new Promise((resolve) => stdout?.once('close', resolve));
	const timer = setTimeout(() => guarded.kill(), LIST_TIMEOUT_MS);
	await guarded.exited;
	clearTimeout(timer);
	await Promise.race([closed, sleep(1000, undefined, { ref: false })]);
	return parseDevices(text);
}

/** A name at the start of a line, then indented lines that describe it. */
export function parseDevices(text: string): DeviceName[] {
	const devices: DeviceName[] = [];
	for (const line of text.split('\n')) {
		const words = line.trim();
		if (!words) continue;
		const last = devices.at(-1);
		if (!/^\s/.test(line)) devices.push({ name: words, description: '' });
		else if (last) last.description = last.description ? `${last.description}, ${words}` : words;
	}
	return devices;
}

/** Why a device did not open, from what aplay said. */
export async function alsaOpenError(device: string, reason: string): Promise<VoiceError> {
	const name = nameOf(device);
	if (/resource busy/i.test(reason))
		return new VoiceError(
			'PLAY_DEVICE_BUSY',
			`${name} is in use by another program`,
			'close that program, or use a device that mixes, such as "default"',
			{ retryable: true },
		);
	if (/permission denied|operation not permitted/i.test(reason))
		return new VoiceError(
			'PLAY_DEVICE_NOT_FOUND',
			`${name} may not be opened by this user (permission denied)`,
			'sudo usermod -aG audio <the user that runs Node-RED>, then restart Node-RED',
		);
	if (/connection refused|host is down|connection terminated/i.test(reason))
		return new VoiceError(
			'PLAY_DEVICE_NOT_FOUND',
			`${name} cannot be opened because the sound server does not answer (${reason})`,
			'start PulseAudio or PipeWire, or choose a hardware device such as "plughw:0,0"',
			{ retryable: true },
		);
	if (/sample format non available/i.test(reason))
		return new VoiceError(
			'AUDIO_FORMAT',
			`${name} does not take 16-bit samples`,
			`let ALSA convert: use the device "${device.startsWith('hw:') ? `plug${device}` : 'plughw:0,0'}"`,
		);
	if (/no such (file|device)|unknown pcm|cannot find card|invalid/i.test(reason)) {
		const names = (await listAlsaDevices().catch(() => [])).map((found) => found.name);
		const known = names.slice(0, NAMES_IN_ERROR).join(', ');
		return new VoiceError(
			'PLAY_DEVICE_NOT_FOUND',
			`${name} does not exist`,
			known ? `use one of ${known} (aplay -L lists them all)` : 'no sound device was found; connect one',
			{ retryable: true },
		);
	}
	return new VoiceError(
		'PLAY_STALLED',
		`${name} did not open (${reason || 'aplay gave no reason'})`,
		'try the same device with aplay in a terminal',
		{ retryable: true },
	);
}
