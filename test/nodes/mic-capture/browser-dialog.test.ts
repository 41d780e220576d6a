import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Editor, openEditor } from '../../lab/editor.ts';
import { needs } from '../../lab/needs.ts';
import { type LabNodeRed, startNodeRed } from '../../lab/node-red.ts';

describe('the dialog of a microphone in web pages', { skip: needs('chromium') }, () => {
	let nodeRed: LabNodeRed;
	let editor: Editor;
	let id: string;
	const field = (name: string) => `node-input-${name}`;
	const address = () => editor.page.locator('.mic-capture-address');
	const seen = async (...names: string[]) => {
		const visible = await Promise.all(names.map((name) => editor.field(field(name)).isVisible()));
		return names.filter((_, i) => visible[i]);
	};

	before(async () => {
		nodeRed = await startNodeRed({
			flow: [{ id: 'tab', type: 'tab', label: 'test' }],
			settings: { httpNodeRoot: '/red/' },
		});
		editor = await openEditor(nodeRed);
		id = await editor.addNode('mic-capture', { x: 300, y: 100 });
	});
	after(async () => {
		await editor?.close();
		await nodeRed?.stop();
	});

	it('shows what such a microphone has, and nothing else', async () => {
		await editor.open(id);
		const own = ['path'];
		const others = ['device', 'file', 'loop', 'trigger', 'autostart', 'muteWhilePlaying', 'preRollMs'];
		const both = ['sampleRate', 'channels', 'framesPerBuffer', 'maxMs', 'startTimeoutMs', 'silenceStopMs'];
		assert.deepEqual(await seen(...own), []);
		// What was chosen before must not hide what matters now.
		await editor.fill({ [field('trigger')]: 'speech', [field('source')]: 'browser' });
		assert.deepEqual(await seen(...own, ...others, ...both), [...own, ...both]);
		assert.equal(await editor.page.locator('.mic-capture-secure').isVisible(), true);
	});

	it('shows the address, which is where it then is', async () => {
		assert.deepEqual(await editor.marked(), [field('path')]);
		for (const path of ['/no good', '/../flows', '/*']) {
			await editor.fill({ [field('path')]: path });
			assert.deepEqual(await editor.marked(), [field('path')], path);
			assert.equal(await address().getAttribute('href'), null);
		}
		await editor.fill({ [field('path')]: '/kitchen/voice/' });
		assert.deepEqual(await editor.marked(), []);
		const shown = await address().getAttribute('href');
		assert.equal(shown, `${nodeRed.url}/red/kitchen/voice/`);
		assert.equal(await address().textContent(), shown);
		assert.deepEqual(await editor.clipped(), []);
		await editor.screenshot('mic-capture-browser');
		await editor.save();
		assert.deepEqual(await editor.complaints(id), []);
		await editor.deploy();
		const page = await fetch(shown);
		assert.deepEqual([page.status, page.headers.get('content-type')], [200, 'text/html; charset=utf-8']);
	});

	it('complains of a second one with the same path', async () => {
		const second = await editor.addNode('mic-capture', { x: 300, y: 200 });
		await editor.open(second);
		await editor.fill({ [field('source')]: 'browser', [field('path')]: 'kitchen/voice' });
		assert.deepEqual(await editor.marked(), [field('path')]);
		await editor.fill({ [field('path')]: '$' + '{PAGE_PATH}' });
		assert.deepEqual(await editor.marked(), []);
		await editor.fill({ [field('path')]: '/kitchen/voice' });
		await editor.save();
		assert.match((await editor.complaints(second)).join(), /another microphone has this path/);
	});

	it('says what no silence means where speech begins the streams', async () => {
		const third = await editor.addNode('mic-capture', { x: 300, y: 300 });
		await editor.open(third);
		const shown = async (text: string) =>
			editor.page.getByText(text, { exact: false }).and(editor.page.locator(':visible')).count();
		assert.deepEqual([await shown('(0 = 800)'), await shown('then it ends (0 = never)')], [0, 2]);
		await editor.fill({ [field('trigger')]: 'speech' });
		assert.equal(await shown('(0 = 800)'), 1);
		await editor.cancel();
	});

	it('its help says how results come back, and who may speak', async () => {
		const help = await editor.help('mic-capture');
		for (const words of ['wire all outputs of stt-stream back', 'https://', 'httpNodeAuth', 'trust proxy'])
			assert.ok(help.includes(words), words);
	});
});
