import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { VoiceError } from '../../../../nodes/stt-stream/providers/provider.ts';
import {
	HandshakeRefused,
	openWebSocket,
	type WebSocketEnd,
	type WebSocketLink,
	type WebSocketRequest,
} from '../../../../nodes/stt-stream/providers/websocket.ts';
import { createAuthority } from '../../../lab/certificates.ts';
import {
	type AssemblyAiSettings,
	type LoopbackAssemblyAi,
	startAssemblyAi,
} from '../../../lab/recognisers/assemblyai.ts';
import { never } from '../helpers.ts';

let folder: string;
const authority = createAuthority();
const stranger = createAuthority();

before(async () => {
	folder = await mkdtemp(join(tmpdir(), 'voice-websocket-'));
	await writeFile(join(folder, 'ca.pem'), authority.ca);
	await writeFile(join(folder, 'stranger.pem'), stranger.ca);
	await writeFile(join(folder, 'empty.pem'), '');
	await writeFile(join(folder, 'broken.pem'), '-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n');
});
after(() => rm(folder, { recursive: true, force: true }));

/** What a test started. */
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
	for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function recogniser(settings: AssemblyAiSettings = {}): Promise<LoopbackAssemblyAi> {
	const started = await startAssemblyAi(settings);
	cleanups.push(() => started.stop());
	return started;
}

