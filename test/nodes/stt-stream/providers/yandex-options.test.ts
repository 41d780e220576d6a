import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createProvider } from '../../../../nodes/stt-stream/providers/index.ts';
import { isAllowed, type OptionRule } from '../../../../nodes/stt-stream/providers/option-rules.ts';
import type { OpenOptions, ProviderConfig } from '../../../../nodes/stt-stream/providers/provider.ts';
import { YANDEX_RULES } from '../../../../nodes/stt-stream/providers/yandex/rules.ts';
import type { ConnectionRecord } from '../../../lab/recognisers/record.ts';
import { noise } from '../../../lab/signals.ts';
import { beginStream, listen, never, wishes } from '../helpers.ts';
import { providerAt, withRecogniser } from './yandex-helpers.ts';

// What of the settings reaches the recogniser, to the letter, and which settings are refused before that.

type Options = Readonly<Record<string, unknown>>;

const make = (more: Partial<ProviderConfig>) =>
	createProvider('yandex', {
		endpoint: '',
		caFile: '',
		model: '',
		options: {},
		credentials: { apiKey: 'key-of-a-test', token: '', serviceAccount: '' },
		...more,
	});

/** What one session brought that was opened with these settings. */
async function asked(
	config: Partial<ProviderConfig> & { folder?: string },
	wish: Partial<OpenOptions> = {},
): Promise<ConnectionRecord> {
	const { folder, ...more } = config;
	let record: ConnectionRecord | undefined;
	await withRecogniser({ ...(folder && { folderId: folder }) }, async (recogniser) => {
		const session = await providerAt(recogniser, more).open(wishes(wish), never());
		const heard = listen(session);
		await session.finish();
		assert.equal(await heard.end, undefined);
		assert.equal(recogniser.records.length, 1);
		[record] = recogniser.records;
	});
	assert.ok(record);
	return record;
}

/** The parts of the first message that settings change. */
interface Changes {
	model?: string;
	rate?: number;
	text?: object;
	languages?: readonly string[];
	processing?: string;
	eou?: object;
}

/** The whole first message, as the recogniser reads it. */
const message = ({ model = 'general', rate = 16_000, text, languages, processing, eou }: Changes) => ({
	recognition_model: {
		model,
		audio_format: {
			AudioFormat: 'raw_audio',
			raw_audio: { audio_encoding: 'LINEAR16_PCM', sample_rate_hertz: rate, audio_channel_count: 1 },
		},
		text_normalization: {
			text_normalization: 'TEXT_NORMALIZATION_DISABLED',
			profanity_filter: false,
			literature_text: false,
			phone_formatting_mode: 'PHONE_FORMATTING_MODE_UNSPECIFIED',
			...text,
		},
		language_restriction: languages ? { restriction_type: 'WHITELIST', language_code: languages } : null,
		audio_processing_type: processing ?? 'REAL_TIME',
	},
	eou_classifier: {
		Classifier: 'default_classifier',
		default_classifier: { type: 'DEFAULT', max_pause_between_words_hint_ms: 0, ...eou },
	},
	recognition_classifier: null,
	speech_analysis: null,
	speaker_labeling: null,
	summarization: null,
});

const ENABLED = { text_normalization: 'TEXT_NORMALIZATION_ENABLED' };
const DISABLED = { text_normalization: 'TEXT_NORMALIZATION_DISABLED' };

type Row = readonly [options: Options, wish: Partial<OpenOptions>, changes: Changes, model?: string];

