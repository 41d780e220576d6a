import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VoiceError } from '../../../lib/node/errors.ts';
import { readSettings } from '../../../nodes/audio-play/settings.ts';
import { sinkBackend } from '../../../nodes/audio-play/sinks/index.ts';
import { dialogMarks, NUMBERS } from '../dialog-marks.ts';

const nothing = { drain() {}, underrun() {}, lost() {} };

/** Does the node itself refuse the settings? Not: is everything there that they name. */
async function isRefused(config: object): Promise<boolean> {
	try {
		const settings = readSettings(config);
		if (settings.backend !== 'file') return false;
		const format = { sampleRate: 16_000, channels: 1 };
		await (await sinkBackend('file').open({ ...settings, format }, nothing)).abort();
		return false;
	} catch (error) {
		assert.ok(error instanceof VoiceError, String(error));
		return /^(The setting|The file backend has no file)/.test(error.problem);
	}
}

describe('the dialog of a loudspeaker', () => {
	const marks = dialogMarks('audio-play');
	const numbers = ['framesPerBuffer', 'volume', 'maxQueueMs', 'rawSampleRate', 'rawChannels', 'streamIdleMs'];
	const around: object[] = [
		{},
		{ backend: 'portaudio', rawSampleRate: '16000' },
		{ backend: 'file', file: '/no-such-folder/x.wav', rawSampleRate: 1 },
		{ backend: ' alsa ', rawSampleRate: '0.0' },
	];

	it('refuses what the runtime refuses, and nothing else', async () => {
		const changes: object[] = [
			...numbers.flatMap((name) => NUMBERS.map((value) => ({ [name]: value }))),
			...['', 'auto', ' portaudio', 'tape', 'ALSA', null].map((backend) => ({ backend })),
			...['', 'queue', 'interrupt ', 'mix', null].map((mode) => ({ mode })),
			...['', ' ', '/no-such-folder/a.txt', undefined].map((file) => ({ file })),
			{ device: 'any' },
		];
		const refused = new Set<string>();
		for (const settings of around.flatMap((first) => changes.map((change) => ({ ...first, ...change })))) {
			const wrong = Object.keys(marks(settings));
			assert.equal(wrong.length > 0, await isRefused(settings), `${JSON.stringify(settings)}: ${wrong}`);
			for (const name of wrong) refused.add(name);
		}
		assert.deepEqual([...refused].sort(), [...numbers, 'backend', 'mode', 'file'].sort());
	});

	it('says why', () => {
		for (const [settings, name, reason] of [
			[{ framesPerBuffer: 1.5 }, 'framesPerBuffer', 'A whole number from 0 to 65536'],
			[{ maxQueueMs: 99 }, 'maxQueueMs', 'A number from 100 to 3600000'],
			[{ mode: 'mix' }, 'mode', 'Not one of: queue, interrupt'],
			[{ backend: 'file' }, 'file', 'The path of a WAV file is missing'],
		] as const)
			assert.deepEqual(marks(settings), { [name]: reason });
	});
});
