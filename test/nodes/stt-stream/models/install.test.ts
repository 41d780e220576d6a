import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
	type InstallProgress,
	removeModel,
} from '../../../../nodes/stt-stream/providers/local/models/install.ts';
import { findModel, installedModels } from '../../../../nodes/stt-stream/providers/local/models/store.ts';
import { needs } from '../../../lab/needs.ts';
import { writeToyVad } from '../../../lab/toy-models/models.ts';
import { toneSpeech } from '../../../lab/toy-models/tones.ts';
import { localProvider } from '../helpers.ts';
import { hear, nothingLeft } from '../providers/sherpa-lab.ts';
import { bzip2, modelArchive, tar } from './archives.ts';
import {
	archive,
	assertInstalled,
	dir,
	entries,
	FILES,
	failure,
	install,
	mirror,
	NAME,
	skip,
} from './installing.ts';

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

describe('a detector of speech', { skip }, () => {
	const DETECTOR = 'my-vad.onnx';
	const toy = (): Buffer => readFileSync(writeToyVad(join(dir, '..', 'toy.onnx')));

	it('is a file of its own, which goes on and is removed as models are', async () => {
		const file = toy();
		mirror.serve(DETECTOR, file, { cutAfter: [100] });
		const installed = await install({}, DETECTOR);
		assert.deepEqual(installed, { folder: join(dir, DETECTOR), already: false, verified: false });
		assert.deepEqual(entries(), [DETECTOR]);
		assert.ok(readFileSync(join(dir, DETECTOR)).equals(file));
		assert.deepEqual(
			mirror.asked.filter(({ path }) => path.endsWith(DETECTOR)).map(({ range }) => range),
			[undefined, 'bytes=100-'],
		);
		assert.equal((await install({}, DETECTOR)).already, true);
		assert.deepEqual(installedModels(dir), [], 'it recognises nothing');
		assert.equal(await removeModel(DETECTOR, dir), true);
		assert.deepEqual(entries(), []);
	});

	it('is refused if the engine would not take it, or if it is not the one of the catalogue', async () => {
		mirror.serve(DETECTOR, FILES['encoder.onnx'] as Buffer);
		assert.match(
			(await failure(install({}, DETECTOR))).message,
			/no detector of speech that the engine knows/,
		);
		mirror.serve('silero_vad.onnx', toy());
		assert.match((await failure(install({}, 'silero_vad.onnx'))).message, /bytes instead of 643854/);
		assert.deepEqual(entries(), []);
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

	it('a pipe in the place of a lock is not read for ever', async () => {
		mkdirSync(dir);
		execFileSync('mkfifo', [join(dir, `.${NAME}.lock`)]);
		assert.match((await failure(install())).message, /is being downloaded already/);
		assert.match((await failure(removeModel(NAME, dir))).message, /is being downloaded already/);
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
