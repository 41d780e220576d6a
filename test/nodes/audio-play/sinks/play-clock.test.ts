import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PlayClock } from '../../../../nodes/audio-play/sinks/play-clock.ts';

describe('PlayClock', () => {
	it('counts down what was written, never below nothing', () => {
		let now = 1000;
		const clock = new PlayClock(32_000, () => now);
		assert.equal(clock.queuedMs, 0);
		clock.written(32_000);
		assert.equal(clock.queuedMs, 1000);
		now += 400;
		clock.written(6400);
		assert.equal(clock.queuedMs, 800);
		assert.equal(clock.queuedBytes, 25_600);
		now += 5000;
		assert.equal(clock.queuedMs, 0);
		clock.written(3200);
		assert.equal(clock.queuedMs, 100, 'begins anew after it ran dry');
	});
});
