import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UNSEEN_DELAY_MS } from '../../../nodes/mic-capture/capture-clock.ts';
import { findRun } from '../../lab/signals.ts';
import { Bench } from './hand-microphone.ts';

const RATE = 16_000;

describe('Recorder: pre-roll', () => {
	for (const burstMs of [20, 208])
		test(`begins exactly that long before the start, with bursts of ${burstMs} ms`, async () => {
			const bench = new Bench({ preRollMs: 300 }, (device) => {
				device.burstMs = burstMs;
				device.latencyMs = 9;
			});
			await bench.pass(2130);
			assert.equal(bench.recorder.state, 'armed');
			const { device } = bench;
			const press = bench.time.now();
			const { id } = await bench.start();
			await bench.pass(1000);
			const release = bench.time.now();
			await bench.stop();
			await bench.pass(400);
			assert.deepEqual(
				bench.heard(id).pcm,
				bench.signal(device.frameAt(press - 300), device.frameAt(release + UNSEEN_DELAY_MS)),
			);
			assert.equal(bench.recorder.state, 'armed');
			assert.equal(device.closed, 0);
			await bench.recorder.close();
			assert.equal(device.closed, 1);
		});

	test('shorter than the delay of the device, it still begins at the right sample', async () => {
		const bench = new Bench({ preRollMs: 50 }, (device) => {
			device.burstMs = 208;
		});
		await bench.pass(1200); // 160 ms after the last delivery
		const press = bench.time.now();
		const { id } = await bench.start();
		await bench.pass(500);
		const { pcm } = bench.heard(id);
		const from = bench.device.frameAt(press - 50);
		assert.deepEqual(pcm, bench.signal(from, from + pcm.length / 2));
		await bench.recorder.close();
	});

	test('right after the deployment there is only what has been captured', async () => {
		const bench = new Bench({ preRollMs: 2000 });
		await bench.pass(500);
		const { id } = await bench.start();
		await bench.pass(500);
		assert.equal(findRun(bench.heard(id).pcm, bench.device.signal).offset, 0);
		await bench.recorder.close();
	});

	test('is converted like the rest', async () => {
		const bench = new Bench({ preRollMs: 300 }, () => {}, { sampleRate: 48_000, channels: 1 });
		await bench.pass(1000);
		const { id } = await bench.start();
		await bench.pass(1000);
		await bench.stop();
		await bench.pass(300);
		assert.equal(bench.heard(id).pcm.length, (1.3 + UNSEEN_DELAY_MS / 1000) * RATE * 2);
		await bench.recorder.close();
	});
});
