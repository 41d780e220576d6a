import assert from 'node:assert/strict';
import type { ServerHttp2Session } from 'node:http2';
import { describe, it } from 'node:test';
import { readGrpcEndpoint } from '../../../../nodes/stt-stream/providers/grpc-method.ts';
import { GrpcFaults } from '../../../../nodes/stt-stream/providers/grpc-status.ts';
import { never, until } from '../helpers.ts';
import { first, type LabServer, startServer, talk } from './grpc-lab.ts';

const faults = new GrpcFaults('The server', [], []);
const NO_ERROR = 0;

describe('gRPC: addresses', () => {
	for (const [endpoint, target, name, tls] of [
		['', 'dns:stt.example.com:443', 'stt.example.com', true],
		['host', 'dns:host:443', 'host', true],
		['host:8443', 'dns:host:8443', 'host:8443', true],
		['grpcs://host:8443/', 'dns:host:8443', 'host:8443', true],
		['[::1]:50051', 'dns:[::1]:50051', '[::1]:50051', true],
		['grpc://127.0.0.1:50051', 'dns:127.0.0.1:50051', '127.0.0.1:50051', false],
		['grpc://host:443', 'dns:host:443', 'host:443', false],
	] as const)
		it(`${endpoint || 'none'} is ${name}, ${tls ? 'by TLS' : 'in plain text'}`, () => {
			assert.deepEqual(readGrpcEndpoint(endpoint, 'stt.example.com:443'), { target, name, tls });
		});

	it('others are refused, without being shown', () => {
		for (const endpoint of [
			'https://host-secret:443',
			'grpc://host-secret',
			'host:443/secret',
			'host:443?secret',
			'host:443#secret',
			'me:secret@host:443',
			'secret host',
		])
			assert.throws(
				() => readGrpcEndpoint(endpoint, 'stt.example.com:443'),
				(error: Error & { code?: string }) =>
					error.code === 'STT_CONFIG' && !error.message.includes('secret'),
				endpoint,
			);
	});
});

describe('gRPC: connections', () => {
	it('each call has one of its own, and leaves nothing of it', async () => {
		const server = await startServer();
		const host = server.host();
		const talks = await Promise.all(Array.from({ length: 5 }, () => talk(host)));
		for (const { stream } of talks) stream.write('hello', 5);
		await server.until(
			'every greeting',
			() => server.calls.filter((call) => call.messages.length).length === 5,
		);
		assert.equal(server.relay.count, 5);
		for (const call of server.calls) {
			call.say('welcome');
			call.end();
		}
		for (const { end, said, ends } of talks) {
			assert.deepEqual(await end, { code: 0, details: '' });
			assert.deepEqual([said, ends.length], [['welcome'], 1]);
		}
		await server.nothingLeft();
		const last = await talk(host);
		assert.equal(server.relay.count, 6);
		const call = await server.call(5);
		last.stream.cancel();
		assert.equal((await last.end)?.code, 1);
		await server.until('the end of the call', () => call.isClosed);
		await server.nothingLeft();
	});

	it('goes to the method that was meant, with the metadata that was given', async () => {
		const server = await startServer();
		await talk(server.host());
		const { headers } = await server.call();
		assert.equal(headers[':path'], '/lab.Lab/Talk');
		assert.equal(headers['content-type'], 'application/grpc');
		assert.equal(headers['x-lab'], 'yes');
		assert.equal(headers['grpc-timeout'], undefined);
	});

	it('is left even where the server never closes its side', async () => {
		const server = await startServer();
		const onEnd = () => server.relay.link(call.session.socket.remotePort ?? 0)?.stall();
		const { stream, end } = await talk(server.host(), { onEnd });
		stream.halfClose();
		const call = await server.call();
		await server.until('the half-close', () => call.isHalfClosed);
		call.end();
		assert.deepEqual(await end, { code: 0, details: '' });
		// The other side knows nothing of it.
		assert.equal(server.relay.open, 1);
	});

	it('is not waited for by whoever gives up before, and stays with whoever gives up after', async () => {
		const server = await startServer(undefined, { acceptDelayMs: 600_000 });
		const reason = new Error('given up');
		await assert.rejects(talk(server.host(), { signal: AbortSignal.abort(reason) }), reason);
		assert.equal(server.relay.count, 0);
		const giveUp = new AbortController();
		const opening = talk(server.host(), { signal: giveUp.signal });
		await server.until('the connection', () => server.relay.open === 1);
		giveUp.abort(reason);
		await assert.rejects(opening, reason);
		await server.nothingLeft();

		const other = await startServer();
		const late = new AbortController();
		const { stream } = await talk(other.host(), { signal: late.signal });
		late.abort();
		stream.write('still there', 5);
		await other.until('a message', () => other.calls[0]?.messages.length);
	});
});

