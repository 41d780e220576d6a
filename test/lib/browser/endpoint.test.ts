import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { NodeAPI } from 'node-red';
import { WebSocket, WebSocketServer } from 'ws';
import type { PageConnection, PageEvents } from '../../../lib/browser/connection.ts';
import { BrowserEndpoint, type EndpointOptions } from '../../../lib/browser/endpoint.ts';
import type { PageMessage } from '../../../lib/browser/protocol.ts';
import type { Handler } from '../../../lib/browser/routes.ts';
import { sendStatic } from '../../../lib/browser/static-files.ts';
import type { VoiceError } from '../../../lib/node/errors.ts';
import { PageClient, socketFor, ticketFor } from './page-client.ts';

// The endpoint on Node-RED's Express and an HTTP server of its own, without the rest of Node-RED.

type App = NodeAPI['httpNode'] & { _router?: { stack: unknown[] } };
const nodeRed = createRequire(import.meta.url).resolve('node-red');
const express = createRequire(nodeRed)('express') as () => App & ((...args: unknown[]) => void);

/** What happened on a page's connection. */
class Heard implements PageEvents {
	readonly messages: PageMessage[] = [];
	audioBytes = 0;
	readonly gone: () => void;
	readonly ended: Promise<VoiceError | undefined>;

	constructor(page: PageConnection) {
		let resolve: (error?: VoiceError) => void = () => {};
		this.ended = new Promise((done) => {
			resolve = done;
		});
		this.gone = (error?: VoiceError) => resolve(error);
		page.listen(this);
	}

	message(message: PageMessage): void {
		this.messages.push(message);
		if (message.type === 'reset') throw new Error('a handler that fails');
	}

	audio(pcm: Buffer): void {
		this.audioBytes += pcm.length;
	}
}

