import { VoiceError } from '../../../lib/node/errors.ts';
import { migrate } from '../../../lib/node/migrate.ts';
import { readSettings as audioPlay } from '../../../nodes/audio-play/settings.ts';
import { readSettings as buttonTrigger } from '../../../nodes/button-trigger/settings.ts';
import { readSettings as micCapture } from '../../../nodes/mic-capture/settings.ts';
import { settingsToTry } from '../../../nodes/stt-stream/connection-settings.ts';
import { PROVIDER_MIGRATIONS, STREAM_MIGRATIONS } from '../../../nodes/stt-stream/migrations.ts';
import { createProvider } from '../../../nodes/stt-stream/providers/index.ts';
import { readProviderConfig, readSettings as sttStream } from '../../../nodes/stt-stream/settings.ts';
import { jsonMutator } from '../mutate-json.ts';
import { rule, type Target, unless } from '../target.ts';

const button = { pin: '17', backend: 'auto', active: 'low', pull: 'up', debounceMs: '10', maxHoldMs: 0 };
const mic = {
	...{
		version: 1,
		source: 'browser',
		path: '/voice',
		device: '',
		file: 'a.wav',
		loop: false,
		sampleRate: '16000',
	},
	...{
		channels: 1,
		framesPerBuffer: 0,
		preRollMs: 300,
		trigger: 'speech',
		silenceThresholdDb: -40,
		autostart: 'yes',
	},
};
const play = {
	backend: 'alsa',
	device: 'hw:0',
	mode: 'queue',
	volume: 50,
	maxQueueMs: 1000,
	rawSampleRate: 0,
};
const stt = { provider: 'p', language: 'en-US', finals: 'both', partials: 'true', warm: 0, maxStreams: 2 };
const provider = (id: string, options: unknown, more = {}) => ({
	config: { provider: id, endpoint: '', caFile: '', model: '', options, ...more },
	secrets: { apiKey: 'key', token: '', serviceAccount: '' },
});

const SEEDS: readonly object[] = [
	...[button, mic, play, stt, {}, { ...mic, source: 'file' }, { ...button, backend: 'simulated' }].map(
		(config) => ({ config }),
	),
	provider('local', { engine: 'pocketsphinx', grammar: '', vadThreshold: 3 }),
	provider(
		'local',
		{ engine: 'sherpa-onnx', hotwords: ['hello'], precision: 'int8', vad: '' },
		{ model: 'm' },
	),
	provider('assemblyai', {
		keyterms_prompt: ['a'],
		format_turns: true,
		inactivity_timeout: 30,
		max_turn_silence: 1000,
	}),
	provider('assemblyai-v2', {
		word_boost: ['x'],
		audio_as_base64: 'true',
		end_utterance_silence_threshold: 500,
	}),
	provider(
		'yandex',
		{ folderId: 'b1g', languages: ['ru-RU'], maxPauseBetweenWordsHintMs: 500 },
		{ endpoint: '$(HOST)' },
	),
	provider('google', { apiVersion: 'v2', project: 'p-1', location: 'eu', phrases: ['x'], adaptation: {} }),
	provider('google', '{"alternativeLanguages": ["de-DE"], "maxAlternatives": 3}', { endpoint: 'grpc://h:1' }),
	{
		...provider('google', {}),
		secrets: { serviceAccount: '{"type":"service_account","private_key":"x","client_email":"e"}' },
	},
	provider('google', `{"phrases":${'['.repeat(9000)}${']'.repeat(9000)}}`),
	{
		...provider('yandex', ''),
		secrets: { serviceAccount: '{"id":"a","service_account_id":"b","private_key":"c"}' },
	},
];

const environment = (name: string) => ({ HOME: '/root', HOST: 'host:443', NONE: undefined })[name];

/** A node's settings as a flow stores them, with any value, into every reader of settings and every provider. */
export const target: Target = {
	covers: [
		...['lib/node/settings.js', 'lib/node/migrate.js', 'lib/node/rules.js', 'lib/browser/path.js'],
		...['audio-play', 'button-trigger', 'mic-capture', 'stt-stream'].flatMap((node) => [
			`nodes/${node}/settings.js`,
			`nodes/${node}/migrations.js`,
			`nodes/${node}/rules.js`,
		]),
		'nodes/stt-stream/connection-settings.js',
		...[
			'option-rules',
			'options',
			'assemblyai',
			'assemblyai/options',
			'assemblyai/rules',
			'yandex/options',
		].map((name) => `nodes/stt-stream/providers/${name}.js`),
		...['google/options', 'google/config', 'google/rules', 'local/rules', 'local/sherpa-onnx/options'].map(
			(name) => `nodes/stt-stream/providers/${name}.js`,
		),
	],
	seeds: SEEDS.map((seed) => Buffer.from(JSON.stringify(seed))),
	mutate: jsonMutator({
		words: [
			...new Set(
				SEEDS.flatMap((seed) => [seed, ...Object.values(seed)]).flatMap((value) => Object.keys(value)),
			),
		],
		values: [
			...[
				'auto',
				'simulated',
				'portaudio',
				'alsa',
				'file',
				'browser',
				'queue',
				'speech',
				'control',
				'first',
				'v1',
			],
			...[
				'local',
				'assemblyai',
				'assemblyai-v2',
				'yandex',
				'google',
				'16000',
				'48000',
				384_000,
				-40,
				'-60',
				'en-US',
			],
			...[
				'wss://h/p',
				'ws://h',
				'grpc://h:1',
				'h:443',
				'https://h/p',
				'__PWRD__',
				'{"a":1}',
				'[',
				'["a"]',
				'/../x',
			],
		],
	}),
	run(input) {
		let given: { config?: unknown; secrets?: unknown };
		try {
			given = JSON.parse(String(input)) ?? {};
		} catch {
			return;
		}
		const config = (given.config ?? {}) as object;
		const secrets = (given.secrets ?? {}) as Record<string, unknown>;
		if (typeof config !== 'object' || typeof secrets !== 'object') return;
		const before = JSON.stringify(config);
		for (const migrations of [STREAM_MIGRATIONS, PROVIDER_MIGRATIONS]) {
			const once = migrate(config, migrations);
			rule(
				JSON.stringify(migrate(once, migrations)) === JSON.stringify(once),
				'migrated twice is not the same',
			);
		}
		rule(JSON.stringify(config) === before, 'changed what is stored');

		for (const read of [audioPlay, buttonTrigger, micCapture, sttStream]) {
			const settings = unless([VoiceError], () => read(config));
			if (settings) checkValues(settings);
		}
		const read = unless([VoiceError], () => readProviderConfig(config, secrets, environment));
		if (read) {
			for (const value of [
				read.id,
				read.endpoint,
				read.caFile,
				read.model,
				...Object.values(read.credentials),
			])
				rule(typeof value === 'string', `no text: ${value}`);
			const made = unless([VoiceError], () => createProvider(read.id, read));
			rule(!made || made.capabilities.sampleRates.length > 0, 'no sample rate');
		}
		const deployed = { settings: config as Record<string, unknown>, secrets, environment };
		unless([VoiceError], () => settingsToTry(config as Record<string, unknown>, secrets, deployed));
	},
};

/** Numbers are numbers, and nothing is undefined. */
function checkValues(settings: object): void {
	for (const [name, value] of Object.entries(settings)) {
		rule(value !== undefined, `${name} is undefined`);
		if (typeof value === 'number') rule(Number.isFinite(value), `${name} is ${value}`);
		if (value !== null && typeof value === 'object') checkValues(value);
	}
}
