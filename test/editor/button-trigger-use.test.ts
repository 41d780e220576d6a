import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import type { AxeResults } from 'axe-core';
import { type Editor, openEditor } from '../lab/editor.ts';
import { needs } from '../lab/needs.ts';
import { type FlowNode, type LabNodeRed, sink, startNodeRed } from '../lab/node-red.ts';
import { type StandIn, standIn } from '../nodes/button-trigger/gpiod-stand-in.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const skip = needs('chromium');
const TOGGLE = 'button-trigger-pins-toggle';

const flow: FlowNode[] = [
	{ id: 'tab', type: 'tab', label: 'Buttons' },
	{
		id: 'soft',
		type: 'button-trigger',
		z: 'tab',
		x: 300,
		y: 100,
		name: 'Soft',
		backend: 'simulated',
		wires: [['sink'], []],
	},
	{
		id: 'door',
		type: 'button-trigger',
		z: 'tab',
		x: 300,
		y: 200,
		name: 'Door',
		pin: '17',
		wires: [['sink'], []],
	},
	{ id: 'new', type: 'button-trigger', z: 'tab', x: 300, y: 300, name: '', pin: '5', wires: [['sink'], []] },
	sink('sink', 'tab'),
];

/** As a dark theme of Node-RED sets its variables. */
const DARK = `:root {
	--red-ui-primary-text-color: #ddd; --red-ui-secondary-text-color: #aaa; --red-ui-form-text-color: #ddd;
	--red-ui-primary-background: #222; --red-ui-secondary-background: #2b2b2b; --red-ui-form-background: #2b2b2b;
	--red-ui-form-input-background: #333; --red-ui-form-input-border-color: #666; --red-ui-form-tips-background: #4a4520;
	--red-ui-list-item-background-hover: #3d3d3d; --red-ui-list-item-background-selected: #5b4a1c;
	--red-ui-text-color-error: #ff8f8f; --red-ui-tertiary-background: #222; --red-ui-workspace-button-background: #333;
}`;

const pins = (editor: Editor) => editor.page.locator('.button-trigger-pin');
const problem = (editor: Editor) => editor.page.locator('.button-trigger-pins-problem:visible');
const press = (editor: Editor, id: string) =>
	editor.page.locator(`#${id} .red-ui-flow-node-button-button`).click();
const notification = (editor: Editor, text: string) =>
	editor.page.locator('.red-ui-notification', { hasText: text }).waitFor();

/** That the browser logs each refusal itself is no problem of the editor; returns how many there were. */
function refusals(editor: Editor, status: number): number {
	const others = editor.problems.filter((problem) => !problem.includes(`status of ${status}`));
	assert.deepEqual(others, []);
	return editor.problems.splice(0).length;
}

