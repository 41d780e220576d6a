import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type GpioChip, startGpio, type VirtualGpio } from '../../lab/gpio.ts';
import { needs } from '../../lab/needs.ts';
import { type FlowNode, type LabNodeRed, type Message, sink, startNodeRed } from '../../lab/node-red.ts';

/** As on a Pi 5 with Linux 6.12: the header's chip is the last of several. */
const CHIPS: GpioChip[] = [
	{ base: 512, ngpio: 15, label: 'gpio-brcmstb@107d508500' },
	{ base: 533, ngpio: 32, label: 'gpio-brcmstb@107d517c00' },
	{ base: 569, ngpio: 54, label: 'pinctrl-rp1' },
];
const BASE = 569;
const SKIP = needs('fuse', 'mount-namespace', 'onoff');

function button(id: string, settings: Record<string, unknown>): FlowNode {
	return {
		id,
		type: 'button-trigger',
		z: 'tab',
		x: 0,
		y: 0,
		name: `the ${id}`,
		backend: 'onoff',
		active: 'high',
		pull: 'none',
		debounceMs: 20,
		doubleClickMs: 0,
		longPressMs: 0,
		maxHoldMs: 0,
		...settings,
		wires: [['sink'], ['sink']],
	};
}

function flow(...buttons: FlowNode[]): FlowNode[] {
	return [{ id: 'tab', type: 'tab' }, ...buttons, sink('sink', 'tab')];
}

const isReady = ({ text }: { text?: string }) => text === 'ready';
/** Messages without what Node-RED adds. */
const plain = (messages: Message[]) =>
	messages.map(({ payload, topic, button }) => ({ payload, topic, button }));

async function until(what: string, done: () => boolean): Promise<void> {
	for (const deadline = Date.now() + 60_000; !done(); await sleep(20))
		assert.ok(Date.now() < deadline, `waited for ${what}`);
}

