import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
	existsSync,
	lstatSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { decodeWav } from '../../../../lib/audio/wav.ts';
import type { VoiceError } from '../../../../lib/node/errors.ts';
import { fileBackend } from '../../../../nodes/audio-play/sinks/file.ts';
import { noise } from '../../../lab/signals.ts';
import { openSink } from './sink-events.ts';

const STEREO = { sampleRate: 44_100, channels: 2 };

describe('file sink', () => {
	let folder: string;
	before(() => {
		folder = mkdtempSync(join(tmpdir(), 'voice-file-sink-'));
	});
	after(() => rmSync(folder, { recursive: true }));

	it('writes a WAV file of exactly the sound, with backpressure', async () => {
		const file = join(folder, 'a.wav');
		const pcm = noise(44_100 * 20, 1, 2);
		const { sink, feed } = await openSink(fileBackend, STEREO, { file });
		await feed(pcm);
		assert.equal(existsSync(file), false, 'not before it is whole');
		await sink.end();
		const wav = decodeWav(readFileSync(file));
		assert.deepEqual(wav.format, STEREO);
		assert.equal(wav.truncated, false);
		assert.ok(wav.pcm.equals(pcm));
		assert.deepEqual(readdirSync(folder), ['a.wav']);
	});

	it('is full when the disk is slower than the sound', async () => {
		const { sink } = await openSink(fileBackend, STEREO, { file: join(folder, 'b.wav') });
		let taken = 0;
		while (sink.write(noise(4410, 1, 2))) taken += 17_640;
		assert.ok(taken <= 1 << 20, `${taken} bytes were taken`);
		await sink.abort();
	});

	it('replaces the file by the next item, and leaves it as it was when that is cut short', async () => {
		const file = join(folder, 'c.wav');
		for (const seed of [1, 2]) {
			const { sink, feed } = await openSink(fileBackend, STEREO, { file });
			await feed(noise(1000, seed, 2));
			await sink.end();
			assert.ok(decodeWav(readFileSync(file)).pcm.equals(noise(1000, seed, 2)));
		}
		const { sink, feed } = await openSink(fileBackend, STEREO, { file });
		await feed(noise(1000, 3, 2));
		await sink.abort();
		assert.ok(decodeWav(readFileSync(file)).pcm.equals(noise(1000, 2, 2)));
		assert.deepEqual(
			readdirSync(folder).filter((name) => name.endsWith('.part')),
			[],
		);
	});

	it('says what is wrong with a path', async () => {
		const cases: [string, string, RegExp][] = [
			['', 'PLAY_DEVICE_NOT_FOUND', /no file to write: set a path/],
			[join(folder, 'no/such/x.wav'), 'PLAY_DEVICE_NOT_FOUND', /no\/such does not exist: create it/],
			[join(folder, 'plain', 'x.wav'), 'PLAY_STALLED', /ENOTDIR.*whose folder exists/],
			['/proc/x.wav', 'PLAY_DEVICE_NOT_FOUND', /./],
		];
		writeFileSync(join(folder, 'plain'), '');
		for (const [file, code, words] of cases)
			await assert.rejects(openSink(fileBackend, STEREO, { file }), (error: VoiceError) => {
				assert.equal(error.code, code, error.message);
				assert.match(error.message, words);
				return true;
			});
	});

	it('refuses what is no file, before the sound, and leaves it as it is', async () => {
		mkdirSync(join(folder, 'folder'));
		execFileSync('mkfifo', [join(folder, 'pipe')]);
		symlinkSync(join(folder, 'pipe'), join(folder, 'link-to-pipe'));
		const before = readdirSync(folder);
		for (const [name, words] of [
			['folder', /EISDIR.*set the path of a file, not of a folder/],
			['pipe', /not a file.*set the path of a file, not of a device/],
			['link-to-pipe', /not a file.*set the path of a file, not of a device/],
		] as const)
			await assert.rejects(
				openSink(fileBackend, STEREO, { file: join(folder, name) }),
				(error: VoiceError) => {
					assert.equal(error.code, 'PLAY_STALLED');
					assert.match(error.message, words);
					return true;
				},
			);
		assert.deepEqual(readdirSync(folder), before);
		assert.ok(lstatSync(join(folder, 'pipe')).isFIFO());
	});

	it('writes the file to where a link leads, also when nothing is there yet', async () => {
		mkdirSync(join(folder, 'there'));
		const link = join(folder, 'dangling.wav');
		symlinkSync('there/new.wav', link);
		const { sink, feed } = await openSink(fileBackend, STEREO, { file: link });
		await feed(noise(1000, 5, 2));
		await sink.end();
		assert.ok(lstatSync(link).isSymbolicLink());
		assert.ok(decodeWav(readFileSync(join(folder, 'there/new.wav'))).pcm.equals(noise(1000, 5, 2)));
		symlinkSync('no/such/x.wav', join(folder, 'nowhere.wav'));
		await assert.rejects(openSink(fileBackend, STEREO, { file: join(folder, 'nowhere.wav') }), {
			code: 'PLAY_DEVICE_NOT_FOUND',
		});
	});

	it('writes the file behind a link, and leaves the link and who may read the file', async () => {
		const [file, link] = [join(folder, 'behind.wav'), join(folder, 'link.wav')];
		writeFileSync(file, 'before', { mode: 0o600 });
		symlinkSync(file, link);
		const { sink, feed } = await openSink(fileBackend, STEREO, { file: link });
		await feed(noise(1000, 4, 2));
		await sink.end();
		assert.ok(lstatSync(link).isSymbolicLink());
		assert.equal(lstatSync(file).mode & 0o777, 0o600);
		assert.ok(decodeWav(readFileSync(file)).pcm.equals(noise(1000, 4, 2)));
	});
});
