import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../../../lib/node/clock.ts';
import { checkConnection, placeOf } from '../../../nodes/stt-stream/connection.ts';
import { ADDRESS_OPTIONS, settingsToTry } from '../../../nodes/stt-stream/connection-settings.ts';
import { RULES_V2, RULES_V3 } from '../../../nodes/stt-stream/providers/assemblyai/rules.ts';
import { GOOGLE_RULES } from '../../../nodes/stt-stream/providers/google/rules.ts';
import type { SttProvider } from '../../../nodes/stt-stream/providers/provider.ts';
import { YANDEX_RULES } from '../../../nodes/stt-stream/providers/yandex/rules.ts';
import { startAssemblyAi } from '../../lab/recognisers/assemblyai.ts';
import { startGoogle } from '../../lab/recognisers/google.ts';
import { startYandex } from '../../lab/recognisers/yandex.ts';
import { SAFETY_MS } from './helpers.ts';
import { providerAt as assemblyAiAt } from './providers/assemblyai-helpers.ts';
import { providerAt as googleAt } from './providers/google-helpers.ts';
import { providerAt as yandexAt } from './providers/yandex-helpers.ts';

const STORED = '__PWRD__';
const stored = { apiKey: STORED };

/** A deployed node, and what the variables hold that it may name. */
const deployed = (
	settings: Record<string, unknown>,
	secrets: Record<string, unknown> = { apiKey: 'key' },
) => ({
	settings: { provider: 'assemblyai', ...settings },
	secrets,
	environment: (name: string) => ({ KEY: 'key', WHERE: 'ws://lab', FOLDER: 'folder', ALL: '{}' })[name],
});
const refused = (message: RegExp) => ({ code: 'STT_CONFIG', message });

describe('what of the settings in a dialog may be tried', () => {
	it('all that is typed', () => {
		const typed = { provider: 'yandex', endpoint: ' grpc://lab:1 ', options: '{"folderId":"f"}' };
		assert.deepEqual(settingsToTry(typed, { apiKey: 'typed' }, undefined), {
			...{ id: 'yandex', endpoint: 'grpc://lab:1', caFile: '', model: '', options: { folderId: 'f' } },
			credentials: { apiKey: 'typed', token: '', serviceAccount: '' },
		});
	});

	it('a stored key, only for who would get it anyhow', () => {
		const options = { iamEndpoint: 'https://iam', folderId: 'f', dataLogging: true };
		const node = deployed({ provider: 'yandex', endpoint: 'lab:1', caFile: '/ca', options });
		const shown = { provider: 'yandex', endpoint: 'lab:1', caFile: '/ca', model: 'other', options };
		const key = (changed: object) => settingsToTry({ ...shown, ...changed }, stored, node).credentials.apiKey;
		assert.equal(key({}), 'key');
		assert.equal(key({ options: { iamEndpoint: 'https://iam' } }), 'key');
		assert.equal(key({ options: '{"iamEndpoint": "https://iam", "folderId": "another"}' }), 'key');
		for (const changed of [
			{ provider: 'google' },
			{ endpoint: '' },
			{ endpoint: 'lab:2' },
			{ caFile: '' },
			{ options: {} },
			{ options: { iamEndpoint: 'https://other' } },
			{ options: 'no JSON' },
		])
			assert.throws(() => key(changed), refused(/type the key again/), JSON.stringify(changed));
		assert.throws(() => settingsToTry(shown, stored, undefined), refused(/not stored.*type the key again/));
	});

	it('knows every option that says where something goes', () => {
		const all = Object.keys({ ...RULES_V2, ...RULES_V3, ...GOOGLE_RULES, ...YANDEX_RULES });
		const likely = all.filter((name) =>
			/endpoint$|url|host|address|gateway|^location|^recognizer/i.test(name),
		);
		assert.deepEqual(likely.sort(), [...ADDRESS_OPTIONS].sort());
	});

	it('the environment, only where the deployed node names it', () => {
		const options = { folderId: `\${FOLDER}` };
		const node = deployed({ provider: 'yandex', endpoint: `\${WHERE}`, options }, { apiKey: `\${KEY}` });
		const shown = { provider: 'yandex', endpoint: `\${WHERE}`, options };
		const config = settingsToTry(shown, stored, node);
		assert.deepEqual(
			[config.endpoint, config.options, config.credentials.apiKey],
			['ws://lab', { folderId: 'folder' }, 'key'],
		);
		const typed = { apiKey: 'typed' };
		for (const [changed, secrets] of [
			[{}, { apiKey: `\${KEY}` }],
			[{}, { apiKey: ' $(KEY) ' }],
			[{ model: `\${KEY}` }, stored],
			[{ caFile: `\${KEY}` }, typed],
			[{ endpoint: `\${KEY}` }, typed],
			// The folder's variable, to an address that was typed.
			[{ endpoint: 'lab:1' }, typed],
			[{ options: { folderId: `\${KEY}` } }, stored],
			[{ options: { ...options, languages: [`\${KEY}`] } }, stored],
			[{ options: `{"languages": ["\${KEY}"]}` }, stored],
			[{ options: `\${ALL}` }, typed],
		] as const)
			assert.throws(
				() => settingsToTry({ ...shown, ...changed }, secrets, node),
				refused(/comes from the environment/),
				JSON.stringify([changed, secrets]),
			);
		// What turns into a text only when it is read.
		assert.throws(() => settingsToTry({ ...shown, model: [`\${KEY}`] }, stored, node), refused(/no text/));
		assert.throws(() => settingsToTry(shown, { apiKey: [`\${KEY}`] }, node), refused(/no text/));
		const whole = deployed({ options: `\${ALL}` });
		assert.deepEqual(
			settingsToTry({ provider: 'assemblyai', options: `\${ALL}` }, stored, whole).options,
			{},
		);
		assert.throws(
			() => settingsToTry({ provider: 'assemblyai', options: {} }, stored, whole),
			refused(/type the key/),
		);
	});

	it('the credentials and the files of this machine, as they are deployed', () => {
		const keyless = { applicationDefaultCredentials: true };
		const google = { provider: 'google', options: keyless };
		assert.equal(settingsToTry(google, {}, undefined).endpoint, '');
		assert.throws(() => settingsToTry({ ...google, endpoint: 'lab:1' }, {}, undefined), refused(/deploy/));
		const node = deployed({ ...google, endpoint: 'lab:1' });
		assert.deepEqual(settingsToTry({ ...google, endpoint: 'lab:1' }, {}, node).options, keyless);
		assert.throws(() => settingsToTry({ ...google, endpoint: 'lab:2' }, {}, node), refused(/deploy/));
		const local = { provider: 'local', options: { grammar: '/etc/shadow' } };
		assert.throws(
			() => settingsToTry(local, {}, deployed({ provider: 'local' })),
			refused(/"grammar".*deploy/),
		);
		assert.deepEqual(settingsToTry(local, {}, deployed(local)).options, local.options);
	});
});

