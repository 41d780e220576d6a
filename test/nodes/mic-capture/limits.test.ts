import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type LimitSettings, Limits } from '../../../nodes/mic-capture/limits.ts';
import { noise, silence } from '../../lab/signals.ts';
import { Bench } from './hand-microphone.ts';

const RATE = 16_000;
const FORMAT = { sampleRate: RATE, channels: 1 };
const NONE: LimitSettings = { maxMs: 0, startTimeoutMs: 0, silenceStopMs: 0, silenceThresholdDb: -45 };

const quiet = (ms: number) => silence((RATE * ms) / 1000);
const loud = (ms: number) => noise((RATE * ms) / 1000);

/** Feeds audio in pieces of so many frames; answers where the stream ended, in milliseconds, and why. */
function run(settings: Partial<LimitSettings>, pcm: Buffer, frames: number, preRollMs = 0) {
	const limits = new Limits({ ...NONE, ...settings }, FORMAT, (RATE * preRollMs) / 1000);
	for (let at = 0; at < pcm.length; at += frames * 2) {
		const verdict = limits.push(pcm.subarray(at, at + frames * 2));
		if (verdict) return [(at / 2 + verdict.frames) / 16, verdict.reason];
	}
	return 'no end';
}

describe('Limits, however the audio is cut', () => {
	for (const frames of [1, 160, 1024, 48_000]) {
		test(`pieces of ${frames} frames`, () => {
			assert.deepEqual(run({ maxMs: 1001 }, loud(2000), frames), [1001, 'max']);
			assert.deepEqual(run({ maxMs: 2000 }, loud(2000), frames), [2000, 'max']);
			assert.equal(run({ maxMs: 2001 }, loud(2000), frames), 'no end');
			assert.equal(run({}, quiet(2000), frames), 'no end');

			assert.deepEqual(run({ startTimeoutMs: 1000 }, quiet(2000), frames), [1000, 'start-timeout']);
			const late = Buffer.concat([quiet(900), loud(100), quiet(2000)]);
			assert.equal(run({ startTimeoutMs: 1000 }, late, frames), 'no end');

			const talk = Buffer.concat([quiet(800), loud(300), quiet(400), loud(300), quiet(1000)]);
			assert.deepEqual(run({ silenceStopMs: 500 }, talk, frames), [2300, 'silence']);
			assert.deepEqual(run({ silenceStopMs: 400 }, talk, frames), [1500, 'silence']);
			assert.equal(run({ silenceStopMs: 500 }, quiet(2000), frames), 'no end');
			assert.deepEqual(run({ silenceStopMs: 500, maxMs: 2000 }, talk, frames), [2000, 'max']);
			assert.deepEqual(run({ silenceStopMs: 500, maxMs: 2300 }, talk, frames), [2300, 'silence']);
		});
	}

	test('a click is not speech', () => {
		const click = Buffer.concat([quiet(400), loud(20), quiet(2000)]);
		assert.deepEqual(run({ startTimeoutMs: 1000, silenceStopMs: 500 }, click, 160), [1000, 'start-timeout']);
	});

	test('the threshold decides what is speech', () => {
		const pcm = noise(RATE); // about -17 dBFS
		assert.equal(run({ startTimeoutMs: 500, silenceThresholdDb: -20 }, pcm, 160), 'no end');
		assert.deepEqual(run({ startTimeoutMs: 500, silenceThresholdDb: -10 }, pcm, 160), [500, 'start-timeout']);
	});

	test('what was said during the pre-roll neither begins nor ends anything', () => {
		const before = Buffer.concat([loud(500), quiet(500)]);
		const all = Buffer.concat([before, quiet(2000)]);
		assert.deepEqual(run({ startTimeoutMs: 700, silenceStopMs: 300 }, all, 160, 1000), [
			1700,
			'start-timeout',
		]);
		assert.deepEqual(run({ maxMs: 1200 }, all, 160, 1000), [1200, 'max']);
	});

	test('only zeros for 3 s are suspicious, a single sample is not', () => {
		const limits = new Limits(NONE, FORMAT);
		limits.push(quiet(2999));
		assert.equal(limits.dead, false);
		limits.push(quiet(1));
		assert.equal(limits.dead, true);
		limits.push(loud(1));
		assert.equal(limits.dead, false);
		limits.push(quiet(10_000));
		assert.equal(limits.dead, false);
	});
});

describe('Limits in a recorder', () => {
	test('maxMs is exact, bursts or not, and the stop that follows is ignored', async () => {
		const bench = new Bench({ maxMs: 1234 }, (device) => {
			device.burstMs = 208;
		});
		const { id } = await bench.start();
		await bench.pass(3000);
		await bench.stop();
		await bench.pass(1000);
		const { pcm, ended } = bench.heard(id);
		assert.equal(ended, 'max');
		assert.deepEqual(pcm, bench.signal(0, (1234 * RATE) / 1000));
		assert.equal(bench.recorder.state, 'closed');
		assert.deepEqual(bench.errors, []);
	});

	test('nobody speaks: the stream ends, and the error says so', async () => {
		const bench = new Bench({ startTimeoutMs: 1000 }, (device) => {
			device.signal = quiet(10_000);
		});
		const { id } = await bench.start();
		await bench.pass(1500);
		assert.equal(bench.heard(id).ended, 'start-timeout');
		assert.deepEqual(
			bench.errors.map(({ error, label }) => [error.code, label?.id]),
			[['MIC_SILENT', id]],
		);
	});

	test('digital silence is reported once per stream, and the stream goes on', async () => {
		const bench = new Bench({}, (device) => {
			device.signal = quiet(20_000);
		});
		const { id } = await bench.start();
		await bench.pass(8000);
		assert.deepEqual(
			bench.errors.map(({ error, label }) => [error.code, label?.id]),
			[['MIC_SILENT', id]],
		);
		assert.equal(bench.recorder.silent, true);
		assert.equal(bench.recorder.state, 'recording');
		await bench.stop();
		await bench.pass(100);
		await bench.start();
		await bench.pass(4000);
		assert.equal(bench.errors.length, 2);
		await bench.recorder.close();
	});
});
