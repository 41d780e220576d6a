import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import {
	type InstallOptions,
	type InstallProgress,
	installModel,
	removeModel,
} from '../../../../nodes/stt-stream/providers/local/models/install.ts';
import { listModels } from '../../../../nodes/stt-stream/providers/local/models/listing.ts';
import { findModel } from '../../../../nodes/stt-stream/providers/local/models/store.ts';
import { VoiceError } from '../../../../nodes/stt-stream/providers/provider.ts';
import { needs } from '../../../lab/needs.ts';
import { toneSpeech } from '../../../lab/toy-models/tones.ts';
import { localProvider } from '../helpers.ts';
import { hear, nothingLeft } from '../providers/sherpa-lab.ts';
import { bzip2, inFolder, modelArchive, modelFiles, readTree, type Tree, tar } from './archives.ts';
import { deadBase, Mirror } from './mirror.ts';

const skip = needs('archives');
const NAME = 'sherpa-onnx-test-model';
const CATALOGUED = 'sherpa-onnx-streaming-zipformer-small-ctc-zh-int8-2025-04-01';
const FILES = modelFiles(200_000);

let mirror: Mirror;
let archive: Buffer;
let dir: string;

before(async () => {
	mirror = await Mirror.start();
	if (!skip) archive = modelArchive(NAME, FILES);
});
after(() => mirror.stop());
beforeEach(() => {
	dir = join(mkdtempSync(join(tmpdir(), 'voice-models-')), 'voice-models');
});
afterEach(() => {
	mirror.forget();
	rmSync(join(dir, '..'), { recursive: true, force: true });
});

function install(options: InstallOptions = {}, name = NAME) {
	let received = 0;
	mirror.received = () => received;
	return installModel(name, dir, {
		base: mirror.base,
		backoffMs: [1, 1, 1],
		stallMs: 20_000,
		...options,
		onProgress(progress) {
			received = progress.done;
			options.onProgress?.(progress);
		},
	});
}

/** The model is there, whole, and nothing else is. */
function assertInstalled(name = NAME, files: Tree = FILES): void {
	assert.deepEqual(readdirSync(dir), [name]);
	const there = readTree(join(dir, name));
	assert.deepEqual(Object.keys(there), Object.keys(files).sort());
	for (const [path, content] of Object.entries(files))
		assert.ok(Buffer.from(content).equals(there[path] as Buffer), path);
}

const entries = () => (existsSync(dir) ? readdirSync(dir).sort() : []);
/** What an unfinished download leaves. */
const PART = [`.${NAME}.tar.bz2.part`, `.${NAME}.tar.bz2.part.json`];

async function failure(work: Promise<unknown>): Promise<VoiceError> {
	const error = await work.then(
		() => assert.fail('it did not fail'),
		(thrown: unknown) => thrown,
	);
	assert.ok(error instanceof VoiceError, String(error));
	return error;
}

describe('installModel', { skip }, () => {
	it('downloads, checks and unpacks a model, and tells how far it is', async () => {
		mirror.serve(NAME, archive);
		mirror.serveChecksums(NAME);
		const seen: InstallProgress[] = [];
		const installed = await install({ onProgress: (progress) => seen.push(progress) });
		assert.deepEqual(installed, { folder: join(dir, NAME), already: false, verified: true });
		assertInstalled();
		assert.deepEqual([...new Set(seen.map(({ phase }) => phase))], ['download', 'check', 'unpack']);
		for (const phase of ['download', 'check', 'unpack']) {
			const steps = seen.filter((one) => one.phase === phase).map(({ done }) => done);
			assert.deepEqual(
				steps,
				[...steps].sort((a, b) => a - b),
			);
			assert.equal(steps.at(-1), archive.length, phase);
		}
		assert.ok(seen.every(({ total }) => total === archive.length));
		assert.equal(findModel(NAME, dir), join(dir, NAME));
	});

	it('does nothing when the model is there', async () => {
		mirror.serve(NAME, archive);
		await install();
		mirror.forget();
		assert.deepEqual(await install(), { folder: join(dir, NAME), already: true, verified: false });
		assert.equal(mirror.asked.length, 0);
	});

	it('replaces a folder that is no usable model', async () => {
		mirror.serve(NAME, archive);
		mkdirSync(join(dir, NAME), { recursive: true });
		writeFileSync(join(dir, NAME, 'encoder.int8.onnx'), 'x');
		await install();
		assertInstalled();
	});

	it('follows redirects, as the release page has them', async () => {
		const file = `/asr-models/${NAME}.tar.bz2`;
		mirror.serve('elsewhere', archive);
		mirror.files.set(file, {
			data: Buffer.alloc(0),
			first: [{ status: 302, headers: { location: '/asr-models/elsewhere.tar.bz2?signed=1' } }],
		});
		mirror.files.set('/asr-models/elsewhere.tar.bz2?signed=1', {
			data: archive,
			first: [{ status: 307, headers: { location: `${mirror.base}/elsewhere.tar.bz2` } }],
		});
		await install();
		assertInstalled();
	});

	it('takes an archive whose files are in no folder', async () => {
		mirror.serve(NAME, bzip2(tar(FILES)));
		await install();
		assertInstalled();
	});

	it('takes a file of which the server tells no size, and says that no checksum was compared', async () => {
		mirror.serve(NAME, archive, { noLength: true });
		assert.deepEqual(await install(), { folder: join(dir, NAME), already: false, verified: false });
		assertInstalled();
	});
});

