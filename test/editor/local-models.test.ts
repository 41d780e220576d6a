import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import type { Locator } from 'playwright-core';
import { type Editor, openEditor } from '../lab/editor.ts';
import { needs } from '../lab/needs.ts';
import { type FlowNode, type LabNodeRed, startNodeRed } from '../lab/node-red.ts';
import { writeToyTransducer, writeToyVad } from '../lab/toy-models/models.ts';
import { modelArchive, modelFiles } from '../nodes/stt-stream/models/archives.ts';
import { Mirror } from '../nodes/stt-stream/models/mirror.ts';

const skip = needs('chromium', 'archives');

/** Of the catalogue, which knows no checksum of it: the mirror's counts. */
const KOREAN = 'sherpa-onnx-streaming-zipformer-korean-2024-06-16';
/** Of the catalogue, with a checksum. */
const GERMAN = 'sherpa-onnx-streaming-zipformer-de-kroko-2025-08-06';
const DETECTOR = 'silero_vad.onnx';
const MODEL = 'node-config-input-model';
const ENGINE = 'node-config-option-engine';
const JSON_FIELD = 'node-config-options';

const provider = (id: string, options: object | '', more: object = {}): FlowNode => {
	const none = { name: '', endpoint: '', caFile: '', model: '', version: 1 };
	return { id, type: 'stt-provider', provider: 'local', ...none, options, ...more };
};

let mirror: Mirror;
before(async () => {
	mirror = await Mirror.start();
});
after(() => mirror.stop());
afterEach(() => mirror.forget());

const textOf = async (locator: Locator): Promise<string> => (await locator.textContent()) ?? '';

/** The list of models in the dialog that is open. */
class List {
	readonly editor: Editor;

	constructor(editor: Editor) {
		this.editor = editor;
	}

	row = (name: string) => this.editor.page.locator(`#stt-provider-models li[data-model="${name}"]`);
	press = (name: string, action: string) => this.row(name).locator(`[data-action="${action}"]`).click();

	/** Waits until a row says something. */
	async says(name: string, what: string): Promise<string> {
		const row = this.row(name).filter({ hasText: what });
		await row.waitFor();
		return textOf(row);
	}

	/** Waits until a row has these buttons, and no others. */
	async offers(name: string, ...actions: string[]): Promise<void> {
		await this.editor.page.waitForFunction(
			`$('#stt-provider-models li[data-model="${name}"] button').map((_, button) => button.dataset.action)
				.toArray().join() === '${actions.join()}'`,
		);
	}

	async names(): Promise<string[]> {
		const rows = this.editor.page.locator('#stt-provider-models li');
		return rows.evaluateAll((all) => all.map((row) => row.dataset['model'] ?? ''));
	}

	async problem(): Promise<string> {
		const problem = this.editor.page.locator('.stt-models-problem:visible');
		await problem.waitFor();
		return textOf(problem);
	}
}

