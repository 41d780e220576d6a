import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { PageConnection } from '../../../lib/browser/connection.ts';
import type { VoiceError } from '../../../lib/node/errors.ts';
import { Pages } from '../../../nodes/mic-capture/browser/pages.ts';
import type { Chunk, StreamLabel } from '../../../nodes/mic-capture/take.ts';
import { HandClock } from '../../lab/hand-clock.ts';
import { noise } from '../../lab/signals.ts';
import { PageClient } from '../../lib/browser/page-client.ts';

// All pages of a node, over real WebSockets, in a time that passes by hand.

const SETTINGS = {
	format: { sampleRate: 16_000, channels: 1 },
	framesPerBuffer: 100,
	...{ maxMs: 0, startTimeoutMs: 0, silenceStopMs: 0, silenceThresholdDb: -45 },
};

describe('the pages of a node', () => {
	let server: WebSocketServer;
	let clock: HandClock;
	let pages: Pages;
	let chunks: Chunk[];
	let errors: { error: VoiceError; label: StreamLabel | undefined }[];

	before(async () => {
		server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
		server.on('connection', (socket) =>
			pages.add(new PageConnection(socket, { heartbeatMs: 10_000, key: '' })),
		);
		await once(server, 'listening');
	});
	after(() => new Promise((resolve) => server.close(resolve)));
	beforeEach(() => {
		clock = new HandClock();
		chunks = [];
		errors = [];
		let streams = 0;
		const label = () => ({ id: `stream ${++streams}`, topic: '', cause: {} });
		pages = new Pages(SETTINGS, label, clock, {
			chunk: (chunk) => chunks.push(chunk),
			abandoned: () => {},
			error: (error, stream) => errors.push({ error, label: stream }),
			changed: () => {},
		});
	});

	async function connect(): Promise<PageClient> {
		const { port } = server.address() as AddressInfo;
		const client = new PageClient(new WebSocket(`ws://127.0.0.1:${port}`));
		await client.until('ready');
		return client;
	}
	const transcript = (stream: string) => ({ transcript: { stream, text: stream } });
	/** Does a result for the stream reach the page? */
	async function arrives(client: PageClient, stream: string): Promise<boolean> {
		const before = client.told.length;
		pages.answer(transcript(stream));
		const { stream: mark } = await client.start();
		return client.told
			.slice(before)
			.some((told) => 'stream' in told && told.stream === stream && stream !== mark);
	}

	test('a page that falls silent without a word is not waited for for ever', {
		timeout: 60_000,
	}, async () => {
		const client = await connect();
		const { stream, utterance } = await client.start();
		clock.advance(29_000);
		client.speak(noise(300, 1));
		while (chunks.length < 3) await new Promise((resolve) => setImmediate(resolve));
		clock.advance(29_999);
		assert.equal(errors.length, 0);
		clock.advance(1);
		const { ended } = await client.until('stopped');
		assert.deepEqual([ended, chunks.at(-1)?.ended], ['error', 'error']);
		assert.deepEqual([errors[0]?.error.code, errors[0]?.label?.id], ['MIC_STALLED', stream]);
		const told = await client.until('error');
		assert.deepEqual([told.code, told.utterance], ['MIC_STALLED', utterance]);
		assert.equal(clock.pending, 0);
		await client.leave();
	});

	test('results find their page for ten minutes after the audio', async () => {
		const client = await connect();
		const stream = await client.utter(noise(10, 1));
		clock.advance(599_999);
		assert.equal(await arrives(client, stream), true);
		clock.advance(1);
		assert.equal(await arrives(client, stream), false);
		await client.leave();
	});

	test('of a thousand streams: what is remembered is bounded, and what runs is never forgotten', async () => {
		const client = await connect();
		const other = await connect();
		const { stream: running } = await other.start();
		const streams: string[] = [];
		for (let i = 0; i < 1001; i++) streams.push(await client.utter(Buffer.alloc(0)));
		assert.equal(await arrives(client, streams[0]!), false);
		assert.equal(await arrives(client, streams[2]!), true);
		assert.equal(await arrives(client, streams[1000]!), true);
		pages.answer(transcript(running));
		await other.until('transcript');
		await Promise.all([client.leave(), other.leave()]);
	});
});