describe('a downloaded model', { skip: skip || needs('sherpa-onnx') }, () => {
	it('is what the local engine takes of its own accord', async () => {
		mirror.serve(NAME, archive);
		await install();
		try {
			const provider = localProvider({ endSilenceMs: 600 }, { userDir: join(dir, '..') });
			assert.equal((await hear(provider, toneSpeech('ONE TWO FOUR'))).text, 'ONE TWO FOUR');
		} finally {
			await nothingLeft();
		}
	});
});

describe('a download that breaks', { skip }, () => {
	const ranges = () => mirror.downloads.map(({ range, status }) => [range, status]);

	it('goes on where it ended, as often as it must', async () => {
		mirror.serve(NAME, archive, { cutAfter: [30_000, 30_001, 100_000, 100_001, 100_002, 150_000] });
		mirror.serveChecksums(NAME);
		assert.equal((await install()).verified, true);
		assertInstalled();
		assert.equal(mirror.downloads.length, 7);
		assert.deepEqual(ranges().slice(0, 2), [
			[undefined, 200],
			['bytes=30000-', 206],
		]);
	});

	it('begins anew where the server knows no ranges', async () => {
		mirror.serve(NAME, archive, { noRanges: true, cutAfter: [30_000] });
		await install();
		assertInstalled();
		assert.deepEqual(ranges(), [
			[undefined, 200],
			['bytes=30000-', 200],
		]);
	});

	it('begins anew when the file has changed', async () => {
		const served = mirror.serve(NAME, bzip2(tar({ old: 'x'.repeat(300_000) })), {
			etag: '"old"',
			cutAfter: [100],
		});
		mirror.onSent = () => mirror.serve(NAME, archive, { etag: '"new"' });
		await install();
		assertInstalled();
		assert.equal(served.cutAfter?.length, 0);
		assert.equal(mirror.downloads.at(-1)?.status, 200);
	});

	it('begins anew where nothing tells whether the file is the same', async () => {
		for (const how of [{ etag: '' }, { etag: 'W/"weak"' }]) {
			mirror.forget();
			mirror.serve(NAME, archive, { ...how, cutAfter: [30_000] });
			await install();
			assert.deepEqual(ranges(), [
				[undefined, 200],
				[undefined, 200],
			]);
			await removeModel(NAME, dir);
		}
	});

	it('goes on by the time of last modification', async () => {
		const lastModified = 'Thu, 20 Nov 2025 10:00:00 GMT';
		mirror.serve(NAME, archive, { etag: '', lastModified, cutAfter: [30_000] });
		await install();
		assertInstalled();
		assert.equal(mirror.downloads.at(-1)?.status, 206);
	});

	it('trusts no part that begins elsewhere', async () => {
		mirror.serve(NAME, archive, { cutAfter: [30_000], lieAboutStart: 5 });
		mirror.serveChecksums(NAME);
		await install();
		assertInstalled();
		assert.deepEqual(ranges().at(-1), [undefined, 200]);
	});

	it('waits for a server that is busy, and gives up on one that stays so', async () => {
		mirror.serve(NAME, archive, {
			first: [503, { status: 429, headers: { 'retry-after': '0' } }, 500],
		});
		await install();
		assertInstalled();
		await removeModel(NAME, dir);
		mirror.serve(NAME, archive, { first: [503, 503, 503, 503] });
		const { code, message, retryable } = await failure(install());
		assert.equal(code, 'STT_CONNECT');
		assert.match(message, /503/);
		assert.equal(retryable, true);
		assert.deepEqual(entries(), []);
	});

	it('gives up a connection on which nothing comes, and goes on', async () => {
		mirror.serve(NAME, archive, { stallAfter: [30_000] });
		await install({ stallMs: 300 });
		assertInstalled();
		assert.match(mirror.downloads[1]?.range ?? '', /^bytes=\d+-$/);
	});

	it('is kept for the next time', async () => {
		mirror.serve(NAME, archive, { cutAfter: [30_000, 30_000, 30_000, 30_000, 30_000] });
		const { code, message } = await failure(install());
		assert.equal(code, 'STT_CONNECT');
		assert.match(message, /goes on where this one ended/);
		assert.deepEqual(entries(), PART);
		const [listed] = (await listModels(dir)).filter(({ partBytes }) => partBytes);
		assert.equal(listed, undefined, 'not of the catalogue');
		mirror.asked.length = 0;
		mirror.serve(NAME, archive);
		await install();
		assertInstalled();
		assert.deepEqual(ranges(), [['bytes=30000-', 206]]);
	});

	it('needs no byte more when only the unpacking is missing', async () => {
		mirror.serve(NAME, archive);
		const stop = new AbortController();
		const onProgress = ({ phase }: InstallProgress) => phase === 'unpack' && stop.abort(new Error('enough'));
		await assert.rejects(install({ signal: stop.signal, onProgress }), /enough/);
		assert.deepEqual(entries(), PART);
		await install();
		assertInstalled();
		assert.deepEqual(ranges(), [
			[undefined, 200],
			[`bytes=${archive.length}-`, 416],
		]);
	});

	it('is not taken for the beginning of a file on another mirror', async () => {
		mirror.serve(NAME, archive, { cutAfter: [30_000, 30_000, 30_000, 30_000] });
		await failure(install());
		const other = await Mirror.start();
		try {
			other.serve(NAME, archive);
			await install({ base: other.base });
			assertInstalled();
			assert.equal(other.downloads[0]?.range, undefined);
		} finally {
			await other.stop();
		}
	});

	it('is stopped at once by its signal', async () => {
		mirror.serve(NAME, archive, { stallAfter: [30_000] });
		const stop = new AbortController();
		const seen = ({ done }: InstallProgress) => done >= 30_000 && stop.abort(new Error('enough'));
		await assert.rejects(install({ signal: stop.signal, onProgress: seen }), /enough/);
		assert.deepEqual(entries(), PART);
		await mirror.downloads[0]?.over;
	});
});

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
		assert.match((await failure(install())).message, /redirects more than 5 times/);
		assert.deepEqual(entries(), []);
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