describe('an endpoint for pages', () => {
	let server: Server;
	let app: ReturnType<typeof express>;
	let httpNode: ReturnType<typeof express>;
	let red: NodeAPI;
	let endpoints: BrowserEndpoint[];
	let heard: Heard[];
	let pages: PageConnection[];

	beforeEach(async () => {
		app = express();
		httpNode = express();
		app.use('/red', httpNode);
		server = createServer(app);
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		const nodes = { eachNode: () => {} };
		red = { server, httpNode, settings: { httpNodeRoot: '/red/' }, nodes } as unknown as NodeAPI;
		endpoints = [];
		heard = [];
		pages = [];
	});
	afterEach(async () => {
		for (const endpoint of endpoints) await endpoint.close();
		server.closeAllConnections();
		await new Promise((resolve) => server.close(resolve));
	});

	const at = (path = '/voice') => `http://127.0.0.1:${(server.address() as AddressInfo).port}/red${path}`;
	function create(options: Partial<EndpointOptions> = {}): BrowserEndpoint {
		const connected = (page: PageConnection) => {
			pages.push(page);
			heard.push(new Heard(page));
			page.send({ type: 'error', code: 'X', message: 'hello' });
		};
		const endpoint = new BrowserEndpoint(red, { path: '/voice', connected, ...options });
		endpoints.push(endpoint);
		return endpoint;
	}
	async function connect(options: object = {}): Promise<PageClient> {
		const client = new PageClient(socketFor(at(), await ticketFor(at()), options));
		await client.until('error');
		return client;
	}
	const layers = () => httpNode._router?.stack.length ?? 0;

	test('what is opened a hundred times and closed leaves nothing behind', async () => {
		const others = (request: { url?: string }, socket: { end(text: string): void }) => {
			if (request.url === '/other') socket.end('HTTP/1.1 418 Other\r\n\r\n');
		};
		server.on('upgrade', others);
		httpNode.get('/http-in', () => {});
		const before = layers();
		const endpoint = create();
		for (let i = 0; i < 100; i++) {
			endpoint.open();
			endpoint.open();
			const second = create({ path: '/other/voice' });
			second.open();
			assert.equal(server.listenerCount('upgrade'), 2);
			await second.close();
			await endpoint.close();
			await endpoint.close();
		}
		assert.deepEqual([server.listenerCount('upgrade'), layers()], [1, before]);
		endpoint.open();
		const client = await connect();
		const other = new WebSocket(at().replace(/^http(.*)\/red.*/, 'ws$1/other'));
		other.on('error', () => {});
		assert.equal((await once(other, 'unexpected-response'))[1].statusCode, 418);
		await client.leave();
	});

	test('another listener that answers later is left its time', async () => {
		create().open();
		const later = new WebSocketServer({ noServer: true });
		server.on('upgrade', (request, socket, head) => {
			if (request.url === '/later')
				setTimeout(() => later.handleUpgrade(request, socket, head, () => {}), 50);
		});
		const socket = new WebSocket(at().replace(/^http(.*)\/red.*/, 'ws$1/later'));
		await once(socket, 'open');
		socket.terminate();
		later.close();
	});

	test('a page that does not answer pings is gone; one that does stays', async () => {
		create({ heartbeatMs: 40 }).open();
		const alive = await connect();
		const silent = await connect({ autoPong: false });
		assert.equal((await silent.closed).code, 1006);
		assert.equal(await heard[1]!.ended, undefined);
		assert.equal(alive.socket.readyState, WebSocket.OPEN);
		// Audio is a sign of life, too.
		await alive.leave();
		assert.equal(await heard[0]!.ended, undefined);
	});

	test('so many pages and no more: another one comes again when one has gone', async () => {
		let full = 0;
		create({ maxPages: 2, full: () => full++ }).open();
		const [first] = [await connect(), await connect()];
		const third = new PageClient(socketFor(at(), await ticketFor(at())));
		assert.equal((await third.closed).code, 1013);
		assert.equal(full, 1);
		await first.leave();
		await heard[0]!.ended;
		await (await connect()).leave();
		assert.equal(heard.length, 3);
	});

	// ws itself would wait for thirty seconds.
	test('closing: pages are told, their listeners are not, and what does not answer is cut', {
		timeout: 20_000,
	}, async () => {
		const endpoint = create();
		endpoint.open();
		const [one, stuck] = [await connect(), await connect()];
		stuck.socket.pause();
		let told = 0;
		for (const { ended } of heard) void ended.then(() => told++);
		await endpoint.close();
		assert.equal((await one.closed).code, 1012);
		assert.equal(told, 0);
		stuck.socket.resume();
		await stuck.closed;
	});

	test('a page that reads nothing is cut before it takes much memory', async () => {
		create().open();
		const client = await connect();
		client.socket.pause();
		const long = 'x'.repeat(100_000);
		let sent = 0;
		const over = heard[0]!.ended.then(() => {
			sent = -sent;
		});
		while (sent >= 0 && sent < 1000) {
			pages[0]!.send({ type: 'closed', stream: 's', text: long });
			sent++;
			await new Promise((resolve) => setImmediate(resolve));
		}
		await over;
		assert.ok(sent < 0 && sent > -1000, `${sent}`);
		client.socket.terminate();
	});

	test('frames that are no audio, and handlers that fail, end that connection with a reason', async () => {
		create().open();
		const odd = await connect();
		odd.socket.send(Buffer.alloc(3));
		assert.deepEqual(await odd.closed, {
			code: 1008,
			reason: 'A page was sent away, because it sent half a sample',
		});
		assert.equal((await heard[0]!.ended)?.code, 'MIC_FORMAT');
		const failing = await connect();
		failing.say({ type: 'reset', utterance: 1 });
		assert.equal((await failing.closed).code, 1008);
		assert.match((await heard[1]!.ended)?.message ?? '', /a handler that fails/);
		const repeated = await connect();
		for (let i = 0; i < 2; i++) repeated.say({ type: 'start', utterance: 1, sampleRate: 16_000 });
		assert.match((await repeated.closed).reason, /an utterance twice/);
		const broken = await connect();
		(broken.socket as unknown as { _socket: { write(data: Buffer): void } })._socket.write(
			Buffer.alloc(20, 0xff),
		);
		assert.equal((await broken.closed).code, 1002);
		assert.equal((await heard[3]!.ended)?.code, 'MIC_FORMAT');
	});

	test('what serves the path already is found, also what comes later; other things are no matter', async () => {
		const endpoint = create();
		const open = () => endpoint.open();
		httpNode.use((_request: unknown, _response: unknown, next: () => void) => next());
		httpNode.options('*', () => {});
		httpNode.get('/voices', () => {});
		httpNode.get('/voice/stream/more', () => {});
		httpNode.post('/voice', () => {});
		open();
		httpNode.get('/:wildcard', () => {});
		httpNode.use('/dashboard', () => {});
		endpoint.check();
		for (const [method, path] of [
			['get', '/voice'],
			['all', '/Voice/'],
			['post', '/voice/ticket'],
			['use', '/voice'],
		] as const) {
			const count = layers();
			httpNode[method](path, () => {});
			assert.throws(() => endpoint.check(), { code: 'MIC_DEVICE_BUSY' }, `${method} ${path}`);
			httpNode._router!.stack.splice(count);
			endpoint.check();
		}
		const [again, inside] = [create(), create({ path: '/dashboard/voice' })];
		assert.throws(() => again.open(), { code: 'MIC_DEVICE_BUSY' });
		assert.throws(() => inside.open(), { code: 'MIC_DEVICE_BUSY' });
		assert.deepEqual([again.isOpen, inside.isOpen], [false, false]);
		await endpoint.close();
		// Now the wildcard comes first.
		assert.throws(open, { code: 'MIC_DEVICE_BUSY' });
		assert.equal(server.listenerCount('upgrade'), 0);
	});

	test('httpNodeMiddleware: a function or a list, with the cookies that HTTP nodes give it', async () => {
		const seen: unknown[] = [];
		const middleware = (request: { cookies: unknown }, _: unknown, next: () => void) => {
			seen.push(request.cookies);
			next();
		};
		const deny = (_: unknown, response: { sendStatus(status: number): void }) => response.sendStatus(418);
		for (const httpNodeMiddleware of [middleware, [middleware, [deny]]]) {
			red.settings.httpNodeMiddleware = httpNodeMiddleware as never;
			const endpoint = create();
			endpoint.open();
			const headers = { Cookie: 'a=b', Origin: new URL(at()).origin };
			const { status } = await fetch(`${at()}/ticket`, { method: 'POST', headers });
			assert.equal(status, httpNodeMiddleware === middleware ? 200 : 418);
			assert.deepEqual({ ...(seen.at(-1) as object) }, { a: 'b' });
			await endpoint.close();
		}
	});

	test('a proxy that Node-RED trusts says which host was asked', async () => {
		create().open();
		const forwarded = { Origin: 'https://home.example', 'X-Forwarded-Host': 'home.example' };
		const ask = () => fetch(`${at()}/ticket`, { method: 'POST', headers: forwarded });
		assert.equal((await ask()).status, 403);
		httpNode.set('trust proxy', 'loopback');
		const { ticket } = (await (await ask()).json()) as { ticket: string };
		const socket = socketFor(at(), ticket, { origin: forwarded.Origin, headers: forwarded });
		await once(socket, 'open');
		socket.terminate();
	});

	test('a Node-RED that serves nothing says so', () => {
		for (const missing of [{ settings: { httpNodeRoot: false } }, { server: null }]) {
			red = { ...red, ...missing } as unknown as NodeAPI;
			assert.throws(() => create().open(), { code: 'MIC_BACKEND_MISSING' });
		}
	});

	test('the page is in a folder of its own, whatever is before it', async () => {
		create().open();
		const response = await fetch(`${at()}?lang=de`, { redirect: 'manual' });
		assert.deepEqual([response.status, response.headers.get('location')], [302, './voice/?lang=de']);
		// Express does not mind capitals.
		const socket = socketFor(at('/Voice'), await ticketFor(at('/VOICE')));
		await once(socket, 'open');
		socket.terminate();
	});

	test('the page and its scripts: their types, and only once while they do not change', async () => {
		create().open();
		for (const [file, type] of [
			['', 'text/html; charset=utf-8'],
			['voice-mic.js', 'text/javascript; charset=utf-8'],
			['voice-mic-worklet.js', 'text/javascript; charset=utf-8'],
		]) {
			const first = await fetch(`${at()}/${file}`);
			const header = (name: string) => first.headers.get(name);
			assert.deepEqual(
				[first.status, header('content-type'), header('cache-control'), header('x-content-type-options')],
				[200, type, 'no-cache', 'nosniff'],
			);
			assert.ok((await first.text()).length > 100);
			// Without a Cache-Control of its own, fetch would ask for a new one.
			const headers = { 'If-None-Match': header('etag') ?? '', 'Cache-Control': 'max-age=0' };
			const again = await fetch(`${at()}/${file}`, { headers });
			assert.equal(again.status, 304);
		}
		assert.equal((await fetch(`${at()}/..%2f..%2fendpoint.js`)).status, 404);
	});

	test('a file that is missing is told', async () => {
		const missing: Handler = (_, response) => sendStatic('voice-mic.js', response, '/nowhere');
		httpNode.get('/missing', missing);
		const response = await fetch(at('/missing'));
		assert.equal(response.status, 500);
		assert.match(response.headers.get('content-type') ?? '', /^text\/plain/);
		assert.match(await response.text(), /voice-mic.js is missing/);
	});
});
