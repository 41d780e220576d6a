import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VoiceError } from '../../../lib/node/errors.ts';
import type { Item } from '../../../nodes/audio-play/item.ts';
import { settled } from './hand-device.ts';
import { setUp, sound, whole } from './player-rig.ts';

describe('Player in trouble', () => {
	it('gathers as much as the device takes at once, but not more than the queue holds', async () => {
		for (const [maxQueueMs, begins] of [
			[60_000, 1100],
			[500, 600],
		] as const) {
			const { device, player, begin } = setUp({ maxQueueMs });
			device.startMs = 1000;
			const item = begin('s');
			for (let fed = 100; fed <= begins; fed += 100) {
				assert.equal(device.queuedMs, 0);
				player.feed(item, sound(100));
				await settled();
			}
			assert.ok(device.queuedMs >= 500, `the queue limit is ${maxQueueMs} ms`);
			await player.close();
		}
	});

	it('counts underruns and gathers sound again after each', async () => {
		const { device, player, finished, begin } = setUp();
		const item = begin('s');
		const feed = async (...pieces: number[]) => {
			for (const ms of pieces) player.feed(item, sound(ms));
			await settled();
		};
		await feed(100, 100, 100);
		device.play();
		device.events?.underrun();
		await feed(100, 100);
		assert.equal(device.queuedMs, 0, 'gathers');
		await feed(100);
		assert.equal(device.queuedMs, 300);
		device.play();
		device.events?.underrun();
		player.end(item);
		await settled();
		const playback = { durationMs: 600, underruns: 1, interrupted: false };
		assert.deepEqual(finished, [{ id: 's', playback }], 'silence after the last sound is no gap');
	});

	it('tells a failure once, and tries the device anew for the next item', async () => {
		const { device, recording, finished, failures } = setUp();
		device.refusal = new VoiceError('PLAY_DEVICE_BUSY', 'It is busy', 'wait');
		recording('a', sound(300));
		recording('b', sound(300));
		await settled();
		device.play();
		await settled();
		assert.deepEqual(failures, [{ id: 'a', code: 'PLAY_DEVICE_BUSY' }]);
		assert.deepEqual(finished, [
			{ id: 'a', playback: { durationMs: 0, underruns: 0, interrupted: true, code: 'PLAY_DEVICE_BUSY' } },
			{ id: 'b', playback: whole(300) },
		]);
	});

	it('survives a device that is lost while it plays', async () => {
		const { device, player, begin, recording, finished, failures } = setUp();
		const item = begin('s');
		for (let i = 0; i < 5; i++) player.feed(item, sound(100));
		await settled();
		device.play(200);
		device.events?.lost(new VoiceError('PLAY_STALLED', 'It is gone', 'look'));
		await settled();
		assert.equal(device.isOpen, false);
		player.feed(item, sound(500));
		player.end(item);
		recording('b', sound(300));
		await settled();
		device.play();
		await settled();
		assert.deepEqual(failures, [{ id: 's', code: 'PLAY_STALLED' }]);
		assert.deepEqual(finished, [
			{ id: 's', playback: { durationMs: 200, underruns: 0, interrupted: true, code: 'PLAY_STALLED' } },
			{ id: 'b', playback: whole(300) },
		]);
	});

	it('takes a recording of any length when nothing waits, and refuses what finds no room', async () => {
		const { device, recording, finished, failures } = setUp({ maxQueueMs: 1000 });
		device.capacityMs = 100;
		const long = sound(5000);
		recording('long', long);
		recording('next', sound(100));
		await settled();
		assert.deepEqual(failures, [{ id: 'next', code: 'PLAY_QUEUE_FULL' }]);
		assert.deepEqual(finished, [
			{
				id: 'next',
				playback: { durationMs: 0, underruns: 0, interrupted: true, droppedMs: 100, code: 'PLAY_QUEUE_FULL' },
			},
		]);
		while (finished.length === 1) {
			device.play();
			await settled();
		}
		assert.deepEqual(finished[1], { id: 'long', playback: whole(5000) });
		assert.deepEqual(device.heard, [long]);
	});

	it('drops what outgrows the queue, counts it, and tells so once for a stream', async () => {
		const { device, player, begin, finished, failures } = setUp({ maxQueueMs: 1000 });
		device.capacityMs = 100;
		const item = begin('s');
		const pieces = Array.from({ length: 20 }, (_, index) => sound(100, index));
		for (const piece of pieces) player.feed(item, piece);
		player.end(item);
		while (finished.length === 0) {
			await settled();
			device.play();
		}
		assert.deepEqual(failures, [{ id: 's', code: 'PLAY_QUEUE_FULL' }]);
		assert.deepEqual(finished, [
			{ id: 's', playback: { durationMs: 1000, underruns: 0, interrupted: false, droppedMs: 1000 } },
		]);
		assert.deepEqual(device.heard, [Buffer.concat(pieces.slice(0, 10))]);
	});

	it('bounds the number of items, however short they are', async () => {
		const { begin, failures, ids } = setUp();
		begin('first');
		for (let i = 0; i < 1001; i++) begin(`i${i}`);
		assert.deepEqual(failures, [{ id: 'i1000', code: 'PLAY_QUEUE_FULL' }]);
		assert.deepEqual(ids(), ['i1000']);
	});

	it('releases a device that opens after the player was closed', async () => {
		const { device, player, recording, ids } = setUp();
		device.holdOpen = true;
		recording('a', sound(300));
		recording('b', sound(300));
		await settled();
		let closed = false;
		const closing = player.close().then(() => {
			closed = true;
		});
		await settled();
		assert.equal(closed, false, 'the device is not free yet');
		device.releaseOpen();
		await closing;
		assert.equal(device.isOpen, false);
		assert.deepEqual(ids().sort(), ['a', 'b']);
		recording('c', sound(300));
		await settled();
		assert.equal(device.isOpen, false, 'nothing begins after the end');
	});

	it('gives every item exactly one message, whatever happens', async () => {
		let seed = 7;
		const random = (below: number) => {
			seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
			return (seed >>> 8) % below;
		};
		for (let round = 0; round < 30; round++) {
			const mode = round % 2 ? 'interrupt' : 'queue';
			const { device, player, begin, ids, finished } = setUp({ mode, maxQueueMs: 700 });
			device.capacityMs = 150;
			const begun: string[] = [];
			const live: Item[] = [];
			const acts = [
				() => {
					const id = `${begun.length}`;
					begun.push(id);
					live.push(begin(id));
				},
				() => live.length && player.feed(live[random(live.length)]!, sound(1 + random(300))),
				() => live.length && player.end(live.splice(random(live.length), 1)[0]!),
				() => device.play(random(400)),
				() => settled(),
				() => player.pause(),
				() => player.resume(),
				() => random(4) === 0 && player.stop(),
				() => begun.length && player.drop(begun[random(begun.length)]),
				() =>
					device.isOpen && random(4) === 0 && device.events?.lost(new VoiceError('PLAY_STALLED', 'x', 'y')),
			];
			for (let step = 0; step < 120; step++) await acts[random(acts.length)]?.();
			player.resume();
			for (const item of live) player.end(item);
			for (let turn = 0; turn < 200 && finished.length < begun.length; turn++) {
				device.play();
				await settled();
			}
			assert.deepEqual(
				ids().sort((a, b) => +a - +b),
				begun,
				`round ${round}`,
			);
			assert.equal(device.isOpen, false);
			assert.equal(player.state, 'idle');
		}
	});
});
