import { accessSync, constants, readdirSync } from 'node:fs';
import { type ErrorCode, VoiceError } from '../node/errors.ts';
import type { AlsaLog } from './log.ts';

export type Direction = 'input' | 'output';

export const TOOLS = { input: 'arecord', output: 'aplay' } as const satisfies Record<Direction, string>;

const CODES = {
	input: { missing: 'MIC_BACKEND_MISSING', notFound: 'MIC_DEVICE_NOT_FOUND', busy: 'MIC_DEVICE_BUSY' },
	output: { missing: 'PLAY_BACKEND_MISSING', notFound: 'PLAY_DEVICE_NOT_FOUND', busy: 'PLAY_DEVICE_BUSY' },
} as const satisfies Record<Direction, Record<string, ErrorCode>>;

const NAMES_SHOWN = 12;

/** 'The microphone "vmic"', 'The default loudspeaker'. */
export function nameOf(direction: Direction, device: string): string {
	const noun = direction === 'input' ? 'microphone' : 'loudspeaker';
	return device === '' ? `The default ${noun}` : `The ${noun} "${device}"`;
}

export function backendMissing(direction: Direction): VoiceError {
	const problem = `${TOOLS[direction]} is not installed`;
	return new VoiceError(CODES[direction].missing, problem, 'sudo apt install alsa-utils');
}

type Reason = 'busy' | 'permission' | 'not found' | 'server' | 'encoding' | 'other';

// strerror of what snd_pcm_open returns (for "server" it is alsa-plugins' pulse that gives ECONNREFUSED and EHOSTDOWN),
// and the words of set_params in alsa-utils' aplay.c.
const REASONS: readonly (readonly [Reason, RegExp])[] = [
	['busy', /resource busy/i],
	['permission', /permission denied|operation not permitted/i],
	['not found', /no such (file|device)|unknown pcm|not found|open error: invalid/i],
	['server', /connection refused|host is down|connection terminated/i],
	['encoding', /sample format (non|not) available/i],
];

/**
 * Why a device did not open, from what the tool said.
 * @param names the devices that there are; they are shown if this one is not among them
 */
export function openError(
	direction: Direction,
	device: string,
	log: AlsaLog,
	names: readonly string[],
): VoiceError {
	const name = nameOf(direction, device);
	const inside = `t${name.slice(1)}`;
	// libasound also complains of what it only tried: believe the tool alone.
	const said = log.ownReason ?? `${TOOLS[direction]} gave no reason`;
	// ALSA lists a device in both directions, also where it has only one of them.
	const others = names.filter((other) => other !== device);
	const codes = CODES[direction];
	const fail = (code: ErrorCode, problem: string, remedy: string, retryable: boolean) =>
		new VoiceError(code, problem, remedy, { cause: new Error(said), retryable });
	switch (reasonOf(direction, log)) {
		case 'busy':
			return fail(
				codes.busy,
				`${name} is in use by another program`,
				'end that program, or choose a device that can be shared, such as "default"',
				true,
			);
		case 'permission':
			return fail(
				codes.notFound,
				`The user who runs Node-RED may not open ${inside}`,
				'add that user to the group audio (sudo usermod -aG audio <user>) and restart Node-RED',
				false,
			);
		case 'not found':
			return fail(
				codes.notFound,
				device === '' ? `There is no ${inside.slice(4)}` : `${name} does not exist`,
				others.length
					? `choose one of ${likely(others).join(', ')} ("${TOOLS[direction]} -L" lists them all)`
					: `connect one; "${TOOLS[direction]} -l" lists those that are there`,
				true,
			);
		case 'server':
			return fail(
				codes.notFound,
				`The sound server does not answer, so ${inside} cannot be opened (${said})`,
				'start PulseAudio or PipeWire for the user who runs Node-RED, or choose a device such as "plughw:0,0"',
				true,
			);
		case 'encoding':
			// A recorder has tried all encodings that it can read by now.
			if (direction === 'input') break;
			return fail(
				'AUDIO_FORMAT',
				`${name} does not take 16-bit samples`,
				`let ALSA convert: use the device "${device.startsWith('hw:') ? `plug${device}` : 'plughw:0,0'}"`,
				false,
			);
	}
	// What a microphone refuses is nearly always a format; what a loudspeaker refuses may be over in a while.
	return direction === 'input'
		? fail(
				'MIC_FORMAT',
				`${name} refused to record (${said})`,
				'check that it is connected, or choose a device whose name begins with "plughw:" or "default"',
				false,
			)
		: fail(
				'PLAY_STALLED',
				`${name} did not open (${said})`,
				'try the same device with aplay in a terminal',
				true,
			);
}

/** Is it the device's name that was wrong, so that a message should show others? */
export function isUnknownDevice(direction: Direction, log: AlsaLog): boolean {
	return reasonOf(direction, log) === 'not found';
}

function reasonOf(direction: Direction, log: AlsaLog): Reason {
	const found = REASONS.find(([, pattern]) => pattern.test(log.ownReason ?? ''))?.[0] ?? 'other';
	return found === 'not found' && lacksPermission(direction) ? 'permission' : found;
}

/** Does this machine have sound cards, of which this user may open none? libasound then says that there is none. */
export function lacksPermission(direction: Direction, folder = '/dev/snd'): boolean {
	const pattern = direction === 'input' ? /^pcmC\d+D\d+c$/ : /^pcmC\d+D\d+p$/;
	try {
		const cards = readdirSync(folder).filter((name) => pattern.test(name));
		return cards.length > 0 && cards.every((name) => !mayOpen(`${folder}/${name}`));
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

/** The names that an error message shows: few, and first those that nearly everybody means. */
function likely(names: readonly string[]): readonly string[] {
	const usual = names.filter((name) => !name.includes('CARD=') || /^(sysdefault|plughw):/.test(name));
	return (usual.length ? usual : names).slice(0, NAMES_SHOWN);
}