describe('gRPC: flow', () => {
	const PIECE = Buffer.alloc(8192, 'a');

	it('a server that does not read makes the writer wait; when it reads, nothing is lost', async () => {
		const server = await startServer((stream) => stream.pause());
		const opened = await talk(server.host());
		let written = 0;
		while (opened.stream.write(PIECE, PIECE.length)) {
			written++;
			// What the two sides of a connection hold, and no more.
			assert.ok(written < 100, 'it never asks to wait');
			await new Promise((resolve) => setImmediate(resolve));
		}
		written++;
		assert.equal(opened.drains, 0);
		const call = await server.call();
		call.stream.resume();
		await until('that it may go on', () => opened.drains);
		assert.equal(opened.stream.write(PIECE, PIECE.length), true);
		written++;
		opened.stream.halfClose();
		assert.equal(opened.stream.write(PIECE, PIECE.length), true);
		await server.until('the half-close', () => call.isHalfClosed);
		assert.equal(call.bytes, written * PIECE.length);
		assert.equal(opened.drains, 1);
		call.end();
		assert.equal((await opened.end)?.code, 0);
	});

	it('what waits to be sent still goes out after the half-close', async () => {
		const server = await startServer((stream) => stream.pause());
		const opened = await talk(server.host());
		for (let piece = 0; piece < 50; piece++) opened.stream.write(PIECE, PIECE.length);
		opened.stream.halfClose();
		const call = await server.call();
		call.stream.resume();
		await server.until('the half-close', () => call.isHalfClosed);
		assert.equal(call.bytes, 50 * PIECE.length);
		call.end();
		assert.equal((await opened.end)?.code, 0);
	});

	it('a call that is cancelled while it waits asks for nothing more', async () => {
		const server = await startServer((stream) => stream.pause());
		const opened = await talk(server.host());
		for (let piece = 0; piece < 50; piece++) opened.stream.write(PIECE, PIECE.length);
		opened.stream.cancel();
		assert.equal((await opened.end)?.code, 1);
		assert.equal(opened.stream.write(PIECE, PIECE.length), true);
		opened.stream.halfClose();
		opened.stream.cancel();
		assert.deepEqual([opened.drains, opened.ends.length], [0, 1]);
		await server.nothingLeft();
	});

	it('messages of a listener that fails end the call with its error, once', async () => {
		const server = await startServer();
		const error = new Error('cannot make sense of it');
		const opened = await talk(server.host(), {
			onMessage() {
				throw error;
			},
		});
		opened.stream.write('hello', 5);
		const call = await server.call();
		call.say('one');
		call.say('two');
		assert.equal((await opened.end)?.error, error);
		assert.deepEqual([opened.said, opened.ends.length], [['one'], 1]);
		await server.until('the end of the call', () => call.isClosed);
		assert.equal(faults.closed(opened.ends[0] ?? { code: 0, details: '' }).code, 'STT_PROTOCOL');
	});
});

describe('gRPC: connections made ahead', () => {
	/** A connection that is ready, and what tells that it is there no more. */
	async function warmed(server: LabServer, host = server.host(), signal = never()) {
		const before = server.sessions.size;
		const over = host.warm(signal);
		await server.until('the connection', () => server.sessions.size > before);
		return { host, over };
	}

	it('the next call takes it; until then nothing is called', async () => {
		const server = await startServer();
		const { host, over } = await warmed(server);
		assert.equal(server.calls.length, 0);
		const opened = await talk(host);
		await over;
		opened.stream.write('hello', 5);
		await first(server);
		assert.equal(server.relay.count, 1);
		// It is that call's, and gone with it.
		await talk(host);
		assert.equal(server.relay.count, 2);
		opened.stream.cancel();
		await opened.end;
		await server.until('the end of the first', () => server.relay.open === 1);
	});

	it('two of them are two calls’', async () => {
		const server = await startServer();
		const { host, over } = await warmed(server);
		const { over: another } = await warmed(server, host);
		await Promise.all([talk(host), talk(host)]);
		await Promise.all([over, another]);
		assert.equal(server.relay.count, 2);
	});

	it('one that nobody wants any more is gone', async () => {
		const server = await startServer();
		const giveUp = new AbortController();
		const { over } = await warmed(server, server.host(), giveUp.signal);
		giveUp.abort();
		await over;
		await server.nothingLeft();
		// Nor is one begun.
		await server.host().warm(AbortSignal.abort());
		assert.equal(server.relay.count, 1);
	});

	for (const [what, act] of [
		['that the server ends', (session: ServerHttp2Session) => session.close()],
		['that the server says it will end', (session: ServerHttp2Session) => session.goaway(NO_ERROR)],
		['that is cut', (session: ServerHttp2Session) => session.destroy()],
	] as const)
		it(`one ${what} is not used`, async () => {
			const server = await startServer();
			const { host, over } = await warmed(server);
			for (const session of server.sessions) act(session);
			await over;
			await server.nothingLeft();
			assert.equal(server.calls.length, 0);
			const { stream } = await talk(host);
			stream.write('hello', 5);
			await first(server);
			assert.equal(server.relay.count, 2);
		});

	it('one that does not come about is not waited for by a call', async () => {
		const server = await startServer(undefined, { acceptDelayMs: 600_000 });
		const giveUp = new AbortController();
		const over = server.host().warm(giveUp.signal);
		await server.until('the attempt', () => server.relay.open === 1);
		giveUp.abort();
		await over;
		await server.nothingLeft();

		const [host, misled] = [server.host(), server.host({ caFile: '/missing.pem' })];
		await server.relay.stop();
		await host.warm(never());
		await misled.warm(never());
	});
});
