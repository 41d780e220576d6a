import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { cardRates, parseRates } from '../../../lib/alsa/card-rates.ts';

// In the form of linux, sound/usb/proc.c.
const STREAM = `C-Media Electronics Inc. USB PnP Sound Device at usb-0000:01:00.0-1.2, full speed : USB Audio

Playback:
  Status: Stop
  Interface 1
    Altset 1
    Format: S16_LE
    Channels: 2
    Endpoint: 0x01 (1 OUT) (ADAPTIVE)
    Rates: 48000, 44100
    Bits: 16
    Channel map: FL FR
  Interface 1
    Altset 2
    Format: S24_3LE
    Channels: 2
    Endpoint: 0x01 (1 OUT) (ADAPTIVE)
    Rates: 48000, 96000

Capture:
  Status: Stop
  Interface 2
    Altset 1
    Format: S16_LE
    Channels: 1
    Endpoint: 0x82 (2 IN) (ASYNC)
    Rates: 8000 - 48000 (continuous)
    Bits: 16
`;

it('the rates of a USB card are those of its direction', () => {
	assert.deepEqual(parseRates('output', STREAM), [44_100, 48_000, 96_000]);
	assert.deepEqual(parseRates('input', STREAM), [[8000, 48_000]]);
	assert.equal(parseRates('input', STREAM.slice(0, STREAM.indexOf('Capture'))), undefined);
	assert.equal(parseRates('output', ''), undefined);
});

it('they are found by the name of the device, and only of one that nothing converts for', () => {
	const asound = mkdtempSync(join(tmpdir(), 'voice-asound-'));
	try {
		mkdirSync(join(asound, 'card1'));
		writeFileSync(join(asound, 'card1/stream0'), STREAM);
		symlinkSync('card1', join(asound, 'Device'));
		const rates = (name: string) => cardRates('output', name, asound);
		for (const name of ['hw:CARD=Device,DEV=0', 'hw:1,0', 'hw:Device', 'hw:1'])
			assert.deepEqual(rates(name), [44_100, 48_000, 96_000], name);
		for (const name of [
			'hw:CARD=Device,DEV=1',
			'hw:2,0',
			'plughw:CARD=Device,DEV=0',
			'default',
			'hw:../card1',
		])
			assert.equal(rates(name), undefined, name);
	} finally {
		rmSync(asound, { recursive: true });
	}
});
