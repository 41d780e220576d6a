import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { VoiceError } from '../../../lib/node/errors.ts';
import { setSounding } from '../../../lib/node/sounding.ts';
import { noiseAt, silence } from '../../lab/signals.ts';
import { Bench, settle } from './hand-microphone.ts';

const RATE = 16_000;
const frames = (ms: number) => (ms * RATE) / 1000;
const quiet = (ms: number) => silence(frames(ms));
const talk = (ms: number, seed = 1) => noiseAt(-20, frames(ms), seed);

type Settings = ConstructorParameters<typeof Bench>[0];

function listening(sound: Buffer[], settings: Settings = {}): Bench {
	const own = { handsFree: true, preRollMs: 300, silenceStopMs: 500, ...settings };
	return new Bench(own, (device) => {
		device.signal = Buffer.concat(sound);
		device.latencyMs = 9;
	});
}

/** Of each stream: its first and last millisecond in the device's signal, found there sample by sample, and its end. */
function streams(bench: Bench): [number, number, string | undefined][] {
	return [...new Set(bench.chunks.map(({ label }) => label.id))].map((id) => {
		const { chunks, pcm, ended } = bench.heard(id);
		assert.deepEqual(
			chunks.map(({ index }) => index),
			chunks.map((_, index) => index),
		);
		const from = bench.device.signal.indexOf(pcm);
		assert.ok(from >= 0, `stream ${id} is not a piece of what the device heard`);
		return [from / 32, (from + pcm.length) / 32, ended];
	});
}

/** Leads in with sound that never repeats, so that a stream can be found in it. */
const room = (ms: number, seed: number) => noiseAt(-70, frames(ms), seed);

