import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UNSEEN_DELAY_MS } from '../../../nodes/mic-capture/capture-clock.ts';
import { noise } from '../../lab/signals.ts';
import { Bench, settle } from './hand-microphone.ts';

const RATE = 16_000;

describe('Recorder: a stream', () => {
	test('begins with the first sample of the device and ends right after the one captured at the stop', async () => {
		const bench = new Bench({}, (device) => {
			device.burstMs = 208;
			device.latencyMs = 7;
		});
		const { id } = await bench.start();
		await bench.pass(1500);
		const stop = bench.time.now();
		await bench.stop();
		assert.equal(bench.recorder.state, 'stopping');
		await bench.pass(300);
		const { pcm, ended, chunks } = bench.heard(id);
		assert.equal(ended, 'stop');
		assert.deepEqual(pcm, bench.signal(0, bench.device.frameAt(stop + UNSEEN_DELAY_MS)));
		assert.deepEqual(
			chunks.map(({ index }) => index),
			chunks.map((_, i) => i),
		);
		assert.deepEqual(
			chunks.slice(0, -1).map((chunk) => [chunk.pcm.length, chunk.ended]),
			chunks.slice(0, -1).map(() => [2048, undefined]),
		);
		assert.equal(chunks[3]?.startMs, 192);
		assert.equal(bench.recorder.state, 'closed');
		assert.equal(bench.device.closed, 1);
		assert.equal(bench.time.pending, 0, 'timers are left');
		assert.deepEqual(bench.errors, []);
	});

	for (const framesPerBuffer of [1024, 4096, 8192])
		test(`loses no sample at a stop, with pieces of ${framesPerBuffer} frames whose delay nothing tells`, async () => {
			for (let release = 0; release < 8; release++) {
				const bench = new Bench({ framesPerBuffer }, (device) => {
					device.burstMs = (framesPerBuffer * 1000) / RATE;
					device.latencyMs = 12;
				});
				const { id } = await bench.start();
				await bench.pass(1100 + release * 64);
				const released = bench.time.now();
				await bench.stop();
				await bench.pass(1200);
				const { pcm, ended } = bench.heard(id);
				const spoken = Math.floor(((released - bench.device.began) * RATE) / 1000);
				assert.equal(ended, 'stop');
				assert.ok(pcm.length / 2 >= spoken, `${spoken - pcm.length / 2} samples are lost`);
				assert.ok(pcm.length / 2 <= spoken + (UNSEEN_DELAY_MS * RATE) / 1000);
				assert.deepEqual(pcm, bench.signal(0, pcm.length / 2));
			}
		});

	test('ends after a bounded wait when nothing comes any more', async () => {
		const bench = new Bench();
		const { id } = await bench.start();
		await bench.pass(200);
		bench.device.burstMs = 60_000; // from the next delivery on
		await bench.pass(30);
		await bench.stop();
		await bench.pass(650); // half a second, a piece of 64 ms, and a second look
		assert.equal(bench.recorder.state, 'stopping');
		await bench.pass(20);
		assert.equal(bench.heard(id).ended, 'stop');
	});

	test('a press that is over before the device is open gives an empty stream with its end', async () => {
		const bench = new Bench({}, (device) => {
			device.slow = true;
		});
		const { id } = await bench.start();
		await bench.pass(100);
		await bench.stop();
		bench.device.settleNow();
		await bench.pass(100);
		const { chunks, ended } = bench.heard(id);
		assert.deepEqual([chunks.length, chunks[0]?.pcm.length, ended], [1, 0, 'stop']);
		bench.device.settleNow();
		await settle();
		assert.equal(bench.device.closed, 1);
		assert.deepEqual(bench.errors, []);
	});

	test('a device that opens too late for a short press is closed again', async () => {
		const bench = new Bench({}, (device) => {
			device.slow = true;
		});
		const { id } = await bench.start();
		await bench.stop();
		await bench.pass(700);
		assert.equal(bench.heard(id).ended, 'stop');
		bench.device.slow = false;
		bench.device.settleNow();
		await settle();
		assert.equal(bench.device.closed, 1);
		assert.equal(bench.recorder.state, 'closed');
		assert.deepEqual(bench.errors, []);
	});

	test('start while recording and stop while idle do nothing; toggle does what is due', async () => {
		const bench = new Bench();
		await bench.stop();
		const first = await bench.start();
		await bench.pass(100);
		await bench.start();
		await bench.pass(100);
		bench.recorder.command('toggle', bench.label('toggled'));
		await bench.pass(100);
		assert.equal(bench.heard(first.id).ended, 'stop');
		assert.deepEqual(new Set(bench.chunks.map(({ label }) => label.id)), new Set([first.id]));
		bench.recorder.command('toggle', bench.label('toggled'));
		await bench.pass(100);
		assert.equal(bench.heard('toggled').ended, undefined);
		assert.deepEqual(bench.errors, []);
		await bench.recorder.close();
	});

	test('a start while the last stream is stopping begins where it was pressed', async () => {
		const bench = new Bench({}, (device) => {
			device.burstMs = 208;
		});
		const first = await bench.start();
		await bench.pass(1000);
		const stop = bench.time.now();
		await bench.stop();
		await bench.pass(10);
		const again = bench.time.now();
		const second = await bench.start();
		await bench.pass(10);
		const end = bench.time.now();
		await bench.stop();
		await bench.pass(500);
		const { device } = bench;
		const after = (time: number) => device.frameAt(time + UNSEEN_DELAY_MS);
		assert.deepEqual(bench.heard(first.id).pcm, bench.signal(0, after(stop)));
		assert.deepEqual(bench.heard(second.id).pcm, bench.signal(device.frameAt(again), after(end)));
		assert.equal(bench.heard(second.id).ended, 'stop');
		assert.equal(device.opened, 1);
		assert.equal(device.closed, 1);
	});

	test('reset abandons it', async () => {
		const bench = new Bench();
		const label = await bench.start();
		await bench.pass(500);
		const sent = bench.chunks.length;
		bench.recorder.reset();
		await bench.pass(500);
		assert.equal(bench.chunks.length, sent);
		assert.deepEqual(bench.abandoned, [label]);
		assert.equal(bench.recorder.state, 'closed');
		assert.equal(bench.device.closed, 1);
		bench.recorder.reset();
		assert.equal(bench.abandoned.length, 1);
		const next = await bench.start();
		await bench.pass(200);
		assert.ok(bench.heard(next.id).pcm.length > 0);
		await bench.recorder.close();
	});

	test('close ends it, and waits until the device is free', async () => {
		const bench = new Bench();
		const { id } = await bench.start();
		await bench.pass(500);
		bench.device.slow = true;
		let closed = false;
		const closing = bench.recorder.close().then(() => {
			closed = true;
		});
		assert.equal(bench.heard(id).ended, 'close');
		await settle();
		assert.equal(closed, false);
		bench.device.settleNow();
		await closing;
		assert.equal(bench.device.closed, 1);
		assert.equal(bench.time.pending, 0);
		await bench.start();
		assert.equal(bench.device.opened, 1, 'a closed recorder obeys no more');
	});

	test('close while the device is being opened closes it too', async () => {
		const bench = new Bench({}, (device) => {
			device.slow = true;
		});
		const { id } = await bench.start();
		const closing = bench.recorder.close();
		bench.device.slow = false;
		bench.device.settleNow();
		await closing;
		assert.equal(bench.heard(id).ended, 'close');
		assert.equal(bench.device.closed, 1);
	});

	test('whoever gets a chunk may stop or close right there', async () => {
		for (const act of ['stop', 'close'] as const) {
			const bench = new Bench({}, (device) => {
				device.burstMs = 500;
			});
			bench.onChunk = (chunk) => {
				if (chunk.index !== 1) return;
				if (act === 'stop') bench.recorder.command('stop', chunk.label);
				else void bench.recorder.close();
			};
			const { id } = await bench.start();
			await bench.pass(1500);
			const { chunks } = bench.heard(id);
			assert.deepEqual(
				chunks.filter(({ ended }) => ended).map(({ index }) => index),
				[chunks.length - 1],
			);
		}
	});

	test('opening never begins before closing is over', async () => {
		const bench = new Bench();
		for (let i = 0; i < 5; i++) {
			await bench.start();
			await bench.pass(100);
			bench.device.slow = true;
			await bench.stop();
			await bench.pass(100);
			await bench.start(); // while it is being closed
			await bench.pass(50);
			bench.device.slow = false;
			bench.device.settleNow();
			await bench.pass(200);
			await bench.stop();
			await bench.pass(100);
		}
		assert.equal(bench.device.overlaps, 0);
		assert.equal(bench.device.opened, 10);
		assert.equal(bench.device.closed, 10);
	});

	test('a device of another format is converted; the stream lasts as long as the device recorded', async () => {
		const bench = new Bench({}, () => {}, { sampleRate: 48_000, channels: 2 });
		const { id } = await bench.start();
		await bench.pass(2000);
		bench.device.end();
		await settle();
		const { pcm, ended } = bench.heard(id);
		assert.equal(ended, 'end-of-file');
		assert.equal(pcm.length, 2 * RATE * 2);
	});

	test('audio that the card threw away is told, and a stop is still exact', async () => {
		const bench = new Bench();
		const { id } = await bench.start();
		await bench.pass(1000);
		bench.device.drop(400);
		await bench.pass(1000);
		const stop = bench.time.now();
		await bench.pass(5);
		await bench.stop();
		await bench.pass(100);
		const { pcm } = bench.heard(id);
		const expected = Buffer.concat([bench.signal(0, 1000 * 16), bench.signal(1400 * 16, 30 * RATE)]);
		assert.deepEqual(pcm, expected.subarray(0, pcm.length));
		assert.equal(pcm.length, (bench.device.frameAt(stop + 5 + UNSEEN_DELAY_MS) - 400 * 16) * 2);
		assert.equal(bench.droppedMs, 400);
	});

	test('the end of a file ends it, with every sample', async () => {
		const bench = new Bench();
		bench.device.signal = noise(12_345);
		const { id } = await bench.start();
		await bench.pass(1000);
		bench.device.end();
		await settle();
		const { pcm, ended } = bench.heard(id);
		assert.deepEqual(pcm, bench.device.signal);
		assert.equal(ended, 'end-of-file');
		assert.equal(bench.recorder.state, 'closed');
	});

	test('a file that is played once begins anew with every stream, however soon the next is asked for', async () => {
		const bench = new Bench({ fromStart: true });
		const stalled = bench.device;
		const first = await bench.start();
		await bench.pass(500);
		stalled.burstMs = 60_000; // from the next delivery on: the stop waits for its tail
		await bench.pass(30);
		await bench.stop();
		await bench.pass(100);
		const second = await bench.start();
		assert.equal(bench.recorder.state, 'stopping');
		stalled.burstMs = 20;
		await bench.pass(1000);
		assert.equal(bench.heard(first.id).ended, 'stop');
		bench.onChunk = ({ ended }) => {
			bench.onChunk = () => {};
			if (ended) bench.recorder.command('start', bench.label('third'));
		};
		bench.device.end();
		await bench.pass(300);
		bench.recorder.reset();
		await bench.start('fourth');
		await bench.pass(300);
		for (const { pcm, label } of [second.id, 'third', 'fourth'].map((id) => bench.heard(id))) {
			assert.ok(pcm.length > 0);
			assert.deepEqual(pcm, bench.signal(0, pcm.length / 2), label.id);
		}
		assert.equal(stalled.overlaps, 0);
		assert.equal(stalled.opened, 4);
	});
});
