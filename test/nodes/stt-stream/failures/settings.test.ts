import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createAuthority } from '../../../lab/certificates.ts';
import type { Credentials, FlowNode } from '../../../lab/node-red.ts';
import { type LoopbackAssemblyAi, startAssemblyAi } from '../../../lab/recognisers/assemblyai.ts';
import { type LoopbackGoogle, startGoogle } from '../../../lab/recognisers/google.ts';
import { type LoopbackIam, startIam } from '../../../lab/recognisers/iam.ts';
import { type LoopbackYandex, startYandex } from '../../../lab/recognisers/yandex.ts';
import { SAFETY_MS } from '../helpers.ts';
import { FailingFlow, providerNode, streamNode } from './failing-flow.ts';
import { IMPOSSIBLE, variable } from './impossible.ts';

// Settings of a recogniser that cannot work show at deployment, before there is any audio and without a connection;
// and references to environment variables work wherever a setting may hold one.

const options = { timeout: SAFETY_MS };
const KEY = { apiKey: 'lab-api-key' };
const RED = { fill: 'red', shape: 'ring', text: 'check the settings' };

describe('stt-stream in Node-RED: settings of recognisers', () => {
	const nodes: FlowNode[] = [];
	const credentials: Credentials = {};
	let assemblyAi: LoopbackAssemblyAi;
	let yandex: LoopbackYandex;
	let secure: LoopbackAssemblyAi;
	let google: LoopbackGoogle;
	let iam: LoopbackIam;
	let folder: string;
	let flow: FailingFlow;

	function add(id: string, config: object, secrets: Record<string, string>, settings: object = {}) {
		nodes.push(
			providerNode(`${id} provider`, { ...config }),
			...streamNode(id, `${id} provider`, { ...settings }),
		);
		credentials[`${id} provider`] = secrets;
	}

	before(async () => {
		folder = await mkdtemp(join(tmpdir(), 'voice-settings-'));
		const authority = createAuthority();
		await writeFile(join(folder, 'ca.pem'), authority.ca);
		iam = await startIam();
		assemblyAi = await startAssemblyAi();
		secure = await startAssemblyAi({ tls: authority.issue('127.0.0.1') });
		google = await startGoogle();
		yandex = await startYandex({ tokens: () => ['lab-iam-token', ...iam.tokens] });
		const endpoints: Record<string, string> = {
			assemblyai: assemblyAi.url,
			'assemblyai-v2': assemblyAi.urlV2,
			yandex: yandex.endpoint,
			google: google.endpoint,
		};
		for (const [id, { provider, config, secrets = KEY, settings }] of Object.entries(IMPOSSIBLE))
			add(id, { provider, endpoint: endpoints[provider], ...config }, secrets, settings);

		add(
			'all $',
			{
				provider: 'assemblyai',
				endpoint: variable('URL'),
				caFile: variable('CA'),
				options: variable('OPTIONS'),
			},
			{ apiKey: variable('KEY') },
			{ language: variable('LANGUAGE') },
		);
		add('$ v2', { provider: 'assemblyai-v2', endpoint: assemblyAi.urlV2 }, { token: '$(KEY)' });
		const inOptions = { folderId: variable('FOLDER'), languages: [variable('LANGUAGE'), 'ru-RU'] };
		add(
			'$ yandex',
			{ provider: 'yandex', endpoint: variable('GRPC'), options: JSON.stringify(inOptions) },
			{ token: variable('TOKEN') },
		);
		const iamOption = { iamEndpoint: variable('IAM') };
		add(
			'$ iam',
			{ provider: 'yandex', endpoint: variable('GRPC'), options: JSON.stringify(iamOption) },
			{ serviceAccount: variable('ACCOUNT') },
		);
		const inGoogle = { apiVersion: 'v2', project: variable('PROJECT'), languages: [variable('LANGUAGE')] };
		add(
			'$ google',
			{ provider: 'google', endpoint: variable('GOOGLE'), options: JSON.stringify(inGoogle) },
			{ serviceAccount: variable('GOOGLE_ACCOUNT') },
		);
		nodes.push({
			id: 'globals',
			type: 'global-config',
			name: '',
			env: [{ name: 'FOLDER', value: 'lab-folder', type: 'str' }],
			modules: {},
		});
		flow = await FailingFlow.begin(nodes, credentials, {
			env: {
				URL: secure.url,
				CA: join(folder, 'ca.pem'),
				OPTIONS: '{"vad_threshold":0.25}',
				KEY: 'lab-api-key',
				LANGUAGE: 'en-US',
				GRPC: yandex.endpoint,
				TOKEN: 'lab-iam-token',
				IAM: iam.url,
				GOOGLE: google.endpoint,
				GOOGLE_ACCOUNT: google.account.json,
				PROJECT: 'lab-project',
				ACCOUNT: iam.serviceAccount,
			},
		});
	});
	after(async () => {
		await flow?.nodeRed.stop();
		for (const server of [assemblyAi, secure, yandex, google, iam]) await server?.stop();
		await rm(folder, { recursive: true, force: true });
	});

	/** What the Catch node got of a node outside of any stream. */
	const early = (node: string) =>
		flow.nodeRed
			.messages('catch')
			.filter(({ error, parts }) => (error as { source: { id: string } }).source.id === node && !parts)
			.map(({ error }) => error as { code: string; message: string });

	it('nothing is connected to at deployment', options, async () => {
		for (const id of Object.keys(IMPOSSIBLE))
			await flow.nodeRed.until(`the error of ${id}`, () => early(id)[0]);
		const counts = [assemblyAi.records, secure.records, yandex.records, iam.requests].map(
			({ length }) => length,
		);
		assert.deepEqual(counts, [0, 0, 0, 0]);
		assert.deepEqual([yandex.relay.count, google.relay.count], [0, 0]);
		assert.deepEqual([assemblyAi.open, secure.open], [0, 0]);
	});

	for (const [id, { says }] of Object.entries(IMPOSSIBLE))
		it(`what cannot work shows at deployment, once, and in every stream: ${id}`, options, async () => {
			const { code, message } = await flow.nodeRed.until('the error', () => early(id)[0]);
			assert.equal(code, 'STT_CONFIG');
			assert.match(message, says);
			assert.doesNotMatch(message, /[\n\r]/);
			await flow.nodeRed.waitForStatus(id, ({ fill }) => fill === 'red');
			for (const stream of [`${id} 1`, `${id} 2`]) {
				const closed = await flow.say(id, stream);
				assert.deepEqual([closed['code'], closed['audioMs']], ['STT_CONFIG', 0]);
				const { error } = await flow.nodeRed.until('its error', () => flow.caught(stream)[0]);
				assert.deepEqual([error.code, error.message], [code, message]);
				assert.ok(!flow.names(id, stream).includes('reconnecting'));
				assert.deepEqual(flow.nodeRed.statuses(id).at(-1), RED);
			}
			assert.deepEqual([early(id).length, flow.nodeRed.errors(id).length], [1, 3]);
		});

	it('variables are read in every setting, from wherever Node-RED has them', options, async () => {
		for (const id of ['all $', '$ v2', '$ yandex', '$ iam', '$ google']) {
			const { text, code } = await flow.say(id, id);
			assert.equal(code, undefined, flow.nodeRed.errors(id)[0]?.message);
			assert.equal(String(text).replace('.', ''), FailingFlow.said, id);
			assert.deepEqual(flow.nodeRed.errors(id), []);
		}
		const { query, headers } = secure.records[0] ?? {};
		assert.deepEqual([query?.['vad_threshold'], headers?.authorization], ['0.25', 'lab-api-key']);
		assert.deepEqual([assemblyAi.records.length, assemblyAi.records[0]?.query['token']], [1, 'lab-api-key']);
		assert.equal(yandex.records[0]?.headers['x-folder-id'], 'lab-folder');
		assert.equal(yandex.records[0]?.headers.authorization, 'Bearer lab-iam-token');
		assert.match(
			JSON.stringify(yandex.records[0]?.controls[0]?.message),
			/"language_code":\["en-US","ru-RU"\]/,
		);
		assert.equal(yandex.records[1]?.headers.authorization, `Bearer ${iam.tokens[0]}`);
		const [signed] = google.records;
		assert.match(
			JSON.stringify(signed?.controls[0]?.message),
			/projects\/lab-project\/.*"language_codes":\["en-US"\]/,
		);
	});

	it('where no Catch node is, each of it is in the log, once for each deployment', options, async () => {
		const complete = FailingFlow.complete(nodes).filter(({ id }) => id !== 'catch');
		const from = flow.nodeRed.log.length;
		await flow.nodeRed.setFlows(complete, { type: 'full' });
		for (const [id, { says }] of Object.entries(IMPOSSIBLE)) {
			const lines = () => flow.nodeRed.log.slice(from).filter((line) => line.includes(`:${id}]`));
			await flow.nodeRed.until(`the line of ${id}`, () => lines()[0]);
			assert.equal(lines().length, 1);
			assert.match(lines()[0] ?? '', says);
		}
	});
});