describe('the dialog of a recogniser on this machine', { skip }, () => {
	let nodeRed: LabNodeRed;
	let editor: Editor;
	let list: List;
	let flow: FlowNode[];

	before(async () => {
		flow = [
			{ id: 'tab', type: 'tab', label: 'Speech' },
			provider('plain', ''),
			provider('stray', { engine: 'sherpa-onnx', grammar: '/a.jsgf', threads: 3 }),
			provider('mirrored', { modelMirror: mirror.base }),
			provider('missing', { modelMirror: mirror.base }, { model: 'no-such-model' }),
		];
		nodeRed = await startNodeRed({ flow });
		writeToyTransducer(join(nodeRed.userDir, 'voice-models', 'toy-model'));
		editor = await openEditor(nodeRed, { width: 1024, height: 1300 });
		list = new List(editor);
	});
	after(async () => {
		try {
			await editor?.close();
		} finally {
			await nodeRed?.stop();
		}
	});

	const models = () => readdirSync(join(nodeRed.userDir, 'voice-models')).sort();
	const stored = async (id: string) => (await editor.deploy()).find((node) => node.id === id);
	const problem = () => textOf(editor.page.locator('#stt-provider-problem'));
	const json = async () =>
		JSON.parse(String((await editor.read(JSON_FIELD))[JSON_FIELD]) || '{}') as Record<string, unknown>;
	/** Names of the options whose fields can be seen. */
	const offered = async () => {
		const fields = editor.page.locator('[id^="node-config-option-"]:visible');
		const ids = await fields.evaluateAll((all) => all.map(({ id }) => id.replace('node-config-option-', '')));
		return ids.filter((id) => !id.endsWith('-list'));
	};

	it('shows what is of use for the engine, and keeps what was entered for another one', async () => {
		await editor.open('plain');
		await list.offers('toy-model', 'use', 'delete');
		assert.deepEqual(await offered(), ['engine', 'endSilenceMs', 'modelMirror']);
		assert.equal((await list.names())[0], 'toy-model', 'what is there stands above');
		assert.deepEqual(await editor.clipped(), []);
		await editor.screenshot('local-auto');

		await editor.fill({ [ENGINE]: 'pocketsphinx' });
		assert.deepEqual(await offered(), ['engine', 'grammar', 'endSilenceMs', 'vadThreshold']);
		assert.equal(await editor.page.locator('#stt-provider-models').isVisible(), false);
		await editor.fill({
			'node-config-option-grammar': '/lights.jsgf',
			'node-config-option-endSilenceMs': '700',
		});

		await editor.fill({ [ENGINE]: 'sherpa-onnx' });
		assert.deepEqual(await offered(), [
			...['engine', 'precision', 'threads', 'decodingMethod', 'hotwords', 'hotwordsScore', 'endSilenceMs'],
			...['emptySilenceMs', 'maxUtteranceMs', 'vad', 'vadProbability', 'modelMirror'],
		]);
		assert.match(await textOf(editor.page.locator('#stt-provider-notes')), /grammar/);
		assert.deepEqual(await editor.clipped(), []);
		await editor.fill({
			'node-config-option-threads': '2',
			'node-config-option-hotwords': 'turn on, off :3',
		});
		await editor.screenshot('local-sherpa-onnx');
		assert.deepEqual(await json(), {
			...{ engine: 'sherpa-onnx', endSilenceMs: 700, threads: 2, hotwords: ['turn on', 'off :3'] },
		});

		await editor.fill({ [ENGINE]: 'pocketsphinx' });
		assert.deepEqual(await json(), { engine: 'pocketsphinx', endSilenceMs: 700, grammar: '/lights.jsgf' });
		await editor.fill({ [ENGINE]: '' });
		assert.deepEqual(await offered(), [
			...['engine', 'threads', 'hotwords', 'grammar', 'endSilenceMs', 'modelMirror'],
		]);
		assert.deepEqual(await editor.marked(), []);
		await editor.cancel();
		assert.ok(await editor.isDeployed());
	});

	it('names a value that the engine would refuse', async () => {
		await editor.open('plain');
		for (const [options, named] of [
			[{ engine: 'sherpa-onnx', grammar: '/a.jsgf' }, /"grammar" does not go with "engine": "sherpa-onnx"/],
			[{ engine: 'pocketsphinx', hotwords: ['on'] }, /"hotwords" does not go with "engine": "pocketsphinx"/],
			[{ engine: 'sherpa-onnx', threads: 1.5 }, /"threads": use a whole number from 1 to 32/],
			[{ decodingMethod: 'greedy_search', hotwords: ['on'] }, /"hotwords" need "decodingMethod"/],
			[{ engine: 'sphinx' }, /"engine": use one of auto, sherpa-onnx, pocketsphinx/],
			[{ thread: 1 }, /no option "thread"/],
		] as [object, RegExp][]) {
			await editor.fill({ [JSON_FIELD]: JSON.stringify(options) });
			assert.match(await problem(), named);
			assert.ok((await editor.marked()).includes(JSON_FIELD));
		}
		await editor.cancel();
	});

	it('leaves what does not go with the engine as it is, when it is only opened and saved', async () => {
		await editor.open('stray');
		assert.match(await problem(), /"grammar" does not go with/);
		assert.ok(!(await offered()).includes('grammar'));
		await editor.save();
		assert.ok(await editor.isDeployed());
		await editor.open('stray');
		await editor.fill({ 'node-config-option-threads': '4' });
		assert.deepEqual(await json(), { engine: 'sherpa-onnx', grammar: '/a.jsgf', threads: 4 });
		await editor.cancel();
	});

	it('downloads a model, goes on while the dialog is closed, and chooses it', async () => {
		const archive = modelArchive(KOREAN, modelFiles(800_000));
		const served = mirror.serve(KOREAN, archive, { slowMs: 1000 });
		mirror.serveChecksums(KOREAN);
		await editor.open('mirrored');
		await editor.page.locator('#node-config-models-filter').selectOption('ko');
		assert.match(await list.says(KOREAN, 'recommended'), /Korean.*about 418 MB · licence unknown/);
		assert.deepEqual(
			(await list.names()).filter((name) => !/zipformer-korean|nemotron/.test(name)),
			[],
		);
		await list.press(KOREAN, 'download');
		await editor.page.waitForFunction(`$('li[data-model="${KOREAN}"] progress')[0]?.value > 0`);
		await list.offers(KOREAN, 'cancel');
		assert.deepEqual(await editor.clipped(), []);
		await editor.screenshot('local-downloading');
		await editor.cancel();

		await editor.open('mirrored');
		assert.match(await list.says(KOREAN, ' of 0.'), /0\.\d MB of 0\.\d MB/);
		served.slowMs = 0;
		await list.offers(KOREAN, 'use', 'delete');
		assert.equal(mirror.downloads.length, 1, 'one download, not two');
		assert.deepEqual(models(), [KOREAN, 'toy-model']);
		await editor.page.locator('#node-config-models-filter').selectOption('*installed');
		assert.deepEqual(await list.names(), [KOREAN, 'toy-model']);
		await list.press(KOREAN, 'use');
		await list.says(KOREAN, 'chosen');
		await list.offers(KOREAN, 'delete');
		assert.deepEqual(await editor.read(MODEL), { [MODEL]: KOREAN });
		await editor.screenshot('local-chosen');
		await editor.save();
		assert.equal((await stored('mirrored'))?.['model'], KOREAN);
	});

	it('asks before it deletes one', async () => {
		await editor.open('mirrored');
		await list.press(KOREAN, 'delete');
		assert.match(await list.says(KOREAN, 'Delete it'), /It is the chosen one.*0\.\d MB/);
		await editor.screenshot('local-asking');
		await list.press(KOREAN, 'keep');
		await list.offers(KOREAN, 'delete');
		assert.deepEqual(models(), [KOREAN, 'toy-model']);
		await list.press(KOREAN, 'delete');
		await list.press(KOREAN, 'delete');
		await list.offers(KOREAN, 'download');
		assert.deepEqual(models(), ['toy-model']);
		await editor.cancel();
	});

	it('cancels a download, and goes on with it or throws it away', async () => {
		mirror.serve(KOREAN, modelArchive(KOREAN, modelFiles(800_000)), { slowMs: 1000 });
		await editor.open('mirrored');
		await list.press(KOREAN, 'download');
		await editor.page.waitForFunction(`$('li[data-model="${KOREAN}"] progress')[0]?.value > 0`);
		await list.press(KOREAN, 'cancel');
		await list.offers(KOREAN, 'resume', 'delete');
		await list.says(KOREAN, 'of it downloaded');
		await list.press(KOREAN, 'delete');
		await list.press(KOREAN, 'delete');
		await list.offers(KOREAN, 'download');
		assert.deepEqual(models(), ['toy-model']);
		await editor.cancel();
	});

	it('chooses a detector of speech as an option, not as the model', async () => {
		writeToyVad(join(nodeRed.userDir, 'voice-models', DETECTOR));
		await editor.open('plain');
		await list.press(DETECTOR, 'use');
		await list.offers(DETECTOR, 'delete');
		assert.deepEqual([await json(), await editor.read(MODEL)], [{ vad: DETECTOR }, { [MODEL]: '' }]);
		assert.deepEqual(await offered(), ['engine', 'endSilenceMs', 'vad', 'modelMirror']);
		await editor.cancel();
		rmSync(join(nodeRed.userDir, 'voice-models', DETECTOR));
	});

	it('says why a download has failed, and what to do', async () => {
		mirror.serve(GERMAN, modelArchive(GERMAN, modelFiles(60_000)));
		await editor.open('missing');
		await list.press(GERMAN, 'download');
		const changed = await list.says(GERMAN, 'nothing was installed');
		assert.match(
			changed,
			/What http:\/\/127\.0\.0\.1.* has another checksum.*: nothing was installed; check/,
		);
		await list.press('no-such-model', 'download');
		await list.says('no-such-model', "does not exist: check the model's name and the mirror's address");
		assert.deepEqual(await editor.clipped(), []);
		await list.row(GERMAN).scrollIntoViewIfNeeded();
		await editor.screenshot('local-failed');
		assert.deepEqual(models(), ['toy-model']);
		await editor.fill({ 'node-config-option-modelMirror': `\${MIRROR}` });
		await list.press(GERMAN, 'download');
		assert.match(await list.problem(), /comes from the environment/);
		await editor.cancel();
	});
});

describe('the dialog of a recogniser on this machine, for a user who may only look', { skip }, () => {
	it('shows the models, and says politely that they cannot be downloaded', async () => {
		const adminAuth = { type: 'credentials', users: [], default: { permissions: 'read' } };
		const nodeRed = await startNodeRed({ flow: [provider('plain', '')], settings: { adminAuth } });
		mkdirSync(join(nodeRed.userDir, 'voice-models'), { recursive: true });
		// As narrow as Node-RED lets a dialog be.
		const editor = await openEditor(nodeRed, { width: 830 });
		const list = new List(editor);
		try {
			await editor.open('plain');
			await list.press(GERMAN, 'download');
			assert.match(await list.problem(), /You may not download or delete models/);
			assert.deepEqual(await editor.clipped(), []);
			await editor.screenshot('local-forbidden');
			assert.ok(!existsSync(join(nodeRed.userDir, 'voice-models', GERMAN)));
			// The browser itself logs the refusal.
			const others = editor.problems.filter((problem) => !/status of 401/.test(problem));
			assert.deepEqual([others, editor.problems.length], [[], 1]);
			editor.problems.length = 0;
		} finally {
			await editor.close();
			await nodeRed.stop();
		}
	});
});
