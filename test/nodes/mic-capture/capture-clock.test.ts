import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CaptureClock } from '../../../nodes/mic-capture/capture-clock.ts';

/** Feeds the clock with a device that began at `began` and delivers at these times, all that is `latency` old. */
function deliver(clock: CaptureClock, began: number, times: readonly number[], latency = 0): void {
	for (const time of times) clock.observe(time - latency - began, time);
}

const every = (ms: number, from: number, to: number) =>
	Array.from({ length: Math.floor((to - from) / ms) + 1 }, (_, i) => from + i * ms);

describe('CaptureClock', () => {
	test('knows nothing before the first audio', () => {
		assert.equal(new CaptureClock().audioMsAt(100), undefined);
	});

	test('sees through bursts: late pieces do not count, the soonest does', () => {
		const clock = new CaptureClock();
		// Bursts of 208 ms in pieces of 64 ms: a piece may have waited 0 to 208 ms.
		let position = 0;
		for (let burst = 1; burst <= 10; burst++) {
			const arrival = 5000 + burst * 208;
			for (; position + 64 <= burst * 208; position += 64) clock.observe(position + 64, arrival);
		}
		const known = clock.audioMsAt(6500) as number;
		// No piece ends exactly with its burst, except by chance: at most 16 ms are left of 208.
		assert.ok(known <= 1500 && known >= 1500 - 16, `${known} ms instead of 1500`);
	});

	test('one delayed piece changes nothing', () => {
		const clock = new CaptureClock();
		deliver(clock, 1000, every(20, 1020, 2000), 5);
		clock.observe(1015, 2900);
		assert.equal(clock.audioMsAt(2900), 1895);
	});

	test('nor do pieces that are delayed again and again', () => {
		const clock = new CaptureClock();
		// One in time, then eight that waited for 30 ms.
		for (let time = 1000; time < 3000; time += 250) {
			clock.observe(time - 1000, time);
			for (let late = 25; late <= 200; late += 25) clock.observe(time - 1000 + late, time + late + 30);
		}
		assert.equal(clock.audioMsAt(3000), 2000);
	});

	test('follows the drift of a sound card', () => {
		const clock = new CaptureClock();
		// 200 ppm slow: after ten minutes it is 120 ms behind this machine's clock.
		for (let time = 20; time <= 600_000; time += 20) clock.observe(time * 0.9998, time);
		const error = (clock.audioMsAt(600_000) as number) - 600_000 * 0.9998;
		// Too far ahead clips nothing at a stop; too far behind would.
		assert.ok(error >= 0 && error < 5, `${error} ms off`);
	});

	test('forgets a window later that a device had paused', () => {
		const clock = new CaptureClock();
		deliver(clock, 0, every(20, 20, 1000));
		deliver(clock, 700, every(20, 1720, 22_000)); // it lost 700 ms
		assert.equal(clock.audioMsAt(22_000), 21_300);
	});

	test('sees through a delay that grows for seconds, until a piece catches up', () => {
		const clock = new CaptureClock();
		// Pieces of 128 ms over blocks of 10 ms: each comes 2 ms later than the one before, up to 128 ms.
		for (let piece = 1; piece <= 500; piece++) {
			const time = piece * 128 + ((piece * 2) % 128);
			clock.observe(piece * 128, time);
			if (time < 10_000) continue; // it must have been in time once
			const known = clock.audioMsAt(time) as number;
			assert.equal(known, time, `piece ${piece}`);
		}
	});

	test('reset forgets at once', () => {
		const clock = new CaptureClock();
		deliver(clock, 0, every(20, 20, 1000));
		clock.reset();
		deliver(clock, 700, [1720]);
		assert.equal(clock.audioMsAt(1720), 1020);
	});
});
