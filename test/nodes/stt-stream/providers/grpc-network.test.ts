import assert from 'node:assert/strict';
import type { ServerHttp2Stream } from 'node:http2';
import { describe, it } from 'node:test';
import { GrpcFaults } from '../../../../nodes/stt-stream/providers/grpc-status.ts';
import { until } from '../helpers.ts';
import { first, type LabCall, startServer, talk } from './grpc-lab.ts';

// Error codes of HTTP/2 (RFC 9113, section 7).
const NO_ERROR = 0;
const INTERNAL_ERROR = 2;
const REFUSED_STREAM = 7;
const ENHANCE_YOUR_CALM = 11;

const faults = new GrpcFaults('The server', [], []);

describe('gRPC: what servers and networks do', () => {
	/** The end of a call to which `act` happens, and what it means. */
	async function endBy(act: (call: LabCall) => void) {
		const server = await startServer();
		const opened = await talk(server.host());
		opened.stream.write('hello', 5);
		const call = await first(server);
		act(call);
		const end = await opened.end;
		assert.ok(end);
		assert.equal(opened.ends.length, 1);
		await server.nothingLeft();
		return { end, error: faults.closed(end) };
	}
	for (const [status, code, retryable] of [
		[401, 'STT_AUTH', false],
		[403, 'STT_AUTH', false],
		[404, 'STT_CONFIG', false],
		[429, 'STT_CONNECT', true],
		[502, 'STT_CONNECT', true],
		[503, 'STT_CONNECT', true],
		[504, 'STT_CONNECT', true],
	] as const)
		it(`a page with status ${status} in place of an answer: ${code}`, async () => {
			const { error } = await endBy(({ stream }) => {
				stream.respond({ ':status': status, 'content-type': 'text/html' });
				stream.end('<html>sorry</html>');
			});
			assert.deepEqual([error.code, error.retryable], [code, retryable], error.message);
			assert.match(error.message, new RegExp(`${status}`));
		});

	for (const [what, act] of [
		[
			'a message that is none',
			(stream: ServerHttp2Stream) => stream.write(Buffer.from('\0\0\0\0\x0aunreadable', 'latin1')),
		],
		[
			'a message that is compressed by nobody knows what',
			(stream: ServerHttp2Stream) => stream.write(Buffer.of(1, 0, 0, 0, 1, 65)),
		],
		[
			'a message that is far too long',
			(stream: ServerHttp2Stream) => stream.write(Buffer.of(0, 0x7f, 0, 0, 0, 65)),
		],
	] as const)
		it(`${what}: STT_PROTOCOL`, async () => {
			const { error } = await endBy((call) => {
				call.begin();
				act(call.stream);
			});
			assert.deepEqual([error.code, error.retryable], ['STT_PROTOCOL', true], error.message);
		});

	it('an end without a status: may be tried again', async () => {
		const { error } = await endBy(({ stream }) => {
			stream.respond({ 'content-type': 'application/grpc' });
			stream.end(() => stream.close(NO_ERROR));
		});
		assert.deepEqual([error.code, error.retryable], ['STT_CONNECT', true], error.message);
	});

	for (const [what, act] of [
		['RST_STREAM, internal error', (stream: ServerHttp2Stream) => stream.close(INTERNAL_ERROR)],
		['RST_STREAM, refused', (stream: ServerHttp2Stream) => stream.close(REFUSED_STREAM)],
		['RST_STREAM, no error', (stream: ServerHttp2Stream) => stream.close(NO_ERROR)],
		['the end of the session', (stream: ServerHttp2Stream) => stream.session?.destroy()],
		[
			'GOAWAY, and the end of the session',
			(stream: ServerHttp2Stream) => {
				stream.session?.goaway(ENHANCE_YOUR_CALM, 0, Buffer.from('too_many_pings'));
				stream.session?.destroy();
			},
		],
	] as const)
		it(`${what}: may be tried again`, async () => {
			const { error, end } = await endBy((call) => {
				call.begin();
				act(call.stream);
			});
			assert.ok(end.code > 0);
			assert.deepEqual([error.retryable], [true], error.message);
			assert.match(error.code, /^STT_(CONNECT|ENGINE)$/, error.message);
		});

	it('GOAWAY lets a call go on to its end, and its connection is gone then', async () => {
		const server = await startServer();
		const host = server.host();
		const opened = await talk(host);
		opened.stream.write('one', 5);
		const call = await first(server);
		call.session.goaway(NO_ERROR);
		call.say('go on');
		await until('an answer', () => opened.said.length);
		opened.stream.write('two', 5);
		opened.stream.halfClose();
		await server.until('the half-close', () => call.isHalfClosed);
		assert.deepEqual(call.messages, ['one', 'two']);
		call.say('the last');
		call.end();
		assert.deepEqual(await opened.end, { code: 0, details: '' });
		assert.deepEqual(opened.said, ['go on', 'the last']);
		await server.nothingLeft();
	});

	it('pings show that a silent server is there, and that a silent network is not', async () => {
		const server = await startServer();
		const liveness = { everyMs: 50, timeoutMs: 2500 };
		const opened = await talk(server.host({ liveness }));
		opened.stream.write('one', 5);
		const call = await first(server);
		await server.until('several pings', () => server.pings >= 3);
		opened.stream.write('two', 5);
		await server.until('another message', () => call.messages.length === 2);
		server.relay.link(call.session.socket.remotePort ?? 0)?.stall();
		const end = await opened.end;
		assert.ok(end);
		const error = faults.closed(end);
		assert.deepEqual([error.code, error.retryable], ['STT_CONNECT', true], error.message);
	});

	it('a server that never answers is left by cancelling, and by nothing else', async () => {
		const server = await startServer();
		const opened = await talk(server.host());
		opened.stream.halfClose();
		const call = await server.call();
		await server.until('the half-close', () => call.isHalfClosed);
		assert.equal(opened.ends.length, 0);
		opened.stream.cancel();
		assert.equal((await opened.end)?.code, 1);
		await server.nothingLeft();
	});
});
