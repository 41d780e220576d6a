import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ConnectionAnswer } from '../../../nodes/stt-stream/connection-answer.ts';
import { needs } from '../../lab/needs.ts';
import { type FlowNode, type LabNodeRed, startNodeRed } from '../../lab/node-red.ts';
import { type LoopbackAssemblyAi, startAssemblyAi } from '../../lab/recognisers/assemblyai.ts';
import { type LoopbackGoogle, startGoogle } from '../../lab/recognisers/google.ts';
import { type LoopbackYandex, startYandex } from '../../lab/recognisers/yandex.ts';
import { writeToyTransducer } from '../../lab/toy-models/models.ts';
import { findLeaks, newSecret } from './failures/secrets.ts';

const bcrypt = createRequire(import.meta.url)('bcryptjs') as {
	hashSync(text: string, rounds: number): string;
};

const STORED = '__PWRD__';
const secrets = new Map<string, string>();
const secret = (name: string): string => {
	const value = newSecret();
	secrets.set(name, value);
	return value;
};

/** What a dialog may send. */
type Shown = Record<string, unknown>;

/** The route in a Node-RED whose users need a permission for it, as the dialog uses it. */
class Route {
	readonly nodeRed: LabNodeRed;
	/** All that was ever answered. */
	said = '';
	readonly #token: string;

	private constructor(nodeRed: LabNodeRed, token: string) {
		this.nodeRed = nodeRed;
		this.#token = token;
	}

	static async start(flow: FlowNode[], credentials: Record<string, Record<string, string>>, env: Shown) {
		const password = bcrypt.hashSync('lab', 4);
		const users = [{ username: 'tester', password, permissions: ['stt-provider.write'] }];
		const adminAuth = { type: 'credentials', users, default: { permissions: 'read' } };
		const settings = { flow, credentials, env: env as Record<string, string>, settings: { adminAuth } };
		const nodeRed = await startNodeRed(settings);
		const login = { client_id: 'node-red-admin', grant_type: 'password', scope: '' };
		const answer = await fetch(new URL('/auth/token', nodeRed.url), {
			method: 'POST',
			body: new URLSearchParams({ ...login, username: 'tester', password: 'lab' }),
		});
		const { access_token } = (await answer.json()) as { access_token: string };
		return new Route(nodeRed, access_token);
	}

	async post(body: string, headers: Record<string, string>, signal: AbortSignal | null = null) {
		const url = new URL('/voice/stt-stream/connection', this.nodeRed.url);
		const response = await fetch(url, { method: 'POST', body, headers, signal });
		const text = await response.text();
		this.said += text;
		return { status: response.status, text, retryAfter: response.headers.get('retry-after') };
	}

	ask(shown: Shown, { type = 'application/json', signal }: { type?: string; signal?: AbortSignal } = {}) {
		const headers = { 'content-type': type, authorization: `Bearer ${this.#token}` };
		return this.post(JSON.stringify({ id: 'new', ...shown }), headers, signal);
	}

	async accepted(shown: Shown): Promise<ConnectionAnswer & { ok: true }> {
		const { status, text } = await this.ask(shown);
		const answer = JSON.parse(text) as ConnectionAnswer;
		assert.equal(status, 200, text);
		assert.ok(answer.ok, text);
		assert.ok(Number.isInteger(answer.ms) && answer.ms >= 0, text);
		return answer;
	}

	/** Returns the message. */
	async refused(code: string, shown: Shown): Promise<string> {
		const { status, text } = await this.ask(shown);
		const answer = JSON.parse(text) as ConnectionAnswer;
		assert.equal(status, 200, text);
		assert.ok(!answer.ok, text);
		assert.equal(answer.code, code, text);
		assert.ok(answer.remedy && answer.message.endsWith(`: ${answer.remedy}`), text);
		return answer.message;
	}
}

