import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AlsaLog } from '../../../lib/alsa/log.ts';
import type { PcmFormat } from '../../../lib/audio/format.ts';

function read(text: string, size = text.length) {
	const setups: PcmFormat[] = [];
	const lost: number[] = [];
	let gaps = 0;
	const log = new AlsaLog({
		setup: (setup) => setups.push(setup),
		underrun: () => gaps++,
		overrun: (ms) => lost.push(ms),
	});
	for (let at = 0; at < text.length; at += size) log.push(text.slice(at, at + size));
	return { log, setups, gaps, lost };
}

// Printed by aplay 1.2.8 for a `plug` device over one that has 48000 Hz and two channels.
const PLAYING = `Playing raw data 'stdin' : Signed 16 bit Little Endian, Rate 16000 Hz, Mono
HW Params of device "plug:stereo":
--------------------
FORMAT:  U8 S16_LE
CHANNELS: [1 10000]
RATE: [4000 4294967295)
--------------------
Plug PCM: Rate conversion PCM (48000, sformat=S16_LE)
Converter: linear-interpolation
Its setup is:
  stream       : PLAYBACK
  channels     : 1
  rate         : 16000
  exact rate   : 16000 (16000/1)
  buffer_size  : 4800
  period_size  : 1200
Slave: Hardware PCM card 0
Its setup is:
  channels     : 2
  rate         : 48000
  buffer_size  : 14400
`;
// Recorded from arecord 1.2.8.
const RECORDING = `Recording raw data 'stdin' : Signed 16 bit Little Endian, Rate 16000 Hz, Mono
HW Params of device "plughw:1":
--------------------
FORMAT:  S16_LE S32_LE
CHANNELS: [1 2]
RATE: 48000
--------------------
Warning: rate is not accurate (requested = 16000Hz, got = 48000Hz)
         please, try the plug plugin (-Dplug:plughw:1)
Plug PCM: Route conversion PCM
Its setup is:
  stream       : CAPTURE
  format       : S16_LE
  channels     : 1
  rate         : 48000
  exact rate   : 48000 (48000/1)
Slave: Hardware PCM card 1 'USB' device 0 subdevice 0
Its setup is:
  stream       : CAPTURE
  format       : S16_LE
  channels     : 2
  rate         : 48000
`;
// From a card whose driver offers 32 bits only.
const refusal = (channels: string, formats: string, why: string) => `HW Params of device "hw:1":
--------------------
ACCESS:  MMAP_INTERLEAVED RW_INTERLEAVED
FORMAT:  ${formats}
SAMPLE_BITS: [16 32]
CHANNELS: ${channels}
RATE: [8000 48000]
--------------------
arecord: set_params:1358: ${why}
`;

describe('AlsaLog', () => {
	it('reads the setup of the device that was opened, not of what lies behind, however it is cut', () => {
		for (const size of [1, 7, PLAYING.length]) {
			const { log, setups } = read(PLAYING, size);
			assert.deepEqual(setups, [{ sampleRate: 16_000, channels: 1 }]);
			assert.deepEqual([log.channelsNear(0), log.channelsNear(20_000)], [1, 10_000]);
			assert.equal(log.unpaced, false);
			assert.deepEqual(read(RECORDING, size).setups, [{ sampleRate: 48_000, channels: 1 }]);
		}
		assert.equal(read('Recording raw data\n').log.setup, undefined);
	});

	it('reads a fixed number of channels', () => {
		const { log } = read('CHANNELS: 2\n');
		assert.deepEqual([log.channelsNear(1), log.channelsNear(6)], [2, 2]);
	});

	it('counts underruns', () => {
		const gap = 'underrun!!! (at least 1795230048083.059 ms long)\nStatus:\n  state       : XRUN\n';
		assert.equal(read(PLAYING + gap + gap).gaps, 2);
		assert.equal(read(PLAYING).gaps, 0);
	});

	it('tells how much an overrun lost', () => {
		assert.deepEqual(read('overrun!!! (at least 12.345 ms long)\n', 9).lost, [12.345]);
		assert.deepEqual(read('Suspended. Trying resume.\n').lost, []);
	});

	it('notices the null device, which is faster than time', () => {
		assert.equal(read('Null PCM\nIts setup is:\n').log.unpaced, true);
	});

	it('gives the reason without where in the source it stands', () => {
		const text = `ALSA lib pcm.c:2666:(snd_pcm_open_noupdate) Unknown PCM nosuch
aplay: main:831: audio open error: No such file or directory
`;
		for (const whole of [text, text.trim()]) {
			const { log } = read(whole);
			assert.equal(log.reason, 'Unknown PCM nosuch; audio open error: No such file or directory');
			assert.equal(log.ownReason, 'audio open error: No such file or directory');
		}
		assert.equal(read('sh: aplay: killed').log.reason, 'sh: aplay: killed');
		assert.equal(read('').log.reason, '');
	});

	it("has the tool's own last words, also from before a long dump", () => {
		const { log } = read('ALSA lib x\narecord: pcm_read:2221: read error: Input/output error\n');
		assert.equal(log.ownReason, 'read error: Input/output error');
		const dumped = read(
			`arecord: set_params:1400: Unable to install hw params:\n${'RATE: 8000\n'.repeat(30)}`,
		);
		assert.equal(dumped.log.ownReason, 'Unable to install hw params:');
		assert.equal(read('ALSA lib x\n').log.ownReason, undefined);
	});

	it('keeps little, whatever is printed', () => {
		assert.ok(read('x'.repeat(100_000)).log.reason.length <= 2000);
		assert.ok(read(`${'x'.repeat(100_000)}\n`.repeat(9)).log.reason.length <= 7000);
	});
});

describe('what to ask for after a refusal', () => {
	const ENCODINGS = ['S16_LE', 'S32_LE', 'S24_3LE', 'FLOAT_LE', 'U8'];

	it('a refused channel count leads to the nearest possible one', () => {
		const next = (offered: string, channels = 1) =>
			read(refusal(offered, 'S16_LE', 'Channels count non available')).log.nextAsk(
				{ encoding: 'S16_LE', channels },
				ENCODINGS,
			)?.channels;
		assert.equal(next('2'), 2);
		assert.equal(next('[2 8]'), 2);
		assert.equal(next('[1 2]', 6), 2);
		assert.equal(next('4 8'), 4);
		assert.equal(next('[1 2]'), undefined, 'asking the same again would not help');
	});

	it('a refused encoding leads to the best that we can read', () => {
		const next = (formats: string, encodings = ENCODINGS) =>
			read(refusal('2', formats, 'Sample format non available')).log.nextAsk(
				{ encoding: 'S16_LE', channels: 2 },
				encodings,
			);
		assert.deepEqual(next('S32_LE'), { encoding: 'S32_LE', channels: 2 });
		assert.deepEqual(next('U8 S24_3LE FLOAT_LE'), { encoding: 'S24_3LE', channels: 2 });
		assert.equal(next('DSD_U8'), undefined);
		assert.equal(next('S32_LE', ['S16_LE']), undefined);
	});

	it('other refusals lead nowhere', () => {
		const { log } = read('arecord: main:831: audio open error: Device or resource busy\n');
		assert.equal(log.nextAsk({ encoding: 'S16_LE', channels: 1 }, ENCODINGS), undefined);
	});
});
