import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { finishedMessage } from '../../../nodes/audio-play/finished-message.ts';

const PLAYBACK = { durationMs: 10, underruns: 0, interrupted: false };

const finished = (first: Record<string, unknown>) =>
	finishedMessage(
		{ id: 'a', topic: 't', format: { sampleRate: 16_000, channels: 1 }, first, whole: true },
		PLAYBACK,
	);

describe('the message of a recording that was played', () => {
	it('is the one that came', () => {
		const message = { payload: Buffer.alloc(2), res: {} };
		assert.equal(finished(message), message);
		assert.deepEqual(message, { payload: Buffer.alloc(2), res: message.res, playback: PLAYBACK });
	});

	it('is a copy of one that takes no property', () => {
		const payload = Buffer.alloc(2);
		for (const message of [
			Object.freeze({ payload }),
			Object.defineProperty({ payload }, 'playback', { value: 'earlier', enumerable: true }),
			Object.defineProperty({ payload }, 'playback', {
				set() {
					throw new Error('not this one');
				},
			}),
		])
			assert.deepEqual(finished(message), { payload, playback: PLAYBACK });
	});
});