const ROWS: readonly Row[] = [
	[{}, {}, {}],
	[{}, { partials: false }, {}],
	// What the editor, the environment and a flow written by hand make of "not set".
	[{ textNormalization: '', languages: '', maxPauseBetweenWordsHintMs: '', eouSensitivity: null }, {}, {}],

	[{}, { refined: true }, { text: ENABLED }],
	[{ textNormalization: true }, {}, { text: ENABLED }],
	[{ textNormalization: 'yes' }, {}, { text: ENABLED }],
	[{ textNormalization: false }, { refined: true }, { text: DISABLED }],
	[{ textNormalization: 'off' }, { refined: true }, { text: DISABLED }],
	// Both are steps of the normalisation …
	[{ profanityFilter: true }, {}, { text: { ...ENABLED, profanity_filter: true } }],
	[{ literatureText: true }, {}, { text: { ...ENABLED, literature_text: true } }],
	// … which may be switched off all the same.
	[
		{ profanityFilter: 'true', literatureText: '1', textNormalization: 'false' },
		{},
		{ text: { ...DISABLED, profanity_filter: true, literature_text: true } },
	],
	[{ phoneFormatting: false }, {}, { text: { phone_formatting_mode: 'PHONE_FORMATTING_MODE_DISABLED' } }],
	[{ phoneFormatting: true }, {}, {}],

	[{}, { language: 'ru-RU' }, { languages: ['ru-RU'] }],
	[{}, { language: 'auto' }, { languages: ['auto'] }],
	[{ languages: ['ru-RU', 'en-US'] }, {}, { languages: ['ru-RU', 'en-US'] }],
	[{ languages: ' ru-RU, en-US ' }, {}, { languages: ['ru-RU', 'en-US'] }],
	[
		{ languages: ['ru-RU', 'en-US', 'de-DE'] },
		{ language: 'en-US' },
		{ languages: ['en-US', 'ru-RU', 'de-DE'] },
	],
	[{ languages: [] }, { language: 'kk-KZ' }, { languages: ['kk-KZ'] }],

	[{}, { sampleRate: 8000 }, { rate: 8000 }],
	[{}, { sampleRate: 48_000 }, { rate: 48_000 }],

	[{}, {}, { model: 'general:rc' }, 'general:rc'],
	[{}, {}, { model: 'general:deprecated' }, 'general:deprecated'],

	[{ eouSensitivity: 'high' }, {}, { eou: { type: 'HIGH' } }],
	[{ eouSensitivity: 'default' }, {}, {}],
	[{ maxPauseBetweenWordsHintMs: 900 }, {}, { eou: { max_pause_between_words_hint_ms: 900 } }],
	[
		{ maxPauseBetweenWordsHintMs: '1500', eouSensitivity: 'high' },
		{},
		{ eou: { type: 'HIGH', max_pause_between_words_hint_ms: 1500 } },
	],
	[{ audioProcessing: 'full-data' }, {}, { processing: 'FULL_DATA' }],
	[{ audioProcessing: 'real-time' }, {}, {}],
];

