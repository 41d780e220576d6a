import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { removeModel } from '../../../../nodes/stt-stream/providers/local/models/install.ts';
import { bzip2, inFolder, modelArchive, modelFiles, tar } from './archives.ts';
import { archive, dir, entries, FILES, failure, install, mirror, NAME, PART, skip } from './installing.ts';
import { deadBase } from './mirror.ts';

const CATALOGUED = 'sherpa-onnx-streaming-zipformer-small-ctc-zh-int8-2025-04-01';

describe('what cannot be installed', { skip }, () => {
	it('a model that the server does not have', async () => {
		const { code, message } = await failure(install());
		assert.equal(code, 'STT_MODEL_MISSING');
		assert.match(message, /sherpa-onnx-test-model\.tar\.bz2 does not exist/);
		assert.deepEqual(entries(), []);
		assert.equal(mirror.downloads.length, 1, 'it is not asked for again');
	});

	it('a server that refuses, one that is not there, and one that redirects for ever', async () => {
		mirror.serve(NAME, archive, { first: [403] });
		assert.match((await failure(install())).message, /HTTP status 403/);
		const { code, message } = await failure(install({ base: await deadBase() }));
		assert.equal(code, 'STT_CONNECT');
		assert.match(message, /ECONNREFUSED/);
		const round = { status: 302, headers: { location: `${mirror.base}/${NAME}.tar.bz2` } };
		mirror.serve(NAME, archive, { first: Array(10).fill(round) });
		const endless = await failure(install());
		assert.equal(endless.code, 'STT_CONNECT');
		assert.match(endless.message, /cannot be downloaded \(.* redirects more than 5 times\)/);
		assert.equal(endless.retryable, false);
		assert.deepEqual(entries(), []);
	});

	it('and no error, nor what is left on the disk, tells the password of a mirror', async () => {
		const base = mirror.base.replace('//', '//user:secret@');
		const errors = [await failure(install({ base }))];
		mirror.serve(NAME, archive, { first: [403] });
		errors.push(await failure(install({ base })));
		mirror.serve(NAME, archive, { cutAfter: [9, 9, 9, 9] });
		errors.push(await failure(install({ base })));
		assert.doesNotMatch(readFileSync(join(dir, PART[1] ?? ''), 'utf8'), /secret/);
		mirror.serve(NAME, Buffer.from('<html>'));
		errors.push(await failure(install({ base })));
		for (const { message } of errors) assert.doesNotMatch(message, /secret/);
		const basic = `Basic ${Buffer.from('user:secret').toString('base64')}`;
		assert.ok(mirror.asked.length > 4 && mirror.asked.every(({ authorization }) => authorization === basic));
	});

	it('a mirror that is no web address', async () => {
		for (const base of ['ftp://host/models', 'file:///tmp', 'host', 'http://'])
			assert.equal((await failure(install({ base }))).code, 'STT_CONFIG', base);
	});

	it('names that lead elsewhere', async () => {
		for (const name of ['', '.', '..', '../x', 'a/b', '/etc', '.hidden', 'a b', 'x'.repeat(200), 'a\0b']) {
			assert.equal((await failure(install({}, name))).code, 'STT_CONFIG', name);
			assert.equal((await failure(removeModel(name, dir))).code, 'STT_CONFIG', name);
		}
		assert.equal(mirror.asked.length, 0);
	});

	it('a file with another checksum than the one beside it', async () => {
		mirror.serve(NAME, archive);
		mirror.serveChecksums(NAME);
		mirror.serve(NAME, modelArchive(NAME, modelFiles(200_000, 9)));
		const { code, message } = await failure(install());
		assert.equal(code, 'STT_MODEL_MISSING');
		assert.match(message, /another checksum/);
		assert.deepEqual(entries(), []);
	});

	it('a file that has no end, or is much longer than the catalogue knows', async () => {
		for (const noLength of [true, false]) {
			mirror.serve('silero_vad.onnx', Buffer.alloc(9_000_000, 1), { noLength });
			const { code, message } = await failure(install({}, 'silero_vad.onnx'));
			assert.equal(code, 'STT_MODEL_MISSING');
			assert.match(message, /more than 8 MB/);
			assert.deepEqual(entries(), []);
		}
	});

	it('a model of the catalogue that is not the one its publisher published', async () => {
		mirror.serve(CATALOGUED, modelArchive(CATALOGUED));
		mirror.serveChecksums(CATALOGUED);
		assert.match((await failure(install({}, CATALOGUED))).message, /bytes instead of 21264113/);
		mirror.serve(CATALOGUED, Buffer.alloc(21_264_113, 1));
		mirror.serveChecksums(CATALOGUED);
		assert.match((await failure(install({}, CATALOGUED))).message, /another checksum/);
		assert.deepEqual(entries(), []);
	});

	const archives: Record<string, [() => Buffer, RegExp]> = {
		'an archive that is cut short': [() => archive.subarray(0, 100_000), /damaged: it ends too early/],
		'a web page': [() => Buffer.from('<html>Sign in</html>'), /damaged: it is not a bzip2 file/],
		'an archive of something else': [() => modelArchive(NAME, { 'README.md': 'hello' }), /no \.onnx file/],
		'a model without its tokens': [() => modelArchive(NAME, { 'model.onnx': 'x' }), /no tokens\.txt/],
		'an encoder without a decoder': [
			() => modelArchive(NAME, { 'encoder.onnx': 'x', 'tokens.txt': 'x' }),
			/no decoder/,
		],
		'a network that is none': [
			() => modelArchive(NAME, { ...FILES, 'encoder.onnx': 'no network' }),
			/holds no streaming speech model: .*encoder\.onnx/,
		],
		'an archive that leads out of the folder': [
			() =>
				bzip2(tar({ evil: 'x', ...inFolder(NAME, FILES) }, { args: ['-P', '--transform=s,^evil,../evil,'] })),
			/refused: .*leads out of the folder/,
		],
		'an archive that unpacks to very much': [
			() => bzip2(tar(inFolder(NAME, { ...FILES, zeros: Buffer.alloc(260_000_000) }))),
			/unpacks to more than 256 MB/,
		],
	};
	for (const [what, [make, why]] of Object.entries(archives))
		it(what, async () => {
			mirror.serve(NAME, make());
			const { code, message } = await failure(install());
			assert.equal(code, 'STT_MODEL_MISSING');
			assert.match(message, why);
			assert.deepEqual(entries(), []);
			assert.deepEqual(readdirSync(join(dir, '..')), ['voice-models']);
		});

	it('a folder that cannot be made', async () => {
		writeFileSync(dir, 'a file');
		const { code, message } = await failure(install());
		assert.equal(code, 'STT_ENGINE');
		assert.match(message, /voice-models cannot be used/);
	});
});
