import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Framer } from '../../../lib/audio/framing.ts';
import { randomInts } from './random.ts';

test('pieces of exactly the size, however the bytes come', () => {
	const next = randomInts(1);
	for (let round = 0; round < 200; round++) {
		const data = Buffer.from(Array.from({ length: next(500) }, () => next(256)));
		const size = 1 + next(40);
		const framer = new Framer(size);
		const pieces: Buffer[] = [];
		for (let at = 0; at < data.length; ) {
			const taken = Buffer.from(data.subarray(at, at + next(60)));
			at += taken.length;
			pieces.push(...framer.push(taken));
			// A source that uses its memory again must not change what was yielded.
			taken.fill(0);
			assert.equal(framer.pendingBytes, at % size);
		}
		assert.ok(pieces.every((piece) => piece.length === size));
		const rest = framer.flush();
		assert.equal(rest.length, data.length % size);
		assert.deepEqual(Buffer.concat([...pieces, rest]), data);
		assert.equal(framer.pendingBytes, 0);
		assert.equal(framer.flush().length, 0);
	}
});

test('every piece has memory of its own', () => {
	const framer = new Framer(4);
	const source = Buffer.from('abcdefghij');
	const pieces = [...framer.push(source), framer.flush()];
	const memories = new Set([source.buffer, ...pieces.map((piece) => piece.buffer)]);
	assert.equal(memories.size, 4);
	pieces[0]!.fill(0);
	assert.deepEqual(pieces.slice(1).map(String), ['efgh', 'ij']);
});

test('after a flush the next piece begins anew', () => {
	const framer = new Framer(3);
	assert.deepEqual([...framer.push(Buffer.from('ab'))], []);
	assert.equal(String(framer.flush()), 'ab');
	assert.deepEqual([...framer.push(Buffer.from('cde'))].map(String), ['cde']);
});

test('sizes that cannot be are refused', () => {
	for (const size of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
		assert.throws(() => new Framer(size), RangeError);
});
