import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Credentials, FlowNode } from '../../../lab/node-red.ts';
import {
	type AssemblyAiSettings,
	type LoopbackAssemblyAi,
	startAssemblyAi,
} from '../../../lab/recognisers/assemblyai.ts';
import { type GoogleSettings, type LoopbackGoogle, startGoogle } from '../../../lab/recognisers/google.ts';
import { type LoopbackIam, startIam } from '../../../lab/recognisers/iam.ts';
import { type LoopbackYandex, startYandex, type YandexSettings } from '../../../lab/recognisers/yandex.ts';
import { SAFETY_MS, silence } from '../helpers.ts';
import { chunks } from '../speech-flow.ts';
import { FailingFlow, providerNode, streamNode } from './failing-flow.ts';

// How often a recogniser is asked that does not want to, or cannot. Every recogniser here is used by one node only.

const options = { timeout: SAFETY_MS };
const PEER = /^(AssemblyAI at 127\.0\.0\.1|(Yandex (SpeechKit|IAM)|Google Speech-to-Text) at localhost):\d+ /;
const ONCE = ['aai', 'aai http', 'aai token', 'aai v2', 'yandex', 'yandex token', 'google', 'google v2'];
const WRONG = { apiKey: 'not-the-key' };

describe('stt-stream in Node-RED: attempts', () => {
	const nodes: FlowNode[] = [];
	const credentials: Credentials = {};
	const stops: (() => Promise<unknown>)[] = [];
	const assemblyAis = new Map<string, LoopbackAssemblyAi>();
	const others = new Map<string, LoopbackYandex | LoopbackGoogle>();
	let iam: LoopbackIam;
	let flow: FailingFlow;

	/** A node with a provider of its own, both called `id`. */
	function add(id: string, config: object, secrets: Record<string, string>, settings: object) {
		nodes.push(
			providerNode(`${id} provider`, { ...config }),
			...streamNode(id, `${id} provider`, settings as never),
		);
		credentials[`${id} provider`] = secrets;
	}

	async function addAssemblyAi(
		id: string,
		lab: AssemblyAiSettings,
		secrets: Record<string, string> = WRONG,
		settings: object = {},
		version: 'assemblyai' | 'assemblyai-v2' = 'assemblyai',
	) {
		const recogniser = await startAssemblyAi(lab);
		stops.push(() => recogniser.stop());
		assemblyAis.set(id, recogniser);
		const endpoint = version === 'assemblyai' ? recogniser.url : recogniser.urlV2;
		add(id, { provider: version, endpoint }, secrets, settings);
	}

	async function addYandex(
		id: string,
		lab: YandexSettings,
		secrets: Record<string, string>,
		settings: object = {},
		more: object = {},
	) {
		const recogniser = await startYandex(lab);
		stops.push(() => recogniser.stop());
		others.set(id, recogniser);
		add(
			id,
			{ provider: 'yandex', endpoint: recogniser.endpoint, options: JSON.stringify(more) },
			secrets,
			settings,
		);
	}

	async function addGoogle(
		id: string,
		lab: GoogleSettings,
		secrets: Record<string, string>,
		settings: object = {},
		more: object = {},
	) {
		const recogniser = await startGoogle(lab);
		stops.push(() => recogniser.stop());
		others.set(id, recogniser);
		const { endpoint } = recogniser;
		add(id, { provider: 'google', endpoint, options: JSON.stringify(more) }, secrets, settings);
	}

	before(async () => {
		const warm = { warm: true };
		await addAssemblyAi('aai', { refuseKeys: 'close' });
		await addAssemblyAi('aai http', { refuseKeys: 'http' });
		await addAssemblyAi('aai token', {}, { token: 'used-already' });
		await addAssemblyAi('aai v2', {}, WRONG, {}, 'assemblyai-v2');
		await addAssemblyAi('aai warm', { refuseKeys: 'close' }, WRONG, warm);
		await addAssemblyAi('aai http warm', { refuseKeys: 'http' }, WRONG, warm);
		await addAssemblyAi('aai v2 warm', {}, WRONG, warm, 'assemblyai-v2');
		await addYandex('yandex', {}, WRONG);
		await addYandex('yandex token', {}, { token: 'not-the-token' });
		await addYandex('yandex warm', {}, WRONG, warm);
		await addGoogle('google', {}, WRONG);
		const v2 = { apiVersion: 'v2', project: 'lab-project' };
		await addGoogle('google v2', {}, { token: 'not-the-token' }, {}, v2);
		await addGoogle('google warm', {}, WRONG, warm);

		iam = await startIam();
		stops.push(() => iam.stop());
		const serviceAccount = { serviceAccount: iam.serviceAccount };
		const iamEndpoint = { iamEndpoint: iam.url };
		await addYandex(
			'no account',
			{},
			{ serviceAccount: iam.serviceAccount.replace(/("id":")./, '$1-') },
			{},
			iamEndpoint,
		);
		await addYandex('no tokens', { tokens: () => [] }, serviceAccount, {}, iamEndpoint);

		const good = { apiKey: 'lab-api-key' };
		await addAssemblyAi('down', { script: { refuse: { status: 503 } } }, good, { reconnectMs: 700 });
		await addAssemblyAi(
			'shut',
			{ script: { cues: [{ at: { audioMs: 100 }, do: 'close', code: 1000 }] } },
			good,
		);
		await addAssemblyAi('slow', { script: { acceptDelayMs: SAFETY_MS } }, good, {
			connectTimeoutMs: 200,
			reconnectMs: 0,
		});
		await addAssemblyAi('mute', { script: { cues: [{ at: 'finish', do: 'mute' }] } }, good, {
			finalTimeoutMs: 200,
		});
		await addYandex('slow yandex', { script: { acceptDelayMs: SAFETY_MS } }, good, {
			connectTimeoutMs: 200,
			reconnectMs: 0,
		});
		flow = await FailingFlow.begin(nodes, credentials);
	});
	after(async () => {
		await flow?.nodeRed.stop();
		for (const stop of stops) await stop();
	});

	const counted = (id: string) => (assemblyAis.get(id) ?? others.get(id))?.records.length;
	/** TCP, also where nothing was called. */
	const connected = (id: string) => assemblyAis.get(id)?.records.length ?? others.get(id)?.relay.count;

	/** Three streams one after another, and three at once; each fails for the same reason, at the first attempt. */
	async function failAll(node: string, code: string): Promise<void> {
		const names = ['1', '2', '3', 'a', 'b', 'c'].map((name) => `${node} ${name}`);
		for (const id of names.slice(0, 3)) {
			await flow.say(node, id);
			await flow.checkFailed(node, id, code, PEER);
		}
		await Promise.all(names.slice(3).map((id) => flow.say(node, id)));
		for (const id of names.slice(3)) await flow.checkFailed(node, id, code, PEER);
		// No back-off has begun, let alone ended.
		for (const id of names) assert.ok(!flow.names(node, id).includes('reconnecting'), id);
	}

	for (const id of ONCE)
		it(`a wrong key is tried once for each stream: ${id}`, options, async () => {
			assert.equal(connected(id), 0);
			await failAll(id, 'STT_AUTH');
			assert.deepEqual([counted(id), connected(id)], [6, 6]);
		});

	for (const id of ['aai warm', 'aai http warm', 'aai v2 warm'])
		it(`a wrong key is tried once for a warm session, and once for each stream: ${id}`, options, async () => {
			const report = await flow.nodeRed.waitForError(id);
			assert.equal(report.code, 'STT_AUTH');
			assert.match(report.message, PEER);
			const caught = () =>
				flow.nodeRed
					.messages('catch')
					.filter(({ error }) => (error as { source: { id: string } }).source.id === id);
			await flow.nodeRed.until('the Catch node to hear of it', () => caught()[0]);
			await flow.nodeRed.waitForStatus(id, ({ fill, text }) => fill === 'red' && text === 'key refused');
			assert.equal(counted(id), 1);
			await failAll(id, 'STT_AUTH');
			assert.equal(counted(id), 7);
			assert.equal(flow.nodeRed.errors(id).length, 7);
		});

	for (const id of ['yandex warm', 'google warm'])
		it(`a warm connection without a call does not try the key: ${id}`, options, async () => {
			await others.get(id)?.until('a connection', () => connected(id) === 1);
			assert.equal(counted(id), 0);
			await failAll(id, 'STT_AUTH');
			assert.equal(counted(id), 6);
		});

	it('the key of a service account that IAM refuses gets to no recogniser', options, async () => {
		const before = iam.requests.length;
		for (const id of ['one', 'two']) {
			await flow.say('no account', id);
			await flow.checkFailed('no account', id, 'STT_AUTH', PEER);
			assert.ok(!flow.names('no account', id).includes('reconnecting'));
		}
		assert.equal(iam.requests.length - before, 2);
		assert.equal(connected('no account'), 0);
	});

	it('a token that is refused is replaced once', options, async () => {
		const before = iam.requests.length;
		for (const [id, calls] of [
			['first', 2],
			['second', 3],
			['third', 4],
		] as const) {
			await flow.say('no tokens', id);
			await flow.checkFailed('no tokens', id, 'STT_AUTH', PEER);
			assert.equal(counted('no tokens'), calls);
			assert.equal(iam.requests.length - before, calls);
		}
	});

	it('an outage that lasts ends the stream with the number of attempts', options, async () => {
		await flow.say('down', 'down');
		const message = await flow.checkFailed('down', 'down', 'STT_CONNECT', PEER);
		const attempts = Number(/also in (\d+) more attempts?/.exec(message)?.[1]);
		const again = flow.names('down', 'down').filter((name) => name === 'reconnecting');
		assert.ok(attempts >= 1, message);
		assert.deepEqual([counted('down'), again.length], [attempts + 1, attempts]);
	});

	it('three ends in a row without a reason are one', options, async () => {
		// Of silence, and without its end: whoever said something, or was asked to end, may end so.
		await flow.send('shut', chunks(silence(600), 'shut').slice(0, -1));
		await flow.closed('shut', 'shut');
		const message = await flow.checkFailed('shut', 'shut', 'STT_PROTOCOL', PEER);
		assert.match(message, /3 times in a row/);
		assert.equal(counted('shut'), 3);
	});

	for (const [node, what] of [
		['slow', /did not open a session within 200 ms/],
		['slow yandex', /did not open a session within 200 ms/],
		['mute', /was silent for 200 ms/],
	] as const)
		it(`a recogniser that lets wait is named: ${node}`, options, async () => {
			await flow.say(node, node);
			assert.match(await flow.checkFailed(node, node, 'STT_TIMEOUT', PEER), what);
		});

	it('nobody was asked once more since', options, async () => {
		const count = (ids: string[]) => ids.map(counted);
		assert.deepEqual(
			count(ONCE),
			ONCE.map(() => 6),
		);
		const warm = ['aai warm', 'aai http warm', 'aai v2 warm', 'yandex warm', 'google warm'];
		assert.deepEqual(count(warm), [7, 7, 7, 6, 6]);
		for (const id of ['yandex warm', 'google warm']) assert.equal(connected(id), 6 + 1);
		for (const [id, recogniser] of [...assemblyAis, ...others])
			await recogniser.until(
				`the connections of ${id}`,
				() => recogniser.open === (['yandex warm', 'google warm'].includes(id) ? 1 : 0),
			);
	});
});