describe('testing a connection over the admin route', { skip: needs('sherpa-onnx', 'pocketsphinx') }, () => {
	let assemblyAi: LoopbackAssemblyAi;
	let other: LoopbackAssemblyAi;
	let yandex: LoopbackYandex;
	let google: LoopbackGoogle;
	let route: Route;
	let gone = '';
	const folder = mkdtempSync(join(tmpdir(), 'voice-connection-'));
	const stops: (() => unknown)[] = [() => rmSync(folder, { recursive: true })];

	before(async () => {
		assemblyAi = await startAssemblyAi({ apiKey: secret('key of AssemblyAI') });
		other = await startAssemblyAi();
		yandex = await startYandex({ apiKey: secret('key of Yandex') });
		google = await startGoogle({ apiKey: secret('key of Google') });
		for (const server of [assemblyAi, other, yandex, google]) stops.push(() => server.stop());
		const nobody = await startAssemblyAi();
		gone = nobody.url;
		await nobody.stop();
		const provider = { type: 'stt-provider', provider: 'assemblyai', caFile: '', model: '', options: '' };
		const flow = [
			{ ...provider, id: 'stored', endpoint: assemblyAi.url },
			{ ...provider, id: 'variables', endpoint: `\${WHERE}`, options: { prompt: `\${PROMPT}` } },
			{ id: 'mqtt', type: 'mqtt-broker', broker: '127.0.0.1', port: 1 },
		];
		const credentials = {
			stored: { apiKey: assemblyAi.apiKey },
			variables: { apiKey: `\${KEY}` },
			mqtt: { user: 'lab', password: secret('password of another node'), apiKey: secret('of another node') },
		};
		const env = { WHERE: assemblyAi.url, KEY: assemblyAi.apiKey, PROMPT: 'lab', OTHER: secret('variable') };
		route = await Route.start(flow, credentials, env);
		stops.push(() => route.nodeRed.stop());
	});
	after(async () => {
		for (const stop of stops.reverse()) await stop();
	});

	const vendors = () => ({
		assemblyai: { server: assemblyAi, endpoint: assemblyAi.url, apiKey: assemblyAi.apiKey },
		yandex: { server: yandex, endpoint: yandex.endpoint, apiKey: yandex.apiKey },
		google: { server: google, endpoint: google.endpoint, apiKey: google.apiKey },
	});

	for (const provider of ['assemblyai', 'yandex', 'google'] as const)
		it(`${provider}: accepts a key, refuses another, and leaves no connection`, async () => {
			const { server, endpoint, apiKey } = vendors()[provider];
			const { peer } = await route.accepted({ provider, endpoint, options: {}, credentials: { apiKey } });
			assert.equal(peer, server.host);
			const [record] = server.records;
			assert.equal(server.records.length, 1);
			// 200 ms at 16 kHz, and nothing but silence.
			assert.ok(record?.audio().equals(Buffer.alloc(6400)), `${record?.bytes} bytes`);
			const wrong = { apiKey: secret(`wrong key of ${provider}`) };
			const message = await route.refused('STT_AUTH', {
				provider,
				endpoint,
				options: '',
				credentials: wrong,
			});
			assert.match(message, /refused/);
			await server.until('no connection', () => server.open === 0);
		});

	it('says that nobody is there, and which setting is wrong', async () => {
		const credentials = { apiKey: assemblyAi.apiKey };
		const shown = { provider: 'assemblyai', credentials };
		assert.match(await route.refused('STT_CONNECT', { ...shown, endpoint: gone }), /refused the connection/);
		const options = { no_such_option: true };
		assert.match(await route.refused('STT_CONFIG', { ...shown, options }), /no_such_option/);
	});

	it('uses the stored key for the stored address, and for no other', async () => {
		const shown = { id: 'stored', provider: 'assemblyai', credentials: { apiKey: STORED } };
		await route.accepted({ ...shown, endpoint: assemblyAi.url, model: 'universal-streaming-english' });
		const variables = { ...shown, id: 'variables', options: `{ "prompt": "\${PROMPT}" }` };
		await route.accepted({ ...variables, endpoint: `\${WHERE}` });
		assert.equal(assemblyAi.records.at(-1)?.query['prompt'], 'lab');
		for (const elsewhere of [
			{ ...shown, endpoint: other.url },
			{ ...variables, endpoint: other.url },
			{ ...shown, id: 'mqtt', endpoint: other.url },
			{ ...shown, id: 'new', endpoint: other.url },
		])
			assert.match(await route.refused('STT_CONFIG', elsewhere), /deploy first, or type the key again$/);
		const typed = { ...shown, endpoint: other.url, credentials: { apiKey: `\${OTHER}` } };
		assert.match(await route.refused('STT_CONFIG', typed), /"apiKey" comes from the environment/);
		assert.deepEqual(other.records, []);
	});

	it('loads a model on this machine, and names it', async () => {
		const model = writeToyTransducer(join(folder, 'toy-model'));
		const sherpa = await route.accepted({ provider: 'local', model, options: { engine: 'sherpa-onnx' } });
		assert.deepEqual(sherpa.engine, { name: 'sherpa-onnx', model: basename(model), kind: 'zipformer2' });
		const sphinx = await route.accepted({
			provider: 'local',
			options: { program: 'pocketsphinx_continuous' },
		});
		const kind = 'pocketsphinx_continuous';
		assert.deepEqual(sphinx.engine, { name: 'PocketSphinx', model: 'en-us', kind });
		assert.equal(sphinx.peer, undefined);
		await route.refused('STT_MODEL_MISSING', { provider: 'local', model: join(folder, 'nothing') });
	});

	it('ends with whoever asked, and tests three at once and no more', async () => {
		assemblyAi.script = { beginDelayMs: 600_000 };
		const count = assemblyAi.records.length;
		const shown = { id: 'stored', provider: 'assemblyai', credentials: { apiKey: STORED } };
		const asked = { ...shown, endpoint: assemblyAi.url };
		const leave = new AbortController();
		const { signal } = leave;
		const three = [1, 2, 3].map(() => assert.rejects(route.ask(asked, { signal }), /abort/));
		await assemblyAi.until('three sessions', () => assemblyAi.records.length === count + 3);
		const { status, text } = await route.ask(asked);
		assert.deepEqual([status, (JSON.parse(text) as { code: string }).code], [429, 'STT_QUOTA']);
		leave.abort();
		await Promise.all(three);
		await assemblyAi.until('no connection', () => assemblyAi.open === 0);
		assemblyAi.script = {};
		await route.accepted(asked);
	});

	it('takes only what a dialog sends, of whom may write', async () => {
		const shown = { id: 'stored', provider: 'assemblyai', credentials: { apiKey: STORED } };
		assert.equal((await route.ask(shown, { type: 'text/plain' })).status, 400);
		assert.equal((await route.ask({ ...shown, model: 'x'.repeat(300_000) })).status, 400);
		await route.refused('STT_CONFIG', { ...shown, endpoint: [assemblyAi.url] });
		const headers = { 'content-type': 'application/json' };
		assert.equal((await route.post(JSON.stringify(shown), headers)).status, 401);
	});

	it('answers so many requests and no more', async () => {
		let last: Awaited<ReturnType<Route['ask']>> | undefined;
		for (let tries = 0; tries < 40 && last?.status !== 429; tries++)
			last = await route.ask({}, { type: 'text/plain' });
		assert.equal(last?.status, 429);
		assert.ok(Number(last?.retryAfter) > 0);
	});

	it('has said no secret, in no answer and no log', () => {
		assert.ok(route.said.includes(assemblyAi.host));
		assert.deepEqual(findLeaks({ answers: route.said, log: route.nodeRed.log.join('\n') }, secrets), []);
	});
});
