import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readSettings } from '../../../nodes/mic-capture/settings.ts';

describe('settings', () => {
	test('defaults, for a flow written by hand', () => {
		const { input, ...settings } = readSettings({});
		assert.deepEqual(settings, {
			source: 'auto',
			path: '',
			format: { sampleRate: 16_000, channels: 1 },
			framesPerBuffer: 1024,
			preRollMs: 0,
			fromStart: false,
			maxMs: 0,
			startTimeoutMs: 0,
			silenceStopMs: 0,
			silenceThresholdDb: -45,
			trigger: 'control',
			muteWhilePlaying: false,
			autostart: false,
			recordMaxMs: 300_000,
		});
		assert.deepEqual([input.device, input.file, input.loop, input.pace], ['', '', false, 1]);
	});

	test('a microphone that waits for speech has pre-roll, and its utterances end', () => {
		const read = (config: object) => {
			const { preRollMs, silenceStopMs } = readSettings({ trigger: 'speech', ...config });
			return [preRollMs, silenceStopMs];
		};
		assert.deepEqual(read({}), [300, 800]);
		assert.deepEqual(read({ preRollMs: 0, silenceStopMs: 0 }), [0, 800]);
		assert.deepEqual(read({ preRollMs: 500, silenceStopMs: 1200 }), [500, 1200]);
		assert.deepEqual(read({ source: 'file' }), [300, 800]);
	});

	test('numbers as text, as environment variables bring them; a file', () => {
		const config = {
			sampleRate: '48000',
			channels: '2',
			preRollMs: '500',
			loop: 'true',
			source: 'file',
			file: 'a/b.wav',
		};
		const { format, preRollMs, input } = readSettings(config);
		assert.deepEqual([format, preRollMs], [{ sampleRate: 48_000, channels: 2 }, 500]);
		assert.deepEqual([input.loop, input.file], [true, 'a/b.wav']);
		assert.equal(readSettings({ file: '/x.wav' }).input.file, '/x.wav');
	});

	test('a file that is played once begins with each stream, without pre-roll; pre-roll has bounds', () => {
		const file = { source: 'file', file: '/x.wav', preRollMs: 500 };
		const of = (config: object) => {
			const { preRollMs, fromStart } = readSettings(config);
			return [preRollMs, fromStart];
		};
		assert.deepEqual(of(file), [0, true]);
		assert.deepEqual(of({ ...file, loop: true }), [500, false]);
		assert.deepEqual(of({ ...file, trigger: 'speech' }), [500, false]);
		assert.deepEqual(of({ preRollMs: 500 }), [500, false]);
		const large = { preRollMs: 60_000, sampleRate: 192_000, channels: 8 };
		assert.throws(() => readSettings(large), { code: 'MIC_FORMAT', message: /"preRollMs"/ });
	});

	test('each error names its setting', () => {
		for (const [name, value] of [
			['source', 'telephone'],
			['sampleRate', 'fast'],
			['sampleRate', 16_000.5],
			['sampleRate', 0],
			['channels', 0],
			['framesPerBuffer', 0],
			['framesPerBuffer', 'many'],
			['preRollMs', -1],
			['preRollMs', 1e9],
			['maxMs', 'long'],
			['startTimeoutMs', -5],
			['silenceStopMs', 'x'],
			['autostart', 'perhaps'],
			['recordMaxMs', -1],
			['trigger', 'clap'],
			['muteWhilePlaying', 'perhaps'],
		] as const)
			assert.throws(
				() => readSettings({ [name]: value }),
				{ code: 'MIC_FORMAT', message: new RegExp(`"${name}"`) },
				`${name}: ${value}`,
			);
	});

	test('what is of no use with the others is not looked at', () => {
		const refused = (config: object) => assert.throws(() => readSettings(config), { code: 'MIC_FORMAT' });
		for (const [config, use] of [
			[{ loop: 'perhaps' }, { source: 'file' }],
			[{ silenceThresholdDb: 3 }, { silenceStopMs: 100 }],
			[{ source: 'browser', path: 'x', trigger: 'clap' }, { source: 'alsa' }],
			[{ source: 'browser', path: 'x', preRollMs: -1 }, { source: 'auto' }],
			[{ path: '/a b' }, { source: 'browser' }],
			[{ trigger: 'speech', startTimeoutMs: 'x', autostart: 'x' }, { trigger: '' }],
		] as const) {
			readSettings(config);
			refused({ ...config, ...use });
		}
	});
});
