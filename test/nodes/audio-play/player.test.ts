import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { msToBytes, type PcmFormat } from '../../../lib/audio/format.ts';
import { loadResampler } from '../../../lib/audio/resample.ts';
import { VoiceError } from '../../../lib/node/errors.ts';
import { Item, type Playback } from '../../../nodes/audio-play/item.ts';
import { Player, type PlayerSettings } from '../../../nodes/audio-play/player.ts';
import { findRun, noise } from '../../lab/signals.ts';
import { HandDevice, settled } from './hand-device.ts';

const MONO: PcmFormat = { sampleRate: 16_000, channels: 1 };
const sound = (ms: number, seed = 1, format = MONO): Buffer =>
	noise((ms * format.sampleRate) / 1000, seed, format.channels);

/** A player on a device in memory, and what it told. */
function setUp(settings: Partial<PlayerSettings> = {}) {
	const device = new HandDevice();
	const finished: { id: string; playback: Playback }[] = [];
	const failures: { id: string; code: string }[] = [];
	const player = new Player(
		{ mode: 'queue', volume: 100, maxQueueMs: 60_000, prebufferMs: 200, open: device.open, ...settings },
		{
			finished: (item, playback) => finished.push({ id: item.id, playback }),
			failed: (item, { code }) => failures.push({ id: item.id, code }),
			changed: () => {},
		},
	);
	const begin = (id: string, format = MONO): Item => {
		const item = new Item(id, format);
		player.begin(item);
		return item;
	};
	const recording = (id: string, pcm: Buffer, format = MONO): Item => {
		const item = begin(id, format);
		player.feed(item, pcm);
		player.end(item);
		return item;
	};
	return { device, player, finished, failures, begin, recording, ids: () => finished.map(({ id }) => id) };
}

const whole = (durationMs: number): Playback => ({ durationMs, underruns: 0, interrupted: false });

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

	it('plays a stream that ends before 200 ms', async () => {
		const { device, finished, recording } = setUp();
		recording('s', sound(50));
		await settled();
		device.play();
		await settled();
		assert.deepEqual(finished, [{ id: 's', playback: whole(50) }]);
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