/** A server of any kind on 127.0.0.1; its port. */
async function listen(server: Server | HttpServer): Promise<number> {
	const sockets = new Set<Socket>();
	server.on('connection', (socket: Socket) => {
		sockets.add(socket);
		socket.on('error', () => {}).once('close', () => sockets.delete(socket));
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	cleanups.push(async () => {
		const closed = new Promise((resolve) => server.close(resolve));
		for (const socket of sockets) socket.destroy();
		await closed;
	});
	return (server.address() as AddressInfo).port;
}

interface Opened {
	link: WebSocketLink;
	messages: string[];
	ended: Promise<WebSocketEnd>;
}

async function connect(
	url: string,
	more: Partial<WebSocketRequest> = {},
	signal = never(),
	onMessage: (text: string) => void = () => {},
): Promise<Opened> {
	const request = { url: new URL(url), headers: {}, caFile: '', peer: 'The server', ...more };
	const messages: string[] = [];
	const attach = (link: WebSocketLink) => {
		let end = (_end: WebSocketEnd): void => {};
		const ended = new Promise<WebSocketEnd>((resolve) => {
			end = resolve;
		});
		cleanups.push(async () => {
			link.terminate();
			await link.gone;
		});
		const message = (text: string) => {
			messages.push(text);
			onMessage(text);
		};
		return { link, messages, ended, message, drain() {}, closed: end };
	};
	return openWebSocket(request, attach, signal);
}

const query = '?sample_rate=16000&speech_model=u3-rt-pro';
const key = { Authorization: 'lab-api-key' };
const refused = (code: string, retryable: boolean, text: RegExp) => (error: unknown) => {
	assert.ok(error instanceof VoiceError, String(error));
	assert.deepEqual([error.code, error.retryable], [code, retryable], error.message);
	assert.match(error.message, text);
	return true;
};

describe('TLS', () => {
	const tls = authority.issue('localhost', '127.0.0.1');
	const caFile = () => join(folder, 'ca.pem');

	it('trusts the authority in caFile, and nobody else', async () => {
		const lab = await recogniser({ tls });
		const { link } = await connect(lab.url + query, { caFile: caFile(), headers: key });
		link.terminate();
		for (const other of ['', join(folder, 'stranger.pem')])
			await assert.rejects(
				connect(lab.url, { caFile: other, headers: key }),
				refused('STT_CONNECT', false, /not trusted.*certificate authority/),
			);
		assert.equal(lab.records.length, 1);
	});

	it('verifies whatever the environment says', async () => {
		const lab = await recogniser({ tls });
		process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
		try {
			await assert.rejects(connect(lab.url), refused('STT_CONNECT', false, /not trusted/));
		} finally {
			delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
		}
		assert.equal(lab.records.length, 0);
	});

	it('refuses a certificate for another host', async () => {
		const lab = await recogniser({ tls: authority.issue('example.com') });
		await assert.rejects(
			connect(lab.url, { caFile: caFile() }),
			refused('STT_CONNECT', false, /not trusted.*ALTNAME/),
		);
	});

	it('says what is wrong with the file', async () => {
		execFileSync('mkfifo', [join(folder, 'pipe.pem')]);
		for (const [file, text] of [
			['missing.pem', /missing\.pem.*ENOENT/],
			['empty.pem', /empty\.pem.*no PEM certificate/],
			['broken.pem', /broken\.pem/],
			['.', /EISDIR/],
			// Nobody writes into it: it would be read for ever.
			['pipe.pem', /pipe\.pem.*is a device or a pipe/],
		] as const)
			await assert.rejects(
				connect('wss://127.0.0.1:1/', { caFile: join(folder, file) }),
				refused('STT_CONFIG', false, text),
			);
	});

	it('says so if the server does not speak it', async () => {
		const lab = await recogniser();
		const url = lab.url.replace('ws:', 'wss:');
		await assert.rejects(connect(url), refused('STT_CONNECT', false, /TLS.*port/));
	});
});

describe('a connection that does not come about', () => {
	it('tells a server that is not there', async () => {
		const port = await listen(createServer());
		await cleanups.pop()?.();
		await assert.rejects(
			connect(`ws://127.0.0.1:${port}`),
			refused('STT_CONNECT', true, /refused the connection \(ECONNREFUSED\)/),
		);
		await assert.rejects(
			connect('ws://name.invalid/'),
			refused('STT_CONNECT', true, /\((ENOTFOUND|EAI_AGAIN)\)/),
		);
	});

	it('tells a server that speaks something else, or hangs up', async () => {
		for (const answer of [
			'SSH-2.0-OpenSSH\r\n\r\n',
			'',
			'HTTP/1.1 101 Ok\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
		]) {
			const port = await listen(createServer((socket) => socket.once('data', () => socket.end(answer))));
			await assert.rejects(
				connect(`ws://127.0.0.1:${port}`),
				refused('STT_CONNECT', true, /could not be reached/),
			);
		}
	});

	it('tells a refusal with its status and the beginning of its body, however long that is', async () => {
		const port = await listen(
			createHttpServer().on('upgrade', (_request, socket: Socket) => {
				socket.write(`HTTP/1.1 429 Too Many\r\nContent-Length: 100000000\r\n\r\n${'because '.repeat(9000)}`);
			}),
		);
		await assert.rejects(connect(`ws://127.0.0.1:${port}`), (error) => {
			assert.ok(error instanceof HandshakeRefused);
			assert.equal(error.status, 429);
			assert.match(error.body, /^because because/);
			assert.equal(error.body.length, 4096);
			return true;
		});
	});

	it('does not wait for a body that does not come', async () => {
		const port = await listen(
			createHttpServer().on('upgrade', (_request, socket: Socket) => {
				socket.write('HTTP/1.1 401 No\r\nContent-Length: 100\r\n\r\nonly this');
			}),
		);
		await assert.rejects(connect(`ws://127.0.0.1:${port}`), { status: 401, body: 'only this' });
	});

	it('never takes a key to another host', async () => {
		const elsewhere = await recogniser();
		const port = await listen(
			createHttpServer().on('upgrade', (_request, socket: Socket) => {
				socket.end(`HTTP/1.1 302 Found\r\nLocation: ${elsewhere.url}\r\nContent-Length: 0\r\n\r\n`);
			}),
		);
		await assert.rejects(connect(`ws://127.0.0.1:${port}`, { headers: key }), { status: 302 });
		assert.equal(elsewhere.records.length, 0);
	});

	it('can be abandoned before, during and after the handshake, with the given reason', async () => {
		const reason = new Error('enough');
		await assert.rejects(connect('ws://127.0.0.1:1/', {}, AbortSignal.abort(reason)), reason);
		let arrived = () => {};
		const arrival = new Promise<void>((resolve) => {
			arrived = resolve;
		});
		let gone = () => {};
		const departure = new Promise<void>((resolve) => {
			gone = resolve;
		});
		const silent = createServer((socket) => {
			socket.on('data', arrived).once('close', gone);
		});
		const controller = new AbortController();
		const opening = connect(`ws://127.0.0.1:${await listen(silent)}`, {}, controller.signal);
		await arrival;
		controller.abort(reason);
		await assert.rejects(opening, reason);
		await departure;

		const lab = await recogniser();
		const later = new AbortController();
		const { link } = await connect(lab.url + query, { headers: key }, later.signal);
		later.abort();
		assert.equal(link.send('{"type":"KeepAlive"}'), true);
		await lab.until('a message after that', () => lab.records[0]?.controls.length === 1);
	});
});

describe('a connection that is open', () => {
	it('hears also what comes together with the handshake', async () => {
		const lab = await recogniser();
		const opened = await connect(lab.url + query, { headers: key });
		await lab.until('the beginning', () => lab.records[0]?.begunAt);
		opened.link.send('{"type":"Terminate"}');
		const end = await opened.ended;
		assert.deepEqual(end, { code: 1000, reason: '' });
		assert.deepEqual(
			opened.messages.map((text) => (JSON.parse(text) as { type: string }).type),
			['Begin', 'Termination'],
		);
		assert.equal(opened.link.send('late'), true);
		opened.link.close();
		opened.link.terminate();
		await opened.link.gone;
	});

	it('ends with the error that a listener throws, and does not take the process along', async () => {
		const lab = await recogniser();
		const error = new Error('cannot read that');
		const opened = await connect(lab.url + query, { headers: key }, never(), () => {
			throw error;
		});
		assert.equal((await opened.ended).error, error);
		assert.equal(opened.messages.length, 1);
	});

	it('ends when the server breaks the WebSocket protocol', async () => {
		const lab = await recogniser();
		const opened = await connect(lab.url + query, { headers: key });
		const socket = rawSocket(lab);
		// A reserved bit and an unknown opcode.
		socket.write(Buffer.of(0xff, 0x00));
		const end = await opened.ended;
		assert.match(end.error?.message ?? '', /Invalid WebSocket frame/);
	});

	it('notices a network that has gone silent', async () => {
		const lab = await recogniser();
		const liveness = { pingEveryMs: 20, silenceMaxMs: 300 };
		const opened = await connect(lab.url + query, { headers: key, liveness });
		// Answered pings alone keep it alive …
		await setTimeout(600);
		assert.equal(opened.link.send('{"type":"KeepAlive"}'), true);
		await lab.until('a message', () => lab.records[0]?.controls.length === 1);
		// … until nobody answers them.
		const [record] = lab.records;
		assert.ok(record);
		lab.connection(record).act({ do: 'stall' });
		assert.equal((await opened.ended).code, 1006);
	});

	it('leaves a server that does not answer a close', async () => {
		const lab = await recogniser();
		const opened = await connect(lab.url + query, { headers: key });
		const [record] = lab.records;
		assert.ok(record);
		lab.connection(record).act({ do: 'stall' });
		opened.link.close();
		assert.equal((await opened.ended).code, 1006);
	});

	/** The server's end of the only connection. */
	function rawSocket(lab: LoopbackAssemblyAi): Socket {
		const [socket] = lab.sockets;
		assert.ok(socket);
		return socket as Socket;
	}
});
