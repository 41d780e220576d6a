import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OpenOptions, ProviderConfig } from '../../../../nodes/stt-stream/providers/provider.ts';
import type { ConnectionRecord } from '../../../lab/recognisers/record.ts';
import { beginStream, listen, never, silence, wishes } from '../helpers.ts';
import { providerAt, VERSIONS, type Version, withRecogniser } from './google-helpers.ts';
import { assertAllowed, make, type Options } from './google-options.ts';

// What of the settings reaches the recogniser, to the letter.

/** What one session brought that was opened with these settings. */
async function asked(
	version: Version,
	config: Partial<ProviderConfig>,
	wish: Partial<OpenOptions> = {},
): Promise<ConnectionRecord> {
	let record: ConnectionRecord | undefined;
	await withRecogniser({}, async (recogniser) => {
		const session = await providerAt(recogniser, version, config).open(wishes(wish), never());
		const heard = listen(session);
		session.write(silence(20));
		await session.finish();
		await heard.end;
		assert.equal(recogniser.records.length, 1);
		[record] = recogniser.records;
	});
	assert.ok(record);
	return record;
}

/** What is not at its default, which is all that is sent. */
function sent(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(sent);
	if (value === null || typeof value !== 'object') return value;
	const entries = Object.entries(value).flatMap(([name, one]): [string, unknown][] => {
		const isDefault =
			one === null || one === false || one === '' || one === 0 || (Array.isArray(one) && !one.length);
		// Of a `oneof`, which member there is.
		const isName = typeof one === 'string' && name in value && one in value;
		// A map that nobody fills.
		if (name === 'annotations') return [];
		return isDefault || isName || /_UNSPECIFIED$/.test(String(one)) ? [] : [[name, sent(one)]];
	});
	return Object.fromEntries(entries);
}

const WORDS = { enable_word_time_offsets: true, enable_word_confidence: true };

/** The parts of the first message that settings change. */
interface Changes {
	/** In v1 beside the rest, in v2 in `features`. */
	readonly features?: object;
	readonly config?: object;
	readonly streaming?: object;
	readonly recognizer?: string;
}

const v1Message = ({ features = WORDS, config, streaming }: Changes) => ({
	streaming_config: {
		config: {
			encoding: 'LINEAR16',
			sample_rate_hertz: 16_000,
			audio_channel_count: 1,
			language_code: 'en-US',
			...features,
			...config,
		},
		interim_results: true,
		enable_voice_activity_events: true,
		...streaming,
	},
});

const v2Message = ({ features = WORDS, config, streaming, recognizer }: Changes) => ({
	recognizer: recognizer ?? 'projects/lab-project/locations/global/recognizers/_',
	streaming_config: {
		config: {
			explicit_decoding_config: {
				encoding: 'LINEAR16',
				sample_rate_hertz: 16_000,
				audio_channel_count: 1,
			},
			model: 'long',
			language_codes: ['en-US'],
			features,
			...config,
		},
		streaming_features: { interim_results: true, enable_voice_activity_events: true, ...streaming },
	},
});

type Row = readonly [options: Options, wish: Partial<OpenOptions>, changes: Changes, model?: string];

const phrases = ['Voxwire', 'mic, capture'];
const PHRASE_SET = 'projects/p/locations/global/phraseSets/s';
const spoken = phrases.map((value) => ({ value }));

const COMMON: readonly Row[] = [
	[{}, {}, {}],
	// What the editor, the environment and a flow written by hand make of "not set".
	[{ languages: '', boost: '', endpointingSensitivity: null, phrases: '' }, {}, {}],
	[{}, { partials: false }, { streaming: { interim_results: false } }],
	[{ enableVoiceActivityEvents: 'no' }, {}, { streaming: { enable_voice_activity_events: false } }],
	[
		{ profanityFilter: true, enableAutomaticPunctuation: 'yes', maxAlternatives: '3' },
		{},
		{
			features: { ...WORDS, profanity_filter: true, enable_automatic_punctuation: true, max_alternatives: 3 },
		},
	],
	[{ enableWordTimeOffsets: false }, {}, { features: { enable_word_confidence: true } }],
	[{ enableWordConfidence: 'false' }, {}, { features: { enable_word_time_offsets: true } }],
];

