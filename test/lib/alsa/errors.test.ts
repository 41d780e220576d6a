import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Direction, lacksPermission, openError } from '../../../lib/alsa/errors.ts';
import { AlsaLog } from '../../../lib/alsa/log.ts';

function failure(direction: Direction, text: string, device = 'hw:7') {
	const log = new AlsaLog();
	log.push(`ALSA lib pcm.c:2666:(snd_pcm_open_noupdate) noise, Permission denied\n${text}\n`);
	return openError(direction, device, log, ['vmic', 'default']);
}

const opening = (tool: string, why: string) => `${tool}: main:831: audio open error: ${why}`;

describe('why a device did not open', () => {
	it('each reason has its code, the device and a remedy', () => {
		for (const [direction, tool, side] of [
			['input', 'arecord', 'MIC'],
			['output', 'aplay', 'PLAY'],
		] as const)
			for (const [why, code, words, retryable] of [
				['Device or resource busy', 'DEVICE_BUSY', /"hw:7" is in use.*"default"/, true],
				['No such file or directory', 'DEVICE_NOT_FOUND', /"hw:7" does not exist.*vmic, default/, true],
				['No such device', 'DEVICE_NOT_FOUND', /hw:7/, true],
				['Invalid argument', 'DEVICE_NOT_FOUND', /hw:7.*vmic, default/, true],
				['Permission denied', 'DEVICE_NOT_FOUND', /hw:7.*group audio/, false],
				['Connection refused', 'DEVICE_NOT_FOUND', /sound server.*hw:7.*PulseAudio/, true],
				['Host is down', 'DEVICE_NOT_FOUND', /sound server does not answer/, true],
			] as const) {
				const error = failure(direction, opening(tool, why));
				assert.equal(error.code, `${side}_${code}`, error.message);
				assert.match(error.message, words);
				assert.equal(error.retryable, retryable, error.message);
				assert.doesNotMatch(error.message, /ALSA lib|noise/);
			}
	});

	it('a device that exists in the other direction alone is not proposed', () => {
		const { message } = failure('input', opening('arecord', 'No such file or directory'), 'vmic');
		assert.match(message, /"vmic" does not exist: choose one of default \(/);
	});

	it('of the default device', () => {
		const why = 'No such file or directory';
		assert.match(failure('input', opening('arecord', why), '').message, /^There is no default microphone: /);
		assert.match(failure('output', opening('aplay', why), '').message, /^There is no default loudspeaker: /);
	});

	it('what a device refuses', () => {
		const encoding = 'Sample format non available';
		for (const text of [
			'arecord: set_params:1400: Unable to install hw params:',
			`arecord: set_params:1352: ${encoding}`,
		]) {
			const error = failure('input', text);
			assert.equal(error.code, 'MIC_FORMAT');
			assert.match(error.message, /hw:7.*plughw/);
			assert.doesNotMatch(error.message, /ALSA lib|noise/);
		}
		const wide = failure('output', `aplay: set_params:1352: ${encoding}`);
		assert.equal(wide.code, 'AUDIO_FORMAT');
		assert.match(wide.message, /"hw:7" does not take 16-bit samples.*"plughw:7"/);
		const other = failure('output', 'aplay: set_params:1400: Unable to install hw params:');
		assert.equal(other.code, 'PLAY_STALLED');
		assert.match(other.message, /"hw:7" did not open \(.*Unable to install hw params/);
	});

	it('without a reason', () => {
		const of = (direction: Direction) => failure(direction, '');
		assert.equal(of('input').code, 'MIC_FORMAT');
		assert.match(of('input').message, /hw:7.*arecord gave no reason/);
		assert.equal(of('output').code, 'PLAY_STALLED');
		assert.match(of('output').message, /hw:7.*aplay gave no reason/);
	});
});

it('a card that may not be opened is a lack of permission, no card at all is not', () => {
	const folder = mkdtempSync(join(tmpdir(), 'voice-snd-'));
	try {
		assert.equal(lacksPermission('input', join(folder, 'nothing')), false);
		assert.equal(lacksPermission('input', folder), false);
		// Even root may not open what a dangling link names.
		symlinkSync(join(folder, 'nothing'), join(folder, 'pcmC0D0c'));
		assert.equal(lacksPermission('input', folder), true);
		assert.equal(lacksPermission('output', folder), false, 'it is a microphone');
		writeFileSync(join(folder, 'pcmC1D0c'), '');
		assert.equal(lacksPermission('input', folder), false, 'another one may be opened');
	} finally {
		rmSync(folder, { recursive: true });
	}
});
