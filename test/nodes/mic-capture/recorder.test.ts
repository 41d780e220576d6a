import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { VoiceError } from '../../../lib/node/errors.ts';
import { findRun, noise } from '../../lab/signals.ts';
import { Bench, settle } from './hand-microphone.ts';

const RATE = 16_000;

describe('Recorder: a stream', () => {
	test('begins with the first sample of the device and ends with the one captured at the stop', async () => {
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
		assert.deepEqual(pcm, bench.signal(0, bench.device.frameAt(stop)));
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

	test('ends after a bounded wait when nothing comes any more', async () => {
		const bench = new Bench();
		const { id } = await bench.start();
		await bench.pass(200);
		bench.device.burstMs = 60_000; // from the next delivery on
		await bench.pass(30);
		await bench.stop();
		await bench.pass(590);
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
		assert.deepEqual(bench.heard(first.id).pcm, bench.signal(0, device.frameAt(stop)));
		assert.deepEqual(bench.heard(second.id).pcm, bench.signal(device.frameAt(again), device.frameAt(end)));
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
		assert.equal(pcm.length, (bench.device.frameAt(stop + 5) - 400 * 16) * 2);
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
});

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
				bench.signal(device.frameAt(press - 300), device.frameAt(release)),
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
		assert.equal(bench.heard(id).pcm.length, 1.3 * RATE * 2);
		await bench.recorder.close();
	});

	test('a lost device is reported once and tried again with growing pauses; start tries at once', async () => {
		const bench = new Bench({ preRollMs: 300 });
		await bench.pass(1000);
		const { device } = bench;
		device.failure = new VoiceError('MIC_DEVICE_NOT_FOUND', 'There is none', 'plug it in');
		device.lose();
		await settle();
		assert.deepEqual(
			bench.errors.map(({ error, label }) => [error.code, label]),
			[['MIC_STALLED', undefined]],
		);
		const tries: number[] = [];
		const began = bench.time.now();
		for (let opened = device.opened; bench.time.now() < began + 100_000; ) {
			await bench.pass(500);
			if (device.opened > opened) tries.push((bench.time.now() - began) / 1000);
			opened = device.opened;
		}
		assert.deepEqual(tries, [1, 3, 7, 15, 31, 61, 91]);
		assert.equal(bench.errors.length, 1);
		assert.equal(bench.recorder.failing, true);

		const { id } = await bench.start();
		assert.equal(bench.heard(id).ended, 'error');
		assert.deepEqual([bench.errors[1]?.error.code, bench.errors[1]?.label?.id], ['MIC_DEVICE_NOT_FOUND', id]);
		device.failure = undefined;
		const next = await bench.start();
		await bench.pass(500);
		assert.ok(bench.heard(next.id).pcm.length > 0);
		assert.equal(bench.recorder.failing, false);
		await bench.stop();
		await bench.pass(100);
		assert.equal(bench.recorder.state, 'armed');
		await bench.recorder.close();
		assert.equal(bench.time.pending, 0);
	});
});

describe('Recorder: failures', () => {
	test('an open that fails ends the stream at once and is reported with its start', async () => {
		const bench = new Bench();
		bench.device.failure = new VoiceError('MIC_DEVICE_BUSY', 'It is busy', 'wait');
		const label = await bench.start();
		const { chunks, ended } = bench.heard(label.id);
		assert.deepEqual([chunks.length, chunks[0]?.pcm.length, ended], [1, 0, 'error']);
		assert.deepEqual(bench.errors, [{ error: bench.device.failure, label }]);
		assert.equal(bench.recorder.state, 'closed');
		bench.device.failure = undefined;
		const next = await bench.start();
		await bench.pass(300);
		assert.ok(bench.heard(next.id).pcm.length > 0);
		await bench.recorder.close();
	});

	test('a device lost while recording ends the stream with what came, and start works again', async () => {
		const bench = new Bench();
		const label = await bench.start();
		await bench.pass(1000);
		bench.device.lose();
		await settle();
		const { pcm, ended } = bench.heard(label.id);
		assert.deepEqual(pcm, bench.signal(0, RATE));
		assert.equal(ended, 'error');
		assert.deepEqual(
			bench.errors.map(({ error, label: of }) => [error.code, of]),
			[['MIC_STALLED', label]],
		);
		await bench.pass(5000);
		assert.equal(bench.device.opened, 1, 'without pre-roll nothing wants the device');
		const next = await bench.start();
		await bench.pass(300);
		assert.ok(bench.heard(next.id).pcm.length > 0);
		await bench.recorder.close();
	});

	test('what throws while it handles audio fails the stream, not the process', async () => {
		const bench = new Bench();
		bench.onChunk = (chunk) => {
			if (chunk.index === 2) throw new Error('a defect');
		};
		const { id } = await bench.start();
		await bench.pass(1000);
		assert.equal(bench.heard(id).ended, 'error');
		assert.match(bench.errors[0]?.error.message ?? '', /a defect/);
		assert.equal(bench.device.closed, 1);
	});
});

describe('Recorder: autostart', () => {
	test('waits for the device, begins, and goes on after a loss', async () => {
		const bench = new Bench({ autostarts: true }, (device) => {
			device.failure = new VoiceError('MIC_DEVICE_NOT_FOUND', 'Not there yet', 'wait');
		});
		await bench.pass(2000);
		assert.equal(bench.errors.length, 1);
		assert.deepEqual(bench.chunks, []);
		bench.device.failure = undefined;
		await bench.pass(3000);
		assert.equal(bench.recorder.state, 'recording');
		bench.device.lose();
		await bench.pass(5000);
		const ends = bench.chunks.filter(({ ended }) => ended).map(({ ended }) => ended);
		assert.deepEqual(ends, ['error']);
		assert.equal(bench.recorder.state, 'recording');
		await bench.stop();
		await bench.pass(5000);
		assert.equal(bench.recorder.state, 'closed');
		assert.equal(bench.time.pending, 0);
	});

	test('a stop while it waits for the device ends the waiting', async () => {
		const bench = new Bench({ autostarts: true }, (device) => {
			device.failure = new VoiceError('MIC_DEVICE_NOT_FOUND', 'Not there yet', 'wait');
		});
		await bench.pass(1500);
		await bench.stop();
		const { opened } = bench.device;
		await bench.pass(60_000);
		assert.equal(bench.device.opened, opened);
		assert.equal(bench.time.pending, 0);
	});
});