describe('Yandex: what a session is asked for', () => {
	for (const [options, wish, changes, model = ''] of ROWS)
		it(`${[model, JSON.stringify(options), JSON.stringify(wish)].filter(Boolean).join(' ')}`, async () => {
			const { controls, headers } = await asked({ options, model }, wish);
			assert.deepEqual(controls[0]?.message, message(changes));
			assert.equal(controls.length, 1);
			assertAllowed(options);
			assert.equal(headers.authorization, 'Api-Key lab-api-key');
			assert.equal(headers['x-folder-id'], undefined);
			assert.equal(headers['x-data-logging-enabled'], undefined);
		});

	it('each option is in one of these tests, and in each of those of its mistakes', () => {
		const names = Object.keys(YANDEX_RULES).sort();
		const tried = (rows: readonly Options[]) => [...new Set(rows.flatMap((row) => Object.keys(row)))];
		const known = (name: string) => Object.hasOwn(YANDEX_RULES, name);
		const metadata = ['dataLogging', 'folderId', 'iamEndpoint'];
		assert.deepEqual([...tried(ROWS.map(([options]) => options)), ...metadata].sort(), names);
		assert.deepEqual(
			tried(WRONG.map(([options]) => options))
				.filter(known)
				.sort(),
			names,
		);
	});

	it('the folder, and whether the vendor may keep the audio', async () => {
		const options = { folderId: 'b1g-my.folder_1', dataLogging: 'on' };
		const { headers, controls } = await asked({ options, folder: 'b1g-my.folder_1' });
		assert.equal(headers['x-folder-id'], 'b1g-my.folder_1');
		assert.equal(headers['x-data-logging-enabled'], 'true');
		assert.deepEqual(controls[0]?.message, message({}));
		assertAllowed(options);
		const { headers: others } = await asked({ options: { folderId: '', dataLogging: false } });
		assert.equal(others['x-folder-id'], undefined);
		assert.equal(others['x-data-logging-enabled'], undefined);
	});

	it('an API key counts before an IAM token, and a token before the key of a service account', async () => {
		const credentials = { apiKey: '', token: 'lab-iam-token', serviceAccount: 'not even looked at' };
		const { headers } = await asked({ credentials });
		assert.equal(headers.authorization, 'Bearer lab-iam-token');
		const both = await asked({ credentials: { ...credentials, apiKey: 'lab-api-key' } });
		assert.equal(both.headers.authorization, 'Api-Key lab-api-key');
	});

	for (const [from, channels, to] of [
		[8000, 1, 8000],
		[11_025, 1, 16_000],
		[16_000, 2, 16_000],
		[22_050, 1, 48_000],
		[44_100, 2, 48_000],
		[48_000, 1, 48_000],
		[96_000, 1, 48_000],
	] as const)
		it(`a stream of ${from} Hz with ${channels} channel(s) is sent at ${to} Hz`, () =>
			withRecogniser({}, async (recogniser) => {
				const format = { sampleRate: from, channels };
				const { session, outcome } = beginStream(providerAt(recogniser), { format });
				session.write(noise(from / 2, 1, channels));
				session.end();
				assert.equal((await outcome.closed).code, undefined);
				assert.deepEqual(recogniser.records[0]?.controls[0]?.message, message({ rate: to }));
				const [sent, due] = [recogniser.audio().length, to];
				assert.ok(Math.abs(sent - due) <= due / 50, `${sent} of ${due} bytes`);
			}));
});

/** The dialog lets pass what the provider takes, and marks what it refuses. */
function assertAllowed(options: Options, expected = true): void {
	for (const [name, value] of Object.entries(options)) {
		const rule = (YANDEX_RULES as Readonly<Record<string, OptionRule>>)[name];
		if (rule) assert.equal(isAllowed(rule, value), expected, `${name}: ${JSON.stringify(value)}`);
	}
}

const WRONG: readonly [options: Options, named: string][] = [
	[{ language: 'ru-RU' }, 'language'],
	[{ sample_rate_hertz: 8000 }, 'sample_rate_hertz'],
	[{ FolderId: 'b1g' }, 'FolderId'],
	[{ folderId: 'two words' }, 'folderId'],
	[{ folderId: 'x'.repeat(101) }, 'folderId'],
	[{ folderId: 'ключ' }, 'folderId'],
	[{ folderId: 'b1g\nauthorization: x' }, 'folderId'],
	[{ folderId: {} }, 'folderId'],
	[{ iamEndpoint: 'iam.example.com' }, 'iamEndpoint'],
	[{ iamEndpoint: 'ftp://iam.example.com/' }, 'iamEndpoint'],
	[{ iamEndpoint: 'https://user:pass-of-mine@iam.example.com/' }, 'iamEndpoint'],
	[{ languages: ['Russian language'] }, 'languages'],
	[{ languages: ['ru-RU', ''] }, 'languages'],
	[{ languages: 'ru-RU,' }, 'languages'],
	[{ languages: [5] }, 'languages'],
	[{ languages: { 0: 'ru-RU' } }, 'languages'],
	[{ textNormalization: 'perhaps' }, 'textNormalization'],
	[{ profanityFilter: 2 }, 'profanityFilter'],
	[{ literatureText: 'literature' }, 'literatureText'],
	[{ phoneFormatting: {} }, 'phoneFormatting'],
	[{ dataLogging: [true, false] }, 'dataLogging'],
	[{ eouSensitivity: 'low' }, 'eouSensitivity'],
	[{ eouSensitivity: 'HIGH' }, 'eouSensitivity'],
	[{ maxPauseBetweenWordsHintMs: -1 }, 'maxPauseBetweenWordsHintMs'],
	[{ maxPauseBetweenWordsHintMs: 60_001 }, 'maxPauseBetweenWordsHintMs'],
	[{ maxPauseBetweenWordsHintMs: 0.5 }, 'maxPauseBetweenWordsHintMs'],
	[{ maxPauseBetweenWordsHintMs: 'long' }, 'maxPauseBetweenWordsHintMs'],
	[{ audioProcessing: 'batch' }, 'audioProcessing'],
];

