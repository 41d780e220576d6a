import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { resetMessage } from '../../../lib/node/messages.ts';
import { noise } from '../../lab/signals.ts';
import { randomInts } from '../audio/random.ts';
import { AUDIO, consume, PCM, piece } from './stream-log.ts';

const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

describe('streams', () => {
	test('begin with their first message, end with complete, and keep the topic they began with', () => {
		const { accept, log, sound, begun } = consume();
		const first = piece('a', PCM.subarray(0, 400), { topic: 'kitchen' });
		accept(first);
		accept(piece('a', PCM.subarray(400), { topic: 'garden' }));
		accept(piece('a', Buffer.alloc(0), { complete: true }));
		assert.deepEqual(log, ['start a', 'audio a', 'end a complete']);
		assert.deepEqual(sound.get('a'), PCM);
		assert.equal(begun[0]!.topic, 'kitchen');
		assert.deepEqual(begun[0]!.format, { sampleRate: 16000, channels: 1 });
		assert.deepEqual(begun[0]!.first, first);
	});

	test('can be of one message, without sound, or end without payload', () => {
		const { accept, log } = consume();
		accept(piece('one', PCM, { complete: true }));
		accept(piece('empty', Buffer.alloc(0), { complete: true }));
		accept(piece('bare', PCM));
		accept({ complete: true, parts: { id: 'bare' } });
		accept({ complete: true, parts: { id: 'unknown' } });
		accept({ payload: Buffer.alloc(0), topic: 'unknown' });
		assert.deepEqual(log, [
			...['start one', 'audio one', 'end one complete'],
			...['start empty', 'end empty complete'],
			...['start bare', 'audio bare', 'end bare complete'],
		]);
	});

	test('have one end, also when their last, empty chunk comes after it', () => {
		const { accept, log } = consume();
		const last = piece('a', Buffer.alloc(0), { complete: true, parts: { id: 'a', index: 1, count: 2 } });
		accept(piece('a', PCM, { parts: { id: 'a', index: 0 } }));
		accept(last);
		accept(last);
		assert.deepEqual(log, ['start a', 'audio a', 'end a complete']);
		accept(piece('a', PCM, { complete: true, parts: { id: 'a', index: 1, count: 2 } }));
		assert.deepEqual(log.slice(3), ['start a', 'audio a', 'end a complete'], 'sound is no tail');
		accept({ ...last, parts: { id: 'b', index: 0, count: 1 } });
		assert.deepEqual(log.slice(6), ['start b', 'end b complete'], 'nor is all of a stream');
	});

	test('without parts belong to their topic, one after the other', () => {
		const { accept, log, begun } = consume();
		for (const topic of ['x', 'y', 'x']) accept({ payload: PCM, audio: AUDIO, topic });
		accept({ complete: true, topic: 'x' });
		accept({ payload: PCM, audio: AUDIO, topic: 'x' });
		const [x, y] = begun.map(({ id }) => id);
		assert.deepEqual(log, [
			...[`start ${x}`, `audio ${x}`, `start ${y}`, `audio ${y}`, `audio ${x}`],
			...[`end ${x} complete`, `start ${x}`, `audio ${x}`],
		]);
	});

	test('interleaved and cut anywhere give each its own sound', () => {
		const next = randomInts(3);
		const { accept, log, sound } = consume();
		const waiting = ['a', 'b', 'c', 'd'].map((id, i) => ({ id, rest: noise(400 + i, i, 2) }));
		const whole = new Map(waiting.map(({ id, rest }) => [id, rest]));
		while (waiting.length) {
			const at = next(waiting.length);
			const { id, rest } = waiting[at]!;
			const taken = next(99);
			const complete = taken >= rest.length;
			accept(piece(id, rest.subarray(0, taken), { audio: { ...AUDIO, channels: 2 }, complete }));
			if (complete) waiting.splice(at, 1);
			else waiting[at]!.rest = rest.subarray(taken);
		}
		assert.deepEqual(sound, whole);
		for (const id of whole.keys())
			assert.deepEqual(
				log
					.filter((line) => line.endsWith(id) || line === `end ${id} complete`)
					.filter((l) => !/audio/.test(l)),
				[`start ${id}`, `end ${id} complete`],
			);
	});

	test('hold together when Split has cut the chunks', () => {
		const { accept, log, sound } = consume();
		for (let index = 0; index < 3; index++)
			for (let part = 0; part < 4; part++)
				accept({
					payload: PCM.subarray(index * 400 + part * 100, index * 400 + part * 100 + 100),
					audio: AUDIO,
					...(index === 2 ? { complete: true } : {}),
					parts: {
						...{ id: `split${index}`, index: part, count: 4 },
						parts: { id: 'mic', index, ...(index === 2 ? { count: 3 } : {}) },
					},
				});
		assert.deepEqual(log, ['start mic', 'audio mic', 'end mic complete']);
		assert.deepEqual(sound.get('mic'), PCM);
	});
});