describe('the place of a recogniser', () => {
	for (const [peer, endpoint, expected] of [
		['AssemblyAI at streaming.assemblyai.com', '', { peer: 'streaming.assemblyai.com:443' }],
		[
			'AssemblyAI at streaming.eu.assemblyai.com',
			'wss://streaming.eu.assemblyai.com/v3/ws',
			{ peer: 'streaming.eu.assemblyai.com:443', region: 'eu' },
		],
		['AssemblyAI at lab', 'ws://lab/v3/ws', { peer: 'lab:80' }],
		['AssemblyAI at [::1]:8080', 'ws://[::1]:8080', { peer: '[::1]:8080' }],
		[
			'Google Speech-to-Text at europe-west4-speech.googleapis.com',
			'',
			{ peer: 'europe-west4-speech.googleapis.com:443', region: 'europe-west4' },
		],
		[
			'Google Speech-to-Text at speech.googleapis.com',
			'',
			{ peer: 'speech.googleapis.com:443', region: 'global' },
		],
		[
			'Yandex SpeechKit at stt.api.ml.yandexcloud.kz',
			'stt.api.ml.yandexcloud.kz:443',
			{ peer: 'stt.api.ml.yandexcloud.kz:443', region: 'kz' },
		],
		[
			'Yandex SpeechKit at stt.api.cloud.yandex.net',
			'',
			{ peer: 'stt.api.cloud.yandex.net:443', region: 'ru' },
		],
		['', '', {}],
	] as const)
		it(peer || 'on this machine', () => assert.deepEqual(placeOf(peer, endpoint), expected));
});

describe('a connection to a recogniser that hangs', () => {
	const check = (
		provider: SttProvider,
		openMs: number,
		endMs: number,
		signal = new AbortController().signal,
	) => checkConnection(provider, { openMs, endMs, clock: systemClock, signal });
	const HANGS = 300;

	for (const [when, script, openMs, endMs] of [
		['before it is accepted', { acceptDelayMs: SAFETY_MS }, HANGS, SAFETY_MS],
		['when it is to end', { cues: [{ at: 'finish', do: 'mute' }] }, SAFETY_MS, HANGS],
	] as const)
		for (const [vendor, start] of [
			['AssemblyAI', startAssemblyAi],
			['Yandex', startYandex],
			['Google', startGoogle],
		] as const)
			it(`${vendor}, ${when}: ends with STT_TIMEOUT and leaves none`, async (t) => {
				const server = await start({ script });
				t.after(() => server.stop());
				const provider =
					'url' in server ? assemblyAiAt(server) : 'project' in server ? googleAt(server) : yandexAt(server);
				await assert.rejects(check(provider, openMs, endMs), { code: 'STT_TIMEOUT' });
				await server.until('no connection', () => server.open === 0);
			});

	it('ends when nobody waits for it any more', async (t) => {
		const server = await startAssemblyAi({ script: { cues: [{ at: 'finish', do: 'mute' }] } });
		t.after(() => server.stop());
		const leave = new AbortController();
		const ended = assert.rejects(check(assemblyAiAt(server), SAFETY_MS, SAFETY_MS, leave.signal));
		await server.until('a session', () => (server.records[0]?.bytes ?? 0) > 0);
		leave.abort();
		await ended;
		await server.until('no connection', () => server.open === 0);
	});
});