describe('Yandex: settings that are refused', () => {
	for (const [options, named] of WRONG)
		it(JSON.stringify(options).slice(0, 60), () => {
			assertAllowed(options, false);
			assert.throws(
				() => make({ options }),
				(error: Error & { code?: string; retryable?: boolean; remedy?: string }) => {
					assert.deepEqual([error.code, error.retryable], ['STT_CONFIG', false], error.message);
					assert.match(error.message, new RegExp(`"${named}"`));
					assert.doesNotMatch(error.message, /pass-of-mine/);
					assert.ok((error.remedy ?? '').length > 5);
					return true;
				},
			);
		});

	it('a language that is none, before anything is connected', () =>
		withRecogniser({}, async (recogniser) => {
			const provider = providerAt(recogniser);
			for (const language of ['Russian language', 'ru_RU', 'r', '-'])
				await assert.rejects(provider.open(wishes({ language }), never()), {
					code: 'STT_CONFIG',
					retryable: false,
					message: new RegExp(`"${language}"`),
				});
			assert.equal(recogniser.relay.count, 0);
		}));

	it('a model and a language that only the recogniser knows to be wrong', () =>
		withRecogniser({}, async (recogniser) => {
			for (const [model, language] of [
				['specific', ''],
				['', 'xx'],
			] as const) {
				const session = await providerAt(recogniser, { model }).open(wishes({ language }), never());
				const error = await listen(session).end;
				assert.deepEqual([error?.code, error?.retryable], ['STT_CONFIG', false], error?.message);
				assert.match(error?.remedy ?? '', /model.*language/);
			}
		}));

	it('an endpoint that is no host and port, without showing it', () => {
		for (const endpoint of [
			'https://stt.example.com:443',
			'grpc://localhost',
			'localhost:443/path-secret',
			'localhost:443?secret',
			'user:secret@localhost:443',
			'local host secret:1',
			'localhost:99999secret',
			'grpc://',
		])
			assert.throws(
				() => make({ endpoint }),
				(error: Error & { code?: string }) => {
					assert.equal(error.code, 'STT_CONFIG', endpoint);
					assert.doesNotMatch(error.message, /secret/);
					return true;
				},
			);
	});

	it('credentials that are missing for the vendor’s own service, or cannot be sent', () => {
		const none = { apiKey: '', token: '', serviceAccount: '' };
		assert.throws(() => make({ credentials: none }), { code: 'STT_CONFIG', message: /API key/ });
		assert.doesNotThrow(() => make({ credentials: none, endpoint: 'grpc://localhost:1' }));
		for (const credentials of [
			{ ...none, apiKey: 'geheim\nschlüssel' },
			{ ...none, token: 'geheim schlüssel' },
		])
			assert.throws(
				() => make({ credentials }),
				(error: Error & { code?: string }) =>
					error.code === 'STT_CONFIG' && !/geheim|schlüssel/.test(error.message),
			);
	});
});