describe('HandsFree', () => {
	for (const burstMs of [20, 208, 3000])
		test(`each utterance is a stream, sample for sample, in bursts of ${burstMs} ms`, async () => {
			const sound = [room(1000, 1), talk(800), room(1200, 2), talk(400, 2), room(2000, 3)];
			const bench = listening(sound);
			bench.device.burstMs = burstMs;
			await bench.pass(9000);
			assert.deepEqual(streams(bench), [
				[700, 2300, 'silence'],
				[2700, 3900, 'silence'],
			]);
			assert.equal(bench.recorder.state, 'armed');
			await bench.recorder.close();
			assert.deepEqual([bench.device.opened, bench.device.closed, bench.time.pending], [1, 1, 0]);
		});

	test('the pre-roll takes nothing that an earlier stream had', async () => {
		const bench = listening([room(200, 1), talk(400), room(600, 2), talk(300, 2), room(1500, 3)]);
		await bench.pass(4000);
		assert.deepEqual(streams(bench), [
			[0, 1100, 'silence'],
			[1100, 2000, 'silence'],
		]);
		await bench.recorder.close();
	});

	test('an utterance that is too long goes on in the next stream, without a gap', async () => {
		const bench = listening([room(1000, 1), talk(2500), room(1500, 2)], { maxMs: 1001 });
		await bench.pass(6000);
		assert.deepEqual(streams(bench), [
			[700, 1701, 'max'],
			[1701, 2702, 'max'],
			[2702, 3703, 'max'],
			[3703, 4000, 'silence'],
		]);
		await bench.recorder.close();
	});

	test('a limit just before the end, within one piece of sound, cuts nothing off', async () => {
		const bench = listening([room(1000, 1), talk(800), room(2000, 2)], { maxMs: 1595 });
		// Pieces of 100 ms: the limit and the end come in the one from 2291 to 2391 ms.
		bench.device.burstMs = 200;
		await bench.pass(4000);
		assert.deepEqual(streams(bench), [
			[700, 2295, 'max'],
			[2295, 2300, 'silence'],
		]);
		await bench.recorder.close();
	});

	test('stop ends the utterance and lets the device go; start listens again', async () => {
		const bench = listening([room(500, 1), talk(4000), room(1500, 2)]);
		await bench.pass(1009);
		await bench.stop();
		const [[from, to, ended] = [], ...more] = streams(bench);
		assert.deepEqual([from, ended, more], [200, 'stop', []]);
		assert.ok(to && to > 950 && to <= 1000, `what had arrived: ${to}`);
		assert.deepEqual([bench.recorder.state, bench.device.closed], ['closed', 1]);
		await bench.pass(1000);
		const again = await bench.start();
		await bench.pass(1500);
		assert.equal(bench.recorder.state, 'recording');
		assert.notEqual(bench.chunks.at(-1)?.label.id, again.id, 'every utterance has an id of its own');
		bench.recorder.command('toggle', bench.label());
		await settle();
		assert.equal(bench.recorder.state, 'closed');
		assert.equal(bench.device.overlaps, 0);
		await bench.recorder.close();
	});

	test('reset abandons the utterance with all that is still said of it, and no more', async () => {
		const bench = listening([room(500, 1), talk(2000), room(1000, 2), talk(300, 2), room(1000, 3)]);
		await bench.pass(1000);
		bench.recorder.reset();
		assert.equal(bench.abandoned.length, 1);
		await bench.pass(4500);
		assert.deepEqual(streams(bench).slice(1), [[3200, 4300, 'silence']]);
		assert.equal(streams(bench)[0]?.[2], undefined);
		bench.recorder.reset();
		assert.equal(bench.abandoned.length, 1);
		await bench.recorder.close();
	});

	test('whoever ends it in the middle of a chunk gets no more of it', async () => {
		const bench = listening([room(500, 1), talk(2000), room(1000, 2)]);
		bench.onChunk = (chunk) => {
			if (chunk.index === 3) bench.recorder.reset();
		};
		await bench.pass(4000);
		assert.deepEqual(
			bench.chunks.map(({ index }) => index),
			[0, 1, 2, 3],
		);
		await bench.recorder.close();
	});

	test('a device that goes away ends the utterance, and is tried again until it hears the next', async () => {
		const bench = listening([room(500, 1), talk(3000), room(1000, 2)]);
		await bench.pass(1000);
		bench.device.failure = new VoiceError('MIC_DEVICE_NOT_FOUND', 'There is none', 'plug it in');
		bench.device.lose();
		await bench.pass(5000);
		assert.equal(streams(bench)[0]?.[2], 'error');
		assert.deepEqual(
			bench.errors.map(({ error, label }) => [error.code, !!label]),
			[['MIC_STALLED', true]],
			'told once',
		);
		assert.ok(bench.device.opened >= 3 && bench.recorder.failing);
		bench.device.failure = undefined;
		await bench.pass(10_000);
		assert.equal(streams(bench)[1]?.[2], 'silence');
		await bench.recorder.close();
		assert.equal(bench.time.pending, 0);
	});

	test('a device that comes and goes is told of once, until it has worked for a while', async () => {
		const bench = listening([room(20_000, 1)]);
		const opened = () => bench.device.opened;
		await bench.pass(1000);
		for (const [works, told, wait] of [
			[3000, 1, 1000],
			[3000, 1, 2000],
			[6000, 2, 1000],
		] as const) {
			await bench.pass(works);
			const before = opened();
			bench.device.lose();
			await bench.pass(wait - 50);
			assert.deepEqual([bench.errors.length, opened()], [told, before]);
			await bench.pass(100);
			assert.equal(opened(), before + 1);
		}
		assert.deepEqual(bench.chunks, []);
		await bench.recorder.close();
	});

	test('a device that is lost while a loudspeaker sounds is muted when it is back', async () => {
		const speaker = {};
		const bench = listening([room(500, 1), talk(20_000)], { mutes: true });
		setSounding(speaker, true);
		await bench.pass(300);
		bench.device.lose();
		await bench.pass(1500);
		assert.equal(bench.device.opened, 2);
		await bench.pass(3000);
		assert.deepEqual(bench.chunks, []);
		setSounding(speaker, false);
		await bench.pass(200);
		assert.deepEqual(bench.chunks, [], 'its echo');
		await bench.pass(1000);
		assert.equal(bench.recorder.state, 'recording');
		await bench.recorder.close();
	});

	test('a microphone that is off is told once; sound takes it back', async () => {
		const bench = listening([quiet(12_000), talk(500), room(1000, 1)]);
		await bench.pass(11_000);
		assert.deepEqual(
			[bench.errors.map(({ error }) => error.code), bench.recorder.silent],
			[['MIC_SILENT'], true],
		);
		await bench.pass(3000);
		assert.deepEqual([bench.errors.length, bench.recorder.silent], [1, false]);
		assert.equal(streams(bench)[0]?.[2], 'silence');
		await bench.recorder.close();
	});

	test('a loudspeaker that sounds excuses a dead microphone only for that time', async () => {
		const speaker = {};
		const bench = listening([quiet(30_000)], { mutes: true });
		await bench.pass(5000);
		setSounding(speaker, true);
		await bench.pass(6000);
		setSounding(speaker, false);
		await bench.pass(10_000);
		assert.deepEqual(bench.errors, []);
		await bench.pass(1000);
		const told = () => [bench.errors.map(({ error }) => error.code), bench.recorder.silent];
		assert.deepEqual(told(), [['MIC_SILENT'], true]);
		setSounding(speaker, true);
		await bench.pass(1000);
		setSounding(speaker, false);
		await bench.pass(3000);
		assert.deepEqual(told(), [['MIC_SILENT'], true], 'told once, and still so');
		await bench.recorder.close();
	});

	test('while a loudspeaker sounds it hears nothing, and for the echo after it', async () => {
		const speaker = {};
		const bench = listening([room(1000, 1), talk(2000), room(300, 2), talk(1000, 2), room(1500, 3)], {
			mutes: true,
		});
		bench.device.latencyMs = 0;
		await bench.pass(900);
		const begin = bench.device.frameAt(bench.time.now());
		setSounding(speaker, true);
		await bench.pass(2100);
		const end = bench.device.frameAt(bench.time.now() + 250);
		setSounding(speaker, false);
		await bench.pass(4000);
		const [first, ...more] = [...new Set(bench.chunks.map(({ label }) => label.id))].map((id) =>
			bench.heard(id),
		);
		assert.deepEqual(more, []);
		// Its pre-roll is silenced up to the end of the echo.
		const muted = Buffer.from(bench.device.signal);
		muted.fill(0, begin * 2, end * 2);
		assert.ok(end > frames(3000) && end < frames(3300));
		assert.deepEqual(first?.pcm, muted.subarray(frames(3000) * 2, frames(4800) * 2));
		await bench.recorder.close();
	});
});

describe('Recorder beside a loudspeaker', () => {
	test('sends silence while it sounds, and does not take that for a dead microphone', async () => {
		const speaker = {};
		const bench = new Bench({ mutes: true });
		setSounding(speaker, true);
		const { id } = await bench.start();
		await bench.pass(5000);
		setSounding(speaker, false);
		await bench.pass(1000);
		await bench.stop();
		await bench.pass(300);
		const { pcm } = bench.heard(id);
		assert.ok(pcm.subarray(0, 5250 * 32).every((byte) => byte === 0));
		assert.deepEqual(pcm.subarray(5250 * 32), bench.device.signal.subarray(5250 * 32, pcm.length));
		assert.deepEqual(bench.errors, []);
		await bench.recorder.close();
	});
});
