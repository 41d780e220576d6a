import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { createAuthority } from '../../../lab/certificates.ts';
import { type LoopbackAssemblyAi, startAssemblyAi } from '../../../lab/recognisers/assemblyai.ts';
import { type LoopbackGoogle, startGoogle } from '../../../lab/recognisers/google.ts';
import { type LoopbackIam, startIam } from '../../../lab/recognisers/iam.ts';
import type { Behaviour } from '../../../lab/recognisers/script.ts';
import { type LoopbackYandex, startYandex } from '../../../lab/recognisers/yandex.ts';
import { SAFETY_MS } from '../helpers.ts';
import { EVENTS } from '../speech-flow.ts';
import { FailingFlow } from './failing-flow.ts';
import { tryGoogle } from './google-tries.ts';
import { findLeaks } from './secrets.ts';
import { Tries, tryAssemblyAi, tryYandex } from './tries.ts';

// Keys are nowhere to be seen: not in the log at its finest, in errors, statuses and messages, in what the editor is
// told, nor in exported flows; whatever goes wrong, and whatever a server sends back. And what was said is only where
// it belongs: in the messages of outputs 1 and 2, and in the text of 'closed'.

const options = { timeout: SAFETY_MS };
/** Numbers that nothing else is likely to hold: 700001, 700002 … */
const SAID = 700_001;
const WORDS = /70000[1-6]/;

/** Messages with words in them that cannot be read. */
const GARBLED: readonly Behaviour[] = [
	{ cues: [{ at: { audioMs: 300 }, do: 'send', message: `{"type":"Turn","transcript":"${SAID} 700002` }] },
	{
		cues: [{ at: { audioMs: 300 }, do: 'send', message: { type: 'Turn', transcript: `${SAID}`, words: 7 } }],
	},
	{ cues: [{ at: { audioMs: 300 }, do: 'half', message: `{"type":"Turn","transcript":"${SAID} 700002` }] },
];

