import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { decodeWav } from '../../../lib/audio/wav.ts';
import type { AudioChunkMessage, RecordingMessage } from '../../../lib/node/messages.ts';
import { type FlowNode, type LabNodeRed, sink, startNodeRed } from '../../lab/node-red.ts';
import { noise } from '../../lab/signals.ts';
import { PageClient, socketFor, ticketFor } from '../../lib/browser/page-client.ts';

// Pages that go, deployments, paths that are taken, and the end of Node-RED.

describe('pages and deployments', () => {
	let nodeRed: LabNodeRed;
	const page = (path: string) => `${nodeRed.url}${path}`;
	const mic = (id: string, own: object = {}): FlowNode => ({
		...{ id, type: 'mic-capture', z: 'tab', source: 'browser', path: `/${id}` },
		...{ wires: [['receiver'], ['receiver']], ...own },
	});
	/** Nodes that live on get what is sent while others are closed. */
	const base = (): FlowNode[] => [
		{ id: 'tab', type: 'tab', label: 'test' },
		sink('sink', 'tab'),
		{ id: 'receiver', type: 'function', z: 'tab', func: 'return msg;', outputs: 1, wires: [['sink']] },
	];
	const httpIn = (url: string): FlowNode[] => [
		{ id: 'in', type: 'http in', z: 'tab', url, method: 'get', wires: [['response']] },
		{ id: 'response', type: 'http response', z: 'tab', statusCode: '299', wires: [] },
	];

	before(async () => {
		nodeRed = await startNodeRed({ flow: [...base(), mic('voice')] });
	});
	after(() => nodeRed.stop());

	const works = async (path: string) => {
		const client = await PageClient.connect(page(path));
		assert.ok(await client.utter(noise(100, 1)));
		await client.leave();
	};
	const lastOf = (stream: string) =>
		nodeRed.waitFor(
			'receiver',
			(message) =>
				(message as unknown as AudioChunkMessage).parts?.id === stream && message['complete'] === true,
		) as unknown as Promise<AudioChunkMessage>;
	const recordingOf = async (stream: string) => {
		const message = (await nodeRed.waitFor('receiver', (one) => one['stream'] === stream)) as unknown;
		return decodeWav((message as RecordingMessage).payload).pcm;
	};

	test('a page that goes in mid-speech: the stream is completed, and nothing of it is lost', async () => {
		for (const goes of [
			(client: PageClient) => client.socket.close(1001),
			(client: PageClient) => client.socket.terminate(),
		]) {
			const client = await PageClient.connect(page('/voice'));
			const { stream } = await client.start();
			const said = noise(5000, 3);
			client.speak(said);
			// A page that is closed has handed its frames to the network; so has this one then.
			await nodeRed.waitFor('voice', (message) => message['parts'] !== undefined, { port: 0 });
			await nodeRed.until('all of it', () => {
				const chunks = nodeRed.messages('receiver') as unknown as AudioChunkMessage[];
				return chunks.filter(({ parts }) => parts?.id === stream).length >= 4 || undefined;
			});
			goes(client);
			assert.equal((await lastOf(stream)).audio.ended, 'lost');
			assert.deepEqual(await recordingOf(stream), said);
		}
		assert.deepEqual(nodeRed.errors('voice'), []);
	});

	test('a deployment completes the streams and tells pages to come again, which they can', async () => {
		const clients = await Promise.all([1, 2].map(() => PageClient.connect(page('/voice'))));
		const stale = await ticketFor(page('/voice'));
		const said = noise(300, 4);
		const { stream } = await clients[0]!.start();
		clients[0]!.speak(said);
		// The answer to a later message says that this one has been taken.
		clients[0]!.say({ type: 'start', utterance: 99, sampleRate: 16_000 });
		const { stream: next } = await clients[0]!.until('started', ({ utterance }) => utterance === 99);
		await nodeRed.setFlows([...base(), mic('voice', { framesPerBuffer: 512 })], { type: 'nodes' });
		for (const client of clients) assert.equal((await client.closed).code, 1012);
		assert.deepEqual(await recordingOf(stream), said);
		assert.equal((await lastOf(next)).audio.ended, 'close');
		assert.equal(clients[0]!.all('stopped').at(-1)?.ended, 'close');
		await works('/voice');
		const socket = socketFor(page('/voice'), stale);
		socket.on('error', () => {});
		const [, response] = await once(socket, 'unexpected-response');
		assert.equal(response.statusCode, 401);
	});

	test('a page that does not answer the closing does not hold up a deployment', async () => {
		const client = await PageClient.connect(page('/voice'));
		client.socket.pause();
		await nodeRed.setFlows([...base(), mic('voice', { framesPerBuffer: 256 })], { type: 'nodes' });
		await works('/voice');
		client.socket.terminate();
	});

	test('after a hundred deployments there is one of everything, and without the node nothing', async () => {
		for (let i = 0; i < 100; i++)
			await nodeRed.setFlows([...base(), mic('voice', { framesPerBuffer: 100 + i })], { type: 'full' });
		await works('/voice');
		// Node.js says so from the eleventh listener on.
		assert.deepEqual(
			nodeRed.log.filter((line) => /MaxListeners|memory leak/.test(line)),
			[],
		);
		await nodeRed.setFlows([...base(), mic('elsewhere')]);
		const statuses = await Promise.all(
			['GET', 'POST'].map(async (method) => {
				const { status } = await fetch(page(method === 'GET' ? '/voice/' : '/voice/ticket'), { method });
				return status;
			}),
		);
		assert.deepEqual(statuses, [404, 404]);
	});

	test('two microphones with one path: the second says so, until the path is free', async () => {
		await nodeRed.setFlows([...base(), mic('one', { path: 'voice/' }), mic('two', { path: '/voice' })]);
		const error = await nodeRed.waitForError('two');
		assert.deepEqual(
			[error.code, /"\/voice" is served by another/.test(error.message)],
			['MIC_DEVICE_BUSY', true],
		);
		assert.equal((await nodeRed.waitForStatus('two', ({ fill }) => fill === 'red')).text, 'device busy');
		await works('/voice');
		await nodeRed.setFlows([...base(), mic('one', { path: '/other' }), mic('two', { path: '/voice' })], {
			type: 'nodes',
		});
		const [freed] = [await nodeRed.waitForStatus('two', ({ fill }) => fill === 'grey')];
		assert.equal(freed.text, 'pages: 0');
		await works('/voice');
		await works('/other');
		assert.equal(nodeRed.errors('two').length, 1);
	});

	test('a path that an HTTP or WebSocket node serves, whichever comes first', async () => {
		const listener = { id: 'listener', type: 'websocket-listener', path: '/voice/stream', wholemsg: 'false' };
		const wsIn = { id: 'ws', type: 'websocket in', z: 'tab', server: 'listener', wires: [['sink']] };
		const id = (n: number) => `mic${n}`;
		const rivals = [httpIn('/voice'), httpIn('/voice'), [listener, wsIn]] as FlowNode[][];
		for (const [n, others] of rivals.entries()) {
			const own = mic(id(n), { path: '/voice' });
			await nodeRed.setFlows(n === 1 ? [...base(), own, ...others] : [...base(), ...others, own]);
			assert.equal((await nodeRed.waitForError(id(n))).code, 'MIC_DEVICE_BUSY');
			const { status } = await fetch(page('/voice/ticket'), {
				method: 'POST',
				headers: { Origin: nodeRed.url },
			});
			assert.equal(status, 404);
			assert.equal((await fetch(page('/voice'))).status, n < 2 ? 299 : 404);
		}
		// A wildcard behind it leaves it what is its own.
		await nodeRed.setFlows([...base(), mic('mic3', { path: '/voice' }), ...httpIn('/:any')]);
		await works('/voice');
		assert.equal((await fetch(page('/else'))).status, 299);
	});

	test('settings that cannot work are told at deployment', async () => {
		const paths = ['', '/', '/a/../b', '/a b', '/*', '/:x', '//', 'a?b', '/ä'];
		await nodeRed.setFlows([...base(), ...paths.map((path, i) => mic(`path${i}`, { path }))]);
		for (const [i] of paths.entries()) {
			const { code, message } = await nodeRed.waitForError(`path${i}`);
			assert.deepEqual([code, /The setting "path" is/.test(message)], ['MIC_FORMAT', true]);
		}
	});

	test('Node-RED ends, and its pages learn it', async () => {
		const other = await startNodeRed({ flow: [...base(), mic('voice')] });
		try {
			const client = await PageClient.connect(`${other.url}/voice`);
			await client.start();
			await other.kill('SIGTERM');
			assert.equal((await client.closed).code, 1012);
		} finally {
			await other.stop();
		}
		const killed = await startNodeRed({ flow: [...base(), mic('voice')] });
		try {
			const client = await PageClient.connect(`${killed.url}/voice`);
			await client.start();
			await killed.kill();
			assert.equal((await client.closed).code, 1006);
			await killed.waitForNoChildren();
		} finally {
			await killed.stop();
		}
	});
});
