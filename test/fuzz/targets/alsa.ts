import { parseRates } from '../../../lib/alsa/card-rates.ts';
import { parseDevices } from '../../../lib/alsa/devices.ts';
import { isUnknownDevice, openError } from '../../../lib/alsa/errors.ts';
import { AlsaLog } from '../../../lib/alsa/log.ts';
import { CHANNELS_MAX, checkFormat } from '../../../lib/audio/format.ts';
import { VoiceError } from '../../../lib/node/errors.ts';
import { lineMutator } from '../mutate.ts';
import { rule, type Target } from '../target.ts';

const ENCODINGS = ['S16_LE', 'S32_LE', 'U8'];
const SEEDS = [
	`Warning: rate is not accurate (requested = 16000Hz, got = 44100Hz)
Recording raw data 'stdin' : Signed 16 bit Little Endian, Rate 16000 Hz, Mono
HW Params of device "hw:0":
--------------------
ACCESS:  MMAP_INTERLEAVED RW_INTERLEAVED
FORMAT:  S16_LE S32_LE
CHANNELS: [1 2]
RATE: [44100 48000]
--------------------
Plug PCM: Rate conversion PCM
Its setup is:
  stream       : CAPTURE
  format       : S16_LE
  channels     : 1
  rate         : 16000
  exact rate   : 16000 (16000/1)
overrun!!! (at least 12.345 ms long)
underrun!!! (at least 1.0 ms long)
`,
	'ALSA lib pcm.c:2660:(snd_pcm_open_noupdate) Unknown PCM x\narecord: main:831: audio open error: No such file or directory\n',
	'CHANNELS: 2\narecord: set_params:1349: Channels count non available\n',
	'FORMAT: S32_LE\naplay: set_params:1349: Sample format non available\n',
	'aplay: main:1: audio open error: Device or resource busy\n',
	'Null PCM\nIts setup is:\n channels : 2\n rate : 8000\n',
	'null\n    Discard all samples\nhw:CARD=Device,DEV=0\n    USB Audio\n    Direct hardware device\ndefault\n',
	'USB Audio\n\nPlayback:\n  Status: Stop\n  Interface 1\n    Rates: 44100, 48000\nCapture:\n  Interface 2\n    Rates: 8000 - 48000 (continuous)\n    Rates: 16000\n',
];

/** What arecord, aplay and the kernel say of sound cards. */
export const target: Target = {
	covers: ['lib/alsa/log.js', 'lib/alsa/devices.js', 'lib/alsa/card-rates.js', 'lib/alsa/errors.js'],
	seeds: SEEDS.map((seed) => Buffer.from(seed)),
	mutate: lineMutator([
		...SEEDS.flatMap((seed) => seed.split('\n')),
		'0',
		'999999999',
		'1e9',
		'..',
		'Infinity',
		'    Rates: ',
		': ',
		'[',
		' ',
	]),
	maxBytes: 20_000,
	run(input, random) {
		const text = String(input);
		const whole = read([text]);
		// Text comes through a decoder of its own: cut between characters.
		const pieces = random
			.cut(Buffer.from(text, 'utf16le'))
			.map((piece) => piece.subarray(0, piece.length & ~1));
		const cut = pieces.length && pieces.reduce((sum, piece) => sum + piece.length, 0) === text.length * 2;
		if (cut) rule(read(pieces.map((piece) => piece.toString('utf16le'))) === whole, 'cut and whole');

		const devices = parseDevices(text);
		for (const { name, description } of devices)
			rule(name !== '' && typeof description === 'string', 'no name');
		const length = devices.reduce((sum, { name, description }) => sum + name.length + description.length, 0);
		rule(length <= 2 * text.length, 'more than was listed');
		for (const direction of ['input', 'output'] as const)
			for (const rate of parseRates(direction, text) ?? [])
				for (const hertz of [rate].flat()) rule(Number.isInteger(hertz) && hertz > 0, `${hertz} Hz`);
	},
};

/** Everything that a log tells, as text. */
function read(pieces: readonly string[]): string {
	const told: unknown[] = [];
	const log = new AlsaLog({
		setup: (format) => void told.push(checkFormat({ ...format })),
		underrun: () => void told.push('underrun'),
		overrun: (ms) => {
			rule(Number.isFinite(ms) && ms >= 0, `an overrun of ${ms} ms`);
			told.push(ms);
		},
	});
	for (const piece of pieces) log.push(piece);
	if (log.setup) checkFormat(log.setup);
	const next = log.nextAsk({ encoding: 'S16_LE', channels: 1 }, ENCODINGS);
	if (next) {
		rule(ENCODINGS.includes(next.encoding), `the encoding ${next.encoding}`);
		rule(next.channels >= 1 && next.channels <= CHANNELS_MAX, `${next.channels} channels`);
	}
	rule(log.reason.length < 6100, 'a long reason');
	for (const direction of ['input', 'output'] as const) {
		rule(openError(direction, 'hw:0', log, ['a']) instanceof VoiceError, 'no error');
		told.push(isUnknownDevice(direction, log));
	}
	return JSON.stringify([told, log.setup, log.unpaced, log.encodings, log.reason, log.ownReason, next]);
}
