import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VoiceError } from '../../../lib/node/errors.ts';
import { readSettings } from '../../../nodes/mic-capture/settings.ts';
import { createSource } from '../../../nodes/mic-capture/sources/index.ts';
import { dialogMarks, FLAGS, NUMBERS } from '../dialog-marks.ts';

const nothing = { data() {}, end() {}, lost() {} };

/** Does the node itself refuse the settings? Not: is everything there that they name. */
async function isRefused(config: object): Promise<boolean> {
	try {
		const { source, input } = readSettings(config);
		if (source === 'file') await (await createSource(source).open(input, nothing)).close();
		return false;
	} catch (error) {
		assert.ok(error instanceof VoiceError, String(error));
		return /^(The setting|No WAV file)/.test(error.problem);
	}
}

describe('the dialog of a microphone', () => {
	const marks = dialogMarks('mic-capture');
	const numbers = ['sampleRate', 'channels', 'framesPerBuffer', 'preRollMs', 'maxMs', 'startTimeoutMs'];
	numbers.push('silenceStopMs', 'silenceThresholdDb', 'recordMaxMs');
	const around: object[] = [
		{},
		{ source: 'file', file: 'no-such.wav' },
		{ source: 'file', file: 'no-such.wav', loop: true, silenceStopMs: '500' },
		{ source: 'browser', path: 'voice', trigger: 'speech' },
		{ source: ' alsa ', trigger: 'speech' },
		{ startTimeoutMs: 900, preRollMs: 60_000 },
	];

	it('refuses what the runtime refuses, and nothing else', async () => {
		const changes: object[] = [
			...numbers.flatMap((name) => NUMBERS.map((value) => ({ [name]: value }))),
			...['loop', 'autostart', 'muteWhilePlaying'].flatMap((name) =>
				FLAGS.map((value) => ({ [name]: value })),
			),
			...['', 'auto', ' portaudio', 'telephone', 'ALSA', null].map((source) => ({ source })),
			...['', 'control', 'speech ', 'clap', null].map((trigger) => ({ trigger })),
			...['', ' ', 'a.txt', 'a/b.wav', undefined].map((file) => ({ file })),
			...['', '/', 'voice', '/a/b/', '/a b', '../x', '/a?b', 'x'.repeat(300)].map((path) => ({ path })),
			{ preRollMs: 60_000, sampleRate: 192_000, channels: 8 },
			{ preRollMs: 60_000, sampleRate: 192_000, channels: 2 },
			{ device: 'any' },
		];
		const refused = new Set<string>();
		for (const settings of around.flatMap((first) => changes.map((change) => ({ ...first, ...change })))) {
			const wrong = Object.keys(marks(settings));
			assert.equal(wrong.length > 0, await isRefused(settings), `${JSON.stringify(settings)}: ${wrong}`);
			for (const name of wrong) refused.add(name);
		}
		const flags = ['loop', 'autostart', 'muteWhilePlaying'];
		assert.deepEqual([...refused].sort(), [...numbers, ...flags, 'source', 'trigger', 'file', 'path'].sort());
	});

	it('says why', () => {
		const large = { preRollMs: 60_000, sampleRate: 192_000, channels: 8 };
		for (const [settings, name, reason] of [
			[{ sampleRate: 999 }, 'sampleRate', 'A whole number from 1000 to 384000'],
			[{ maxMs: 'x' }, 'maxMs', 'A number from 0 to 86400000'],
			[{ trigger: 'clap' }, 'trigger', 'Not one of: control, speech'],
			[{ autostart: 'x' }, 'autostart', 'Neither true nor false'],
			[{ source: 'file' }, 'file', 'The path of a WAV file is missing'],
			[large, 'preRollMs', /takes too much memory/],
			[{ source: 'browser' }, 'path', /a path such as/],
		] as const) {
			const all = marks(settings);
			assert.deepEqual(Object.keys(all), [name]);
			if (typeof reason === 'string') assert.equal(all[name], reason);
			else assert.match(String(all[name]), reason);
		}
	});

	it('says nothing against what comes from the environment', () => {
		for (const form of [`\${X}`, '$(X)']) {
			const all = [...numbers, 'loop', 'autostart', 'muteWhilePlaying', 'source', 'trigger', 'file', 'path'];
			for (const first of around)
				assert.deepEqual(marks({ ...first, ...Object.fromEntries(all.map((name) => [name, form])) }), {});
		}
	});
});
