import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Addon, NativeDevice } from './addon.ts';
import { deviceBusy, deviceNotFound } from './errors.ts';
import type { Direction, PortAudioDevice } from './protocol.ts';

/** What the search for a format needs to know of a device. */
export interface Capabilities {
	channels: number;
	sampleRate: number;
}

/** All devices, as PortAudio saw them when it was initialised. */
export function listDevices(addon: Addon): PortAudioDevice[] {
	const defaults = { input: defaultId(addon, 'input'), output: defaultId(addon, 'output') };
	return addon.getDevices().map((device) => ({
		name: device.name,
		inputChannels: device.maxInputChannels,
		outputChannels: device.maxOutputChannels,
		defaultSampleRate: device.defaultSampleRate,
		isDefaultInput: device.id === defaults.input,
		isDefaultOutput: device.id === defaults.output,
	}));
}

/** The number that PortAudio gives to the default device of a direction; no device has it if there is none. */
function defaultId(addon: Addon, direction: Direction): number | undefined {
	const { defaultHostAPI, HostAPIs } = addon.getHostAPIs();
	return HostAPIs[defaultHostAPI]?.[direction === 'input' ? 'defaultInput' : 'defaultOutput'];
}

const channelsOf = (device: NativeDevice, direction: Direction): number =>
	direction === 'input' ? device.maxInputChannels : device.maxOutputChannels;

/**
 * The number of the device with exactly this name, among those of the direction.
 * @throws VoiceError …_DEVICE_BUSY or …_DEVICE_NOT_FOUND
 */
export function findDevice(addon: Addon, direction: Direction, name: string, asoundFolder: string): number {
	const devices = addon.getDevices().filter((device) => channelsOf(device, direction) > 0);
	const found = devices.find((device) => device.name === name);
	if (found) return found.id;
	throw missingDevice(
		direction,
		name,
		devices.map((device) => device.name),
		asoundFolder,
	);
}

/** A device that PortAudio does not list: a busy card vanishes from its list, so ask ALSA before saying so. */
export function missingDevice(direction: Direction, name: string, others: string[], asoundFolder: string) {
	const card = /\(hw:(\d+),(\d+)\)$/.exec(name);
	const pcm = direction === 'input' ? 'c' : 'p';
	const held = card
		? isHeld(join(asoundFolder, `card${card[1]}`, `pcm${card[2]}${pcm}`))
		: name === '' && others.length === 0 && anyHeld(asoundFolder, pcm);
	return held ? deviceBusy(direction, name) : deviceNotFound(direction, name, others);
}

/** Has any card such a PCM that is held? */
function anyHeld(asoundFolder: string, pcm: 'c' | 'p'): boolean {
	return entries(asoundFolder, /^card\d+$/).some((card) =>
		entries(card, /^pcm\d+[cp]$/).some((folder) => folder.endsWith(pcm) && isHeld(folder)),
	);
}

/** Is no substream of this PCM free? A closed one has the status "closed" (kernel, sound/core/pcm.c). */
function isHeld(folder: string): boolean {
	const substreams = entries(folder, /^sub\d+$/);
	return substreams.length > 0 && substreams.every((substream) => !isClosed(join(substream, 'status')));
}

function isClosed(path: string): boolean {
	try {
		return readFileSync(path, 'utf8').trim() === 'closed';
	} catch {
		return true;
	}
}

function entries(folder: string, pattern: RegExp): string[] {
	try {
		return readdirSync(folder)
			.filter((name) => pattern.test(name))
			.map((name) => join(folder, name));
	} catch {
		return [];
	}
}

/** What a device can do; `id` undefined = the default device. Cheap once PortAudio is initialised. */
export function capabilitiesOf(
	addon: Addon,
	direction: Direction,
	id: number | undefined,
): Capabilities | undefined {
	const wanted = id ?? defaultId(addon, direction);
	const device = addon.getDevices().find((candidate) => candidate.id === wanted);
	if (!device) return undefined;
	return { channels: channelsOf(device, direction), sampleRate: device.defaultSampleRate };
}

/** Does this number still mean that device? Numbers shift when a device comes or goes between list and open. */
export function isDevice(addon: Addon, id: number, name: string): boolean {
	return addon.getDevices().some((device) => device.id === id && device.name === name);
}
