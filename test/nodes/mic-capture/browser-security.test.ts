import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { MAX_FRAME_BYTES } from '../../../lib/browser/protocol.ts';
import { noise } from '../../lab/signals.ts';
import { basic, PageClient, socketFor, ticketFor } from '../../lib/browser/page-client.ts';
import {
	ADMIN_ROOT,
	COOKIE,
	NODE_ROOT,
	PASSWORD,
	SecuredNodeRed,
	USER,
} from '../../lib/browser/secured-node-red.ts';

// Who may use a page's microphone, and who stays served beside it: in Node-RED as red.js starts it, with all its guards.

describe('the microphone of pages in a Node-RED that is guarded', () => {
	let nodeRed: SecuredNodeRed;
	const known = { Authorization: basic(`${USER}:${PASSWORD}`), Cookie: COOKIE };
	const at = (path: string) => `${nodeRed.url}${NODE_ROOT}${path}`;

	/** Says of each stream how many bytes it had, as a recogniser would say what it heard. */
	const echo = `if (!msg.complete && !msg.parts) return;
		const sum = (context.get(msg.parts.id) || 0) + msg.payload.length;
		context.set(msg.parts.id, sum);
		return msg.complete ? { transcript: { text: String(sum), stream: msg.parts.id } } : null;`;
	const mic = (id: string) => ({
		id,
		type: 'mic-capture',
		z: 'tab',
		x: 9,
		y: 9,
		source: 'browser',
		path: `/${id}`,
	});

	before(async () => {
		nodeRed = await SecuredNodeRed.start([
			{ id: 'tab', type: 'tab', label: 'test' },
			{ ...mic('voice'), wires: [['echo'], []] },
			{ ...mic('other'), wires: [[], []] },
			{ id: 'echo', type: 'function', z: 'tab', x: 9, y: 9, func: echo, outputs: 1, wires: [['voice']] },
			{ id: 'listener', type: 'websocket-listener', path: '/core', wholemsg: 'false' },
			{ id: 'in', type: 'websocket in', z: 'tab', x: 9, y: 9, server: 'listener', wires: [['out']] },
			{ id: 'out', type: 'websocket out', z: 'tab', x: 9, y: 9, server: 'listener', wires: [] },
			{ id: 'base', type: 'ui-base', name: 'Base', path: '/dashboard', includeClientData: true },
		]);
	});
	after(() => nodeRed.stop());

	/** The HTTP status that the request for a WebSocket gets. */
	async function refusal(socket: WebSocket): Promise<number | undefined> {
		socket.on('error', () => {});
		return Promise.race([
			once(socket, 'unexpected-response').then(([, response]) => response.statusCode as number),
			once(socket, 'open').then(() => assert.fail('a WebSocket was opened')),
		]);
	}

	async function connect(path = '/voice'): Promise<PageClient> {
		const client = new PageClient(socketFor(at(path), await ticketFor(at(path), known)));
		await client.until('ready');
		return client;
	}

	/** Node-RED still does for a page what it is there for. */
	async function works(client: PageClient): Promise<void> {
		const stream = await client.utter(noise(1600, 7));
		const { transcript } = await client.until('transcript', (message) => message.stream === stream);
		assert.equal(transcript.text, '3200');
	}

	test('httpNodeAuth guards page, scripts and tickets, and so does httpNodeMiddleware', async () => {
		for (const [method, path] of [
			['GET', '/voice'],
			['GET', '/voice/'],
			['GET', '/voice/voice-mic.js'],
			['GET', '/voice/voice-mic-worklet.js'],
			['POST', '/voice/ticket'],
		] as const) {
			const status = async (headers: Record<string, string>) => {
				const own = { Origin: nodeRed.url, ...headers };
				return (await fetch(at(path), { method, headers: own, redirect: 'manual' })).status;
			};
			assert.equal(await status({ Cookie: COOKIE }), 401, path);
			assert.equal(await status({ Authorization: basic(`${USER}:wrong`), Cookie: COOKIE }), 401, path);
			assert.equal(await status({ Authorization: known.Authorization }), 418, path);
			assert.ok(![401, 418].includes(await status(known)), path);
		}
	});

	test('a WebSocket needs a ticket of its own node, once', async () => {
		for (const ticket of ['', 'made-up', await ticketFor(at('/other'), known)])
			assert.equal(await refusal(socketFor(at('/voice'), ticket)), 401);
		const ticket = await ticketFor(at('/voice'), known);
		const client = new PageClient(socketFor(at('/voice'), ticket));
		await client.until('ready');
		assert.equal(await refusal(socketFor(at('/voice'), ticket)), 401);
		await works(client);
		await client.leave();
		assert.equal(await refusal(socketFor(at('/voice'), ticket)), 401);
	});

	test('pages of other hosts get neither a ticket nor a WebSocket', async () => {
		const { host, port } = new URL(nodeRed.url);
		const foreign = [
			'http://evil.example',
			`http://evil.example:${port}`,
			`http://${host}.evil.example`,
			`http://localhost:${port}`,
			'null',
			'',
		];
		for (const origin of foreign) {
			const headers = { ...known, ...(origin && { Origin: origin }) };
			const response = await fetch(at('/voice/ticket'), { method: 'POST', headers });
			assert.equal(response.status, 403, origin);
			assert.equal(((await response.json()) as { ticket?: string }).ticket, undefined);
			const ticket = await ticketFor(at('/voice'), known);
			const socket = new WebSocket(`${at('/voice').replace('http', 'ws')}/stream?ticket=${ticket}`, {
				...(origin && { origin }),
			});
			assert.equal(await refusal(socket), 403, origin);
		}
		// Nobody has told Node-RED to trust a proxy.
		const forwarded = { 'X-Forwarded-Host': 'evil.example' };
		const ticket = await ticketFor(at('/voice'), known);
		const socket = socketFor(at('/voice'), ticket, { origin: 'http://evil.example', headers: forwarded });
		assert.equal(await refusal(socket), 403);
	});

	test('too large a frame, a flood and nonsense end that connection, and no other', async () => {
		const other = await connect();
		const tooLarge = await connect();
		await tooLarge.start();
		tooLarge.speak(noise(MAX_FRAME_BYTES / 2, 1), MAX_FRAME_BYTES);
		tooLarge.socket.send(Buffer.alloc(MAX_FRAME_BYTES + 2));
		assert.equal((await tooLarge.closed).code, 1009);

		const fast = await connect();
		await fast.start();
		fast.speak(Buffer.alloc(16_000 * 2 * 40), 64_000); // 40 s
		const { code, reason } = await fast.closed;
		assert.deepEqual([code, /four times/.test(reason)], [1008, true]);

		const chatty = await connect();
		for (let i = 0; i < 3000; i++) chatty.say({ type: 'stop', utterance: 1 });
		assert.match((await chatty.closed).reason, /200 frames/);

		for (const nonsense of ['', '{', '[]', 'null', '{"type":"start"}', '{"type":"open","utterance":1}']) {
			const client = await connect();
			client.socket.send(nonsense);
			assert.equal((await client.closed).code, 1008, nonsense);
		}
		await works(other);
		await other.leave();
		const told = nodeRed.log.filter((line) => line.includes('A page was sent away'));
		assert.equal(told.length, 9, told.join('\n'));
	});

	test("Node-RED's editor, core WebSockets and FlowFuse Dashboard are served as before", async () => {
		const client = await connect();
		const { utterance } = await client.start();
		const socketAt = (path: string) => new WebSocket(`${nodeRed.url.replace('http', 'ws')}${path}`);

		const login = await fetch(`${nodeRed.url}${ADMIN_ROOT}/auth/token`, {
			method: 'POST',
			headers: { 'Content-Type': 'application/json' },
			body: JSON.stringify({
				client_id: 'node-red-editor',
				grant_type: 'password',
				scope: '*',
				username: USER,
				password: PASSWORD,
			}),
		});
		const { access_token } = (await login.json()) as { access_token: string };
		const comms = socketAt(`${ADMIN_ROOT}/comms`);
		await once(comms, 'open');
		comms.send(JSON.stringify({ auth: access_token }));
		assert.deepEqual(JSON.parse(String((await once(comms, 'message'))[0])), { auth: 'ok' });

		const core = socketAt(`${NODE_ROOT}/core`);
		await once(core, 'open');
		core.send('still there?');
		assert.equal(String((await once(core, 'message'))[0]), 'still there?');

		const dashboard = socketAt(`${NODE_ROOT}/dashboard/socket.io/?EIO=4&transport=websocket`);
		const [opened] = await once(dashboard, 'message');
		assert.match(String(opened), /^0\{"sid":/);
		assert.equal((await fetch(at('/dashboard'), { headers: known })).status, 200);

		client.speak(noise(800, 3));
		assert.equal(await client.stop(utterance), 'stop');
		for (const socket of [comms, core, dashboard]) socket.terminate();
		await client.leave();
	});

	test('what nobody serves is still ended by Node-RED, not by us', async () => {
		const socket = new WebSocket(`${at('/nowhere').replace('http', 'ws')}/stream?ticket=x`);
		const [error] = await once(socket, 'error');
		assert.match(String(error), /hang up|ECONNRESET/);
		assert.ok(nodeRed.alive);
	});
});
