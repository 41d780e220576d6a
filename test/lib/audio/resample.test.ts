import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { mixChannels } from '../../../lib/audio/convert.ts';
import { frameBytes, type PcmFormat } from '../../../lib/audio/format.ts';
import { type Converter, createConverter, loadResampler } from '../../../lib/audio/resample.ts';
import { noise, silence, sine } from '../../lab/signals.ts';
import { randomInts } from './random.ts';

const RATES = [8000, 11025, 16000, 22050, 44100, 48000];
const PAIRS = RATES.flatMap((from) => RATES.filter((to) => to !== from).map((to) => [from, to] as const));

/** The memory of the resampler's WebAssembly, caught when it is made: it only ever grows. */
let memory: WebAssembly.Memory | undefined;

/** Converts it all; `cuts` are the frames of each piece in turn, the last one again and again. */
function convert(from: PcmFormat, to: PcmFormat, pcm: Buffer, cuts: number[] = [1600]): Buffer {
	const converter = createConverter(from, to);
	const pieces: Buffer[] = [];
	for (let at = 0, i = 0; at < pcm.length; i++) {
		const end = at + (cuts[Math.min(i, cuts.length - 1)] as number) * frameBytes(from);
		pieces.push(converter.push(pcm.subarray(at, end)));
		at = end;
	}
	pieces.push(converter.flush());
	converter.close();
	return Buffer.concat(pieces);
}

const mono = (sampleRate: number): PcmFormat => ({ sampleRate, channels: 1 });
const stereo = (sampleRate: number): PcmFormat => ({ sampleRate, channels: 2 });
const samples = (pcm: Buffer) => Array.from({ length: pcm.length >> 1 }, (_, i) => pcm.readInt16LE(i * 2));
const interleave = (left: Buffer, right: Buffer) =>
	Buffer.concat(
		samples(left).flatMap((_, i) => [left, right].map((side) => side.subarray(2 * i, 2 * i + 2))),
	);

before(async () => {
	assert.throws(() => createConverter(mono(8000), mono(16000)), /loadResampler/);
	const instantiate = WebAssembly.instantiate;
	WebAssembly.instantiate = (async (source: BufferSource, imports?: WebAssembly.Imports) => {
		const made = await instantiate(source, imports);
		const found = Object.values(made.instance.exports).find((value) => value instanceof WebAssembly.Memory);
		memory = found as WebAssembly.Memory | undefined;
		return made;
	}) as typeof WebAssembly.instantiate;
	await Promise.all([loadResampler(), loadResampler()]);
	WebAssembly.instantiate = instantiate;
	assert.ok(memory, 'the memory was found');
});

// First of all, while the memory has its smallest size: it never shrinks.
test('thousands of converters, used and closed, give their memory back', () => {
	const use = (count: number) => {
		for (let i = 0; i < count; i++) convert(stereo(48000), stereo(16000), noise(90, 1, 2));
	};
	use(5);
	const bytes = memory!.buffer.byteLength;
	use(2500);
	assert.equal(memory!.buffer.byteLength, bytes);
});

