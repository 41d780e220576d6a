import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import type { VoiceError } from '../node/errors.ts';
import { backendMissing } from './errors.ts';
import type { Direction } from './protocol.ts';

// Only ever imported by the child. naudiodon's compiled part is used without its index.js, which installs a SIGSEGV
// handler that writes crash.log into the working directory, loses the last piece of a recording, and whose abort()
// always throws (naudiodon 2.3.6, index.js).

export interface NativeDevice {
	id: number;
	name: string;
	maxInputChannels: number;
	maxOutputChannels: number;
	defaultSampleRate: number;
}

export interface NativeOptions {
	/** Left out = the default device. An unknown number opens the default device too! */
	deviceId?: number;
	channelCount: number;
	sampleRate: number;
	/** Bits */
	sampleFormat: 16;
	framesPerBuffer: number;
	/** Pieces that wait between PortAudio's thread and ours. */
	maxQueue: number;
	/** Report PortAudio's status flags; a `read` then brings them instead of its sound. */
	closeOnError: boolean;
}

/** A stream of naudiodon. Its methods block threads of libuv's pool; `quit` must be called exactly once. */
export interface NativeStream {
	start(): void;
	/** `finished` after `quit`, when all has been read. */
	read(bytes: number): Promise<{ buf: Buffer; finished: boolean }>;
	/** Copies at once; resolves when the queue has taken it, with PortAudio's status if that is not normal. */
	write(pcm: Buffer): Promise<string | undefined>;
	/** Waits until what was written has been taken. Never resolves for an output whose device is gone. */
	quit(mode: 'WAIT' | 'ABORT'): Promise<void>;
}

export interface Addon {
	/** A failure leaves PortAudio initialised for good: its list of devices never changes again. */
	create(options: { inOptions: NativeOptions } | { outOptions: NativeOptions }): NativeStream;
	/** While no stream is open, each call opens every device of the system to see what it can do. */
	getDevices(): NativeDevice[];
	getHostAPIs(): { defaultHostAPI: number; HostAPIs: { defaultInput: number; defaultOutput: number }[] };
}

const INSTALL = 'run "npm install naudiodon" in the Node-RED user directory (~/.node-red)';
const BUILD = 'run "npm rebuild naudiodon" in the Node-RED user directory; it needs g++, make and python3';
const ARM64 =
	'naudiodon has no PortAudio for 64-bit ARM: choose the backend "alsa" (sudo apt install alsa-utils)';

const PLATFORM = `${process.platform}-${process.arch}`;

let loaded: Addon | undefined;

/** Loads naudiodon on first use. Throws MIC_BACKEND_MISSING or PLAY_BACKEND_MISSING. */
export function loadAddon(direction: Direction): Addon {
	loaded ??= load(direction);
	return loaded;
}

function load(direction: Direction): Addon {
	const root = findNaudiodon();
	if (root === undefined)
		throw backendMissing(direction, 'naudiodon is not installed', forPlatform(INSTALL, PLATFORM));
	let addon: Partial<Addon>;
	try {
		const bindings = createRequire(join(root, 'package.json'))('bindings') as (options: object) => Addon;
		addon = bindings({ bindings: 'naudiodon.node', module_root: root });
	} catch (thrown) {
		throw loadError(direction, thrown);
	}
	if (!addon.create || !addon.getDevices || !addon.getHostAPIs)
		throw backendMissing(
			direction,
			`The naudiodon in ${root} is of an unknown version`,
			'run "npm install naudiodon@2.3.6" in the Node-RED user directory (~/.node-red)',
		);
	return addon as Addon;
}

/**
 * The folder of naudiodon: what VOICE_NAUDIODON names, else as this package sees it, else in a user directory
 * (VOICE_NAUDIODON_FOLDERS, separated like PATH; ~/.node-red), where npm installs for Node-RED.
 */
function findNaudiodon(): string | undefined {
	const named = process.env['VOICE_NAUDIODON'];
	if (named) return resolveRoot(import.meta.url, named);
	const folders = (process.env['VOICE_NAUDIODON_FOLDERS'] ?? '').split(delimiter).filter(Boolean);
	for (const base of [import.meta.url, ...[...folders, join(homedir(), '.node-red')].map(asBase)]) {
		const root = resolveRoot(base, 'naudiodon');
		if (root !== undefined) return root;
	}
	return undefined;
}

const asBase = (folder: string): string => join(folder, 'package.json');

function resolveRoot(base: string, name: string): string | undefined {
	try {
		let folder = dirname(createRequire(base).resolve(name));
		while (!existsSync(asBase(folder)) && folder !== dirname(folder)) folder = dirname(folder);
		return folder;
	} catch {
		return undefined;
	}
}

/** Why a naudiodon that is there does not load, from what `require` threw. */
export function loadError(direction: Direction, thrown: unknown, platform = PLATFORM): VoiceError {
	const text = thrown instanceof Error ? thrown.message : String(thrown);
	const library = /(lib[\w+-]+)\.so[.\d]*: cannot open shared object/.exec(text)?.[1];
	if (library === 'libasound')
		return backendMissing(
			direction,
			'ALSA (libasound) is not installed',
			'sudo apt install libasound2 (libasound2t64 on Debian 13 and Ubuntu 24.04)',
			thrown,
		);
	if (library === 'libjack')
		return backendMissing(
			direction,
			'libjack, which PortAudio needs, is not installed',
			'sudo apt install libjack0',
			thrown,
		);
	const first = text.split('\n')[0]?.slice(0, 200);
	const problem =
		/could not locate the bindings|cannot find module/i.test(text) || library === 'libportaudio'
			? 'naudiodon is installed but was not built'
			: `naudiodon does not load (${first})`;
	return backendMissing(direction, problem, forPlatform(BUILD, platform), thrown);
}

function forPlatform(remedy: string, platform: string): string {
	return platform === 'linux-arm64' ? ARM64 : remedy;
}
