import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
	encodingFor,
	floatToPcm,
	mixChannels,
	PcmDecoder,
	pcmToFloat,
	type SampleEncoding,
	sampleBytes,
	scaleVolume,
	toPcm,
} from '../../../lib/audio/convert.ts';
import { AudioFormatError } from '../../../lib/audio/format.ts';
import { noise } from '../../lab/signals.ts';

const pcm = (...samples: number[]) => Buffer.from(Int16Array.from(samples).buffer);
const samples = (data: Buffer) => Array.from({ length: data.length >> 1 }, (_, i) => data.readInt16LE(i * 2));
const bytes = (count: number, write: (buffer: Buffer) => void) => {
	const buffer = Buffer.alloc(count);
	write(buffer);
	return buffer;
};

/** What one sample of an encoding must become. */
const CASES: Record<SampleEncoding, [Buffer, number][]> = {
	u8: [
		[Buffer.from([0]), -32768],
		[Buffer.from([128]), 0],
		[Buffer.from([255]), 127 * 256],
	],
	s16le: [
		[pcm(-32768), -32768],
		[pcm(32767), 32767],
	],
	s24le: [
		[bytes(3, (b) => b.writeIntLE(-0x800000, 0, 3)), -32768],
		[bytes(3, (b) => b.writeIntLE(0x7fffff, 0, 3)), 32767],
		[bytes(3, (b) => b.writeIntLE(-256, 0, 3)), -1],
		[bytes(3, (b) => b.writeIntLE(0x123456, 0, 3)), 0x1234],
	],
	s32le: [
		[bytes(4, (b) => b.writeInt32LE(-0x80000000)), -32768],
		[bytes(4, (b) => b.writeInt32LE(0x7fffffff)), 32767],
		[bytes(4, (b) => b.writeInt32LE(-65536)), -1],
	],
	f32le: [],
	f64le: [],
};
for (const [value, sample] of [
	[0, 0],
	[-1, -32768],
	[1, 32767],
	[0.5, 16384],
	[1.5 / 32768, 2],
	[1e30, 32767],
	[-7, -32768],
	[Number.NaN, 0],
	[Number.POSITIVE_INFINITY, 32767],
	[Number.NEGATIVE_INFINITY, -32768],
	[-0, 0],
] as const) {
	CASES.f32le.push([bytes(4, (b) => b.writeFloatLE(value)), sample]);
	CASES.f64le.push([bytes(8, (b) => b.writeDoubleLE(value)), sample]);
}
const ENCODINGS = Object.keys(CASES) as SampleEncoding[];

describe('toPcm', () => {
	for (const encoding of ENCODINGS)
		test(encoding, () => {
			const cases = CASES[encoding];
			const input = Buffer.concat(cases.map(([data]) => data));
			assert.equal(input.length, cases.length * sampleBytes(encoding));
			const before = Buffer.from(input);
			assert.deepEqual(
				samples(toPcm(input, encoding)),
				cases.map(([, sample]) => sample),
			);
			assert.deepEqual(input, before, 'the input is not written to');
			assert.equal(toPcm(Buffer.alloc(0), encoding).length, 0);
		});

	test('the encoding follows from the bit depth, and odd depths are refused', () => {
		assert.deepEqual(
			[8, 16, 24, 32].map((bits) => encodingFor(bits, false)),
			['u8', 's16le', 's24le', 's32le'],
		);
		assert.deepEqual(
			[32, 64].map((bits) => encodingFor(bits, true)),
			['f32le', 'f64le'],
		);
		for (const [bits, float] of [
			[12, false],
			[64, false],
			[16, true],
			[0, false],
			[Number.NaN, false],
		] as const)
			assert.throws(() => encodingFor(bits, float), AudioFormatError);
	});
});

test('float samples: NaN is silence, what is too loud is clipped, and PCM survives the way there and back', () => {
	const floats = Float32Array.of(Number.NaN, 2, -2, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.25);
	assert.deepEqual(samples(floatToPcm(floats)), [0, 32767, -32768, 32767, -32768, 8192]);
	const all = Buffer.from(Int16Array.from({ length: 65536 }, (_, i) => i - 32768).buffer);
	assert.deepEqual(floatToPcm(pcmToFloat(all)), all);
});

