import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
	alsaError,
	nextAsk,
	parseDevices,
	parseOverrun,
	parseSetup,
	reason,
} from '../../../../nodes/mic-capture/sources/alsa-messages.ts';

// Recorded from arecord 1.2.8; the last from a card whose driver offers 32 bits only.
const SETUP = `Recording raw data 'stdin' : Signed 16 bit Little Endian, Rate 16000 Hz, Mono
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

describe('what arecord says', () => {
	test('the format is that of the device that was opened, not of what lies behind it', () => {
		assert.deepEqual(parseSetup(SETUP), { sampleRate: 48_000, channels: 1 });
		assert.equal(parseSetup('Recording raw data'), undefined);
	});

	test('a refused channel count leads to the nearest possible one', () => {
		const ask = { encoding: 'S16_LE', channels: 1 };
		const next = (offered: string, channels = 1) =>
			nextAsk(refusal(offered, 'S16_LE', 'Channels count non available'), { ...ask, channels })?.channels;
		assert.equal(next('2'), 2);
		assert.equal(next('[2 8]'), 2);
		assert.equal(next('[1 2]', 6), 2);
		assert.equal(next('4 8'), 4);
		assert.equal(next('[1 2]'), undefined, 'asking the same again would not help');
	});

	test('a refused encoding leads to the best that we can read', () => {
		const ask = { encoding: 'S16_LE', channels: 2 };
		const next = (formats: string) => nextAsk(refusal('2', formats, 'Sample format non available'), ask);
		assert.deepEqual(next('S32_LE'), { encoding: 'S32_LE', channels: 2 });
		assert.deepEqual(next('U8 S24_3LE FLOAT_LE'), { encoding: 'S24_3LE', channels: 2 });
		assert.equal(next('DSD_U8'), undefined);
	});

	test('other refusals lead nowhere', () => {
		const busy = 'arecord: main:831: audio open error: Device or resource busy\n';
		assert.equal(nextAsk(busy, { encoding: 'S16_LE', channels: 1 }), undefined);
	});

	test('each failure has its code, the device and a remedy', () => {
		const of = (text: string, device = 'hw:7') =>
			alsaError(`ALSA lib pcm.c:2666:(snd_pcm_open_noupdate) noise\n${text}\n`, device, ['vmic', 'default']);
		const open = (why: string) => of(`arecord: main:831: audio open error: ${why}`);
		for (const [error, code, words] of [
			[open('Device or resource busy'), 'MIC_DEVICE_BUSY', /hw:7/],
			[open('No such file or directory'), 'MIC_DEVICE_NOT_FOUND', /hw:7.*vmic, default/],
			[open('No such device'), 'MIC_DEVICE_NOT_FOUND', /hw:7/],
			[open('Permission denied'), 'MIC_DEVICE_NOT_FOUND', /hw:7.*group audio/],
			[open('Connection refused'), 'MIC_DEVICE_NOT_FOUND', /sound server.*hw:7.*PulseAudio/],
			[open('Host is down'), 'MIC_DEVICE_NOT_FOUND', /sound server/],
			[of('arecord: set_params:1400: Unable to install hw params:'), 'MIC_FORMAT', /hw:7.*plughw/],
			[of(''), 'MIC_FORMAT', /hw:7/],
		] as const) {
			assert.equal(error.code, code, error.message);
			assert.match(error.message, words);
			assert.doesNotMatch(error.message, /ALSA lib|noise/);
		}
		assert.match(of('arecord: main:831: audio open error: No such file or directory', '').message, /default/);
	});

	test('its own last words are the reason', () => {
		assert.equal(
			reason('ALSA lib x\narecord: pcm_read:2221: read error: Input/output error\n'),
			'read error: Input/output error',
		);
	});

	test('an overrun tells how much was lost', () => {
		assert.equal(parseOverrun('overrun!!! (at least 12.345 ms long)'), 12.345);
		assert.equal(parseOverrun('Suspended. Trying resume.'), undefined);
	});

	test('the list has names and what they are', () => {
		const list = `null
    Discard all samples (playback) or generate zero samples (capture)
default
plughw:CARD=Device,DEV=0
    USB PnP Sound Device, USB Audio
    Hardware device with all software conversions
`;
		assert.deepEqual(parseDevices(list), [
			{ name: 'default', description: '' },
			{
				name: 'plughw:CARD=Device,DEV=0',
				description: 'USB PnP Sound Device, USB Audio, Hardware device with all software conversions',
			},
		]);
	});
});