describe('quality', () => {
	/** Least squares fit of a sine of known frequency: its amplitude, delay in samples, and what is left over. */
	function fit(pcm: Buffer, hz: number, rate: number) {
		const values = samples(pcm);
		const skip = Math.ceil(rate / 50);
		const used = values.slice(skip, -skip);
		const step = (2 * Math.PI * hz) / rate;
		let [ss, sc, cc, ys, yc] = [0, 0, 0, 0, 0];
		used.forEach((y, i) => {
			const sin = Math.sin(step * (i + skip));
			const cos = Math.cos(step * (i + skip));
			ss += sin * sin;
			sc += sin * cos;
			cc += cos * cos;
			ys += y * sin;
			yc += y * cos;
		});
		const determinant = ss * cc - sc * sc;
		const a = (ys * cc - yc * sc) / determinant;
		const b = (yc * ss - ys * sc) / determinant;
		let error = 0;
		used.forEach((y, i) => {
			error += (y - a * Math.sin(step * (i + skip)) - b * Math.cos(step * (i + skip))) ** 2;
		});
		return { amplitude: Math.hypot(a, b), delay: -Math.atan2(b, a) / step, noise: error / used.length };
	}

	for (const [from, to] of PAIRS)
		test(`${from} to ${to} Hz: sines keep amplitude and place, distortion is below -100 dB`, () => {
			const amplitude = 30_000;
			for (const hz of [997, 2999]) {
				const converted = convert(mono(from), mono(to), sine(from, hz, from, amplitude));
				const found = fit(converted, hz, to);
				assert.ok(Math.abs(20 * Math.log10(found.amplitude / amplitude)) < 0.01, `gain at ${hz} Hz`);
				assert.ok(Math.abs(found.delay) < 0.01, `delay at ${hz} Hz: ${found.delay} samples`);
				// Rounding to 16 bits leaves 1/12 of noise power (uniform error of one step): once at the input, of
				// which only the new band remains, and once at the output. More than that is the resampler's own.
				const rounding = (Math.min(1, to / from) + 1) / 12;
				const own = (found.noise - rounding) / (amplitude ** 2 / 2);
				assert.ok(own < 1e-10, `distortion at ${hz} Hz: ${10 * Math.log10(Math.max(own, 1e-15))} dB`);
			}
		});

	test('the band is flat up to 0.88 of its half rate', () => {
		for (const [from, to] of PAIRS) {
			const hz = Math.floor(Math.min(from, to) * 0.44);
			const { amplitude } = fit(convert(mono(from), mono(to), sine(from, hz, from, 30_000)), hz, to);
			const gain = 20 * Math.log10(amplitude / 30_000);
			assert.ok(Math.abs(gain) < 0.01, `${gain} dB at ${hz} Hz, ${from} to ${to}`);
		}
	});

	test('what the new rate cannot hold is gone, not folded back', () => {
		for (const [from, to, hz] of [
			[48000, 16000, 9000],
			[44100, 8000, 5000],
			[48000, 22050, 13000],
		] as const) {
			const converted = samples(convert(mono(from), mono(to), sine(from, hz, from, 30_000)));
			const middle = converted.slice(to / 50, -to / 50);
			assert.ok(Math.max(...middle.map(Math.abs)) <= 1, `${hz} Hz at ${to} Hz`);
		}
	});

	test('full scale is clipped, not turned over', () => {
		const square = Buffer.alloc(32000);
		for (let i = 0; i < 16000; i++) square.writeInt16LE(i % 100 < 50 ? 32767 : -32768, i * 2);
		const converted = samples(convert(mono(16000), mono(48000), square));
		for (let i = 0; i < converted.length; i++)
			if (Math.abs((i % 300) - 75) < 50) assert.ok(converted[i]! > 30000, `sample ${i}: ${converted[i]}`);
	});
});

describe('length and place', () => {
	test('the output lasts as long as the input, however it is cut, and is the same', () => {
		const next = randomInts(7);
		for (const [from, to] of PAIRS)
			for (const frames of [0, 1, 2, 3, 17, 100, 1000, 4096, 4097, 9001]) {
				const pcm = noise(frames, frames + from);
				const whole = convert(mono(from), mono(to), pcm, [frames || 1]);
				assert.equal(
					whole.length / 2,
					Math.round((frames * to) / from),
					`${frames} frames, ${from} to ${to}`,
				);
				const cuts = Array.from({ length: 200 }, () => next(300));
				cuts.push(1 + next(5000));
				assert.ok(
					convert(mono(from), mono(to), pcm, cuts).equals(whole),
					`${frames} frames, ${from} to ${to}`,
				);
			}
	});

	test('also from and to the rarest rates', () => {
		for (const [from, to] of [
			[1000, 384_000],
			[384_000, 1000],
			[44_101, 16_000],
			[16_000, 44_101],
			[47_999, 48_000],
		] as const)
			for (const frames of [1, 500, 10_007]) {
				const pcm = noise(frames, 3);
				const whole = convert(mono(from), mono(to), pcm, [frames]);
				assert.equal(
					whole.length / 2,
					Math.round((frames * to) / from),
					`${frames} frames, ${from} to ${to}`,
				);
				assert.ok(convert(mono(from), mono(to), pcm, [1, 333]).equals(whole));
			}
	});

	test('a click stays where it was, at the beginning, in the middle and at the end', () => {
		for (const [from, to] of PAIRS)
			for (const place of [0, 1, 999, 5000, 7990]) {
				const pcm = silence(8000);
				pcm.writeInt16LE(20_000, place * 2);
				const converted = samples(convert(mono(from), mono(to), pcm));
				const loudest = converted.reduce(
					(best, v, i) => (Math.abs(v) > Math.abs(converted[best]!) ? i : best),
					0,
				);
				const expected = (place * to) / from;
				assert.ok(Math.abs(loudest - expected) < 1, `frame ${place} is at ${loudest}, ${from} to ${to}`);
			}
	});
});