describe('reset', () => {
	test('with an id drops that stream and what still comes of it', () => {
		const { accept, log } = consume();
		accept(piece('a', PCM));
		accept(piece('b', PCM));
		accept(resetMessage('a', ''));
		accept(resetMessage('a', ''));
		accept(piece('a', PCM));
		accept(piece('a', PCM, { complete: true }));
		accept(piece('b', PCM, { complete: true }));
		accept(resetMessage('a', ''));
		accept(resetMessage('nobody', ''));
		assert.deepEqual(log, [
			'start a',
			'audio a',
			'start b',
			'audio b',
			'reset a',
			'audio b',
			'end b complete',
		]);
	});
	test('without an id drops all; a stream without parts may begin again at once', () => {
		const { accept, log, begun, streams } = consume();
		accept(piece('a', PCM));
		accept({ payload: PCM, audio: AUDIO, topic: 't' });
		const t = begun[1]!.id;
		log.length = 0;
		accept({ reset: true, payload: PCM });
		accept(piece('a', PCM));
		accept({ payload: PCM, audio: AUDIO, topic: 't' });
		assert.deepEqual(log, ['reset a', `reset ${t}`, `start ${t}`, `audio ${t}`]);
		streams.close();
	});
});

describe('idleness', () => {
	const mock = (t: TestContext) => t.mock.timers.enable({ apis: ['setTimeout'] });

	test('ends a stream, counted from its last message', (t) => {
		mock(t);
		const { accept, log } = consume({ streamIdleMs: 1000 });
		accept(piece('a', PCM));
		t.mock.timers.tick(999);
		accept(piece('a', Buffer.alloc(0)));
		t.mock.timers.tick(999);
		assert.deepEqual(log, ['start a', 'audio a']);
		t.mock.timers.tick(1);
		assert.equal(log.pop(), 'end a idle');
		accept(piece('a', PCM));
		assert.deepEqual(log, ['start a', 'audio a', 'start a', 'audio a']);
	});
	test('0 means never', (t) => {
		mock(t);
		const { accept, log } = consume();
		accept(piece('a', PCM));
		t.mock.timers.tick(1e9);
		assert.deepEqual(log, ['start a', 'audio a']);
	});
	test('lets go of a stream that is thrown away, without an end, also where streams never end of it', (t) => {
		mock(t);
		for (const streamIdleMs of [0, 20_000])
			for (const drop of [
				({ accept }) => accept(resetMessage('a', '')),
				({ streams }) => streams.discard('a'),
			] as ((c: ReturnType<typeof consume>) => void)[]) {
				const consumer = consume({ streamIdleMs });
				consumer.accept(piece('a', PCM));
				drop(consumer);
				consumer.log.length = 0;
				t.mock.timers.tick(9_999);
				consumer.accept(piece('a', PCM));
				t.mock.timers.tick(20_000);
				assert.deepEqual(consumer.log, []);
				consumer.accept(piece('a', PCM));
				assert.deepEqual(consumer.log, ['start a', 'audio a'], 'its id is free again');
			}
	});
});

describe('consumers that fail', () => {
	test('at the start: the error goes to the message, and the rest of the stream is dropped', () => {
		const { accept, log, fail } = consume();
		fail.start = new Error('too many');
		assert.throws(() => accept(piece('a', PCM)), /too many/);
		assert.throws(() => accept(piece('b', PCM, { complete: true })), /too many/);
		delete fail.start;
		accept(piece('a', PCM));
		accept(piece('a', PCM, { complete: true }));
		assert.deepEqual(log, ['start a', 'start b']);
		accept(piece('a', PCM, { complete: true }));
		accept(piece('b', PCM, { complete: true }));
		assert.deepEqual(log.slice(2), [
			...['start a', 'audio a', 'end a complete'],
			...['start b', 'audio b', 'end b complete'],
		]);
	});
	test('at the last piece: the stream has its end all the same', () => {
		const { accept, log, fail } = consume();
		fail.audio = new Error('full');
		assert.throws(() => accept(piece('a', PCM, { complete: true })), /full/);
		assert.deepEqual(log, ['start a', 'audio a', 'end a complete']);
	});
	test('discard() drops up to the end, which is not told', () => {
		const { accept, log, streams } = consume();
		accept(piece('a', PCM));
		streams.discard('a');
		streams.discard('unknown');
		accept(piece('a', PCM));
		accept(resetMessage('a', ''));
		accept(piece('a', PCM, { complete: true }));
		accept(piece('a', PCM));
		assert.deepEqual(log, ['start a', 'audio a', 'start a', 'audio a']);
	});
});

test('close() forgets everything without a word, and no timer is left', () => {
	const before = timers();
	const { accept, log, streams } = consume({ streamIdleMs: 60_000 });
	for (const id of ['a', 'b', 'c', 'd', 'e']) accept(piece(id, PCM));
	streams.discard('b');
	accept(resetMessage('c', ''));
	accept(piece('d', PCM, { complete: true }));
	assert.ok(timers() > before);
	log.length = 0;
	streams.close();
	assert.equal(timers(), before);
	assert.deepEqual(log, []);
	const never = consume();
	never.accept(piece('a', PCM));
	assert.equal(timers(), before, 'streams that never idle have no timer');
});
