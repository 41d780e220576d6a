import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { RateLimit } from '../../../../lib/node/rate-limit.ts';
import type { ModelJob } from '../../../../nodes/stt-stream/model-jobs.ts';
import type { ListedModel } from '../../../../nodes/stt-stream/providers/local/models/listing.ts';
import { needs } from '../../../lab/needs.ts';
import { type LabNodeRed, startNodeRed } from '../../../lab/node-red.ts';
import { modelArchive, modelFiles } from './archives.ts';
import { Mirror } from './mirror.ts';

const skip = needs('archives');
const NAME = 'sherpa-onnx-test-model';

let mirror: Mirror;
before(async () => {
	mirror = await Mirror.start();
});
after(() => mirror.stop());
afterEach(() => mirror.forget());

/** The admin routes of a Node-RED, as the dialog uses them. */
class Routes {
	readonly nodeRed: LabNodeRed;

	constructor(nodeRed: LabNodeRed) {
		this.nodeRed = nodeRed;
	}

	get folder(): string {
		return join(this.nodeRed.userDir, 'voice-models');
	}

	async ask<T>(method: string, path: string, body?: object, type = 'application/json') {
		const response = await fetch(new URL(`/voice/stt-stream/models${path}`, this.nodeRed.url), {
			method,
			...(body && { body: JSON.stringify(body), headers: { 'content-type': type } }),
		});
		const text = await response.text();
		const answer = (text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text) as T;
		return { status: response.status, answer, retryAfter: response.headers.get('retry-after') };
	}

	download = (name: string, base = mirror.base) =>
		this.ask<ModelJob & { message?: string }>('POST', '/downloads', { name, mirror: base });

	/** Asks for the state of a download until it is such. */
	async until(name: string, holds: (job: ModelJob) => boolean): Promise<ModelJob> {
		for (let tries = 0; tries < 100; tries++) {
			const { answer } = await this.ask<ModelJob[]>('GET', '/downloads');
			const job = answer.find((one) => one.name === name);
			if (job && holds(job)) return job;
			await new Promise((resolve) => setTimeout(resolve, 250));
		}
		return assert.fail(`${name} did not get there`);
	}

	entries = () => (existsSync(this.folder) ? readdirSync(this.folder).sort() : []);
}