describe('two installations of the same model', { skip }, () => {
	it('at the same time: the second one fails and disturbs nothing', async () => {
		mirror.serve(NAME, archive, { slowMs: 5 });
		const began = new Promise<void>((resolve) => {
			mirror.onSent = () => resolve();
		});
		const first = install();
		await began;
		const { code, message, retryable } = await failure(install());
		assert.equal(code, 'STT_ENGINE');
		assert.match(message, /is being downloaded already/);
		assert.equal(retryable, true);
		assert.match((await failure(removeModel(NAME, dir))).message, /is being downloaded already/);
		await first;
		assertInstalled();
		assert.equal(mirror.downloads.length, 1);
	});

	it('of different models do not wait for each other', async () => {
		mirror.serve(NAME, archive);
		mirror.serve('other', modelArchive('other'));
		await Promise.all([install(), install({}, 'other')]);
		assert.deepEqual(entries(), ['other', NAME]);
	});

	it('a lock of a process that is gone does not hold; one of another machine does for a minute', async () => {
		mirror.serve(NAME, archive);
		mkdirSync(dir);
		const lock = join(dir, `.${NAME}.lock`);
		writeFileSync(lock, JSON.stringify({ pid: 123, began: '1', machine: 'another' }));
		assert.match((await failure(install())).message, /is being downloaded already/);
		const long = new Date(Date.now() - 120_000);
		utimesSync(lock, long, long);
		await install();
		assertInstalled();
	});
});

describe('removeModel', { skip }, () => {
	it('removes a model, and what an unfinished download has left', async () => {
		mirror.serve(NAME, archive);
		await install();
		assert.equal(await removeModel(NAME, dir), true);
		assert.deepEqual(entries(), []);
		mirror.serve(NAME, archive, { cutAfter: [9, 9, 9, 9, 9] });
		await failure(install());
		mkdirSync(join(dir, `.${NAME}.unpack-abc`));
		assert.equal(await removeModel(NAME, dir), true);
		assert.deepEqual(entries(), []);
		assert.equal(await removeModel(NAME, dir), false);
	});

	it('touches no other model, also if its name begins alike', async () => {
		for (const name of [NAME, `${NAME}.more`, `${NAME}-more`]) mirror.serve(name, modelArchive(name));
		for (const name of [NAME, `${NAME}.more`, `${NAME}-more`]) await install({}, name);
		await removeModel(NAME, dir);
		assert.deepEqual(entries(), [`${NAME}-more`, `${NAME}.more`]);
	});
});
