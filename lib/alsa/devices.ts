import { setTimeout as sleep } from 'node:timers/promises';
import type { DeviceName } from '../audio/device-name.ts';
import type { VoiceError } from '../node/errors.ts';
import { findCommand, spawnGuarded } from '../process/guarded.ts';
import { cardRates } from './card-rates.ts';
import { backendMissing, type Direction, isUnknownDevice, openError, TOOLS } from './errors.ts';
import type { AlsaLog } from './log.ts';

/** What arecord and aplay open where no device is set. */
const DEFAULT = 'default';
const LIST_TIMEOUT_MS = 10_000;
const LIST_CHARACTERS = 100_000;

/** The path of `arecord` or `aplay`. Throws MIC_BACKEND_MISSING or PLAY_BACKEND_MISSING. */
export function findTool(direction: Direction): string {
	const command = findCommand(TOOLS[direction]);
	if (command) return command;
	throw backendMissing(direction);
}

/** For a tool whose words and numbers are read: they are in English then, whatever the machine speaks. */
export function englishEnvironment(): NodeJS.ProcessEnv {
	return { ...process.env, LC_ALL: 'C', LANGUAGE: 'C' };
}

/**
 * What `arecord -L` or `aplay -L` lists, named as their `--device` takes it. Rejects as `findTool` throws; takes
 * seconds at most.
 */
export async function listDevices(direction: Direction): Promise<DeviceName[]> {
	const listing = spawnGuarded(findTool(direction), ['-L'], { env: englishEnvironment() });
	const { stdin, stdout, stderr } = listing.process;
	stdin?.end();
	stderr?.resume();
	let text = '';
	stdout?.setEncoding('utf8').on('data', (piece: string) => {
		text = (text + piece).slice(0, LIST_CHARACTERS);
	});
	const closed = new Promise((resolve) => stdout?.once('close', resolve));
	const timer = setTimeout(() => listing.kill(), LIST_TIMEOUT_MS);
	await listing.exited;
	clearTimeout(timer);
	await Promise.race([closed, sleep(1000, undefined, { ref: false })]);
	const devices = parseDevices(text).map((device): DeviceName => {
		const rates = cardRates(direction, device.name);
		return { ...device, ...(device.name === DEFAULT && { isDefault: true }), ...(rates && { rates }) };
	});
	// As a microphone `null` would be a flood of zeros; as a loudspeaker it is a quiet one.
	return direction === 'input' ? devices.filter(({ name }) => name !== 'null') : devices;
}

/** Why a device did not open; of one that does not exist, the error names those that do. */
export async function whyNot(direction: Direction, device: string, log: AlsaLog): Promise<VoiceError> {
	const others = isUnknownDevice(direction, log) ? await listDevices(direction).catch(() => []) : [];
	const names = others.map(({ name }) => name);
	return openError(direction, device, log, names);
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
