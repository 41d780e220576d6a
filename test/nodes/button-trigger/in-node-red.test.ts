import assert from 'node:assert/strict';
import process from 'node:process';
import { after, before, describe, test } from 'node:test';
import { type FlowNode, type LabNodeRed, sink, startNodeRed } from '../../lab/node-red.ts';
import { type StandIn, standIn } from './gpiod-stand-in.ts';

const button = (id: string, settings: object = {}): FlowNode => ({
	id,
	type: 'button-trigger',
	z: 'tab',
	x: 0,
	y: 0,
	name: `the ${id}`,
	backend: 'simulated',
	...settings,
	wires: [['sink'], ['sink']],
});
const flow = (...nodes: FlowNode[]): FlowNode[] => [
	{ id: 'tab', type: 'tab' },
	...nodes,
	{ id: 'catch', type: 'catch', z: 'tab', x: 0, y: 0, scope: null, wires: [['sink']] },
	sink('sink', 'tab'),
];

describe('a button in Node-RED, its line by gpiomon (STAND-IN tools)', () => {
	let tools: StandIn;
	let nodeRed: LabNodeRed;
	before(async () => {
		tools = standIn({ version: 2, chips: [{ name: 'gpiochip0', label: 'pinctrl-bcm2711', lines: 58 }] });
		nodeRed = await startNodeRed({
			// biome-ignore lint/suspicious/noTemplateCurlyInString: Node-RED puts the variable in
			flow: flow(button('door', { backend: 'auto', pin: '${PIN}', active: 'low' }), button('soft')),
			env: { PIN: '17', PATH: `${tools.folder}:${process.env['PATH']}` },
		});
		await nodeRed.waitForStatus('door', ({ text }) => text === 'ready');
	});
	after(async () => {
		await nodeRed?.stop();
		tools.cleanUp();
	});

	test('press and release, and their status', async () => {
		await tools.edge('gpiochip0', 17, 'falling');
		const press = await nodeRed.waitFor('door', undefined, { port: 0 });
		assert.deepEqual([press['payload'], press['topic']], [true, 'the door']);
		await tools.edge('gpiochip0', 17, 'rising');
		const click = await nodeRed.waitFor('door', undefined, { port: 1 });
		assert.equal(click['payload'], 'click');
		assert.deepEqual(
			nodeRed.statuses('door').map(({ fill, shape, text }) => `${fill} ${shape} ${text}`),
			['yellow ring opening', 'grey ring ready', 'green dot pressed', 'grey ring ready'],
		);
	});

	test('a lost line releases the button, a Catch node hears why, and the line opens again', async () => {
		const count = nodeRed.messages('door', 0).length;
		await tools.edge('gpiochip0', 17, 'falling');
		await nodeRed.waitFor('door', (_, index) => index === count, { port: 0 });
		const statuses = nodeRed.statuses('door').length;
		await tools.remove('gpiochip0', 17);
		const release = await nodeRed.waitFor('door', (_, index) => index === count + 1, { port: 0 });
		assert.equal(release['payload'], false);
		const caught = await nodeRed.waitFor('catch');
		const { code, message } = caught['error'] as { code: string; message: string };
		assert.equal(code, 'GPIO_UNAVAILABLE');
		assert.match(message, /^GPIO 17 was lost: /);
		await nodeRed.waitForStatus('door', ({ text }) => text === 'ready', { after: statuses });
		await tools.edge('gpiochip0', 17, 'falling');
		await nodeRed.waitFor('door', ({ payload }, index) => index > count + 1 && payload === true, { port: 0 });
	});

	test('the editor button', async () => {
		const post = async (id: string) =>
			(await fetch(`${nodeRed.url}/voice/button-trigger/${id}`, { method: 'POST' })).status;
		assert.equal(await post('soft'), 200);
		assert.equal((await nodeRed.waitFor('soft', undefined, { port: 0 }))['payload'], true);
		assert.equal(await post('sink'), 404);
	});

	test('when a pressed button is changed or removed, who lives on hears the release', async () => {
		const door = nodeRed.messages('door', 0).length;
		assert.equal(nodeRed.messages('door', 0).at(-1)!['payload'], true);
		await nodeRed.setFlows(flow(button('door', { backend: 'simulated' })), { type: 'nodes' });
		for (const [id, count] of [
			['door', door + 1],
			['soft', 2],
		] as const) {
			const release = await nodeRed.waitFor(id, (_, index) => index === count - 1, { port: 0 });
			assert.equal(release['payload'], false, id);
		}
		await nodeRed.waitForNoChildren();
	});
});

test('the editor button needs the permission button-trigger.write', async () => {
	for (const [permissions, status] of [
		['read', 401],
		['button-trigger.write', 200],
	] as const) {
		const adminAuth = { type: 'credentials', users: [], default: { permissions } };
		const nodeRed = await startNodeRed({ flow: flow(button('soft')), settings: { adminAuth } });
		try {
			const answer = await fetch(`${nodeRed.url}/voice/button-trigger/soft`, { method: 'POST' });
			assert.equal(answer.status, status, permissions);
		} finally {
			await nodeRed.stop();
		}
	}
});
