import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setSounding } from '../../../lib/node/sounding.ts';
import { Mute } from '../../../nodes/mic-capture/mute.ts';
import { HandClock } from '../../lab/hand-clock.ts';

const FORMAT = { sampleRate: 16_000, channels: 1 };
const SECOND = Buffer.alloc(32_000, 1);

/** A microphone whose device was opened at time 0, hearing the second that ends now: what is silent, in milliseconds. */
function silenced(mute: Mute, time: HandClock): { from: number; to: number } {
	const begin = time.now() - 1000;
	const heard = mute.apply(SECOND, begin * 16, FORMAT, (at) => at * 16);
	return { from: begin + heard.indexOf(0) / 32, to: begin + (heard.lastIndexOf(0) + 1) / 32 };
}

test('of several loudspeakers the last one counts, and a pause shorter than the echo is none', () => {
	const time = new HandClock(10_000);
	const mute = new Mute(time);
	const [one, two] = [{}, {}];
	setSounding(one, true);
	time.advance(100);
	setSounding(two, true);
	setSounding(two, true);
	time.advance(100);
	setSounding(one, false);
	assert.ok(mute.active);
	time.advance(100);
	setSounding(two, false);
	time.advance(100);
	setSounding(one, true);
	time.advance(100);
	setSounding(one, false);
	assert.ok(mute.active, 'the echo');
	time.advance(250);
	assert.ok(!mute.active);
	time.advance(50);
	assert.deepEqual(silenced(mute, time), { from: 10_000, to: 10_750 });
	mute.close();
});

test('a microphone that begins while a loudspeaker sounds hears nothing of it; one that is closed no longer listens', () => {
	const time = new HandClock(10_000);
	const speaker = {};
	setSounding(speaker, true);
	const mute = new Mute(time);
	assert.ok(mute.active);
	setSounding(speaker, false);
	time.advance(1000);
	mute.close();
	setSounding(speaker, true);
	assert.ok(!mute.active);
	setSounding(speaker, false);
});

test('a closed microphone does not remember what sounded in all the time', () => {
	const time = new HandClock(10_000);
	const mute = new Mute(time);
	const speaker = {};
	for (let announcement = 0; announcement < 2000; announcement++) {
		setSounding(speaker, true);
		time.advance(5000);
		setSounding(speaker, false);
		time.advance(5000);
	}
	let asked = 0;
	mute.apply(SECOND, 0, FORMAT, (at) => {
		asked++;
		return at * 16;
	});
	assert.ok(asked > 0 && asked < 50, `${asked} moments were remembered`);
	mute.close();
});
