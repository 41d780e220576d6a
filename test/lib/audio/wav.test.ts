import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { type SampleEncoding, toPcm } from '../../../lib/audio/convert.ts';
import { AudioFormatError } from '../../../lib/audio/format.ts';
import { decodeWav, encodeWav, isWav, parseWavHeader, wavHeader } from '../../../lib/audio/wav.ts';
import { needs } from '../../lab/needs.ts';
import { noise } from '../../lab/signals.ts';
import { chunk, makeWav } from './wav-files.ts';

const NOISE = noise(300);
const list = chunk('LIST', Buffer.from('INFOISFT\u0006\0\0\0Lavf5\0'));
const odd = chunk('junk', Buffer.from('odd'));

const refused = (data: Buffer, words: RegExp) =>
	assert.throws(
		() => decodeWav(data),
		(error: unknown) => error instanceof AudioFormatError && words.test(error.message),
	);

describe('decoding', () => {
	const encodings: [SampleEncoding, number, number][] = [
		['u8', 1, 8],
		['s16le', 1, 16],
		['s24le', 1, 24],
		['s32le', 1, 32],
		['f32le', 3, 32],
		['f64le', 3, 64],
	];
	for (const [encoding, tag, bits] of encodings)
		for (const extensible of [false, true])
			for (const channels of [1, 2, 6])
				test(`${encoding}${extensible ? ' extensible' : ''}, ${channels} channels`, () => {
					// 24 frames of anything; floats from bytes like these are wild, which toPcm must bear anyway.
					const data = NOISE.subarray(0, (24 * channels * bits) / 8).subarray(0, 480);
					const samples = data.subarray(0, data.length - (data.length % ((channels * bits) / 8)));
					const file = makeWav({ tag, bits, channels, extensible, sampleRate: 44100, data: samples });
					assert.deepEqual(decodeWav(file), {
						format: { sampleRate: 44100, channels },
						pcm: toPcm(samples, encoding),
						truncated: false,
					});
				});

	test('chunks before and behind the samples, also of odd length, are not sound', () => {
		for (const before of [[], [list], [odd], [odd, list, odd]])
			for (const after of [[], [list], [odd, list]]) {
				const file = makeWav({ data: NOISE, before, after });
				assert.deepEqual(decodeWav(file).pcm, NOISE);
				assert.equal(parseWavHeader(file).dataBytes, NOISE.length);
			}
		// Samples of odd length have a padding byte, which is no sample either.
		const eight = makeWav({ bits: 8, data: Buffer.from([128, 0, 255]), after: [list] });
		assert.equal(decodeWav(eight).pcm.length, 6);
	});

	test('writers to a pipe leave a length that means "to the end of the file"', () => {
		for (const dataSize of [0, 0xffffffff, 0xffffff00, 0x7fffffff, 0x80000000, 0x7ffff000, 0x7fffeffd])
			for (const riffSize of [0, 36, 0xffffffff, 0x7ffff024]) {
				const file = makeWav({ data: NOISE, dataSize, riffSize });
				const { pcm, truncated } = decodeWav(file);
				assert.deepEqual(pcm, NOISE);
				assert.equal(truncated, false);
				assert.equal(parseWavHeader(file.subarray(0, 44)).dataBytes, Number.POSITIVE_INFINITY);
			}
	});

	test('a finished file without samples has none, whatever follows', () => {
		assert.equal(decodeWav(makeWav({ data: Buffer.alloc(0) })).pcm.length, 0);
		const tagged = makeWav({ data: Buffer.alloc(0), after: [list] });
		assert.equal(decodeWav(tagged).pcm.length, 0);
		assert.equal(decodeWav(tagged).truncated, false);
	});

	test('coded WAV files are named', () => {
		for (const [tag, name] of [
			[2, 'ADPCM'],
			[6, 'A-law'],
			[7, 'µ-law'],
			[17, 'IMA ADPCM'],
			[49, 'GSM'],
			[85, 'MP3'],
			[0x1234, 'format 4660'],
		] as const)
			for (const extensible of [false, true])
				refused(makeWav({ tag, extensible, bits: 8, data: NOISE }), new RegExp(`holds ${name} audio`));
	});

	test('what no sound card has is refused', () => {
		refused(makeWav({ sampleRate: 0, data: NOISE }), /Sample rate 0/);
		refused(makeWav({ sampleRate: 0xffffffff, data: NOISE }), /Sample rate 4294967295/);
		refused(makeWav({ channels: 0, data: NOISE }), /0 channels/);
		refused(makeWav({ channels: 65535, data: NOISE }), /65535 channels/);
		refused(makeWav({ bits: 12, data: NOISE }), /12-bit/);
		refused(makeWav({ tag: 3, bits: 16, data: NOISE }), /16-bit float/);
	});

	test('a file that never says its format, or says it too late, is damaged', () => {
		const file = makeWav({ data: NOISE });
		const late = Buffer.concat([file.subarray(0, 12), file.subarray(36), file.subarray(12, 36)]);
		refused(late, /damaged/);
		refused(Buffer.concat([file.subarray(0, 12), list]), /damaged/);
		for (const size of [0, 15, 0xffffffff]) {
			const lying = Buffer.from(file);
			lying.writeUInt32LE(size, 16);
			refused(lying, /damaged/);
		}
	});
});

