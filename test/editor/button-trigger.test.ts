import assert from 'node:assert/strict';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { VoiceError } from '../../lib/node/errors.ts';
import { openOnoff } from '../../nodes/button-trigger/lines/onoff.ts';
import { readSettings } from '../../nodes/button-trigger/settings.ts';
import { type Editor, openEditor } from '../lab/editor.ts';
import { needs } from '../lab/needs.ts';
import { type FlowNode, type LabNodeRed, sink, startNodeRed } from '../lab/node-red.ts';
import { type StandIn, standIn } from '../nodes/button-trigger/gpiod-stand-in.ts';

type Fields = Record<string, string | boolean>;

const field = (name: string) => `node-input-${name}`;
const fields = (values: Fields): Fields =>
	Object.fromEntries(Object.entries(values).map(([name, value]) => [field(name), value]));
const PRESET = 'button-trigger-preset';
const TOGGLE = 'button-trigger-pins-toggle';

const button = (id: string, settings: object = {}): FlowNode => ({
	...{ id, type: 'button-trigger', z: 'tab', x: 300, y: 0, name: '', topic: '', backend: 'auto', pin: '' },
	...{ active: 'high', pull: 'none', debounceMs: 20, doubleClickMs: 300, longPressMs: 800 },
	...{ maxHoldMs: 300_000, wires: [['sink'], []] },
	...settings,
});

