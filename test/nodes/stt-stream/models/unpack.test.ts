import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { linkSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import {
	DamagedArchiveError,
	UnsafeArchiveError,
} from '../../../../nodes/stt-stream/providers/local/models/archive-errors.ts';
import { bunzip2 } from '../../../../nodes/stt-stream/providers/local/models/bunzip2.ts';
import { untar } from '../../../../nodes/stt-stream/providers/local/models/untar.ts';
import { needs } from '../../../lab/needs.ts';
import { noise } from '../../../lab/signals.ts';
import { bzip2, modelFiles, pieces, readTree, type Tree, tar } from './archives.ts';

const skip = needs('archives');
const LIMITS = { maxBytes: 10_000_000, maxEntries: 100 };

const folder = mkdtempSync(join(tmpdir(), 'voice-unpack-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function decompress(data: Buffer, pieceBytes?: number): Promise<Buffer> {
	const out: Buffer[] = [];
	for await (const piece of bunzip2(pieces(data, pieceBytes))) {
		assert.ok(piece.length <= 262_144, 'a piece is small whatever is in it');
		out.push(piece);
	}
	return Buffer.concat(out);
}

/** Runs of one to 600 equal bytes, where bzip2's own run lengths begin, end and break. */
function runs(): Buffer {
	const parts: Buffer[] = [];
	for (let length = 1; length <= 600; length++) parts.push(Buffer.alloc(length, 65 + (length % 3)));
	return Buffer.concat(parts);
}

describe('bunzip2', { skip }, () => {
	const samples: Record<string, Buffer> = {
		nothing: Buffer.alloc(0),
		'one byte': Buffer.from('x'),
		'four equal bytes': Buffer.from('xxxx'),
		'runs of every length': runs(),
		'two kinds of bytes': Buffer.from('ab'.repeat(50_000)),
		'all bytes': Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * 7 + (i >> 8)) & 255)),
		'noise over three blocks': noise(1_200_000),
		text: Buffer.from(Array.from({ length: 20_000 }, (_, i) => `${i} green bottles\n`).join('')),
		'five million zeros': Buffer.alloc(5_000_000),
	};
	for (const [what, data] of Object.entries(samples))
		it(`gives back ${what}, at every size of block`, async () => {
			for (const level of [1, 6, 9]) {
				const back = await decompress(bzip2(data, level));
				assert.ok(back.equals(data), `level ${level}`);
			}
		});

	it('takes pieces of any size, and several streams in a row', async () => {
		const [one, two] = [Buffer.from('one '.repeat(5000)), noise(3000)];
		const both = Buffer.concat([bzip2(one), bzip2(two, 1)]);
		for (const size of [1, 7, 1000, 1_000_000])
			assert.ok((await decompress(both, size)).equals(Buffer.concat([one, two])));
	});

	it('finds every cut', async () => {
		const whole = bzip2(noise(2000));
		for (let length = 0; length < whole.length; length += 61)
			await assert.rejects(decompress(whole.subarray(0, length)), DamagedArchiveError, `${length} bytes`);
		await assert.rejects(decompress(whole.subarray(0, -1)), /ends too early/);
	});

	it('never takes damaged bytes for good ones', async () => {
		const data = Buffer.from('the quick brown fox '.repeat(300));
		const whole = bzip2(data);
		let found = 0;
		for (let bit = 0; bit < whole.length * 8; bit += 3) {
			const damaged = Buffer.from(whole);
			damaged[bit >> 3]! ^= 1 << (bit & 7);
			const result = await decompress(damaged).catch((error: unknown) => error);
			if (Buffer.isBuffer(result)) assert.ok(result.equals(data), `bit ${bit}`);
			else {
				assert.ok(result instanceof DamagedArchiveError, `bit ${bit}: ${result}`);
				found++;
			}
		}
		// All but the block size, which says only how much memory to have, and the padding at the end.
		assert.ok(found > (whole.length * 8) / 3 - 8, `${found} found`);
	});

	it('refuses what is no bzip2 file', async () => {
		for (const data of ['', 'BZh', 'BZh0abcdefghijkl', 'PK\x03\x04 and so on', '<html>not found</html>'])
			await assert.rejects(decompress(Buffer.from(data)), DamagedArchiveError, data);
	});
});