const ROWS: Record<Version, readonly Row[]> = {
	v1: [
		...COMMON,
		[{}, { language: 'ru-RU' }, { config: { language_code: 'ru-RU' } }],
		[
			{ languages: ['en-US', 'de-DE'] },
			{ language: 'de-DE' },
			{ config: { language_code: 'de-DE', alternative_language_codes: ['en-US'] } },
		],
		[{ languages: ' ru-RU ' }, {}, { config: { language_code: 'ru-RU' } }],
		[{}, {}, { config: { model: 'latest_long' } }, 'latest_long'],
		[{ useEnhanced: true }, {}, { config: { model: 'phone_call', use_enhanced: true } }, 'phone_call'],
		[{ recognizer: '', useEnhanced: 'off' }, {}, {}],
		[
			{ enableSpokenPunctuation: true, enableSpokenEmojis: false },
			{},
			{ config: { enable_spoken_punctuation: { value: true }, enable_spoken_emojis: {} } },
		],
		[{ phrases }, {}, { config: { adaptation: { phrase_sets: [{ phrases: spoken }] } } }],
		[
			{ phrases: JSON.stringify(phrases), boost: 15, phraseSets: [PHRASE_SET] },
			{},
			{
				config: {
					adaptation: {
						phrase_sets: [{ phrases: spoken, boost: 15 }],
						phrase_set_references: [PHRASE_SET],
					},
				},
			},
		],
		[{}, { sampleRate: 44_100 }, { config: { sample_rate_hertz: 44_100 } }],
	],
	v2: [
		...COMMON,
		[{}, { language: 'ru-RU' }, { config: { language_codes: ['ru-RU'] } }],
		[
			{ languages: ['en-US', 'de-DE'] },
			{ language: 'de-DE' },
			{ config: { language_codes: ['de-DE', 'en-US'] } },
		],
		// What a Chirp model cannot do is not asked of it.
		[
			{},
			{ language: 'auto' },
			{
				config: { model: 'chirp_3', language_codes: ['auto'] },
				features: { enable_word_time_offsets: true },
			},
			'chirp_3',
		],
		[{ enableWordConfidence: true }, {}, { config: { model: 'chirp_2' } }, 'chirp_2'],
		[
			{ enableSpokenPunctuation: true, enableSpokenEmojis: false },
			{},
			{ features: { ...WORDS, enable_spoken_punctuation: true } },
		],
		[
			{ phrases, boost: 2.5, phraseSets: PHRASE_SET },
			{},
			{
				config: {
					adaptation: {
						phrase_sets: [{ inline_phrase_set: { phrases: spoken, boost: 2.5 } }, { phrase_set: PHRASE_SET }],
					},
				},
			},
		],
		[
			{ endpointingSensitivity: 'supershort' },
			{},
			{ streaming: { endpointing_sensitivity: 'ENDPOINTING_SENSITIVITY_SUPERSHORT' } },
		],
		// A recognizer has a model and languages of its own.
		[
			{ recognizer: 'my-recognizer', location: 'europe-west4' },
			{},
			{
				recognizer: 'projects/lab-project/locations/europe-west4/recognizers/my-recognizer',
				config: { model: undefined, language_codes: undefined },
			},
		],
		[
			{ recognizer: 'projects/lab-project/locations/eu/recognizers/mine', project: 'other' },
			{ language: 'fr-FR' },
			{
				recognizer: 'projects/lab-project/locations/eu/recognizers/mine',
				config: { model: 'short', language_codes: ['fr-FR'] },
			},
			'short',
		],
	],
};