describe('broken data', () => {
	const files = [
		makeWav({ data: NOISE, before: [odd, list], after: [list] }),
		makeWav({ data: NOISE, extensible: true, channels: 2, bits: 24 }),
	];
	test('cut at every byte: the samples that are there, or an AudioFormatError', () => {
		for (const file of files) {
			const start = file.indexOf('data') + 8;
			const { pcm: whole, format } = decodeWav(file);
			const frame = format.channels * 2;
			for (let length = 0; length <= file.length; length++) {
				const cut = file.subarray(0, length);
				if (length < start) refused(cut, length < 12 ? /not a WAV/ : /damaged|not a WAV/);
				else {
					const { pcm, truncated } = decodeWav(cut);
					assert.deepEqual(pcm, whole.subarray(0, pcm.length));
					assert.equal(pcm.length % frame, 0, 'whole frames only');
					assert.equal(truncated, length < start + NOISE.length);
				}
			}
		}
	});
	test('any byte changed: sound or an AudioFormatError, never anything else and never for long', () => {
		for (const file of files)
			for (let at = 0; at < Math.min(file.length, 120); at++)
				for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
					const changed = Buffer.from(file);
					changed[at] = value;
					try {
						decodeWav(changed);
					} catch (error) {
						assert.ok(error instanceof AudioFormatError, `byte ${at} = ${value}: ${error}`);
					}
				}
	});
	test('other data is not a WAV file', () => {
		for (const data of [
			Buffer.alloc(0),
			NOISE,
			Buffer.from('RIFF\0\0\0\0AVI LIST'),
			Buffer.from('RIFX\0\0\0\0WAVEfmt '),
		]) {
			assert.equal(isWav(data), false);
			refused(data, /not a WAV file: use/);
		}
	});
});

describe('encoding', () => {
	test('round trip, in one piece and in many', () => {
		for (const [channels, frames] of [
			[1, 0],
			[1, 1],
			[2, 77],
			[32, 3],
		] as const) {
			const format = { sampleRate: 22050, channels };
			const pcm = noise(frames, 5, channels);
			for (const pieces of [[pcm], [pcm.subarray(0, 2), Buffer.alloc(0), pcm.subarray(2)]]) {
				const file = encodeWav(pieces, format);
				assert.equal(file.readUInt32LE(4), file.length - 8);
				assert.deepEqual(decodeWav(file), { format, pcm, truncated: false });
			}
		}
	});
	test('the header equals one written after the specification', () => {
		const format = { sampleRate: 48000, channels: 2 };
		assert.deepEqual(encodeWav([NOISE], format), makeWav({ ...format, data: NOISE }));
	});
	test('past 4 GiB the header says "to the end of the file"', () => {
		for (const length of [2 ** 32 - 40, 2 ** 40, Number.POSITIVE_INFINITY]) {
			const header = parseWavHeader(wavHeader({ sampleRate: 16000, channels: 1 }, length));
			assert.equal(header.dataBytes, Number.POSITIVE_INFINITY);
		}
	});
});

describe('against sox', { skip: needs('sox') }, () => {
	const raw = (channels: number) => [
		'-t',
		'raw',
		'-e',
		'signed',
		'-b',
		'16',
		'-r',
		'22050',
		'-c',
		`${channels}`,
	];
	const sox = (input: Buffer, args: string[]) => {
		const { status, stdout, stderr } = spawnSync('sox', ['-V1', '-D', ...args], {
			input,
			maxBuffer: 2 ** 26,
			timeout: 60_000,
		});
		assert.equal(status, 0, String(stderr));
		return stdout;
	};
	for (const channels of [1, 2, 4])
		for (const [name, ...how] of [
			['8-bit', '-e', 'unsigned', '-b', '8'],
			['16-bit', '-e', 'signed', '-b', '16'],
			['24-bit', '-e', 'signed', '-b', '24'],
			['32-bit', '-e', 'signed', '-b', '32'],
			['float', '-e', 'float', '-b', '32'],
			['double', '-e', 'float', '-b', '64'],
		] as [string, ...string[]][])
			test(`reads what sox wrote to a pipe: ${name}, ${channels} channels`, () => {
				const pcm = noise(1000, 3, channels);
				// Only what fits into 8 bits can come back exactly.
				if (name === '8-bit') for (let at = 0; at < pcm.length; at += 2) pcm[at] = 0;
				const file = sox(pcm, [...raw(channels), '-', ...how, '-t', 'wav', '-']);
				const { pcm: decoded, format, truncated } = decodeWav(file);
				assert.deepEqual(format, { sampleRate: 22050, channels });
				assert.equal(truncated, false, 'a pipe has no length');
				assert.ok(decoded.equals(pcm));
			});
	test('names the codecs that sox writes', () => {
		for (const [encoding, words] of [
			['a-law', /A-law/],
			['mu-law', /µ-law/],
			['ima-adpcm', /IMA ADPCM/],
			['ms-adpcm', /ADPCM/],
			['gsm-full-rate', /GSM/],
		] as const)
			refused(sox(noise(2000), [...raw(1), '-', '-e', encoding, '-t', 'wav', '-']), words);
	});
	test('sox reads what we write', () => {
		const pcm = noise(500, 9, 2);
		const file = encodeWav([pcm], { sampleRate: 22050, channels: 2 });
		assert.deepEqual(sox(file, ['-t', 'wav', '-', ...raw(2), '-']), pcm);
	});
});
