import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { PcmFormat } from '../../../../lib/audio/format.ts';
import { encodeWav, wavHeader } from '../../../../lib/audio/wav.ts';
import type { VoiceError } from '../../../../lib/node/errors.ts';
import { file } from '../../../../nodes/mic-capture/sources/file.ts';
import { noise } from '../../../lab/signals.ts';
import { Listener, options } from './listener.ts';

const MONO = { sampleRate: 16_000, channels: 1 };

/** A WAV file in another encoding; `data` holds its samples. */
function wav(format: PcmFormat, tag: 1 | 3, bits: number, data: Buffer, promised = data.length): Buffer {
	const header = wavHeader(format, promised);
	header.writeUInt16LE(tag, 20);
	header.writeUInt32LE((format.sampleRate * format.channels * bits) / 8, 28);
	header.writeUInt16LE((format.channels * bits) / 8, 32);
	header.writeUInt16LE(bits, 34);
	return Buffer.concat([header, data]);
}

/** Writes each 16-bit sample with `write` into `step` bytes. */
function recode(pcm: Buffer, step: number, write: (to: Buffer, value: number, at: number) => void): Buffer {
	const data = Buffer.alloc((pcm.length / 2) * step);
	for (let i = 0; i < pcm.length / 2; i++) write(data, pcm.readInt16LE(i * 2), i * step);
	return data;
}

