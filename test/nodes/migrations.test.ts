import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Migrations, migrate } from '../../lib/node/migrate.ts';
import { MIGRATIONS as PLAY } from '../../nodes/audio-play/migrations.ts';
import { readSettings as readPlay } from '../../nodes/audio-play/settings.ts';
import { MIGRATIONS as BUTTON } from '../../nodes/button-trigger/migrations.ts';
import { readSettings as readButton } from '../../nodes/button-trigger/settings.ts';
import { MIGRATIONS as MIC } from '../../nodes/mic-capture/migrations.ts';
import { readSettings as readMic } from '../../nodes/mic-capture/settings.ts';
import { PROVIDER_MIGRATIONS, STREAM_MIGRATIONS } from '../../nodes/stt-stream/migrations.ts';
import { readProviderConfig, readSettings as readStream } from '../../nodes/stt-stream/settings.ts';
import { editorDefinitions } from '../flows/editor-definitions.ts';

// Nodes as the first editors of each kind stored them, number fields that somebody had touched as text.

const node = (type: string, settings: object) => ({
	id: 'a',
	type,
	z: 't',
	name: '',
	...settings,
	x: 1,
	y: 1,
});

const button = node('button-trigger', {
	...{ topic: 'bell', backend: 'gpiomon', pin: '17', active: 'low', pull: 'up' },
	...{ debounceMs: '35', doubleClickMs: 300, longPressMs: 800, maxHoldMs: 300_000 },
});
/** Of before muteWhilePlaying. */
const mic = node('mic-capture', {
	...{ topic: '', source: 'alsa', device: 'vmic', path: '', file: '', loop: false, sampleRate: '48000' },
	...{
		channels: 1,
		framesPerBuffer: 1024,
		preRollMs: 500,
		maxMs: 0,
		startTimeoutMs: 0,
		silenceStopMs: '900',
	},
	...{ silenceThresholdDb: -45, trigger: 'control', autostart: true, recordMaxMs: 300_000 },
});
const play = node('audio-play', {
	...{ backend: 'auto', device: '', file: '', framesPerBuffer: '2048', mode: 'interrupt', volume: 80 },
	...{ maxQueueMs: 60_000, rawSampleRate: 16_000, rawChannels: 1, streamIdleMs: 5000 },
});
/** Of before warm and reconnectMs. */
const stream = node('stt-stream', {
	...{ provider: 'p', language: 'ru', partials: false, finals: 'both', maxStreams: '2' },
	...{ connectTimeoutMs: 10_000, finalTimeoutMs: 10_000, maxBufferMs: 30_000 },
	...{ rawSampleRate: 0, rawChannels: 1, streamIdleMs: 5000 },
});
/** Of when the options were the text of a field. */
const provider = (options: unknown) => ({
	...{ id: 'p', type: 'stt-provider', name: '', provider: 'local', endpoint: '', caFile: '', model: '' },
	options,
});

const ALL: Record<string, [Migrations, object]> = {
	'button-trigger': [BUTTON, button],
	'mic-capture': [MIC, mic],
	'audio-play': [PLAY, play],
	'stt-stream': [STREAM_MIGRATIONS, stream],
	'stt-provider': [PROVIDER_MIGRATIONS, provider('')],
};

const RUBBISH = [
	undefined,
	null,
	'',
	0,
	-1,
	Number.NaN,
	'x',
	'{',
	'[1]',
	true,
	[],
	[[]],
	{},
	{ a: 1 },
	() => 1,
];

describe('flows of before there were versions', () => {
	test('button-trigger and audio-play: nothing is different', () => {
		assert.deepEqual(migrate(button, BUTTON), { ...button, version: 1 });
		assert.deepEqual(migrate(play, PLAY), { ...play, version: 1 });
		const { pin, debounceMs, activeHigh } = readButton(button);
		assert.deepEqual([pin, debounceMs, activeHigh], ['17', 35, false]);
		const { framesPerBuffer, mode, volume } = readPlay(play);
		assert.deepEqual([framesPerBuffer, mode, volume], [2048, 'interrupt', 80]);
	});

	test('mic-capture: it heard what was played', () => {
		assert.deepEqual(migrate(mic, MIC), { ...mic, muteWhilePlaying: false, version: 1 });
		const { muteWhilePlaying, format, silenceStopMs, autostart } = readMic(mic);
		assert.deepEqual(
			[muteWhilePlaying, format.sampleRate, silenceStopMs, autostart],
			[false, 48_000, 900, true],
		);
		// One of a later flow keeps what was chosen.
		assert.equal(migrate({ ...mic, muteWhilePlaying: true }, MIC)['muteWhilePlaying'], true);
	});

	test('stt-stream: it connected with the first audio, and again for a minute', () => {
		const upgraded = migrate(stream, STREAM_MIGRATIONS);
		assert.deepEqual(upgraded, { ...stream, warm: false, reconnectMs: 60_000, version: 1 });
		const { warm, reconnectMs, maxStreams, partials, finals } = readStream(stream);
		assert.deepEqual([warm, reconnectMs, maxStreams, partials, finals], [false, 60_000, 2, false, 'both']);
		assert.equal(migrate({ ...stream, reconnectMs: '0' }, STREAM_MIGRATIONS)['reconnectMs'], '0');
	});

	test('stt-provider: options were text', () => {
		const options = (stored: unknown) => migrate(provider(stored), PROVIDER_MIGRATIONS)['options'];
		const text = '{"grammar": "/a.jsgf", "endSilenceMs": 300}';
		assert.deepEqual(options(text), { grammar: '/a.jsgf', endSilenceMs: 300 });
		assert.deepEqual(options({ grammar: '/a.jsgf' }), { grammar: '/a.jsgf' });
		// Nothing, what the environment says, and what the user must mend.
		for (const kept of ['', `\${OPTIONS}`, '{"grammar":', '[1]', 'null']) assert.equal(options(kept), kept);
		assert.equal(options(' {} '), '');
		const read = readProviderConfig(provider(text), {}, () => undefined);
		assert.deepEqual([read.id, read.options], ['local', { grammar: '/a.jsgf', endSilenceMs: 300 }]);
	});

	test('any rubbish in any setting is passed on to who judges it', () => {
		for (const [type, [migrations, stored]] of Object.entries(ALL))
			for (const name of [...Object.keys(migrate(stored, migrations)), 'version'])
				for (const value of RUBBISH) {
					const before = Object.freeze({ ...stored, [name]: value });
					const after = migrate(before, migrations);
					assert.equal(after['version'], migrations.version, `${type}.${name}`);
					if (value && typeof value !== 'string' && name !== 'version')
						assert.equal(after[name], value, `${type}.${name}`);
				}
	});
});

describe('the editor', () => {
	const definitions = editorDefinitions();

	test('stores each node with the version of its settings', () => {
		assert.deepEqual([...definitions.keys()].sort(), Object.keys(ALL).sort());
		for (const [type, [{ version }]] of Object.entries(ALL))
			assert.equal(definitions.get(type)?.defaults['version']?.value, version, type);
	});

	test('knows every setting that a migration fills in, and a new node is not migrated', () => {
		for (const [type, [migrations, stored]] of Object.entries(ALL)) {
			const { defaults } = definitions.get(type)!;
			const filled = Object.keys(migrate(stored, migrations)).filter((name) => !(name in stored));
			for (const name of filled) assert.ok(name in defaults, `${type}.${name}`);
			const fresh = Object.fromEntries(Object.entries(defaults).map(([name, { value }]) => [name, value]));
			assert.deepEqual(migrate(fresh, migrations), fresh);
		}
	});
});