describe('stt-stream in Node-RED: what nobody may see', () => {
	const tries = new Tries();
	const { nodes, secrets, inFlow } = tries;
	const told: string[] = [];
	const stops: (() => Promise<unknown>)[] = [];
	let assemblyAi: LoopbackAssemblyAi;
	let yandex: LoopbackYandex;
	let google: LoopbackGoogle;
	let iam: LoopbackIam;
	let flow: FailingFlow;

	before(async () => {
		const folder = await mkdtemp(join(tmpdir(), 'voice-secrets-'));
		stops.push(() => rm(folder, { recursive: true, force: true }));
		const otherCa = join(folder, 'other.pem');
		await writeFile(otherCa, createAuthority().ca);
		const tls = createAuthority().issue('127.0.0.1', 'localhost');

		const key = tries.secret('API key of AssemblyAI');
		const apiKey = tries.secret('API key of Yandex');
		const token = tries.secret('IAM token');
		assemblyAi = await startAssemblyAi({ apiKey: key });
		iam = await startIam();
		yandex = await startYandex({ apiKey, tokens: () => [token, ...iam.tokens] });
		const stranger = await startYandex({ tokens: () => [] });
		const [secureAai, secureGrpc] = [await startAssemblyAi({ tls }), await startYandex({ tls })];
		for (const server of [assemblyAi, iam, yandex, stranger, secureAai, secureGrpc])
			stops.push(() => server.stop());
		const googleKey = tries.secret('API key of Google');
		const googleToken = tries.secret('access token of Google');
		google = await startGoogle({ apiKey: googleKey, tokens: () => [googleToken] });
		const googleStranger = await startGoogle({ tokens: () => [] });
		for (const server of [google, googleStranger]) stops.push(() => server.stop());
		const nobody = await startAssemblyAi();
		const { host: gone } = nobody;
		await nobody.stop();

		const { serviceAccount } = iam;
		secrets.set(
			'key of the service account',
			(JSON.parse(serviceAccount) as { private_key: string }).private_key,
		);
		const places = { gone, otherCa };
		const { url, urlV2 } = assemblyAi;
		tryAssemblyAi(tries, 'assemblyai', key, { ...places, works: url, secure: secureAai.host });
		tryAssemblyAi(tries, 'assemblyai-v2', key, { ...places, works: urlV2, secure: secureAai.host });
		for (const behaviour of GARBLED) tries.all.push({ node: 'assemblyai key', behaviour, code: 'any' });
		const { endpoint: works } = yandex;
		tryYandex(
			tries,
			{ apiKey, token, serviceAccount },
			{ ...places, works, secure: secureGrpc.host, stranger: stranger.endpoint, iam: iam.url },
		);
		const googleAccount = google.account.json;
		secrets.set(
			'key of Google’s service account',
			(JSON.parse(googleAccount) as { private_key: string }).private_key,
		);
		tryGoogle(
			tries,
			{ apiKey: googleKey, token: googleToken, serviceAccount: googleAccount },
			{ ...places, works: google.endpoint, secure: secureGrpc.host, stranger: googleStranger.endpoint },
		);

		flow = await FailingFlow.begin(nodes, tries.credentials, { env: tries.env, logLevel: 'trace' });
		const socket = new WebSocket(`${flow.nodeRed.url.replace('http', 'ws')}/comms`);
		socket.on('message', (data) => told.push(String(data)));
		stops.push(async () => socket.terminate());
		await once(socket, 'open');
	});
	after(async () => {
		await flow?.nodeRed.stop();
		for (const stop of stops.reverse()) await stop();
	});

	it('streams work, and fail in every way', options, async () => {
		for (const [index, { node, behaviour = {}, code }] of tries.all.entries()) {
			assemblyAi.script = behaviour;
			yandex.script = behaviour;
			google.script = behaviour;
			const closed = await flow.say(node, `try ${index}`, { from: SAID });
			const what = `${node}, ${JSON.stringify(behaviour)}`;
			if (code === 'any') assert.match(String(closed['code']), /^STT_/, what);
			else assert.equal(closed['code'], code, what);
		}
		// What IAM itself says, to nodes that have no token yet.
		for (const status of [400, 401, 500]) {
			iam.answer = (index) => ({ status, body: JSON.stringify({ message: `Bad ${iam.requests[index]}` }) });
			const id = 'yandex account provider';
			const changed = nodes.map((node) => (node.id === id ? { ...node, name: `${status}` } : node));
			await flow.nodeRed.setFlows(FailingFlow.complete(changed), { type: 'nodes' });
			const { code } = await flow.say('yandex account', `iam ${status}`);
			assert.match(String(code), /^STT_(AUTH|CONNECT)$/);
		}
		const signed = google.records.map(({ headers }) => String(headers.authorization ?? '').slice(7));
		for (const [index, jwt] of [...new Set(signed)].entries())
			if (jwt.length > 100) secrets.set(`JWT of Google’s ${index}`, jwt);
		for (const [index, jwt] of iam.requests.entries()) secrets.set(`JWT ${index}`, jwt);
		for (const [index, token] of iam.tokens.entries()) secrets.set(`IAM token ${index}`, token);
	});

	/** All that Node-RED has said, by where. */
	function said() {
		const { nodeRed } = flow;
		const ids = FailingFlow.complete(nodes).map(({ id }) => id);
		const eventsOf = (id: string) =>
			nodeRed.messages(id, EVENTS).map(({ session, ...event }) => {
				const { text, ...details } = session as { text?: string };
				return { ...event, details };
			});
		return {
			log: nodeRed.log.join('\n'),
			errors: JSON.stringify(nodeRed.errors()),
			statuses: JSON.stringify(ids.map((id) => nodeRed.statuses(id))),
			told: told.join('\n'),
			caught: JSON.stringify(nodeRed.messages('catch')),
			events: JSON.stringify(ids.map(eventsOf)),
			messages: JSON.stringify(ids.map((id) => nodeRed.messages(id))),
		};
	}

	/** Flows and all else that the editor can fetch, with what it may know of credentials. */
	async function exported() {
		const get = async (path: string, headers: Record<string, string> = {}) => {
			const response = await fetch(`${flow.nodeRed.url}${path}`, { headers });
			assert.equal(response.status, 200, path);
			return response.text();
		};
		const providers = nodes.filter(({ type }) => type === 'stt-provider');
		const paths = providers.map(({ id }) => `/credentials/stt-provider/${encodeURIComponent(id)}`);
		return {
			flows: await get('/flows'),
			newFlows: await get('/flows', { 'Node-RED-API-Version': 'v2' }),
			tab: await get('/flow/tab'),
			configNodes: await get('/flow/global'),
			credentials: (await Promise.all(paths.map((path) => get(path)))).join('\n'),
			settings: await get('/settings'),
		};
	}

	it('no credential is anywhere to be seen', options, async () => {
		const all = { ...said(), ...(await exported()) };
		// These are the places, and a secret in them would be found.
		assert.match(all.log, /\[trace\]/);
		assert.match(all.told, /"topic":"status\/.*"topic":"debug"/s);
		for (const text of [all.errors, all.events, all.caught, all.told]) assert.match(text, /\[secret\]/);
		for (const text of [all.flows, all.newFlows, all.configNodes]) assert.match(text, /"stt-provider"/);
		assert.match(all.credentials, /"has_apiKey":true.*"has_serviceAccount":true/s);
		for (const [name, value] of secrets) {
			const quoted = value.length > 100 ? value : value.slice(12, 28);
			assert.deepEqual(findLeaks({ here: `of ${quoted}.` }, new Map([[name, value]])), [`${name} in here`]);
		}

		assert.deepEqual(findLeaks(all, secrets), []);
		assert.deepEqual(findLeaks(said(), inFlow), []);
	});

	it('what was said is only in transcripts', options, () => {
		const { messages, ...others } = said();
		assert.match(messages, WORDS);
		for (const [place, text] of Object.entries(others)) assert.doesNotMatch(text, WORDS, place);
	});
});
