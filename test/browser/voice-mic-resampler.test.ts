import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Framer } from '../../lib/browser/voice-mic/frames.ts';
import { Resampler } from '../../lib/browser/voice-mic/resampler.ts';

// The resampler of the page's AudioWorklet, which browsers run; here without one.

const tone = (hz: number, rate: number, seconds = 1) =>
	Float32Array.from({ length: rate * seconds }, (_, index) => Math.sin((2 * Math.PI * hz * index) / rate));

function converted(input: Float32Array, from: number, to: number, piece = 128): Float32Array {
	const resampler = new Resampler(from, to);
	const out: number[] = [];
	for (let at = 0; at < input.length; at += piece)
		out.push(...resampler.push(input.subarray(at, at + piece)));
	out.push(...resampler.flush());
	return Float32Array.from(out);
}

/** Of the part in the middle, in dB. */
function level(samples: Float32Array): number {
	const middle = samples.subarray(samples.length / 4, (samples.length * 3) / 4);
	const power = middle.reduce((sum, sample) => sum + sample * sample, 0) / middle.length;
	return 10 * Math.log10(2 * power);
}

describe('resampling in the page', () => {
	for (const [from, to] of [
		[48_000, 16_000],
		[44_100, 16_000],
		[96_000, 8000],
		[16_000, 48_000],
		[44_100, 48_000],
		[22_050, 44_100],
	] as const)
		test(`${from} to ${to} Hz: a tone stays where it is, what does not fit is gone`, () => {
			const out = converted(tone(440, from), from, to);
			assert.ok(Math.abs(out.length - to) <= 1, `${out.length} samples`);
			const ideal = tone(440, to);
			for (let index = 200; index < to - 200; index++)
				assert.ok(Math.abs((out[index] ?? 9) - (ideal[index] ?? 9)) < 0.001, `sample ${index}`);
			const narrow = Math.min(from, to) / 2;
			assert.ok(Math.abs(level(converted(tone(narrow * 0.8, from), from, to))) < 0.1);
			if (to >= from) return;
			for (const above of [1.1, 1.3, 1.8])
				assert.ok(level(converted(tone(narrow * above, from), from, to)) < -70, `${above} times`);
		});

	test('how the sound is cut makes no difference', () => {
		const input = tone(1234, 44_100, 0.3);
		const whole = converted(input, 44_100, 16_000, input.length);
		for (const piece of [1, 7, 128, 1000]) assert.deepEqual(converted(input, 44_100, 16_000, piece), whole);
	});

	test('the same rate changes nothing', () => {
		const input = tone(1234, 16_000, 0.1);
		assert.deepEqual(converted(input, 16_000, 16_000), input);
	});

	test('frames of 40 ms, the last one shorter, with their loudness; what is too loud is cut off', () => {
		const framer = new Framer(16_000, 16_000);
		const loud = Float32Array.from({ length: 1000 }, (_, index) => (index % 2 ? 2 : -2));
		const frames = [...framer.push(loud), ...framer.push(new Float32Array(300)), ...framer.flush()];
		assert.deepEqual(
			frames.map(({ pcm }) => pcm.byteLength),
			[1280, 1280, 40],
		);
		const [first, , last] = frames;
		assert.deepEqual([...new Int16Array(first?.pcm ?? []).slice(0, 2)], [-32_768, 32_767]);
		assert.ok(first && Math.abs(first.rms - 1) < 0.001 && first.peak === 1);
		assert.deepEqual([last?.rms, last?.peak], [0, 0]);
	});
});