describe('mixChannels', () => {
	test('the same count is the same Buffer', () => {
		const data = noise(10, 1, 2);
		assert.equal(mixChannels(data, 2, 2), data);
	});
	test('to mono is the mean, without overflow', () => {
		assert.deepEqual(samples(mixChannels(pcm(100, 300, -5, -8, 32767, 32767), 2, 1)), [200, -6, 32767]);
		const loud = pcm(...Array(32).fill(-32768));
		assert.deepEqual(samples(mixChannels(loud, 32, 1)), [-32768]);
	});
	test('from mono is copies', () => {
		assert.deepEqual(samples(mixChannels(pcm(7, -8), 1, 3)), [7, 7, 7, -8, -8, -8]);
	});
	test('n to m keeps the first channels and fills the rest with the mean', () => {
		assert.deepEqual(samples(mixChannels(pcm(1, 2, 3, 4, 5, 6), 6, 2)), [1, 2]);
		assert.deepEqual(samples(mixChannels(pcm(10, 20), 2, 4)), [10, 20, 15, 15]);
	});
	test('an incomplete last frame is dropped, and the input stays as it was', () => {
		const data = pcm(1, 3, 5);
		assert.deepEqual(samples(mixChannels(data, 2, 1)), [2]);
		assert.deepEqual(samples(data), [1, 3, 5]);
	});
});

test('volume is linear, never clips or turns over, and never writes to its input', () => {
	const data = pcm(-32768, 32767, 100, -1, 0);
	assert.deepEqual(samples(scaleVolume(data, 50)), [-16384, 16384, 50, 0, 0]);
	assert.deepEqual(samples(scaleVolume(data, 0)), [0, 0, 0, 0, 0]);
	assert.deepEqual(samples(scaleVolume(data, -20)), [0, 0, 0, 0, 0]);
	for (const percent of [100, 150]) assert.equal(scaleVolume(data, percent), data);
	assert.equal(scaleVolume(Buffer.from([1, 2, 3]), 50).length, 2);
	assert.deepEqual(samples(data), [-32768, 32767, 100, -1, 0]);
});

describe('PcmDecoder', () => {
	for (const encoding of ENCODINGS)
		for (const channels of [1, 2, 3])
			test(`${encoding}, ${channels} channels: cut anywhere, the samples are the same`, () => {
				const format = { sampleRate: 16000, channels };
				const frame = channels * sampleBytes(encoding);
				// Random bytes would be mostly NaN as floats; that is fine for being the same, but see the cases above.
				const data = noise(4 * frame).subarray(0, 7 * frame + frame - 1);
				const whole = new PcmDecoder(format, encoding).push(data);
				assert.equal(whole.length, 7 * channels * 2);
				const decode = (...cuts: number[]) => {
					const decoder = new PcmDecoder(format, encoding);
					const pieces: Buffer[] = [];
					let at = 0;
					for (const cut of [...cuts, data.length]) {
						// Its own memory, overwritten afterwards as a socket's buffer would be.
						const piece = Buffer.from(data.subarray(at, cut));
						const out = Buffer.from(decoder.push(piece));
						piece.fill(0xaa);
						assert.equal(out.length % (channels * 2), 0, 'whole frames only');
						pieces.push(out);
						at = cut;
					}
					assert.equal(decoder.pendingBytes, frame - 1);
					return Buffer.concat(pieces);
				};
				for (let first = 0; first <= data.length; first++)
					for (let second = first; second <= data.length; second += 3)
						assert.deepEqual(decode(first, second), whole);
				assert.deepEqual(decode(...Array.from({ length: data.length }, (_, i) => i)), whole, 'byte by byte');
			});

	test('what is left over does not keep the message alive', () => {
		const decoder = new PcmDecoder({ sampleRate: 16000, channels: 1 });
		const message = Buffer.from([1, 0, 2]);
		decoder.push(message);
		message.fill(9);
		assert.deepEqual(samples(decoder.push(Buffer.from([0]))), [2]);
	});
});