describe('the dialog of a button (STAND-IN for the tools of libgpiod)', { skip: needs('chromium') }, () => {
	let tools: StandIn;
	let nodeRed: LabNodeRed;
	let editor: Editor;

	before(async () => {
		tools = standIn({
			version: 2,
			chips: [{ name: 'gpiochip0', label: 'pinctrl-bcm2711', lines: 58 }],
			used: { gpiochip0: { 4: 'onewire@0', 7: 'spi0 CS1', 12: '', 17: 'gpiomon', 27: 'gpiomon' } },
		});
		const flow = [
			{ id: 'tab', type: 'tab', label: 'Buttons' },
			{ id: 'off', type: 'tab', label: 'Not used', disabled: true },
			button('door', { name: 'Door', pin: 'GPIO17', y: 60 }),
			button('soft', { name: 'Soft', backend: 'simulated', pin: '22', y: 120 }),
			button('unused', { name: 'Unused', pin: '23', d: true, y: 180 }),
			button('elsewhere', { name: 'Elsewhere', pin: '24', z: 'off', wires: [] }),
			sink('sink', 'tab'),
		];
		const env = { PATH: `${tools.folder}:${process.env['PATH']}` };
		nodeRed = await startNodeRed({ flow, env });
		editor = await openEditor(nodeRed, { width: 1024, height: 1200 });
	});
	after(async () => {
		try {
			await editor?.close();
		} finally {
			await nodeRed?.stop();
			tools?.cleanUp();
		}
	});

	const pinOf = (bcm: number, of: Editor = editor) =>
		of.page.locator(`.button-trigger-pin[data-bcm="${bcm}"]`);
	const note = async () => (await editor.page.locator('#button-trigger-pin-note').textContent()) ?? '';
	const shown = async (id: string) => (await editor.read(id))[id];
	/** Names of the settings that a user sees. */
	const visible = async () => {
		const all = editor.page.locator('.button-trigger-dialog [id^="node-input-"]:visible');
		return all.evaluateAll((found) => found.map(({ id }) => id.replace('node-input-', '')));
	};
	/** What Node-RED says of a field when the pointer rests on it. */
	const reasonFor = async (name: string) => {
		await editor.field(field(name)).hover();
		const tip = editor.page.locator('.red-ui-popover:visible');
		await tip.waitFor();
		const text = (await tip.textContent()) ?? '';
		await editor.page.mouse.move(0, 0);
		await tip.waitFor({ state: 'detached' });
		return text;
	};
	const openPins = async (of: Editor = editor) => {
		await of.field(TOGGLE).click();
		await pinOf(0, of).waitFor();
	};

	it('keeps what is entered in every field', async () => {
		const id = await editor.addNode('button-trigger', { x: 300, y: 300 });
		// A new one has no pin, and says so.
		assert.match((await editor.complaints(id)).join(), /needs a pin/);
		await editor.open(id);
		assert.deepEqual(await editor.clipped(), []);
		await editor.screenshot('button-trigger-new');
		const entered = {
			name: 'Bell',
			topic: 'front door',
			backend: 'gpiomon',
			pin: '26',
			active: 'low',
			pull: 'up',
			debounceMs: '35',
			doubleClickMs: '0',
			longPressMs: '1200.5',
			maxHoldMs: '60000',
		};
		await editor.fill(fields(entered));
		assert.deepEqual(await editor.marked(), []);
		await editor.save();
		const {
			id: _,
			type,
			x,
			y,
			z,
			wires,
			...stored
		} = (await editor.deploy()).find((node) => node.id === id)!;
		assert.deepEqual(stored, { ...entered, version: 1 });
		assert.deepEqual(await editor.complaints(id), []);
		await editor.open(id);
		assert.deepEqual(await editor.read(...Object.keys(fields(entered))), fields(entered));
		await editor.save();
		assert.ok(await editor.isDeployed(), 'to look is no change');
	});

	it('shows what applies to the backend', async () => {
		await editor.open('door');
		const gestures = ['doubleClickMs', 'longPressMs', 'maxHoldMs'];
		const line = ['pin', 'active', 'pull', 'debounceMs'];
		for (const backend of ['auto', 'gpiomon', 'onoff']) {
			await editor.fill(fields({ backend }));
			assert.deepEqual(await visible(), ['name', 'topic', 'backend', ...line, ...gestures], backend);
		}
		await editor.fill(fields({ backend: 'simulated' }));
		assert.deepEqual(await visible(), ['name', 'topic', 'backend', ...gestures]);
		assert.equal(await editor.field(PRESET).isVisible(), false);
		await editor.page.getByText('No hardware: messages').waitFor();
		assert.deepEqual(await editor.clipped(), []);
		await editor.screenshot('button-trigger-simulated');
		// What cannot be seen is not asked for either.
		assert.deepEqual(await editor.marked(), []);
		await editor.cancel();
	});

	it('marks what cannot be used, and says why', async () => {
		await editor.open('door');
		const noPull = editor.page.locator('.button-trigger-no-pull');
		await editor.fill(fields({ backend: 'auto', pull: 'up' }));
		await editor.page.getByText('A pull resistor needs gpiomon').waitFor();
		assert.deepEqual([await editor.marked(), await noPull.isVisible()], [[], false]);
		await editor.fill(fields({ backend: 'onoff', pin: 'BUTTON', debounceMs: '1001', maxHoldMs: 'long' }));
		const wrong = ['pin', 'pull', 'debounceMs', 'maxHoldMs'];
		assert.deepEqual(await editor.marked(), wrong.map(field));
		assert.match((await noPull.textContent()) ?? '', /onoff cannot set a pull resistor: choose gpiomon/);
		assert.ok(await noPull.isVisible());
		assert.deepEqual(await editor.clipped(), []);
		await editor.screenshot('button-trigger-wrong');
		assert.match(await reasonFor('pin'), /onoff knows no line names/);
		assert.match(await reasonFor('debounceMs'), /Milliseconds: a number from 0 to 1000/);
		// What is chosen in the dialog counts, not what is stored.
		await editor.fill(fields({ backend: 'gpiomon' }));
		assert.deepEqual(await editor.marked(), [field('debounceMs'), field('maxHoldMs')]);
		await editor.fill(fields({ pin: ' ', debounceMs: '', maxHoldMs: '0' }));
		assert.deepEqual(await editor.marked(), [field('pin')]);
		await editor.cancel();
	});

	it('refuses what the runtime refuses, and nothing else', async () => {
		const settings: object[] = [
			{ backend: '' },
			{ backend: 'sysfs' },
			{ backend: ' gpiomon ' },
			{ pin: '' },
			{ pin: '  ' },
			{ pin: 'BUTTON' },
			{ backend: 'onoff', pin: 'BUTTON' },
			{ backend: 'onoff', pin: 'gpio 17' },
			{ active: 'up' },
			{ active: '' },
			{ pull: 'sideways' },
			{ pull: '' },
			{ backend: 'onoff', pull: '' },
			{ backend: 'onoff', pull: 'down' },
			{ backend: 'gpiomon', pull: 'down' },
			...['debounceMs', 'doubleClickMs', 'longPressMs', 'maxHoldMs'].flatMap((name) =>
				[-1, '', ' 12 ', '0x10', '1e3', 'Infinity', '5 s', 0, 1000, 1001, 5001, 60_001, 86_400_001].map(
					(value) => ({ [name]: value }),
				),
			),
			{ backend: 'simulated', pin: '', active: 'x', pull: 'x', debounceMs: 'x' },
			{ backend: 'simulated', longPressMs: 'x' },
		].map((more) => ({ ...button('x', { pin: '5' }), ...more }));
		const isRefused = async (config: object) => {
			try {
				const { backend, pin, pull } = readSettings(config);
				if (backend !== 'onoff') return false;
				const line = await openOnoff({ pin, pull }, { onLevel: () => {}, onLost: () => {} });
				await line.close();
				return false;
			} catch (error) {
				assert.ok(error instanceof VoiceError, String(error));
				// What onoff itself cannot do, and not what this machine does not have.
				return /^The (setting|button|backend "onoff")/.test(error.problem);
			}
		};
		const judged = await editor.page.evaluate(
			`(${JSON.stringify(settings)}).map((settings) => {
				const { defaults } = RED.nodes.getType('button-trigger');
				const wrong = Object.entries(defaults).filter(([name, { validate }]) =>
					validate && validate.call(settings, settings[name], {}) !== true);
				return wrong.map(([name]) => name);
			})`,
		);
		for (const [index, wrong] of (judged as string[][]).entries()) {
			const config = settings[index]!;
			assert.equal(wrong.length > 0, await isRefused(config), `${JSON.stringify(config)}: ${wrong}`);
		}
		assert.ok((judged as string[][]).filter((wrong) => wrong.length).length > 20);
	});

	it('shows the header with what is taken, and by whom', async () => {
		await editor.open('soft');
		await editor.fill(fields({ backend: 'auto', pin: '' }));
		await openPins();
		await pinOf(4).getByText('onewire@0').waitFor();
		const taken = editor.page.locator('.button-trigger-pin-taken');
		const users = await taken.evaluateAll((all) =>
			all.map((user) => [user.parentElement?.dataset['bcm'], user.textContent]),
		);
		// Neither a button that is switched off, nor one on a disabled flow, nor gpiomon of a button of ours.
		assert.deepEqual(users.sort(), [
			['12', 'the system'],
			['17', 'Door'],
			['26', 'Bell'],
			['27', 'gpiomon'],
			['4', 'onewire@0'],
			['7', 'spi0 CS1'],
		]);
		const row = async (bcm: number) => (await pinOf(bcm).textContent())?.trim();
		assert.deepEqual([await row(2), await row(5)], ['I2C SDA GPIO 2 3', 'GPIO 5 29']);
		assert.equal(await pinOf(17).getAttribute('title'), 'GPIO 17 is pin 11 of the header. In use: Door.');
		assert.equal(await editor.page.locator('.button-trigger-pin').count(), 40);
		assert.deepEqual(await editor.clipped(), []);
		await editor.screenshot('button-trigger-pins');
	});

	it('sets the pin that is clicked', async () => {
		await pinOf(17).click();
		assert.equal(await shown(field('pin')), '17');
		assert.equal(await note(), 'GPIO 17 is pin 11 of the header. In use: Door.');
		assert.equal(await editor.field('button-trigger-pins').isVisible(), false);
		await openPins();
		assert.equal(await pinOf(17).getAttribute('aria-pressed'), 'true');
		await pinOf(2).click();
		assert.equal(await note(), 'GPIO 2 is pin 3 of the header, also I2C SDA.');
		assert.deepEqual(await editor.marked(), []);
		// Typed is as good as clicked; and who counts the header's pins is told.
		await editor.fill(fields({ pin: '29' }));
		assert.equal(await note(), 'GPIO 29 is not on the 40-pin header. Pin 29 of the header is GPIO 5.');
		await editor.fill(fields({ pin: 'BUTTON' }));
		assert.equal(await note(), '');
	});

	it('is worked with the keyboard too', async () => {
		const { keyboard } = editor.page;
		const focused = () =>
			editor.page.evaluate('document.activeElement.dataset.bcm ?? document.activeElement.id');
		await editor.fill(fields({ pin: '3' }));
		await editor.field(TOGGLE).focus();
		await keyboard.press('Enter');
		await pinOf(3).waitFor();
		await keyboard.press('Tab');
		assert.equal(await focused(), '3');
		const path: string[] = [];
		// Past ground; to the side only within a row; not off the header.
		for (const key of ['Down', 'Down', 'Down', 'Right', 'Right', 'Up', 'Up', 'Left', 'Up', 'Left', 'Left']) {
			await keyboard.press(`Arrow${key}`);
			path.push(String(await focused()));
		}
		assert.deepEqual(path, ['4', '17', '27', '27', '27', '17', '4', '4', '3', '3', '3']);
		await keyboard.press('ArrowDown');
		await keyboard.press('ArrowRight');
		assert.equal(await focused(), '14');
		await keyboard.press('Escape');
		assert.deepEqual([await focused(), await shown(field('pin'))], [TOGGLE, '3']);
		await keyboard.press('Enter');
		await pinOf(3).waitFor();
		await keyboard.press('Tab');
		await keyboard.press('ArrowUp');
		await keyboard.press('Space');
		assert.deepEqual([await focused(), await shown(field('pin'))], [TOGGLE, '2']);
		await editor.cancel();
	});

	it('fills in what belongs to a board', async () => {
		const line = ['pin', 'active', 'pull', 'debounceMs'].map(field);
		await editor.open('door');
		assert.equal(await shown(PRESET), '');
		await editor.fill(fields({ backend: 'gpiomon', pull: 'up', debounceMs: '50' }));
		await editor.fill({ [PRESET]: 'respeaker2' });
		assert.deepEqual(Object.values(await editor.read(...line)), ['17', 'low', 'none', '20']);
		await editor.fill({ [PRESET]: 'groveD5' });
		assert.deepEqual(Object.values(await editor.read(...line)), ['5', 'high', 'none', '20']);
		assert.equal(await note(), 'GPIO 5 is pin 29 of the header.');
		await editor.screenshot('button-trigger-preset');
		await editor.save();
		await editor.open('door');
		assert.equal(await shown(PRESET), 'groveD5');
		await editor.fill(fields({ active: 'low' }));
		assert.equal(await shown(PRESET), '', 'it is that button no more');
		await editor.cancel();
	});

	it('leaves what comes from the environment as it is', async () => {
		const from = (...names: string[]) => Object.fromEntries(names.map((name) => [name, `\${${name}}`]));
		const env = from('backend', 'pin', 'active', 'pull');
		const times = from('debounceMs', 'doubleClickMs', 'longPressMs', 'maxHoldMs');
		const before = await editor.ids('button-trigger');
		await editor.importFlow([button('import', { ...env, ...times, wires: [] })]);
		const id = (await editor.ids('button-trigger')).find((id) => !before.includes(id))!;
		assert.deepEqual(await editor.complaints(id), []);
		await editor.open(id);
		assert.deepEqual(await editor.read(...Object.keys(fields(env))), fields(env));
		assert.deepEqual(await editor.marked(), []);
		await editor.fill(fields({ name: 'From outside' }));
		await editor.save();
		const stored = (await editor.exported()).find((node) => node.id === id)!;
		for (const [name, value] of Object.entries({ ...env, ...times })) assert.equal(stored[name], value);
	});
});
