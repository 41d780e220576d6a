import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
	type InstallProgress,
	removeModel,
} from '../../../../nodes/stt-stream/providers/local/models/install.ts';
import { listModels } from '../../../../nodes/stt-stream/providers/local/models/listing.ts';
import { bzip2, tar } from './archives.ts';
import {
	archive,
	assertInstalled,
	dir,
	entries,
	failure,
	install,
	mirror,
	NAME,
	PART,
	skip,
} from './installing.ts';
import { Mirror } from './mirror.ts';

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
