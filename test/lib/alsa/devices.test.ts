import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { englishEnvironment, listDevices, parseDevices } from '../../../lib/alsa/devices.ts';

// Printed by aplay -L on a Raspberry Pi 4 (shortened).
const LIST = `null
    Discard all samples (playback) or generate zero samples (capture)
default
plughw:CARD=Headphones,DEV=0
    bcm2835 Headphones, bcm2835 Headphones
    Hardware device with all software conversions
`;
const USUAL = [
	{ name: 'default', description: '' },
	{
		name: 'plughw:CARD=Headphones,DEV=0',
		description: 'bcm2835 Headphones, bcm2835 Headphones, Hardware device with all software conversions',
	},
];
const NULL = {
	name: 'null',
	description: 'Discard all samples (playback) or generate zero samples (capture)',
};

describe('the list of devices', () => {
	const path = process.env['PATH'];
	let folder: string;
	before(() => {
		folder = mkdtempSync(join(tmpdir(), 'voice-alsa-'));
		for (const tool of ['arecord', 'aplay']) {
			writeFileSync(
				join(folder, tool),
				`#!/bin/sh\n[ "$*" = -L ] && [ "$LC_ALL" = C ] && printf '${LIST.replaceAll('\n', '\\n')}'\n`,
			);
			chmodSync(join(folder, tool), 0o755);
		}
		process.env['PATH'] = `${folder}:${path}`;
	});
	after(() => {
		process.env['PATH'] = path;
		rmSync(folder, { recursive: true });
	});

	it('has names and what they are', () => {
		assert.deepEqual(parseDevices(LIST), [NULL, ...USUAL]);
		assert.deepEqual(parseDevices(''), []);
	});

	it('null is no microphone (stand-in executables)', async () => {
		const [usual, ...others] = USUAL;
		const marked = [{ ...usual, isDefault: true }, ...others];
		assert.deepEqual(await listDevices('input'), marked);
		assert.deepEqual(await listDevices('output'), [NULL, ...marked]);
	});

	it('asks for English with all that a tool looks at', () => {
		const { LC_ALL, LANGUAGE, PATH } = englishEnvironment();
		assert.deepEqual({ LC_ALL, LANGUAGE, PATH }, { LC_ALL: 'C', LANGUAGE: 'C', PATH: process.env['PATH'] });
	});
});