describe('a button in the editor (STAND-IN for the tools of libgpiod)', { skip }, () => {
	let tools: StandIn;
	let nodeRed: LabNodeRed;
	let editor: Editor;

	before(async () => {
		tools = standIn({
			version: 1,
			chips: [{ name: 'gpiochip0', label: 'pinctrl-rp1', lines: 54 }],
			used: { gpiochip0: { 18: 'a program with a very long name indeed, longer than a row' } },
		});
		nodeRed = await startNodeRed({ flow, env: { PATH: `${tools.folder}:${process.env['PATH']}` } });
		// As narrow as Node-RED lets a dialog be.
		editor = await openEditor(nodeRed, { width: 830, height: 1200 });
	});
	after(async () => {
		try {
			await editor?.close();
		} finally {
			await nodeRed?.stop();
			tools?.cleanUp();
		}
	});

	/** What axe-core finds in the dialog; Node-RED's own frame is not ours. */
	const faults = async () => {
		await editor.page.evaluate(axe);
		// Node-RED's dialogs hang out of something of no size, which axe-core takes for hidden.
		await editor.page.evaluate(`$('.button-trigger-dialog').parents().css('overflow', 'visible').length`);
		const { violations, passes } = (await editor.page.evaluate(
			`axe.run('.button-trigger-dialog', { resultTypes: ['violations', 'passes'] })`,
		)) as AxeResults;
		await editor.page.evaluate(`$('.button-trigger-dialog').parents().css('overflow', '').length`);
		const judged = passes.find(({ id }) => id === 'color-contrast')?.nodes.length ?? 0;
		assert.ok(judged > 40, `${judged} texts; ${violations.map(({ id, nodes }) => `${id} ${nodes.length}`)}`);
		return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
	};

	it('is pressed and released by the button at its edge, and shows it', async () => {
		await press(editor, 'soft');
		assert.equal((await nodeRed.waitFor('soft', undefined, { port: 0 }))['payload'], true);
		await editor.page.locator('#soft .red-ui-flow-node-status-label', { hasText: 'pressed' }).waitFor();
		await press(editor, 'soft');
		assert.equal((await nodeRed.waitFor('soft', (_, index) => index === 1, { port: 0 }))['payload'], false);
		await editor.page.locator('#soft .red-ui-flow-node-status-label', { hasText: 'simulated' }).waitFor();
		await editor.screenshot('button-trigger-nodes');
	});

	it('tells of each port what goes through it', async () => {
		const tip = editor.page.locator('.red-ui-flow-port-tooltip');
		const labels: string[] = [];
		for (const port of [
			'.red-ui-flow-port-input',
			'.red-ui-flow-port-output >> nth=0',
			'.red-ui-flow-port-output >> nth=1',
		]) {
			await editor.page.locator(`#soft ${port}`).hover();
			await tip.waitFor();
			labels.push((await tip.textContent()) ?? '');
			await editor.page.mouse.move(10, 500);
			await tip.waitFor({ state: 'detached' });
		}
		assert.deepEqual(labels, [
			'true / false / "toggle"',
			'press and release',
			'click, double-click, long-press',
		]);
	});

	it('explains itself: what goes in and out, each setting, each error', async () => {
		const help = await editor.help('button-trigger');
		for (const part of [
			'Inputs',
			'payload',
			'reset',
			'Outputs',
			'heldMs',
			'double-click',
			'Details',
			'References',
		])
			assert.ok(help.includes(part), part);
		for (const code of [
			'GPIO_UNAVAILABLE',
			'GPIO_LINE_NOT_FOUND',
			'GPIO_BUSY',
			'GPIO_PERMISSION',
			'CONTROL_UNKNOWN',
		])
			assert.ok(help.includes(code), code);
		const catalogue = JSON.parse(
			readFileSync(
				new URL('../../nodes/button-trigger/locales/en-US/button-trigger.json', import.meta.url),
				'utf8',
			),
		) as { 'button-trigger': { label: Record<string, string> } };
		const { name: _, topic, ...labels } = catalogue['button-trigger'].label;
		const unexplained = Object.values(labels).filter(
			(label) => !help.toLowerCase().includes(label.toLowerCase()),
		);
		assert.deepEqual(unexplained, []);
	});

	for (const theme of ['light', 'dark'])
		it(`is readable, ${theme} and narrow`, async () => {
			if (theme === 'dark') await editor.page.addStyleTag({ content: DARK });
			await editor.open('new');
			try {
				await editor.field(TOGGLE).click();
				await pins(editor).getByText('a program').waitFor();
				// A name that is too long for its row is cut, and all of it is in the tip.
				assert.deepEqual(
					(await editor.clipped()).map((text) => text.slice(0, 9)),
					['a program'],
				);
				assert.match(
					(await editor.page.locator('[data-bcm="18"]').getAttribute('title')) ?? '',
					/also PCM CLK\. In use: a program .* a row\.$/,
				);
				await editor.page.locator('[data-bcm="22"]').focus();
				await editor.screenshot(`button-trigger-${theme}`);
				assert.deepEqual(await faults(), []);
			} finally {
				await editor.cancel();
			}
		});

	it('says why the pins in use are not known', async () => {
		tools.setUp({ failure: 'Permission denied' });
		await editor.open('new');
		await editor.field(TOGGLE).click();
		await problem(editor).waitFor();
		assert.match(
			(await problem(editor).textContent()) ?? '',
			/ is not known\. The user of Node-RED may not use GPIO: add the user to the group gpio /,
		);
		assert.deepEqual(await editor.clipped(), []);
		await editor.screenshot('button-trigger-unknown');
		await editor.cancel();
		assert.equal(refusals(editor, 503), 1);
		tools.setUp({ failure: '' });
	});

	it('waits a moment when it was asked too often', async () => {
		const ask = () => fetch(new URL('/voice/button-trigger/lines', nodeRed.url));
		const answers = await Promise.all(Array.from({ length: 25 }, ask));
		const refused = answers.filter(({ status }) => status === 429);
		assert.ok(refused.length > 0 && refused.length < 25);
		assert.ok(refused.every(({ headers }) => Number(headers.get('retry-after')) > 0));
		// Those that came at once had one answer between them.
		assert.ok(tools.calls('gpioinfo').length < 10, String(tools.calls('gpioinfo').length));
		await editor.open('new');
		// On a busy machine the next question may come late enough to be answered.
		for (;;) {
			const answer = editor.page.waitForResponse('**/voice/button-trigger/lines');
			await editor.field(TOGGLE).click();
			if ((await answer).status() === 429) break;
			await editor.field(TOGGLE).click();
			await Promise.all(Array.from({ length: 25 }, ask));
		}
		await problem(editor).getByText('was asked too often').waitFor();
		await editor.cancel();
		assert.equal(refusals(editor, 429), 1);
	});
});

it('a user with few rights is told politely, and can choose a pin', { skip }, async () => {
	const reads = ['flows', 'nodes', 'settings', 'library', 'plugins', 'context', 'status'];
	const permissions = reads.map((what) => `${what}.read`);
	const adminAuth = { type: 'credentials', users: [], default: { permissions } };
	const nodeRed = await startNodeRed({ flow, settings: { adminAuth } });
	const editor = await openEditor(nodeRed, { width: 1024, height: 1200 });
	try {
		await editor.open('door');
		await editor.field(TOGGLE).click();
		await problem(editor).waitFor();
		assert.equal(
			await problem(editor).textContent(),
			'You may not see which pins this machine uses: that takes the permission button-trigger.read. You can choose one all the same.',
		);
		assert.deepEqual(await editor.clipped(), []);
		await editor.screenshot('button-trigger-forbidden');
		await editor.page.locator('[data-bcm="27"]').click();
		assert.equal(await editor.field('node-input-pin').inputValue(), '27');
		assert.equal(refusals(editor, 401), 1);
		await editor.cancel();
		await press(editor, 'soft');
		await notification(
			editor,
			'You may not press this button: that takes the permission button-trigger.write.',
		);
		assert.equal(refusals(editor, 401), 1);
		assert.deepEqual(nodeRed.messages('soft'), []);
	} finally {
		await editor.close();
		await nodeRed.stop();
	}
});