describe('untar', { skip }, () => {
	let count = 0;
	const unpack = async (archive: Buffer, limits = LIMITS, size?: number): Promise<string> => {
		const place = join(folder, String(count++));
		execFileSync('mkdir', [place]);
		await untar(pieces(archive, size), place, limits);
		return place;
	};

	const files: Tree = {
		...modelFiles(),
		empty: '',
		'exactly one block': Buffer.alloc(512, 7),
		'sub/folder/deep/file.txt': 'deep',
		'naïve – 模型.txt': 'utf-8',
		[`${'long-'.repeat(30)}/${'name-'.repeat(30)}.txt`]: 'a name of 300 characters',
	};
	for (const format of ['gnu', 'posix', 'oldgnu'])
		it(`unpacks what tar writes in the format ${format}`, async () => {
			const archive = tar(files, { args: [`--format=${format}`] });
			assert.deepEqual(readTree(await unpack(archive)), readTree(await unpack(archive, LIMITS, 100)));
			const unpacked = readTree(await unpack(archive));
			assert.deepEqual(Object.keys(unpacked).sort(), Object.keys(files).sort());
			for (const [path, content] of Object.entries(files))
				assert.ok(Buffer.from(content).equals(unpacked[path] as Buffer), path);
		});
	it('unpacks what tar writes in the format ustar', async () => {
		const path = `${'folder-'.repeat(14)}/${'name-'.repeat(15)}`;
		const archive = tar({ [path]: 'x', 'a/b': 'y' }, { args: ['--format=ustar'] });
		assert.deepEqual(readTree(await unpack(archive)), { [path]: Buffer.from('x'), 'a/b': Buffer.from('y') });
	});
	it('leaves out what macOS adds', async () => {
		const archive = tar({ 'm/model.onnx': 'x', '._m': 'attributes', 'm/._model.onnx': 'attributes' });
		assert.deepEqual(Object.keys(readTree(await unpack(archive))), ['m/model.onnx']);
	});

	const hostile: Record<string, [RegExp, Buffer]> = skip
		? {}
		: {
				'a path that leads out': [
					/leads out/,
					tar({ f: 'x' }, { args: ['-P', '--transform=s,^f,../../f,'] }),
				],
				'a path that leads out by a detour': [
					/leads out/,
					tar({ f: 'x' }, { args: ['-P', '--transform=s,^f,a/../../f,'] }),
				],
				'an absolute path': [
					/leads out/,
					tar({ f: 'x' }, { args: ['-P', `--transform=s,^f,${folder}/outside,`] }),
				],
				"Windows' separators": [/leads out/, tar({ f: 'x' }, { args: ['--transform=s,^f,..\\\\..\\\\f,'] })],
				'a symbolic link': [
					/symbolic link/,
					tar({ f: 'x' }, { prepare: (at) => symlinkSync('/etc/passwd', join(at, 'link')) }),
				],
				'a link to a folder, and a file below it': [
					/symbolic link/,
					tar(
						{ 'b/f': 'x' },
						{ prepare: (at) => symlinkSync('/tmp', join(at, 'a')), args: ['--transform=s,^b/,a/,'] },
					),
				],
				'a hard link': [
					/hard link/,
					tar({ f: 'x' }, { prepare: (at) => linkSync(join(at, 'f'), join(at, 'g')) }),
				],
				'a named pipe': [
					/named pipe/,
					tar({ f: 'x' }, { prepare: (at) => execFileSync('mkfifo', [join(at, 'pipe')]) }),
				],
				'too many files': [
					/more than 100 files/,
					tar(Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`f${i}`, '']))),
				],
				'too many bytes': [
					/more than 10 MB/,
					tar({ a: Buffer.alloc(6_000_000), b: Buffer.alloc(6_000_000) }),
				],
				'a path without end': [/too long/, tar({ [`${'d/'.repeat(40)}f`]: 'x' })],
			};
	for (const [what, [why, archive]] of Object.entries(hostile))
		it(`refuses ${what}`, async () => {
			const before = Object.keys(readTree(folder)).filter((path) => !/^\d+\//.test(path));
			await assert.rejects(unpack(archive), (error: Error) => {
				assert.ok(error instanceof UnsafeArchiveError);
				assert.match(error.message, why);
				return true;
			});
			assert.deepEqual(
				Object.keys(readTree(folder)).filter((path) => !/^\d+\//.test(path)),
				before,
			);
		});

	it('refuses what is damaged', async () => {
		const good = tar({ f: Buffer.alloc(5000, 1) });
		const twice = Buffer.concat([good.subarray(0, 5632), good]);
		const damaged = Buffer.from(good);
		damaged[100]! ^= 1;
		for (const archive of [
			Buffer.alloc(0),
			Buffer.from('<html>'),
			good.subarray(0, 512),
			good.subarray(0, 3000),
			good.subarray(0, 5632),
			damaged,
			Buffer.concat([good, Buffer.from('more')]),
			twice,
		])
			await assert.rejects(unpack(archive), DamagedArchiveError);
	});
});
