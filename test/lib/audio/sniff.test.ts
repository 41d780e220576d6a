import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { codedAudioName } from '../../../lib/audio/sniff.ts';
import { needs } from '../../lab/needs.ts';
import { noise, silence, sine } from '../../lab/signals.ts';
import { randomInts } from './random.ts';
import { makeWav } from './wav-files.ts';

describe('coded audio is named', () => {
	test('by its first bytes', () => {
		for (const [start, name] of [
			['OggS\0\u0002', 'Ogg (Opus or Vorbis)'],
			['fLaC\0\0\0\u0022', 'FLAC'],
			['FORM\0\0\0\0AIFF', 'AIFF'],
			['.snd\0\0\0\u0018', 'AU'],
			['ID3\u0004\0\0', 'MP3'],
			['\0\0\0\u0020ftypM4A ', 'MP4/M4A'],
			['#!AMR\n', 'AMR'],
			['\u001a\u0045\u00df\u00a3', 'WebM/Matroska'],
			['RF64\u00ff\u00ff\u00ff\u00ffWAVE', 'RF64'],
		] as const)
			assert.equal(codedAudioName(Buffer.from(start, 'latin1')), name);
	});

	/** Two frames as an encoder makes them; what they hold does not matter. */
	const frames = (header: number[], length: number) => {
		const frame = noise(Math.ceil(length / 2)).subarray(0, length);
		Buffer.from(header).copy(frame);
		return Buffer.concat([frame, frame]);
	};

	test('MP3 without ID3, by two frames', () => {
		// [header, sampleRate, kbit/s, samples per frame / 8] after ISO 11172-3 and 13818-3.
		for (const [header, rate, kbits, factor] of [
			[[0xff, 0xfb, 0x90, 0x00], 44100, 128, 144],
			[[0xff, 0xfa, 0x94, 0x00], 48000, 128, 144],
			[[0xff, 0xfb, 0xe8, 0xc4], 32000, 320, 144],
			[[0xff, 0xfb, 0x92, 0x00], 44100, 128, 144],
			[[0xff, 0xf3, 0x84, 0x00], 24000, 64, 72],
			[[0xff, 0xe3, 0x48, 0x00], 8000, 32, 72],
		] as [number[], number, number, number][]) {
			const padding = ((header[2] as number) >> 1) & 1;
			const length = Math.floor((factor * kbits * 1000) / rate) + padding;
			assert.equal(codedAudioName(frames(header, length)), 'MP3', `${header}`);
		}
	});

	test('not what an MP3 header cannot say: reserved version, other layers, no or a bad bit rate', () => {
		for (const header of [
			[0xff, 0xeb, 0x90, 0],
			[0xff, 0xfd, 0x90, 0],
			[0xff, 0xfb, 0x00, 0],
			[0xff, 0xfb, 0xf0, 0],
			[0xff, 0xfb, 0x9c, 0],
		])
			for (let length = 8; length < 1000; length++)
				assert.equal(codedAudioName(frames(header, length)), undefined, `${header}, ${length} bytes`);
	});

	test('AAC in ADTS frames', () => {
		for (const length of [100, 371, 2000]) {
			const header = [
				0xff,
				0xf1,
				0x50,
				0x80 | (length >> 11),
				(length >> 3) & 0xff,
				((length & 7) << 5) | 0x1f,
			];
			assert.equal(codedAudioName(frames([...header, 0xfc], length)), 'AAC');
		}
	});

	test('as sox writes it', { skip: needs('sox') }, () => {
		for (const [type, name] of [
			['vorbis', 'Ogg (Opus or Vorbis)'],
			['flac', 'FLAC'],
			['aiff', 'AIFF'],
			['au', 'AU'],
			['caf', 'CAF'],
			['amr-nb', 'AMR'],
		] as const) {
			const raw = ['-t', 'raw', '-e', 'signed', '-b', '16', '-c', '1', '-r', '8000', '-'];
			const options = { input: noise(8000), timeout: 60_000 };
			const { status, stdout, stderr } = spawnSync('sox', ['-V1', ...raw, '-t', type, '-'], options);
			// sox's file formats are separate packages on some systems; these two are not.
			if (status !== 0 && type !== 'aiff' && type !== 'au') {
				console.log(`not tried, sox cannot write ${type}: ${String(stderr).trim()}`);
				continue;
			}
			assert.equal(codedAudioName(stdout), name);
		}
	});
});

describe('PCM is not named', () => {
	const plain = (pcm: Buffer, what: string) => assert.equal(codedAudioName(pcm), undefined, what);

	test('noise of any loudness', () => {
		for (let seed = 1; seed <= 3000; seed++) plain(noise(1024, seed), `seed ${seed}`);
		for (let seed = 1; seed <= 3000; seed++) {
			// Quiet noise is full of 0xff bytes, which MPEG frames begin with.
			const next = randomInts(seed);
			const loudness = 1 + (seed % 300);
			const samples = Int16Array.from({ length: 512 }, () => next(2 * loudness) - loudness);
			plain(Buffer.from(samples.buffer), `quiet seed ${seed}`);
		}
	});

	test('silence, every constant, every tone', () => {
		plain(silence(4096), 'silence');
		for (let value = -32768; value <= 32767; value++)
			if ((value & 0xff) === 0xff || value % 101 === 0)
				plain(Buffer.from(new Int16Array(4096).fill(value).buffer), `constant ${value}`);
		for (let hz = 50; hz < 4000; hz += 50)
			for (const amplitude of [1, 2, 100, 10000, 32767])
				plain(sine(4096, hz, 16000, amplitude).subarray(2), `${hz} Hz at ${amplitude}`);
	});

	test('noise that begins like an MPEG frame', () => {
		for (let second = 0xe0; second <= 0xff; second++)
			for (let seed = 1; seed <= 60; seed++) {
				const pcm = noise(4096, seed * 40 + second);
				pcm[0] = 0xff;
				pcm[1] = second;
				plain(pcm, `ff ${second.toString(16)}, seed ${seed}`);
			}
	});

	test('an uncompressed WAV file and what is too short to tell', () => {
		plain(makeWav({ data: noise(100) }), 'WAV');
		for (let length = 0; length < 4; length++)
			plain(Buffer.from('OggS').subarray(0, length), `${length} bytes`);
		for (let length = 4; length < 417; length += 20) {
			const frame = Buffer.alloc(length, 0x55);
			Buffer.from([0xff, 0xfb, 0x90, 0x00]).copy(frame);
			plain(frame, 'less than a frame');
		}
	});
});
