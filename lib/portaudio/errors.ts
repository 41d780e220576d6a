import type { PcmFormat } from '../audio/format.ts';
import { type ErrorCode, VoiceError } from '../node/errors.ts';
import type { Direction } from './protocol.ts';

const NAMES_IN_ERROR = 16;

const CODES = {
	input: {
		missing: 'MIC_BACKEND_MISSING',
		notFound: 'MIC_DEVICE_NOT_FOUND',
		busy: 'MIC_DEVICE_BUSY',
		format: 'MIC_FORMAT',
		stalled: 'MIC_STALLED',
	},
	output: {
		missing: 'PLAY_BACKEND_MISSING',
		notFound: 'PLAY_DEVICE_NOT_FOUND',
		busy: 'PLAY_DEVICE_BUSY',
		format: 'AUDIO_FORMAT',
		stalled: 'PLAY_STALLED',
	},
} as const satisfies Record<Direction, Record<string, ErrorCode>>;

/** 'The microphone "vmic"', 'The default loudspeaker'. */
export function nameOf(direction: Direction, device: string): string {
	const noun = direction === 'input' ? 'microphone' : 'loudspeaker';
	return device === '' ? `The default ${noun}` : `The ${noun} "${device}"`;
}

export function backendMissing(
	direction: Direction,
	problem: string,
	remedy: string,
	cause?: unknown,
): VoiceError {
	return new VoiceError(CODES[direction].missing, problem, remedy, { cause });
}

/** @param names those that exist */
export function deviceNotFound(direction: Direction, device: string, names: readonly string[]): VoiceError {
	const nouns = direction === 'input' ? 'microphones' : 'loudspeakers';
	const listed = names
		.slice(0, NAMES_IN_ERROR)
		.map((name) => `"${name}"`)
		.join(', ');
	// A card is looked up (devices.ts); of a device of the configuration nobody can tell.
	const orFree = device === '' ? '' : ', or end the program that uses it: PortAudio lists no device in use';
	const more = names.length > NAMES_IN_ERROR ? ` and ${names.length - NAMES_IN_ERROR} more` : '';
	return new VoiceError(
		CODES[direction].notFound,
		device === ''
			? `There is no default ${nouns.slice(0, -1)}`
			: `${nameOf(direction, device)} does not exist`,
		names.length
			? `use one of ${listed}${more}${orFree}`
			: `PortAudio finds no ${nouns}: connect one, or start the sound server`,
		{ retryable: true },
	);
}

/** PortAudio aborts the process on such a configuration. */
export function noAlsaDefault(direction: Direction): VoiceError {
	return new VoiceError(
		CODES[direction].notFound,
		"ALSA's configuration has no default device, and PortAudio ends without one",
		'add "pcm.!default" to /etc/asound.conf or ~/.asoundrc',
	);
}

export function deviceBusy(direction: Direction, device: string): VoiceError {
	return new VoiceError(
		CODES[direction].busy,
		`${nameOf(direction, device)} is in use by another program`,
		'close that program, or use a device that several may share, such as "pulse" or "default"',
		{ retryable: true },
	);
}

/** The device is listed and yet does not open, for a reason of PortAudio's that names no format. */
export function openFailed(direction: Direction, device: string, reason: string): VoiceError {
	return new VoiceError(
		CODES[direction].busy,
		`${nameOf(direction, device)} cannot be opened (${reason})`,
		'check that it is connected and that no other program uses it',
		{ retryable: true },
	);
}

export function formatRefused(direction: Direction, device: string, format: PcmFormat): VoiceError {
	return new VoiceError(
		CODES[direction].format,
		`${nameOf(direction, device)} takes neither ${format.sampleRate} Hz with ${format.channels} channels nor any usual format`,
		'use a device that converts, such as "pulse" or "default"',
	);
}

/** The device, the sound server or PortAudio itself does not go on. */
export function stalled(direction: Direction, device: string, what: string, cause?: unknown): VoiceError {
	return new VoiceError(
		CODES[direction].stalled,
		`${nameOf(direction, device)} ${what}`,
		'check that the device is connected and the sound server runs, then start again',
		{ retryable: true, cause },
	);
}

export function isNotFound(thrown: unknown): boolean {
	return thrown instanceof VoiceError && Object.values(CODES).some((codes) => codes.notFound === thrown.code);
}

/** The code for a format that cannot be used at all. */
export function formatCode(direction: Direction): ErrorCode {
	return CODES[direction].format;
}

/** The last line that PortAudio or ALSA printed, in brackets, or nothing. */
export function lastLine(stderr: string): string {
	const line = stderr.split('\n').at(-1)?.trim().slice(0, 300);
	return line ? ` (${line})` : '';
}
