import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { VoiceError } from '../../../lib/node/errors.ts';
import { Bench, settle } from './hand-microphone.ts';

const RATE = 16_000;

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

	for (const how of ['stop', 'reset'] as const)
		test(`a ${how} while it waits for the device ends the waiting`, async () => {
			const bench = new Bench({ autostarts: true }, (device) => {
				device.failure = new VoiceError('MIC_DEVICE_NOT_FOUND', 'Not there yet', 'wait');
			});
			await bench.pass(1500);
			if (how === 'stop') await bench.stop();
			else bench.recorder.reset();
			bench.device.failure = undefined;
			const { opened } = bench.device;
			await bench.pass(60_000);
			assert.equal(bench.device.opened, opened);
			assert.equal(bench.time.pending, 0);
		});
});
