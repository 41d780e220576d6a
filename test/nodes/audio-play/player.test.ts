import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { msToBytes } from '../../../lib/audio/format.ts';
import { loadResampler } from '../../../lib/audio/resample.ts';
import { findRun } from '../../lab/signals.ts';
import { settled } from './hand-device.ts';
import { MONO, setUp, sound, whole } from './player-rig.ts';

describe('Player', () => {
	it('plays a recording unchanged, and tells when its last sample has left', async () => {
		const { device, player, finished, recording } = setUp();
		const pcm = sound(1000);
		recording('a', pcm);
		await settled();
		assert.deepEqual(device.log, ['open', 'end']);
		device.play(999);
		await settled();
		assert.deepEqual(finished, [], 'a millisecond is still to be heard');
		assert.equal(player.state, 'playing');
		assert.equal(Math.round(player.positionMs), 999);
		device.play(1);
		await settled();
		assert.deepEqual(finished, [{ id: 'a', playback: whole(1000) }]);
		assert.deepEqual(device.heard, [pcm]);
		assert.equal(player.state, 'idle');
	});

	it('waits for the device: no more is written than it has room for', async () => {
		const { device, recording, ids } = setUp();
		device.capacityMs = 500;
		const pcm = sound(3000);
		recording('a', pcm);
		await settled();
		let most = device.queuedMs;
		while (ids().length === 0) {
			device.play(100);
			await settled();
			most = Math.max(most, device.queuedMs);
		}
		assert.ok(most >= 500 && most < 600, `${most} ms were in the device`);
		assert.deepEqual(device.heard, [pcm]);
	});

	it('plays a stream while it arrives, from 200 ms and one piece on', async () => {
		const { device, player, finished, begin } = setUp();
		const pcm = sound(1000);
		const item = begin('s');
		let fed = 0;
		const feed = async (ms: number) => {
			player.feed(item, pcm.subarray(msToBytes(fed, MONO), msToBytes(fed + ms, MONO)));
			fed += ms;
			await settled();
			device.play();
		};
		await feed(100);
		await feed(100);
		assert.equal(device.heard[0]?.length, 0, 'too little to begin with');
		await feed(100);
		assert.equal(device.heard[0]?.length, msToBytes(300, MONO), 'it sounds before the stream has ended');
		await feed(20);
		assert.equal(device.heard[0]?.length, msToBytes(320, MONO), 'what comes later needs no gathering');
		await feed(680);
		player.end(item);
		await settled();
		device.play();
		await settled();
		assert.deepEqual(finished, [{ id: 's', playback: whole(1000) }]);
		assert.deepEqual(device.heard, [pcm]);
	});

	it('plays a stream that ends before 200 ms', async () => {
		const { device, finished, recording } = setUp();
		recording('s', sound(50));
		await settled();
		device.play();
		await settled();
		assert.deepEqual(finished, [{ id: 's', playback: whole(50) }]);
	});

	it('never opens the device for an item without sound', async () => {
		const { device, finished, begin, player } = setUp();
		player.end(begin('empty'));
		await settled();
		assert.deepEqual(finished, [{ id: 'empty', playback: whole(0) }]);
		assert.deepEqual(device.log, []);
	});

	it('queues: one item after the other, each on a device of its own', async () => {
		const { device, recording, ids } = setUp();
		const [a, b] = [sound(300, 1), sound(300, 2)];
		recording('a', a);
		recording('b', b);
		await settled();
		device.play();
		await settled();
		assert.deepEqual(ids(), ['a']);
		device.play();
		await settled();
		assert.deepEqual(ids(), ['a', 'b']);
		assert.deepEqual(device.heard, [a, b]);
		assert.deepEqual(device.log, ['open', 'end', 'over', 'open', 'end', 'over']);
	});

	it('interrupts: a new item silences what sounds and what waits', async () => {
		const { device, recording, finished } = setUp({ mode: 'interrupt' });
		recording('a', sound(1000, 1));
		await settled();
		device.play(400);
		recording('b', sound(1000, 2));
		recording('c', sound(300, 3));
		await settled();
		device.play();
		await settled();
		assert.deepEqual(finished, [
			{ id: 'b', playback: { durationMs: 0, underruns: 0, interrupted: true } },
			{ id: 'a', playback: { durationMs: 400, underruns: 0, interrupted: true } },
			{ id: 'c', playback: whole(300) },
		]);
		assert.equal(device.heard.length, 2);
		assert.ok(findRun(device.heard[1]!, sound(300, 3)).exact);
	});

	it('stops: silence at once, an empty queue, and a message for each item', async () => {
		const { device, player, recording, finished } = setUp();
		for (const id of ['a', 'b', 'c']) recording(id, sound(1000));
		await settled();
		device.play(250);
		player.stop();
		await settled();
		assert.equal(device.isOpen, false);
		assert.deepEqual(
			finished.map(({ id, playback }) => [id, playback.durationMs, playback.interrupted]).sort(),
			[
				['a', 250, true],
				['b', 0, true],
				['c', 0, true],
			],
		);
		assert.equal(player.state, 'idle');
		recording('d', sound(100));
		await settled();
		device.play();
		await settled();
		assert.equal(finished.at(-1)?.id, 'd', 'and the next item plays');
	});

	it('drops one stream and plays the others', async () => {
		const { device, player, recording, finished } = setUp();
		for (const id of ['a', 'b', 'c']) recording(id, sound(300));
		player.drop('b');
		for (let turn = 0; turn < 2; turn++) {
			await settled();
			device.play();
		}
		await settled();
		assert.deepEqual(
			finished.map(({ id, playback }) => [id, playback.interrupted]),
			[
				['b', true],
				['a', false],
				['c', false],
			],
		);
	});

	it('pauses and resumes without losing or doubling a sample, also what arrives meanwhile', async () => {
		const { device, player, begin, finished } = setUp();
		device.capacityMs = 100;
		const pcm = sound(2000);
		const half = pcm.length / 2;
		const item = begin('s');
		player.feed(item, pcm.subarray(0, half));
		await settled();
		device.play(100);
		await settled();
		player.pause();
		assert.equal(player.state, 'paused');
		for (let turn = 0; turn < 10; turn++) {
			device.play();
			await settled();
		}
		const heard = device.heard[0]!.length;
		assert.ok(heard < half, 'only what the device had already');
		player.feed(item, pcm.subarray(half));
		player.end(item);
		await settled();
		device.play();
		assert.equal(device.heard[0]!.length, heard);
		player.resume();
		while (finished.length === 0) {
			await settled();
			device.play();
		}
		assert.deepEqual(finished, [{ id: 's', playback: whole(2000) }]);
		assert.deepEqual(device.heard, [pcm]);
	});

	it('begins nothing while it is paused', async () => {
		const { device, player, recording, ids } = setUp();
		recording('a', sound(300));
		await settled();
		player.pause();
		device.play();
		await settled();
		assert.deepEqual(ids(), ['a'], 'what the device had ends');
		recording('b', sound(300));
		await settled();
		assert.equal(device.isOpen, false);
		player.resume();
		await settled();
		device.play();
		await settled();
		assert.deepEqual(ids(), ['a', 'b']);
	});

	it('stop ends a pause', async () => {
		const { player, recording, ids } = setUp();
		recording('a', sound(300));
		await settled();
		player.pause();
		player.stop();
		await settled();
		assert.equal(player.state, 'idle');
		assert.deepEqual(ids(), ['a']);
	});

	it('halves the samples at volume 50, and changes it while it plays', async () => {
		const { device, player, recording } = setUp({ volume: 50 });
		device.capacityMs = 100;
		const pcm = sound(400);
		recording('a', pcm);
		await settled();
		player.volume = 0;
		for (let turn = 0; turn < 20; turn++) {
			device.play();
			await settled();
		}
		const heard = device.heard[0]!;
		assert.equal(heard.length, pcm.length);
		const at = (buffer: Buffer, index: number) => buffer.readInt16LE(index * 2);
		for (let i = 0; i < 1600; i++) assert.ok(Math.abs(at(heard, i) - at(pcm, i) / 2) <= 0.5, `sample ${i}`);
		assert.ok(heard.subarray(-3200).every((byte) => byte === 0));
	});

	it('converts when the device plays another format, and tells true milliseconds', async () => {
		const { device, recording, finished } = setUp();
		device.format = { sampleRate: 48_000, channels: 2 };
		await loadResampler();
		recording('a', sound(1000));
		await settled();
		device.play(500);
		await settled();
		device.play();
		await settled();
		assert.deepEqual(finished, [{ id: 'a', playback: whole(1000) }]);
		assert.equal(device.heard[0]!.length, 48_000 * 4);
		const stereo = device.heard[0]!;
		for (let frame = 0; frame < 48_000; frame += 97)
			assert.equal(stereo.readInt16LE(frame * 4), stereo.readInt16LE(frame * 4 + 2));
	});
});