describe('buttons through onoff on virtual GPIO', { skip: SKIP }, () => {
	let gpio: VirtualGpio;
	let nodeRed: LabNodeRed;
	const set = (bcm: number, level: 0 | 1) => gpio.set(BASE + bcm, level);
	/** As another program would use sysfs. */
	const sysfs = (file: string, text: string) =>
		writeFileSync(join(`/proc/${gpio.pid}/root/sys/class/gpio`, file), text);
	const onoffChild = () =>
		nodeRed.children().find(({ command }) => /^\S*node (--\S+ )*\S*onoff-child/.test(command));
	/** The `count` first messages of an output. */
	const messages = async (node: string, port: number, count: number) => {
		await nodeRed.waitFor(node, (_, index) => index === count - 1, { port });
		return nodeRed.messages(node, port);
	};

	/** Lets a button go and presses it, until the press is seen: the node may not have noticed yet that it was up. */
	const pressAnew = async (node: string, bcm: number, down: 0 | 1) => {
		const before = nodeRed.messages(node, 0).length;
		while (nodeRed.messages(node, 0).length === before) {
			set(bcm, down === 1 ? 0 : 1);
			await sleep(100);
			set(bcm, down);
			await sleep(200);
		}
		assert.equal(nodeRed.messages(node, 0)[before]!['payload'], true);
	};

	before(async () => {
		gpio = await startGpio({ chips: CHIPS });
		set(5, 0);
		gpio.hold(BASE + 22, true);
		sysfs('export', String(BASE + 23));
		sysfs(`gpio${BASE + 23}/direction`, 'out');
		sysfs('export', String(BASE + 24));
		nodeRed = await startNodeRed({
			wrap: gpio.wrap,
			flow: flow(
				button('grove', { pin: '5', active: 'high' }),
				button('hat', { pin: '17', active: 'low' }),
				// Longer than a busy machine could draw the bounces out.
				button('bouncy', { pin: '12', active: 'low', debounceMs: 1000 }),
				button('hat-too', { pin: 'GPIO17', active: 'low' }),
				button('held', { pin: '6', active: 'high' }),
				button('busy', { pin: '22', active: 'low' }),
				button('output', { pin: '23' }),
				button('foreign', { pin: '24', active: 'low' }),
				button('range', { pin: '54' }),
				button('pull', { pin: '7', pull: 'up' }),
				button('name', { pin: 'BUTTON' }),
			),
		});
		for (const id of ['grove', 'hat', 'bouncy', 'hat-too', 'held', 'foreign'])
			await nodeRed.waitForStatus(id, isReady);
	});
	after(async () => {
		await nodeRed?.stop();
		await gpio?.stop();
	});

	test('BCM 5, high when pressed: press and release, then the click', async () => {
		set(5, 1);
		const [press] = await messages('grove', 0, 1);
		assert.deepEqual(plain([press!]), [{ payload: true, topic: 'the grove', button: { event: 'press' } }]);
		await nodeRed.waitForStatus('grove', ({ text, fill }) => text === 'pressed' && fill === 'green');
		set(5, 0);
		const [, release] = await messages('grove', 0, 2);
		const { heldMs } = release!['button'] as { heldMs: number };
		assert.ok(Number.isInteger(heldMs) && heldMs >= 0, String(heldMs));
		assert.deepEqual(plain([release!]), [
			{ payload: false, topic: 'the grove', button: { event: 'release', heldMs } },
		]);
		assert.deepEqual(plain(await messages('grove', 1, 1)), [
			{ payload: 'click', topic: 'the grove', button: { event: 'click', heldMs } },
		]);
	});

	test('BCM 17, low when pressed, for both nodes on that pin', async () => {
		set(17, 0);
		for (const id of ['hat', 'hat-too']) assert.equal((await messages(id, 0, 1))[0]!['payload'], true);
		set(17, 1);
		for (const id of ['hat', 'hat-too']) assert.equal((await messages(id, 0, 2))[1]!['payload'], false);
	});

	test('a bouncing contact is one press', async () => {
		for (let i = 0; i < 15; i++) set(12, i % 2 === 0 ? 0 : 1);
		await messages('bouncy', 0, 1);
		for (let i = 0; i < 15; i++) set(12, i % 2 === 0 ? 1 : 0);
		const payloads = (await messages('bouncy', 0, 2)).map(({ payload }) => payload);
		assert.deepEqual(payloads, [true, false]);
	});

	test('a button that is held when its line opens is no press', async () => {
		await pressAnew('held', 6, 1);
		const all = nodeRed.messages('held', 0);
		assert.deepEqual(
			all.map(({ payload }) => payload),
			[true],
		);
		set(6, 0);
		await messages('held', 0, 2);
	});

	test('a line that another program holds is GPIO_BUSY, and opens by itself when it is let go', async () => {
		const error = await nodeRed.waitForError('busy');
		assert.equal(error.code, 'GPIO_BUSY');
		assert.match(error.message, /^GPIO 22 is in use by another program: /);
		await nodeRed.waitForStatus('busy', ({ fill, text }) => fill === 'red' && text === 'GPIO line busy');
		gpio.hold(BASE + 22, false);
		await nodeRed.waitForStatus('busy', isReady);
		set(22, 0);
		assert.equal((await messages('busy', 0, 1))[0]!['payload'], true);
		set(22, 1);
		await messages('busy', 0, 2);
		assert.equal(nodeRed.errors('busy').length, 1, 'each error is told once');
	});

	test('a line that another program exported is shared if it is an input, else GPIO_BUSY', async () => {
		assert.equal((await nodeRed.waitForError('output')).code, 'GPIO_BUSY');
		set(24, 0);
		assert.equal((await messages('foreign', 0, 1))[0]!['payload'], true);
		set(24, 1);
		await messages('foreign', 0, 2);
	});

	test('what cannot work says why', async () => {
		const range = await nodeRed.waitForError('range');
		assert.equal(range.code, 'GPIO_LINE_NOT_FOUND');
		assert.match(range.message, /no GPIO 54 on the chip pinctrl-rp1: use a BCM number from 0 to 53/);
		const pull = await nodeRed.waitForError('pull');
		assert.equal(pull.code, 'GPIO_UNAVAILABLE');
		assert.match(pull.message, /"onoff" cannot set a pull-up resistor.*gpiomon/);
		const name = await nodeRed.waitForError('name');
		assert.equal(name.code, 'GPIO_LINE_NOT_FOUND');
		assert.match(name.message, /no line names.*BUTTON/);
	});

	test('a message presses and releases also where GPIO does not work', async () => {
		await nodeRed.send('range', { payload: 'start' });
		await nodeRed.send('range', { payload: 0 });
		const payloads = (await messages('range', 0, 2)).map(({ payload }) => payload);
		assert.deepEqual(payloads, [true, false]);
		assert.equal(nodeRed.statuses('range').at(-1)?.fill, 'red');
	});

	test('redeploy of a pressed button sends the release to who lives on, and gives its line back', async () => {
		set(17, 0);
		const count = nodeRed.messages('hat', 0).length;
		await messages('hat', 0, count + 1);
		await nodeRed.setFlows(
			flow(
				button('grove', { pin: '5', active: 'high' }),
				button('hat', { pin: '27', active: 'low' }),
				button('foreign', { pin: '24', active: 'low' }),
			),
			{ type: 'nodes' },
		);
		assert.equal((await messages('hat', 0, count + 2)).at(-1)!['payload'], false);
		await until('the lines', () => gpio.exported().join() === [5, 23, 24, 27].map((n) => BASE + n).join());
		set(17, 1);
	});

	test('onoff throws in its callback: that line is lost and opens again, the others go on', async () => {
		const child = onoffChild()!;
		const statuses = nodeRed.statuses('hat').length;
		set(27, 0); // wakes onoff, which finds the line gone when it reads
		sysfs('unexport', String(BASE + 27));
		const error = await nodeRed.waitForError('hat');
		assert.match(error.message, /^GPIO 27 was lost: .*another program unexported it/);
		await nodeRed.waitForStatus('hat', isReady, { after: statuses });
		assert.equal(onoffChild()?.pid, child.pid);
		assert.deepEqual(nodeRed.errors('grove'), []);
		await pressAnew('hat', 27, 0);
	});

	test('one child serves all lines; when it dies a pressed button is released and the lines open again', async () => {
		const child = onoffChild()!;
		assert.equal(nodeRed.children().filter(({ command }) => command.startsWith(child.command)).length, 1);
		const count = nodeRed.messages('grove', 0).length;
		set(5, 1);
		await messages('grove', 0, count + 1);
		const statuses = nodeRed.statuses('grove').length;
		process.kill(child.pid, 'SIGKILL');
		assert.equal((await messages('grove', 0, count + 2)).at(-1)!['payload'], false);
		const error = await nodeRed.waitForError('grove');
		assert.equal(error.code, 'GPIO_UNAVAILABLE');
		assert.match(error.message, /^GPIO 5 was lost: The process around onoff ended/);
		await nodeRed.waitForStatus('grove', isReady, { after: statuses });
		await pressAnew('grove', 5, 1);
		set(5, 0);
		await messages('grove', 0, count + 4);
	});

	test('when the chip goes away a pressed button is released', async () => {
		const count = nodeRed.messages('grove', 0).length;
		await pressAnew('grove', 5, 1);
		const statuses = nodeRed.statuses('grove').length;
		gpio.remove(BASE);
		assert.equal((await messages('grove', 0, count + 2)).at(-1)!['payload'], false);
		const error = await nodeRed.waitForError('grove', ({ message }) => message.includes('chip'));
		assert.equal(error.code, 'GPIO_UNAVAILABLE');
		await nodeRed.waitForStatus('grove', ({ text }) => text === 'GPIO unavailable', { after: statuses });
	});

	test('nothing is left behind when all buttons are gone', async () => {
		await nodeRed.setFlows(flow());
		await nodeRed.waitForNoChildren();
	});
});

describe('a Node-RED that was killed', { skip: SKIP }, () => {
	test('leaves no process, and the next one takes over the line that it left exported', async () => {
		const gpio = await startGpio({ chips: CHIPS });
		const buttons = flow(button('hat', { pin: '17', active: 'low' }));
		let nodeRed = await startNodeRed({ wrap: gpio.wrap, flow: buttons });
		try {
			await nodeRed.waitForStatus('hat', isReady);
			assert.ok(nodeRed.children().length > 0);
			await nodeRed.kill('SIGKILL');
			await nodeRed.waitForNoChildren();
			await nodeRed.stop();
			assert.deepEqual(gpio.exported(), [BASE + 17]);
			nodeRed = await startNodeRed({ wrap: gpio.wrap, flow: buttons });
			await nodeRed.waitForStatus('hat', isReady);
			gpio.set(BASE + 17, 0);
			assert.equal((await nodeRed.waitFor('hat'))['payload'], true);
		} finally {
			await nodeRed.stop();
			await gpio.stop();
		}
	});
});