describe('the source "file"', () => {
	let folder: string;
	before(async () => {
		folder = await mkdtemp(join(tmpdir(), 'voice-mic-file-'));
	});
	after(() => rm(folder, { recursive: true, force: true }));

	async function written(name: string, content: Buffer | string): Promise<string> {
		const path = join(folder, name);
		await writeFile(path, content);
		return path;
	}

	/** Plays a file to its end, as fast as it goes. */
	async function played(name: string, content: Buffer) {
		const { heard, capture } = await Listener.open(file, { file: await written(name, content), pace: 1000 });
		await heard.isOver();
		heard.closed();
		await capture.close();
		assert.deepEqual(heard.misplaced, []);
		assert.equal(heard.ended, true);
		return { pcm: heard.pcm, format: capture.format };
	}

	const refused = (path: string) =>
		file.open(options({ file: path }), new Listener()).then(
			() => assert.fail('it opened'),
			(error: VoiceError) => error,
		);

	const pcm = noise(20_000, 3);

	test('plays 16-bit samples as they are', async () => {
		assert.deepEqual(await played('16.wav', encodeWav([pcm], MONO)), { pcm, format: MONO });
		const stereo = { sampleRate: 44_100, channels: 2 };
		assert.deepEqual(await played('stereo.wav', encodeWav([pcm], stereo)), { pcm, format: stereo });
	});

	test('plays 8, 24 and 32 bits and float', async () => {
		const at8k = { sampleRate: 8000, channels: 2 };
		const s24 = recode(pcm, 3, (to, value, at) => to.writeIntLE(value * 256, at, 3));
		assert.deepEqual(await played('24.wav', wav(at8k, 1, 24, s24)), { pcm, format: at8k });
		const s32 = recode(pcm, 4, (to, value, at) => to.writeInt32LE(value * 65_536, at));
		assert.deepEqual(await played('32.wav', wav(MONO, 1, 32, s32)), { pcm, format: MONO });
		const f32 = recode(pcm, 4, (to, value, at) => to.writeFloatLE(value / 32_768, at));
		assert.deepEqual(await played('f32.wav', wav(MONO, 3, 32, f32)), { pcm, format: MONO });
		const u8 = recode(pcm, 1, (to, value, at) => to.writeUInt8((value >> 8) + 128, at));
		const coarse = recode(pcm, 2, (to, value, at) => to.writeInt16LE((value >> 8) * 256, at));
		assert.deepEqual(await played('8.wav', wav(at8k, 1, 8, u8)), { pcm: coarse, format: at8k });
	});

	test('plays what is there of a truncated file, up to the last whole frame', async () => {
		const whole = encodeWav([pcm], { sampleRate: 16_000, channels: 2 });
		const cut = await played('cut.wav', whole.subarray(0, 44 + 4003));
		assert.deepEqual(cut.pcm, pcm.subarray(0, 4000));
		const s24 = recode(pcm, 3, (to, value, at) => to.writeIntLE(value * 256, at, 3));
		const cut24 = await played('cut24.wav', wav(MONO, 1, 24, s24.subarray(0, 3001), s24.length));
		assert.deepEqual(cut24.pcm, pcm.subarray(0, 2000));
	});

	test('plays a file of unknown length, one without samples, and no other chunk as samples', async () => {
		const streamed = Buffer.concat([wavHeader(MONO, 0xffffffff), pcm]);
		assert.deepEqual((await played('streamed.wav', streamed)).pcm, pcm);
		assert.equal((await played('empty.wav', encodeWav([], MONO))).pcm.length, 0);
		const tail = Buffer.concat([encodeWav([pcm], MONO), Buffer.from('LIST\x04\0\0\0INFO', 'latin1')]);
		assert.deepEqual((await played('tail.wav', tail)).pcm, pcm);
	});

	test('finds the samples behind a picture of 3 MB', async () => {
		const plain = encodeWav([pcm], MONO);
		const picture = Buffer.alloc(8 + 3_000_000, 7);
		picture.write('id3 ', 0, 'latin1');
		picture.writeUInt32LE(3_000_000, 4);
		const content = Buffer.concat([plain.subarray(0, 12), picture, plain.subarray(12)]);
		assert.deepEqual((await played('picture.wav', content)).pcm, pcm);
	});

	test('begins again at the end, without a gap', async () => {
		const path = await written('loop.wav', encodeWav([pcm], MONO));
		const { heard, capture } = await Listener.open(file, { file: path, loop: true, pace: 100 });
		await heard.has(pcm.length * 3);
		heard.closed();
		await capture.close();
		assert.deepEqual(heard.pcm.subarray(0, pcm.length * 3), Buffer.concat([pcm, pcm, pcm]));
		assert.deepEqual(heard.misplaced, []);
	});

	test('a loop of nothing ends', async () => {
		const path = await written('nothing.wav', encodeWav([], MONO));
		const { heard, capture } = await Listener.open(file, { file: path, loop: true });
		await heard.isOver();
		await capture.close();
		assert.equal(heard.ended, true);
	});

	test('plays in real time, never ahead of it', async () => {
		const path = await written('paced.wav', encodeWav([noise(16_000)], MONO));
		const began = performance.now();
		const heard = new Listener();
		let ahead = 0;
		const capture = await file.open(options({ file: path }), {
			data(piece) {
				heard.data(piece);
				ahead = Math.max(ahead, heard.bytes / 32 - (performance.now() - began));
			},
			end: () => heard.end(),
			lost: (error) => heard.lost(error),
		});
		await heard.isOver();
		await capture.close();
		assert.equal(heard.bytes, 32_000);
		assert.ok(ahead <= 0, `${ahead} ms ahead`);
		assert.ok(heard.pieces.length > 3, 'it came in very large pieces');
	});

	test('several at once do not disturb each other', async () => {
		const signals = [1, 2, 3].map((seed) => noise(8000, seed));
		const all = signals.map((signal, i) => played(`several${i}.wav`, encodeWav([signal], MONO)));
		assert.deepEqual(
			(await Promise.all(all)).map((one) => one.pcm),
			signals,
		);
	});

	test('says what cannot be played', async () => {
		const missing = await refused(join(folder, 'no such.wav'));
		assert.equal(missing.code, 'MIC_DEVICE_NOT_FOUND');
		assert.match(missing.problem, /no such\.wav/);
		assert.equal((await refused('')).code, 'MIC_DEVICE_NOT_FOUND');
		assert.match((await refused(folder)).message, /is a folder/);

		const text = await refused(await written('text.wav', 'this is not audio at all, only words'));
		assert.equal(text.code, 'MIC_FORMAT');
		assert.match(text.problem, /text\.wav.*not a WAV/);
		const ogg = await refused(await written('song.wav', Buffer.from(`OggS${'\0'.repeat(100)}`)));
		assert.match(ogg.message, /Ogg/);
		const coded = encodeWav([pcm], MONO);
		coded.writeUInt16LE(6, 20);
		assert.match((await refused(await written('alaw.wav', coded))).message, /A-law/);
		const header = await refused(await written('header.wav', encodeWav([pcm], MONO).subarray(0, 30)));
		assert.equal(header.code, 'MIC_FORMAT');
		assert.equal((await refused(await written('zero.wav', ''))).code, 'MIC_FORMAT');
		const pipe = join(folder, 'pipe.wav');
		execFileSync('mkfifo', [pipe]);
		for (const path of [pipe, '/dev/zero']) {
			const error = await refused(path);
			assert.equal(error.code, 'MIC_DEVICE_NOT_FOUND');
			assert.match(error.message, /is a device or a pipe/);
		}
		for (const error of [missing, text, ogg, header]) assert.ok(error.remedy.length > 5);
	});
});
