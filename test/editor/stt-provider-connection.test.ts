import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Editor, openEditor } from '../lab/editor.ts';
import { needs } from '../lab/needs.ts';
import { type FlowNode, type LabNodeRed, startNodeRed } from '../lab/node-red.ts';
import { type LoopbackAssemblyAi, startAssemblyAi } from '../lab/recognisers/assemblyai.ts';
import { type LoopbackYandex, startYandex } from '../lab/recognisers/yandex.ts';

const skip = needs('chromium');
const input = (name: string) => `node-config-input-${name}`;
const ENDPOINT = input('endpoint');
const API_KEY = input('apiKey');

const provider = (id: string, more: object): FlowNode => {
	const none = { name: '', endpoint: '', caFile: '', model: '', options: '' };
	return { id, type: 'stt-provider', provider: 'assemblyai', ...none, ...more };
};

/** The part of the dialog that is open in which a connection is tested. */
class ConnectionPart {
	readonly editor: Editor;

	constructor(editor: Editor) {
		this.editor = editor;
	}

	press = () => this.editor.page.locator('#stt-provider-connection-button').click();
	state = (name: string) =>
		this.editor.page.locator(`#stt-provider-connection-state.stt-connection-${name}:visible`);

	/** Waits until it says how that went. */
	async says(state: 'running' | 'good' | 'bad', words: string | RegExp): Promise<string> {
		const said = this.state(state).filter({ hasText: words });
		await said.waitFor();
		return (await said.textContent()) ?? '';
	}

	/** Nothing is said any more. */
	saysNothing = () => this.editor.page.locator('#stt-provider-connection-state').waitFor({ state: 'hidden' });
}

describe('"Test connection" in the dialog of an stt-provider', { skip }, () => {
	let assemblyAi: LoopbackAssemblyAi;
	let yandex: LoopbackYandex;
	let nodeRed: LabNodeRed;
	let editor: Editor;
	let part: ConnectionPart;

	before(async () => {
		assemblyAi = await startAssemblyAi();
		yandex = await startYandex();
		const flow = [
			{ id: 'tab', type: 'tab', label: 'Speech' },
			provider('deployed', { endpoint: assemblyAi.url }),
			provider('yandex', { provider: 'yandex', endpoint: yandex.endpoint }),
		];
		nodeRed = await startNodeRed({ flow, credentials: { deployed: { apiKey: assemblyAi.apiKey } } });
		// As narrow as Node-RED lets a dialog be.
		editor = await openEditor(nodeRed, { width: 830, height: 1100 });
		part = new ConnectionPart(editor);
	});
	after(async () => {
		try {
			await editor?.close();
		} finally {
			await nodeRed?.stop();
			await assemblyAi?.stop();
			await yandex?.stop();
		}
	});

	it('says who accepts the stored key, and in what time', async () => {
		await editor.open('deployed');
		await part.press();
		const said = await part.says('good', 'Accepted');
		assert.match(said, new RegExp(`^Accepted by ${assemblyAi.host} in \\d+ ms$`));
		assert.deepEqual(await editor.clipped(), []);
		await editor.screenshot('connection-accepted');
		assert.equal(assemblyAi.records.length, 1);
	});

	it('forgets that when the settings change, and only then', async () => {
		await editor.fill({ [input('name')]: 'mine' });
		await part.says('good', 'Accepted');
		await editor.fill({ [ENDPOINT]: `${assemblyAi.url}?` });
		await part.saysNothing();
		await part.press();
		assert.match(await part.says('bad', 'STT_CONFIG'), /deploy first, or type the key again \(STT_CONFIG\)$/);
		assert.deepEqual(await editor.clipped(), []);
		await editor.screenshot('connection-other-address');
		assert.equal(assemblyAi.records.length, 1, 'the stored key goes nowhere else');
		await editor.cancel();
	});

	it('says why a key that was typed is refused, before anything is deployed, and accepts the right one', async () => {
		await editor.open('yandex');
		await editor.fill({ [API_KEY]: 'key-of-nobody' });
		await part.press();
		const said = await part.says('bad', 'STT_AUTH');
		assert.match(said, /^Yandex SpeechKit at localhost.* refused .*: .*\(STT_AUTH\)$/);
		assert.ok(!said.includes('key-of-nobody'), said);
		assert.deepEqual(await editor.clipped(), []);
		await editor.screenshot('connection-refused');
		await editor.fill({ [API_KEY]: yandex.apiKey });
		await part.saysNothing();
		await part.press();
		await part.says('good', `Accepted by ${yandex.host}`);
		await editor.cancel();
	});

	it('can be cancelled, and ends with the dialog', async () => {
		assemblyAi.script = { beginDelayMs: 600_000 };
		await editor.open('deployed');
		for (const end of [part.press, () => editor.cancel()]) {
			await part.press();
			await part.says('running', 'Opening a session');
			await assemblyAi.until('a connection', () => assemblyAi.open === 1);
			await editor.screenshot('connection-running');
			await end();
			await assemblyAi.until('no connection', () => assemblyAi.open === 0);
		}
		assemblyAi.script = {};
	});

	it('names the model that a program on this machine has not got', async () => {
		await editor.open('deployed');
		await editor.fill({ [input('provider')]: 'local', [input('model')]: '/no/such/model' });
		await part.press();
		assert.match(await part.says('bad', 'STT_MODEL_MISSING'), /\/no\/such\/model/);
		assert.deepEqual(await editor.clipped(), []);
		await editor.cancel();
	});
});

describe('"Test connection" for a user who may only look', { skip }, () => {
	it('says politely that it is not allowed, and which permission it takes', async () => {
		const server = await startAssemblyAi();
		const adminAuth = { type: 'credentials', users: [], default: { permissions: 'read' } };
		const flow = [provider('deployed', { endpoint: server.url })];
		const nodeRed = await startNodeRed({ flow, settings: { adminAuth } });
		const editor = await openEditor(nodeRed, { width: 830 });
		const part = new ConnectionPart(editor);
		try {
			await editor.open('deployed');
			await part.press();
			assert.match(await part.says('bad', 'stt-provider.write'), /^You may not test connections/);
			assert.deepEqual(await editor.clipped(), []);
			await editor.screenshot('connection-forbidden');
			assert.deepEqual(server.records, []);
			// The browser itself logs the refusal.
			const others = editor.problems.filter((problem) => !/status of 401/.test(problem));
			assert.deepEqual([others, editor.problems.length], [[], 1]);
			editor.problems.length = 0;
		} finally {
			await editor.close();
			await nodeRed.stop();
			await server.stop();
		}
	});
});
