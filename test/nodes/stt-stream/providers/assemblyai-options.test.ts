import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createProvider } from '../../../../nodes/stt-stream/providers/index.ts';
import type { ProviderConfig } from '../../../../nodes/stt-stream/providers/provider.ts';
import { never, wishes } from '../helpers.ts';
import { open, recogniser, start } from './assemblyai-bench.ts';
import type { Version } from './assemblyai-helpers.ts';

const make = (more: Partial<ProviderConfig>, version: Version = 'assemblyai') =>
	createProvider(version, {
		endpoint: '',
		caFile: '',
		model: '',
		options: {},
		credentials: { apiKey: 'key-of-a-test', token: '', serviceAccount: '' },
		...more,
	});

const credentials = (apiKey: string, token = '') => ({ apiKey, token, serviceAccount: '' });

/** What the address of the first connection asked for. */
async function asked(config: Parameters<typeof open>[0]): Promise<Readonly<Record<string, string>>> {
	await start();
	const { session } = await open(config);
	await session.finish();
	return recogniser?.records[0]?.query ?? {};
}

describe('AssemblyAI: options', () => {
	const WRONG: readonly [options: Record<string, unknown>, named: RegExp][] = [
		[{ sample_rate: 8000 }, /"sample_rate"/],
		[{ token: 'x' }, /"token"/],
		[{ Format_turns: true }, /"Format_turns"/],
		[{ format_turns: 'perhaps' }, /"format_turns"/],
		[{ keyterms_prompt: 'one, two' }, /"keyterms_prompt"/],
		[{ keyterms_prompt: [1] }, /"keyterms_prompt"/],
		[{ keyterms_prompt: [' '] }, /"keyterms_prompt"/],
		[{ keyterms_prompt: { a: 1 } }, /"keyterms_prompt"/],
		[{ inactivity_timeout: 4 }, /"inactivity_timeout"/],
		[{ inactivity_timeout: 3601 }, /"inactivity_timeout"/],
		[{ inactivity_timeout: 5.5 }, /"inactivity_timeout"/],
		[{ vad_threshold: 1.5 }, /"vad_threshold"/],
		[{ max_turn_silence: -1 }, /"max_turn_silence"/],
		[{ max_speakers: 11 }, /"max_speakers"/],
		[{ mode: 'quick' }, /"mode"/],
		[{ prompt: { text: 'x' } }, /"prompt"/],
		[{ llm_gateway: 'x' }, /"llm_gateway"/],
		[{ min_turn_silence: 1, min_end_of_turn_silence_when_confident: 1 }, /min_turn_silence/],
	];
	for (const [options, named] of WRONG)
		it(`refuses ${JSON.stringify(options)}`, () => {
			assert.throws(() => make({ options }), { code: 'STT_CONFIG', message: named });
		});

	it('refuses those of v2 that are wrong', () => {
		for (const [options, named] of [
			[{ format_turns: true }, /"format_turns"/],
			[{ word_boost: 'light' }, /"word_boost"/],
			[{ word_boost: ['x'.repeat(2500)] }, /"word_boost".*2500/],
			[{ end_utterance_silence_threshold: 20_001 }, /"end_utterance_silence_threshold"/],
		] as const)
			assert.throws(() => make({ options }, 'assemblyai-v2'), { code: 'STT_CONFIG', message: named });
		assert.throws(() => make({ model: 'x' }, 'assemblyai-v2'), { code: 'STT_CONFIG' });
	});

	it('takes what the editor and the environment make of values, and leaves out what is empty', async () => {
		const query = await asked({
			options: {
				keyterms_prompt: '["Node-RED", "a & b"]',
				inactivity_timeout: '30',
				vad_threshold: '0.25',
				filter_profanity: 'yes',
				prompt: ' words ',
				min_end_of_turn_silence_when_confident: 200,
				domain: '',
				mode: null,
			},
		});
		assert.deepEqual(query, {
			speech_model: 'universal-streaming-english',
			format_turns: 'false',
			keyterms_prompt: '["Node-RED","a & b"]',
			inactivity_timeout: '30',
			vad_threshold: '0.25',
			filter_profanity: 'true',
			prompt: 'words',
			min_turn_silence: '200',
			sample_rate: '16000',
			encoding: 'pcm_s16le',
		});
	});
});

