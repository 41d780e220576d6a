import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../../../lib/node/clock.ts';

const DAY_MS = 86_400_000;

describe('systemClock', () => {
	it('never goes back', () => {
		let last = systemClock.now();
		for (let look = 0; look < 1000; look++) {
			const now = systemClock.now();
			assert.ok(now >= last);
			last = now;
		}
	});

	it('calls once, after its time', async () => {
		const before = systemClock.now();
		await new Promise<void>((resolve) => systemClock.after(20, resolve));
		assert.ok(systemClock.now() - before >= 19);
	});

	it('does not call what was cancelled, and bears that more than once', async () => {
		let calls = 0;
		const cancel = systemClock.after(5, () => calls++);
		cancel();
		cancel();
		const done = await new Promise<() => void>((resolve) => {
			const other = systemClock.after(20, () => resolve(other));
		});
		done();
		assert.equal(calls, 0);
	});

	it('waits longer than one timer can', (context) => {
		context.mock.timers.enable({ apis: ['setTimeout'] });
		const days: number[] = [];
		let hour = 0;
		const note = () => days.push(Math.round(hour / 24));
		for (const after of [20, 25, 60]) systemClock.after(after * DAY_MS, note);
		systemClock.after(Number.POSITIVE_INFINITY, note);
		const cancel = systemClock.after(50 * DAY_MS, note);
		for (; hour < 2400; hour++) {
			if (hour === 1000) cancel();
			context.mock.timers.tick(DAY_MS / 24);
		}
		assert.deepEqual(days, [20, 25, 60]);
	});
});
