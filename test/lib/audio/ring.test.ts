import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RingBuffer } from '../../../lib/audio/ring.ts';
import { randomInts } from './random.ts';

test('random pushes and reads agree with a list of everything that ever came', () => {
	for (let seed = 1; seed <= 60; seed++) {
		const next = randomInts(seed);
		const capacity = [0, 1, 2, 7, 64][seed % 5] as number;
		const ring = new RingBuffer(capacity);
		let all = Buffer.alloc(0);
		for (let step = 0; step < 150; step++) {
			if (next(40) === 0) {
				ring.clear();
				all = Buffer.alloc(0);
			}
			const data = Buffer.from(Array.from({ length: next(capacity * 2 + 2) }, () => next(256)));
			const before = Buffer.from(data);
			ring.push(data);
			assert.deepEqual(data, before);
			data.fill(0);
			all = Buffer.concat([all, before]);
			const oldest = Math.max(0, all.length - capacity);
			assert.equal(ring.end, all.length);
			assert.equal(ring.start, oldest);
			const position = next(all.length + 4) - 2;
			assert.deepEqual(
				ring.from(position),
				all.subarray(Math.max(position, oldest)),
				`seed ${seed} step ${step}`,
			);
		}
	}
});

test('what was read does not change when more comes', () => {
	const ring = new RingBuffer(4);
	ring.push(Buffer.from('abcd'));
	const read = ring.from(0);
	ring.push(Buffer.from('wxyz'));
	assert.equal(String(read), 'abcd');
	assert.equal(String(ring.from(0)), 'wxyz');
});

test('odd capacities become whole and not negative', () => {
	assert.equal(new RingBuffer(3.9).capacity, 3);
	assert.equal(new RingBuffer(-5).capacity, 0);
	const none = new RingBuffer(0);
	none.push(Buffer.from('abc'));
	assert.equal(none.end, 3);
	assert.equal(none.from(0).length, 0);
});