describe('channels', () => {
	test('the two sides of a stereo sound do not meet', () => {
		for (const [from, to] of [
			[44100, 16000],
			[16000, 48000],
		] as const) {
			const left = noise(5000, 1);
			const right = noise(5000, 2);
			const both = convert(stereo(from), stereo(to), interleave(left, right));
			const alone = (side: Buffer) => convert(mono(from), mono(to), side);
			assert.ok(both.equals(interleave(alone(left), alone(right))));
			const half = samples(convert(stereo(from), stereo(to), interleave(left, silence(5000))));
			assert.ok(half.every((value, i) => i % 2 === 0 || value === 0));
		}
	});
	test('mono becomes two equal sides, and stereo its mean', () => {
		const pcm = noise(4000);
		const one = convert(mono(16000), mono(44100), pcm);
		assert.ok(convert(mono(16000), stereo(44100), pcm).equals(interleave(one, one)));
		const two = noise(4000, 1, 2);
		const mean = convert(mono(44100), mono(16000), mixChannels(two, 2, 1));
		assert.ok(convert(stereo(44100), mono(16000), two).equals(mean));
	});
	test('only the channels change: no resampling', () => {
		const pcm = noise(100);
		assert.ok(convert(mono(16000), stereo(16000), pcm).equals(interleave(pcm, pcm)));
	});
	test('the same format is the very same Buffer', () => {
		const pcm = noise(100, 1, 2);
		const converter = createConverter(stereo(16000), stereo(16000));
		assert.equal(converter.push(pcm), pcm);
		assert.equal(converter.flush().length, 0);
		converter.close();
	});
});

describe('life', () => {
	test('streams at the same time do not disturb one another, also when the memory grows under them', () => {
		const pcm = noise(6000);
		const expected = convert(mono(44100), mono(16000), pcm);
		const opened = Array.from({ length: 4 }, () => createConverter(mono(44100), mono(16000)));
		const pushAll = (from: number, to?: number) =>
			opened.map((converter) => converter.push(pcm.subarray(from, to)));
		const results = [pushAll(0, 5000)];
		const bytes = memory!.buffer.byteLength;
		const more: Converter[] = [];
		while (memory!.buffer.byteLength === bytes && more.length < 30_000)
			more.push(createConverter(mono(44100), mono(16000)));
		assert.ok(memory!.buffer.byteLength > bytes, 'the memory grew');
		results.push(
			pushAll(5000),
			opened.map((converter) => converter.flush()),
		);
		opened.forEach((_, i) => {
			assert.ok(Buffer.concat(results.map((pieces) => pieces[i]!)).equals(expected));
		});
		for (const converter of [...opened, ...more]) converter.close();
	});

	test('after its end a converter gives nothing, and closing twice does no harm', () => {
		const converter = createConverter(mono(48000), mono(16000));
		converter.push(noise(1000));
		assert.ok(converter.flush().length > 0);
		assert.equal(converter.flush().length, 0);
		converter.close();
		converter.close();
		assert.equal(converter.push(noise(1000)).length, 0);
		assert.equal(converter.flush().length, 0);
	});

	test('what a converter gave does not change when it goes on', () => {
		const converter = createConverter(mono(48000), mono(16000));
		const first = converter.push(noise(6000, 1));
		const copy = Buffer.from(first);
		converter.push(noise(6000, 2));
		converter.close();
		assert.ok(first.length > 0 && first.equals(copy));
	});
});