describe('AssemblyAI: model and language', () => {
	for (const [model, language, speechModel, more] of [
		['', '', 'universal-streaming-english', {}],
		['', 'en-GB', 'universal-streaming-english', {}],
		['', 'de-DE', 'universal-streaming-multilingual', { language_detection: 'true' }],
		['', 'multi', 'universal-streaming-multilingual', { language_detection: 'true' }],
		[
			'universal-streaming-multilingual',
			'',
			'universal-streaming-multilingual',
			{ language_detection: 'true' },
		],
		['u3-rt-pro', 'fr', 'u3-rt-pro', {}],
		['whisper-rt', 'ru-RU', 'whisper-rt', {}],
		['universal-3-5-pro', 'ru-RU', 'universal-3-5-pro', { language_codes: '["ru"]' }],
		['universal-3-6', 'multi', 'universal-3-6', {}],
		['universal-3-6', '', 'universal-3-6', {}],
	] as const)
		it(`${model || 'no model'}, language ${language || 'not set'}: ${speechModel}`, async () => {
			const { format_turns: _, ...query } = await asked({ model, wish: { language } });
			const always = { sample_rate: '16000', encoding: 'pcm_s16le' };
			assert.deepEqual(query, { speech_model: speechModel, ...always, ...more });
		});

	it('takes the model from the options too, but not two of them', async () => {
		const options = { speech_model: 'u3-rt-pro' };
		assert.equal((await asked({ options }))['speech_model'], 'u3-rt-pro');
		assert.equal((await asked({ options, model: 'u3-rt-pro' }))['speech_model'], 'u3-rt-pro');
		assert.throws(() => make({ options, model: 'whisper-rt' }), { code: 'STT_CONFIG' });
	});

	it('lets options decide about languages', async () => {
		const options = { language_codes: ['en', 'es'] };
		const wish = { language: 'de' };
		const query = await asked({ model: 'universal-3-5-pro', options, wish });
		assert.equal(query['language_codes'], '["en","es"]');
		const off = await asked({ options: { language_detection: false }, wish });
		assert.equal(off['language_detection'], 'false');
	});

	it('refuses a language that the model does not know, before it connects', async () => {
		for (const [model, language] of [
			['', 'ru-RU'],
			['universal-streaming-english', 'de'],
			['universal-streaming-english', 'multi'],
			['universal-streaming-multilingual', 'ja'],
		] as const)
			await assert.rejects(open({ model, wish: { language } }), {
				code: 'STT_CONFIG',
				retryable: false,
				message: new RegExp(language),
			});
		assert.equal(recogniser?.records.length, 0);
	});
});

describe('AssemblyAI: endpoint and credentials', () => {
	it('refuses what is no address, without showing it', () => {
		for (const endpoint of [
			'https://streaming.assemblyai.com/v3/ws?token=secret-token',
			'streaming.assemblyai.com:443?secret-token',
			'wss://user:secret-token@localhost/v3/ws',
			'wss://',
			'nonsense secret-token',
		])
			assert.throws(
				() => make({ endpoint }),
				(error: Error) => {
					assert.equal((error as { code?: string }).code, 'STT_CONFIG', endpoint);
					assert.doesNotMatch(error.message, /secret-token/);
					return true;
				},
			);
	});

	it('fills in a missing path', async () => {
		for (const version of ['assemblyai', 'assemblyai-v2'] as const) {
			const lab = await start();
			const { session } = await open({ version, endpoint: `ws://${lab.host}` });
			await session.finish();
			assert.equal(lab.records[0]?.path, version === 'assemblyai' ? '/v3/ws' : '/v2/realtime/ws');
		}
	});

	it('needs a key for the vendor’s own service, and one that can be sent', async () => {
		for (const version of ['assemblyai', 'assemblyai-v2'] as const) {
			assert.throws(() => make({ credentials: credentials('') }, version), { code: 'STT_CONFIG' });
			assert.doesNotThrow(() => make({ credentials: credentials('', 'token') }, version));
			assert.throws(
				() => make({ credentials: credentials('geheim\nschlüssel') }, version),
				(error: Error) => !/geheim|schlüssel/.test(error.message),
			);
		}
		const endpoint = 'ws://127.0.0.1:1/v3/ws';
		const provider = make({ endpoint, credentials: credentials('') });
		await assert.rejects(provider.open(wishes(), never()), { code: 'STT_CONNECT' });
	});
});