describe('models over the admin routes', { skip }, () => {
	let routes: Routes;
	const archive = skip ? Buffer.alloc(0) : modelArchive(NAME, modelFiles(300_000));
	before(async () => {
		routes = new Routes(await startNodeRed({ flow: [] }));
	});
	after(() => routes?.nodeRed.stop());

	it('lists, downloads with progress, and deletes', async () => {
		const listed = () =>
			routes.ask<{ folder: string; models: ListedModel[]; recommended?: string }>('GET', '?language=ru');
		const first = await listed();
		assert.equal(first.status, 200);
		assert.equal(first.answer.folder, routes.folder);
		assert.match(first.answer.recommended ?? '', /small-ru-vosk/);
		assert.ok(first.answer.models.length > 10 && first.answer.models.every(({ installed }) => !installed));

		mirror.serve(NAME, archive, { slowMs: 30 });
		const begun = await routes.download(NAME);
		assert.equal(begun.status, 202);
		assert.deepEqual(begun.answer, { name: NAME, state: 'running', done: 0, total: 0 });
		assert.equal((await routes.download(NAME)).status, 202, 'it runs already');
		const half = await routes.until(NAME, ({ done, state }) => done > 0 || state !== 'running');
		assert.equal(half.total, archive.length);
		const { status, answer } = await routes.ask<{ code: string }>('DELETE', `/${NAME}`);
		assert.deepEqual([status, answer.code], [409, 'STT_ENGINE']);
		const ended = await routes.until(NAME, ({ state }) => state !== 'running');
		assert.deepEqual(ended, { name: NAME, state: 'done', done: archive.length, total: archive.length });
		assert.deepEqual(routes.entries(), [NAME]);
		assert.equal(mirror.downloads.length, 1);

		const [installed] = (await listed()).answer.models.filter((model) => model.installed);
		assert.equal(installed?.name, NAME);
		assert.ok((installed?.diskBytes ?? 0) > 300_000);
		assert.equal((await routes.ask('DELETE', `/${NAME}`)).status, 204);
		assert.deepEqual(routes.entries(), []);
		assert.equal((await routes.ask('DELETE', `/${NAME}`)).status, 404);
	});

	it('cancels a download, keeps what there is of it, and tells what failed', async () => {
		mirror.serve(NAME, archive, { stallAfter: [100_000] });
		await routes.download(NAME);
		await routes.until(NAME, ({ done }) => done > 50_000);
		assert.equal((await routes.ask('DELETE', `/downloads/${NAME}`)).status, 204);
		assert.equal((await routes.until(NAME, ({ state }) => state !== 'running')).state, 'cancelled');
		assert.deepEqual(routes.entries(), [`.${NAME}.tar.bz2.part`, `.${NAME}.tar.bz2.part.json`]);
		assert.equal((await routes.ask('DELETE', `/downloads/${NAME}`)).status, 404);
		mirror.files.clear();
		await routes.download(NAME);
		const failed = await routes.until(NAME, ({ state }) => state === 'failed');
		assert.equal(failed.code, 'STT_MODEL_MISSING');
		assert.match(failed.message ?? '', /does not exist: check the model's name/);
		assert.equal((await routes.ask('DELETE', `/${NAME}`)).status, 204);
		await routes.nodeRed.waitForNoChildren();
	});

	it('refuses what is no request of the dialog', async () => {
		const wrong = [
			await routes.ask('POST', '/downloads', { name: NAME, mirror: mirror.base }, 'text/plain'),
			await routes.ask('POST', '/downloads', { mirror: mirror.base }),
			await routes.ask('POST', '/downloads', { name: ['a'] }),
			await routes.ask('POST', '/downloads', { name: '../../etc' }),
			await routes.ask('POST', '/downloads', { name: '--help' }),
			await routes.ask('DELETE', '/..%2f..%2fflows'),
		];
		assert.deepEqual(
			wrong.map(({ status }) => status),
			wrong.map(() => 400),
		);
		assert.equal(mirror.asked.length, 0);
	});

	it('downloads two at once and no more', async () => {
		for (const name of ['one', 'two', 'three']) mirror.serve(name, archive, { stallAfter: [1000] });
		await routes.download('one');
		await routes.download('two');
		const { status, answer } = await routes.download('three');
		assert.equal(status, 429);
		assert.match(answer.message ?? '', /2 models are being downloaded already/);
		for (const name of ['one', 'two']) await routes.ask('DELETE', `/downloads/${name}`);
		await routes.nodeRed.waitForNoChildren();
	});

	it('answers so many requests and no more', async () => {
		let refused: { status: number; retryAfter: string | null } | undefined;
		for (let tries = 0; tries < 100 && !refused; tries++) {
			const answer = await routes.ask('DELETE', '/nothing');
			if (answer.status !== 404) refused = answer;
		}
		assert.equal(refused?.status, 429);
		assert.ok(Number(refused?.retryAfter) > 0);
		assert.equal((await routes.ask('GET', '')).status, 200, 'reading is counted for itself');
	});
});

describe('models over the admin routes of a Node-RED with users', { skip }, () => {
	it('shows them to who may read, and lets nobody else write', async () => {
		const adminAuth = { type: 'credentials', users: [], default: { permissions: 'read' } };
		const routes = new Routes(await startNodeRed({ flow: [], settings: { adminAuth } }));
		try {
			assert.equal((await routes.ask('GET', '')).status, 200);
			assert.equal((await routes.download(NAME)).status, 401);
			assert.equal((await routes.ask('DELETE', `/${NAME}`)).status, 401);
			assert.equal((await routes.ask('DELETE', `/downloads/${NAME}`)).status, 401);
		} finally {
			await routes.nodeRed.stop();
		}
		assert.equal(mirror.asked.length, 0);
	});
});

describe('a download in a Node-RED that is killed', { skip }, () => {
	it('ends with it, and can go on', async () => {
		mirror.serve(NAME, Buffer.alloc(200_000, 1), { stallAfter: [100_000] });
		const routes = new Routes(await startNodeRed({ flow: [] }));
		try {
			await routes.download(NAME);
			await routes.until(NAME, ({ done }) => done > 50_000);
			await routes.nodeRed.kill();
			await routes.nodeRed.waitForNoChildren();
			assert.ok(statSync(join(routes.folder, `.${NAME}.tar.bz2.part`)).size > 50_000);
			await mirror.downloads[0]?.over;
		} finally {
			await routes.nodeRed.stop();
		}
	});
});

describe('RateLimit', () => {
	it('lets a burst pass, and then as many as time allows', () => {
		let now = 0;
		const limit = new RateLimit({ count: 3, perMs: 300 }, () => now);
		assert.deepEqual([limit.take(), limit.take(), limit.take(), limit.take()], [0, 0, 0, 100]);
		now = 50;
		assert.equal(limit.take(), 50);
		now = 100;
		assert.deepEqual([limit.take(), limit.take()], [0, 100]);
		now = 10_000;
		assert.deepEqual([limit.take(), limit.take(), limit.take(), limit.take()], [0, 0, 0, 100]);
	});
});
