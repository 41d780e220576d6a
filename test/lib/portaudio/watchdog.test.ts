import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Watchdog } from '../../../lib/portaudio/watchdog.ts';

test('a watchdog that is fed stays quiet, one that is not expires once', { timeout: 30_000 }, async () => {
	let expired = 0;
	let tell: () => void = () => {};
	const told = new Promise<void>((resolve) => {
		tell = resolve;
	});
	const watchdog = new Watchdog(
		() => false,
		() => {
			expired++;
			tell();
		},
	);
	for (let i = 0; i < 20; i++) {
		watchdog.feed(2000);
		await sleep(5);
	}
	assert.equal(expired, 0);
	watchdog.feed(100);
	await told;
	await sleep(300);
	assert.equal(expired, 1);
});

test('a busy event loop is no reason to expire', { timeout: 30_000 }, async () => {
	let expired = false;
	const watchdog = new Watchdog(
		() => false,
		() => {
			expired = true;
		},
	);
	watchdog.feed(400);
	for (const until = performance.now() + 1000; performance.now() < until; );
	await new Promise(setImmediate);
	await new Promise(setImmediate);
	assert.equal(expired, false);
	watchdog.stop();
});

test('no time passes for a watchdog that is paused or stopped', { timeout: 30_000 }, async () => {
	let expired = 0;
	let paused = true;
	const watchdog = new Watchdog(
		() => paused,
		() => expired++,
	);
	watchdog.feed(50);
	await sleep(300);
	assert.equal(expired, 0);
	watchdog.stop();
	paused = false;
	await sleep(300);
	assert.equal(expired, 0);
});
