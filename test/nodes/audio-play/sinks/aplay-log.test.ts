import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDevices } from '../../../../nodes/audio-play/sinks/alsa-devices.ts';
import { AplayLog, type AplaySetup } from '../../../../nodes/audio-play/sinks/aplay-log.ts';

function read(text: string, size = text.length) {
	const setups: AplaySetup[] = [];
	let gaps = 0;
	const log = new AplayLog({ setup: (setup) => setups.push(setup), underrun: () => gaps++ });
	for (let at = 0; at < text.length; at += size) log.push(text.slice(at, at + size));
	return { log, setups, gaps };
}

// Printed by aplay 1.2.8 for a `plug` device over one that has 48000 Hz and two channels.
const PLUG = `Playing raw data 'stdin' : Signed 16 bit Little Endian, Rate 16000 Hz, Mono
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

describe('AplayLog', () => {
	it('reads the setup of the device that was opened, not of what lies behind, however it is cut', () => {
		for (const size of [1, 7, PLUG.length]) {
			const { log, setups } = read(PLUG, size);
			assert.deepEqual(setups, [{ sampleRate: 16_000, channels: 1 }]);
			assert.deepEqual(log.channelRange, { min: 1, max: 10_000 });
			assert.equal(log.unpaced, false);
		}
	});

	it('reads a fixed number of channels', () => {
		assert.deepEqual(read('CHANNELS: 2\n').log.channelRange, { min: 2, max: 2 });
	});

	it('counts underruns', () => {
		const gap = 'underrun!!! (at least 1795230048083.059 ms long)\nStatus:\n  state       : XRUN\n';
		assert.equal(read(PLUG + gap + gap).gaps, 2);
		assert.equal(read(PLUG).gaps, 0);
	});

	it('notices the null device, which plays faster than time', () => {
		assert.equal(read('Null PCM\nIts setup is:\n').log.unpaced, true);
	});

	it("gives aplay's reason without where in its source it stands", () => {
		const text = `ALSA lib pcm.c:2666:(snd_pcm_open_noupdate) Unknown PCM nosuch
aplay: main:831: audio open error: No such file or directory
`;
		assert.equal(read(text).log.reason, 'Unknown PCM nosuch; audio open error: No such file or directory');
		assert.equal(read('sh: aplay: killed').log.reason, 'sh: aplay: killed');
		assert.equal(read('').log.reason, '');
	});

	it('keeps little, whatever is printed', () => {
		const { log } = read('x'.repeat(100_000));
		assert.ok(log.reason.length <= 2000);
	});
});

describe('parseDevices', () => {
	it('reads names and descriptions', () => {
		// Printed by aplay -L on a Raspberry Pi 4 (shortened).
		const text = `null
    Discard all samples (playback) or generate zero samples (capture)
plughw:CARD=Headphones,DEV=0
    bcm2835 Headphones, bcm2835 Headphones
    Hardware device with all software conversions
`;
		assert.deepEqual(parseDevices(text), [
			{ name: 'null', description: 'Discard all samples (playback) or generate zero samples (capture)' },
			{
				name: 'plughw:CARD=Headphones,DEV=0',
				description: 'bcm2835 Headphones, bcm2835 Headphones, Hardware device with all software conversions',
			},
		]);
		assert.deepEqual(parseDevices(''), []);
	});
});
