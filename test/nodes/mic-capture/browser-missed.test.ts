import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EndpointMessage } from '../../../lib/browser/protocol.ts';
import { Missed } from '../../../nodes/mic-capture/browser/missed.ts';

const closed = (stream: string): EndpointMessage => ({ type: 'closed', stream, text: '' });
const heard = (kind: 'partial' | 'final'): EndpointMessage => ({
	type: 'transcript',
	stream: 's',
	transcript: { kind, text: kind, turn: 0 },
});

describe('what pages miss while they are away', () => {
	test('each gets its own, once, in order, and nothing that would be replaced', () => {
		const missed = new Missed(() => 0);
		missed.add('a', heard('partial'));
		missed.add('a', heard('final'));
		missed.add('b', closed('other'));
		missed.add('a', closed('s'));
		assert.deepEqual(missed.take('a'), [heard('final'), closed('s')]);
		assert.deepEqual(missed.take('a'), []);
		assert.deepEqual(missed.take('b'), [closed('other')]);
	});

	test('it is bounded in time and number: the oldest goes', () => {
		let now = 0;
		const missed = new Missed(() => now);
		for (let i = 0; i < 1000; i++) missed.add('a', closed(String(i)));
		const taken = missed.take('a');
		assert.equal(taken.length, 500);
		assert.deepEqual(taken.at(-1), closed('999'));
		missed.add('a', closed('late'));
		now = 120_000;
		assert.deepEqual(missed.take('a'), []);
	});
});