const without = (message: object): unknown => JSON.parse(JSON.stringify(message));

for (const version of VERSIONS)
	describe(`Google ${version}: what is asked for`, () => {
		for (const [options, wish, changes, model = ''] of ROWS[version])
			it(`${JSON.stringify({ ...options, ...wish })} ${model}`.slice(0, 90), async () => {
				assertAllowed(options);
				const record = await asked(version, { options, model }, wish);
				const message = version === 'v1' ? v1Message(changes) : v2Message(changes);
				assert.deepEqual(sent(record.controls[0]?.message), sent(without(message)));
			});

		it('an API key counts before a token, and a token before the key of a service account', async () => {
			const credentials = { apiKey: '', token: 'lab-access-token', serviceAccount: 'not even looked at' };
			const { headers } = await asked(version, { credentials });
			assert.equal(headers.authorization, 'Bearer lab-access-token');
			assert.equal(headers['x-goog-api-key'], undefined);
			const both = await asked(version, { credentials: { ...credentials, apiKey: 'lab-api-key' } });
			assert.equal(both.headers['x-goog-api-key'], 'lab-api-key');
			assert.equal(both.headers.authorization, undefined);
		});

		it('another project may pay', async () => {
			const options = { quotaProject: 'lab-quota' };
			const { headers, closed } = await asked(version, { options });
			assert.equal(headers['x-goog-user-project'], 'lab-quota');
			assert.equal(closed?.code, 0);
			assertAllowed(options);
		});

		for (const [from, channels, to] of [
			[8000, 1, 8000],
			[44_100, 2, 44_100],
			[96_000, 1, 48_000],
			[6000, 1, 8000],
		] as const)
			it(`a stream of ${from} Hz with ${channels} channel(s) is sent at ${to} Hz`, () =>
				withRecogniser({}, async (recogniser) => {
					const format = { sampleRate: from, channels };
					const { session, outcome } = beginStream(providerAt(recogniser, version), { format });
					session.write(Buffer.alloc(from * channels));
					session.end();
					assert.equal((await outcome.closed).code, undefined);
					assert.match(
						JSON.stringify(recogniser.records[0]?.controls[0]?.message),
						new RegExp(`"sample_rate_hertz":${to}\\b`),
					);
					const [got, due] = [recogniser.audio().length, to];
					assert.ok(Math.abs(got - due) <= due / 50, `${got} of ${due} bytes`);
				}));
	});

describe('Google: where it is', () => {
	const HOSTS: readonly [options: Options, host: string][] = [
		[{}, 'speech.googleapis.com'],
		[{ location: 'global' }, 'speech.googleapis.com'],
		[{ location: 'eu' }, 'eu-speech.googleapis.com'],
		[{ apiVersion: 'v2', project: 'p', location: 'europe-west4' }, 'europe-west4-speech.googleapis.com'],
		[
			{ apiVersion: 'v2', recognizer: 'projects/p/locations/us-central1/recognizers/_' },
			'us-central1-speech.googleapis.com',
		],
	];
	for (const [options, host] of HOSTS)
		it(`${JSON.stringify(options)}: ${host}`, () => {
			assertAllowed(options);
			assert.equal(make({ options }).peer, `Google Speech-to-Text at ${host}`);
			assert.equal(make({ options, endpoint: 'a.example' }).peer, 'Google Speech-to-Text at a.example');
		});

	it('a session gets no more than the vendor allows', () => {
		const limits = (apiVersion: Version) => make({ options: { apiVersion, project: 'p' } }).capabilities;
		assert.deepEqual(
			VERSIONS.map((version) => limits(version).chunkMaxBytes),
			[25_600, 15_360],
		);
		for (const version of VERSIONS) {
			const { sessionLimit, idleLimitMs, keepAlive } = limits(version);
			assert.deepEqual([sessionLimit.ms, idleLimitMs, keepAlive], [300_000, 10_000, 'silence']);
		}
	});
});
