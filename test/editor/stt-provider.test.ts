import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createAuthority } from '../lab/certificates.ts';
import { type Editor, openEditor } from '../lab/editor.ts';
import { needs } from '../lab/needs.ts';
import { type FlowNode, type LabNodeRed, startNodeRed } from '../lab/node-red.ts';

type Fields = Record<string, string | boolean>;

const { privateKey } = generateKeyPairSync('rsa', {
	modulusLength: 2048,
	publicKeyEncoding: { type: 'spki', format: 'pem' },
	privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const SERVICE_ACCOUNT = JSON.stringify({ id: 'key', service_account_id: 'account', private_key: privateKey });

const GOOGLE_KEY = JSON.stringify({
	...{ type: 'service_account', project_id: 'test-project', client_email: 'a@b.iam.example.org' },
	private_key: privateKey,
});

const folder = mkdtempSync(join(tmpdir(), 'voice-editor-'));
const CA_FILE = join(folder, 'authority.pem');
writeFileSync(CA_FILE, createAuthority().ca);
after(() => rmSync(folder, { recursive: true }));

/** What is entered for each provider: its settings, by property, and its options, by name. */
const CASES: Record<
	string,
	{
		label: string;
		settings: Fields;
		secret?: { name: string; value: string };
		fields: Fields;
		options: Record<string, unknown>;
	}
> = {
	local: {
		label: 'on this machine',
		settings: { model: '/models/de' },
		fields: {
			engine: 'pocketsphinx',
			grammar: '/home/pi/lights.jsgf',
			endSilenceMs: '700',
			vadThreshold: '2.5',
		},
		options: {
			engine: 'pocketsphinx',
			grammar: '/home/pi/lights.jsgf',
			endSilenceMs: 700,
			vadThreshold: 2.5,
		},
	},
	assemblyai: {
		label: 'AssemblyAI',
		settings: {
			endpoint: 'wss://streaming.eu.assemblyai.com/v3/ws',
			caFile: CA_FILE,
			model: 'universal-streaming-english',
		},
		secret: { name: 'apiKey', value: 'assemblyai-key-of-a-test' },
		fields: {
			keyterms_prompt: 'Node-RED, Raspberry Pi',
			format_turns: 'true',
			min_turn_silence: '300',
			max_turn_silence: '2000',
			end_of_turn_confidence_threshold: '0.55',
			domain: 'medical-v1',
			filter_profanity: true,
		},
		options: {
			keyterms_prompt: ['Node-RED', 'Raspberry Pi'],
			format_turns: true,
			min_turn_silence: 300,
			max_turn_silence: 2000,
			end_of_turn_confidence_threshold: 0.55,
			domain: 'medical-v1',
			filter_profanity: true,
		},
	},
	'assemblyai-v2': {
		label: 'AssemblyAI v2 (legacy)',
		settings: { endpoint: 'ws://127.0.0.1:9/v2/realtime/ws', caFile: CA_FILE },
		secret: { name: 'token', value: 'temporary-token-of-a-test' },
		fields: {
			word_boost: '["one, two","three"]',
			end_utterance_silence_threshold: '900',
			audio_as_base64: true,
		},
		options: {
			word_boost: ['one, two', 'three'],
			end_utterance_silence_threshold: 900,
			audio_as_base64: true,
		},
	},
	google: {
		label: 'Google Speech-to-Text',
		settings: { endpoint: 'speech.example.org:443', caFile: CA_FILE, model: 'chirp_3' },
		secret: { name: 'serviceAccount', value: GOOGLE_KEY },
		fields: {
			apiVersion: 'v2',
			project: 'my-project-123',
			location: 'europe-west4',
			recognizer: 'my-recognizer',
			languages: 'de-DE, fr-FR',
			phrases: 'Node-RED, Raspberry Pi',
			boost: '12.5',
			enableAutomaticPunctuation: true,
			profanityFilter: true,
			endpointingSensitivity: 'short',
			maxAlternatives: '3',
		},
		options: {
			apiVersion: 'v2',
			project: 'my-project-123',
			location: 'europe-west4',
			recognizer: 'my-recognizer',
			languages: ['de-DE', 'fr-FR'],
			phrases: ['Node-RED', 'Raspberry Pi'],
			boost: 12.5,
			enableAutomaticPunctuation: true,
			profanityFilter: true,
			endpointingSensitivity: 'short',
			maxAlternatives: 3,
		},
	},
	yandex: {
		label: 'Yandex SpeechKit',
		settings: { endpoint: 'stt.api.ml.yandexcloud.kz:443', caFile: CA_FILE, model: 'general:rc' },
		secret: { name: 'serviceAccount', value: SERVICE_ACCOUNT },
		fields: {
			iamEndpoint: 'https://iam.api.yandexcloud.kz/iam/v1/tokens',
			folderId: 'b1g0123',
			languages: 'ru-RU, kk-KZ',
			textNormalization: 'false',
			literatureText: true,
			phoneFormatting: 'false',
			profanityFilter: true,
			eouSensitivity: 'high',
			maxPauseBetweenWordsHintMs: '800',
			audioProcessing: 'full-data',
			dataLogging: true,
		},
		options: {
			iamEndpoint: 'https://iam.api.yandexcloud.kz/iam/v1/tokens',
			folderId: 'b1g0123',
			languages: ['ru-RU', 'kk-KZ'],
			textNormalization: false,
			literatureText: true,
			phoneFormatting: false,
			profanityFilter: true,
			eouSensitivity: 'high',
			maxPauseBetweenWordsHintMs: 800,
			audioProcessing: 'full-data',
			dataLogging: true,
		},
	},
};

const STORED = '__PWRD__';
const input = (name: string) => `node-config-input-${name}`;
const option = (name: string) => `node-config-option-${name}`;
const rename = (fields: Fields, id: (name: string) => string): Fields =>
	Object.fromEntries(Object.entries(fields).map(([name, value]) => [id(name), value]));

describe('the dialog of an stt-provider', { skip: needs('chromium') }, () => {
	let nodeRed: LabNodeRed;
	let editor: Editor;
	let flow: FlowNode[];
	const ids = new Map<string, string>();

	before(async () => {
		const flow = [{ id: 'tab', type: 'tab', label: 'Speech' }];
		nodeRed = await startNodeRed({ flow, env: { YANDEX_KEY: 'yandex-key-of-a-test' } });
		editor = await openEditor(nodeRed, { width: 1024, height: 1300 });
	});
	after(async () => {
		try {
			await editor?.close();
		} finally {
			await nodeRed?.stop();
		}
	});

	/** Ids of the fields that a user sees, but for those that every provider has. */
	const visible = async () =>
		(
			await editor.page
				.locator('.red-ui-tray-body .stt-dialog :is(input, select, textarea):visible')
				.evaluateAll((fields) => fields.map(({ id }) => id))
		).filter((id) => !['provider', 'name'].map(input).includes(id));

	for (const [provider, { label, settings, secret, fields }] of Object.entries(CASES))
		it(`takes what is entered for ${provider}, in fields for nothing else`, async () => {
			const y = 100 + ids.size * 100;
			const node = await editor.addNode('stt-stream', { x: 200, y });
			await editor.open(node);
			await editor.addConfig('provider');
			await editor.fill({ [input('provider')]: provider });
			assert.deepEqual(await editor.clipped(), []);
			if (secret)
				await editor.fill({ 'node-config-sign-in': secret.name, [input(secret.name)]: secret.value });
			const entered = { ...rename(settings, input), ...rename(fields, option) };
			await editor.fill(entered);
			await editor.screenshot(`stt-provider-${provider}`);
			assert.deepEqual(
				(await visible()).sort(),
				[
					...Object.keys(entered),
					...(secret ? ['node-config-sign-in', input(secret.name)] : []),
					'node-config-options',
				].sort(),
			);
			assert.deepEqual(await editor.marked(), []);
			await editor.save();
			assert.deepEqual(await editor.clipped(), []);
			await editor.screenshot(`stt-stream-${provider}`);
			await editor.save();
			const id = (await editor.ids('stt-provider')).find((id) => ![...ids.values()].includes(id))!;
			ids.set(provider, id);
			assert.equal(await editor.label(id), label);
			assert.deepEqual(await editor.complaints(node), []);
		});

	async function exportsNoKey(): Promise<void> {
		const exported = JSON.stringify(await editor.exported());
		assert.equal([...exported.matchAll(/"type":"stt-provider"/g)].length, Object.keys(CASES).length);
		for (const { secret } of Object.values(CASES))
			if (secret)
				assert.ok(!exported.includes(secret.value) && !exported.includes(`"${secret.name}"`), secret.name);
		assert.ok(!exported.includes('PRIVATE KEY'));
	}

	it('stores them as the runtime reads them, and keys only where Node-RED keeps credentials', async () => {
		// Before they are deployed, the editor has the keys itself.
		await exportsNoKey();
		flow = await editor.deploy();
		const credentials = JSON.parse(readFileSync(join(nodeRed.userDir, 'flows_cred.json'), 'utf8')) as object;
		for (const [provider, { settings, secret, options }] of Object.entries(CASES)) {
			const id = ids.get(provider)!;
			const none = { name: '', endpoint: '', caFile: '', model: '', version: 1 };
			assert.deepEqual(
				flow.find((node) => node.id === id),
				{ id, type: 'stt-provider', ...none, provider, ...settings, options },
			);
			const stored = Object.entries((credentials as Record<string, object>)[id] ?? {});
			assert.deepEqual(
				stored.filter(([, value]) => value !== ''),
				secret ? [[secret.name, secret.value]] : [],
			);
		}
		await exportsNoKey();
	});

	for (const [provider, { settings, secret, fields, options }] of Object.entries(CASES))
		it(`shows them again for ${provider}, and changes nothing when they are saved again`, async () => {
			const id = ids.get(provider)!;
			await editor.open(id);
			const expected: Fields = { ...rename(settings, input), ...rename(fields, option) };
			if (secret)
				Object.assign(expected, { 'node-config-sign-in': secret.name, [input(secret.name)]: STORED });
			assert.deepEqual(await editor.read(...Object.keys(expected)), expected);
			const [json] = Object.values(await editor.read('node-config-options'));
			assert.deepEqual(JSON.parse(String(json)), options);
			assert.deepEqual(await editor.marked(), []);
			await editor.save();
			assert.ok(await editor.isDeployed());
		});

	it('shows them in an editor that is opened anew', async () => {
		const other = await openEditor(nodeRed);
		try {
			for (const id of ids.values()) assert.deepEqual(await other.complaints(id), []);
			await other.open(ids.get('yandex')!);
			const shown = await other.read('node-config-sign-in', input('serviceAccount'), option('languages'));
			assert.deepEqual(Object.values(shown), ['serviceAccount', STORED, 'ru-RU, kk-KZ']);
			await other.save();
			assert.ok(await other.isDeployed());
		} finally {
			await other.close();
		}
	});

	it('keeps one way to sign in, and says which key it removes', async () => {
		const id = ids.get('yandex')!;
		await editor.open(id);
		await editor.fill({ 'node-config-sign-in': 'apiKey', [input('apiKey')]: `\${YANDEX_KEY}` });
		assert.match(String(await editor.page.locator('#stt-provider-notes').textContent()), /Service account/);
		assert.ok(!(await visible()).includes(option('iamEndpoint')), 'only for service accounts');
		await editor.save();
		await editor.deploy();
		const credentials = JSON.parse(readFileSync(join(nodeRed.userDir, 'flows_cred.json'), 'utf8')) as object;
		const { apiKey, serviceAccount } = (credentials as Record<string, Record<string, string>>)[id]!;
		assert.deepEqual([apiKey, serviceAccount || ''], [`\${YANDEX_KEY}`, '']);
	});

	it('takes the key of a service account from its file', async () => {
		await editor.open(ids.get('yandex')!);
		await editor.fill({ 'node-config-sign-in': 'serviceAccount' });
		const file = { name: 'authorized_key.json', mimeType: 'application/json' };
		await editor
			.field('stt-provider-key-file')
			.setInputFiles({ ...file, buffer: Buffer.from(`${SERVICE_ACCOUNT}\n`) });
		await editor.page.waitForFunction(`$('#node-config-input-serviceAccount').val() !== ''`);
		assert.deepEqual(await editor.read(input('serviceAccount')), {
			[input('serviceAccount')]: SERVICE_ACCOUNT,
		});
		await editor.cancel();
	});

	it('has stored nothing that the runtime would not take', () => {
		// There is no model in the folder that was entered, and there need not be an engine.
		const errors = nodeRed.errors().filter(({ code }) => !/^STT_(MODEL_MISSING|ENGINE)$/.test(String(code)));
		assert.deepEqual(errors, []);
	});
});
