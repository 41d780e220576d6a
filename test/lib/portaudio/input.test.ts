import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NativeStream } from '../../../lib/portaudio/addon.ts';
import { InputStream } from '../../../lib/portaudio/input.ts';
import type { DataEvent, FailedEvent, StreamPayload } from '../../../lib/portaudio/protocol.ts';

const format = { sampleRate: 16_000, channels: 1 };
const PIECE = 3200; // 100 ms

/** Stands for naudiodon: `pieces` pieces of 100 ms, all at once, the n-th full of n; then it waits for `quit`. */
function microphone(pieces: number): NativeStream & { done: Promise<void> } {
	let next = 0;
	let finish = () => {};
	const quitted = new Promise<void>((resolve) => {
		finish = resolve;
	});
	let tellDone = () => {};
	const done = new Promise<void>((resolve) => {
		tellDone = resolve;
	});
	return {
		done,
		start() {},
		async read() {
			if (next < pieces) return { buf: Buffer.alloc(PIECE, next++), finished: false };
			tellDone();
			await quitted;
			return { buf: Buffer.alloc(PIECE / 2, next), finished: true };
		},
		write: () => Promise.reject(new Error('an input')),
		quit: async () => finish(),
	};
}

test('what a client that does not read leaves behind is bounded, and counted', async () => {
	const native = microphone(500); // 50 s
	const events: DataEvent[] = [];
	const unread: (() => void)[] = [];
	const input = new InputStream(native, { stream: 1, format, pieceBytes: PIECE }, (event, payload, sent) => {
		assert.equal(event, 'data');
		events.push(payload as DataEvent);
		unread.push(sent!);
	});
	input.start();
	await native.done;
	assert.equal(events.length, 200, '20 s are kept');
	for (const sent of unread) sent();
	await input.close();
	assert.equal(events.length, 201, 'the last, incomplete piece is delivered too');
	assert.equal(events.at(-1)!.pcm.length, PIECE / 2);
	assert.equal(events.at(-1)!.droppedBytes, 300 * PIECE);
	assert.deepEqual(
		events.slice(0, 200).map(({ pcm }) => pcm[0]),
		Array.from({ length: 200 }, (_, i) => i),
	);
});

test('a read that fails is told', async () => {
	const told: [string, StreamPayload][] = [];
	const native: NativeStream = {
		start() {},
		read: () => Promise.reject(new Error('no more')),
		write: () => Promise.reject(new Error('an input')),
		quit: async () => {},
	};
	const input = new InputStream(native, { stream: 7, format, pieceBytes: PIECE }, (event, payload) => {
		told.push([event, payload]);
	});
	input.start();
	await input.close();
	assert.equal(told.length, 1);
	const [event, payload] = told[0]!;
	assert.equal(event, 'failed');
	assert.deepEqual(payload, { stream: 7, reason: 'Error: no more' } satisfies FailedEvent);
});
