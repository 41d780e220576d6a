import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { onSounding } from '../../../lib/node/sounding.ts';
import { Audible } from '../../../nodes/audio-play/audible.ts';
import { HandClock } from '../../lab/hand-clock.ts';

describe('Audible', () => {
	let time: HandClock;
	let told: [number, boolean][];
	let unlisten: () => void;
	beforeEach(() => {
		time = new HandClock();
		told = [];
		unlisten = onSounding((sounding) => told.push([time.now() - began, sounding]));
		began = time.now();
	});
	afterEach(() => unlisten());
	let began = 0;

	test('at a pause it sounds for what the device has already', () => {
		const audible = new Audible(time);
		audible.update('playing', 0);
		time.advance(1000);
		audible.update('paused', 480);
		time.advance(100);
		// Something else waits now: nothing that is heard.
		audible.update('paused', 380);
		time.advance(1000);
		audible.update('playing', 0);
		time.advance(100);
		audible.update('idle', 500);
		assert.deepEqual(told, [
			[0, true],
			[1480, false],
			[2100, true],
			[2200, false],
		]);
		assert.equal(time.pending, 0);
	});

	test('a pause that ends before it is silent changes nothing; closing ends all', () => {
		const audible = new Audible(time);
		audible.update('playing', 0);
		audible.update('paused', 480);
		time.advance(100);
		audible.update('playing', 380);
		time.advance(1000);
		assert.deepEqual(told, [[0, true]]);
		audible.update('paused', 480);
		audible.close();
		assert.deepEqual(told.at(-1), [1100, false]);
		assert.equal(time.pending, 0);
	});
});
