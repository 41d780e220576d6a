import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, readProc } from './descendants.ts';
import { type FlowNode, type LabNodeRed, sink, startNodeRed } from './node-red.ts';

const tab: FlowNode = { id: 'tab', type: 'tab', label: 'lab' };

function node(id: string, type: string, wires: string[][], rest: Record<string, unknown>): FlowNode {
	return { id, z: 'tab', type, wires, ...rest };
}

const code = (id: string, func: string, wires: string[][], outputs = wires.length) =>
	node(id, 'function', wires, { func, outputs, finalize: '', initialize: '', libs: [] });

/** A node that runs a shell command for as long as it likes. */
const shell = (id: string, command: string) =>
	node(id, 'exec', [[], [], []], {
		command,
		addpay: '',
		useSpawn: 'false',
		append: '',
		timer: '',
		oldrc: false,
	});

/** Processes announce neither birth nor death: look until `done`, or fail after 30 s with the `state`. */
async function until(done: () => boolean, state: () => string): Promise<void> {
	for (const deadline = Date.now() + 30_000; !done(); await sleep(20))
		if (Date.now() > deadline) assert.fail(state());
}

async function lab(
	t: { after(hook: () => unknown): void },
	flow: FlowNode[],
	options = {},
): Promise<LabNodeRed> {
	const nodeRed = await startNodeRed({ flow: [tab, ...flow], ...options });
	t.after(() => nodeRed.kill().then(() => nodeRed.stop().catch(() => {})));
	return nodeRed;
}

test('a flow runs, is observed, is deployed anew and stops', { timeout: 120_000 }, async (t) => {
	const inject = node('inject', 'inject', [['code']], {
		...{
			once: true,
			onceDelay: 0.1,
			repeat: '',
			crontab: '',
			topic: '',
			payloadType: 'str',
			payload: 'hello',
		},
		props: [{ p: 'payload' }],
	});
	const func = `node.status({ fill: 'blue', shape: 'dot', text: String(msg.payload) });
		if (msg.payload === 'bad') throw Object.assign(new Error('boom'), { code: 'BOOM' });
		return [{ payload: Buffer.from(msg.payload), req: {}, res: {} }, [{ payload: 1 }, { payload: 2 }]];`;
	const flow = [
		inject,
		code('code', func, [
			['one', 'two'],
			['two', 'one'],
		]),
		sink('one', 'tab'),
		sink('two', 'tab'),
	];
	const nodeRed = await lab(t, flow);

	const first = await nodeRed.waitFor('code');
	assert.ok(Buffer.isBuffer(first['payload']));
	assert.equal(String(first['payload']), 'hello');
	assert.ok(!('req' in first) && !('res' in first));
	await nodeRed.waitFor('code', (msg) => msg['payload'] === 2, { port: 1 });
	assert.deepEqual(
		nodeRed.messages('code', 1).map((msg) => msg['payload']),
		[1, 2],
		'each once, though wired twice',
	);
	assert.equal(nodeRed.messages('code').length, 3);
	assert.deepEqual(await nodeRed.waitForStatus('code'), { fill: 'blue', shape: 'dot', text: 'hello' });

	await nodeRed.send('code', { payload: 'bad' });
	const failure = await nodeRed.waitForError('code');
	assert.deepEqual([failure.node, failure.type, failure.code], ['code', 'function', 'BOOM']);
	assert.match(failure.message, /boom/);
	assert.equal(failure.msg?.['payload'], 'bad');
	assert.equal(nodeRed.errors('inject').length, 0);
	await assert.rejects(nodeRed.send('nobody', {}), /no node nobody/);

	assert.equal((await fetch(`${nodeRed.url}/flows`)).status, 200);
	await nodeRed.setFlows([tab, ...flow]);
	await nodeRed.waitFor('inject', (_, index) => index === 1);
	const other = { ...flow[1]!, func: 'return [{ payload: "new" }];' };
	await nodeRed.setFlows([tab, flow[0]!, other, ...flow.slice(2)], { type: 'nodes' });
	await nodeRed.send('code', { payload: 'x' });
	await nodeRed.waitFor('code', (msg) => msg['payload'] === 'new');
	assert.equal(nodeRed.messages('inject').length, 2, 'a node that did not change was not restarted');

	const ours = (await nodeRed.installed()).filter((set) => set.module === '@voxwire/node-red-voice');
	assert.deepEqual(ours.map((set) => set.id.split('/').at(-1)).sort(), [
		...['audio-play', 'button-trigger', 'mic-capture', 'stt-stream'],
	]);
	assert.deepEqual(nodeRed.childPids(), []);
	await nodeRed.stop();
	assert.deepEqual(await nodeRed.exited, { code: 0, signal: null });
	assert.equal(readProc(nodeRed.pid), undefined);
	assert.equal(existsSync(nodeRed.userDir), false);
	await assert.rejects(
		nodeRed.waitFor('code', () => false),
		/Node-RED ended with 0/,
	);
	await assert.rejects(nodeRed.send('code', {}), /is gone|ended/);
});

test('credentials and the environment reach the nodes, the rest of the environment does not', {
	timeout: 60_000,
}, async (t) => {
	process.env['LAB_TEST_SECRET'] = 'leaked';
	t.after(() => delete process.env['LAB_TEST_SECRET']);
	const flow = [
		code('env', `return { payload: [env.get('LAB_GIVEN'), env.get('LAB_TEST_SECRET')] };`, [['sink']]),
		node('request', 'http request', [['sink']], { method: 'GET', ret: 'txt', url: '', authType: 'basic' }),
		node('in', 'http in', [['answer']], { url: '/who', method: 'get' }),
		code('answer', 'return { ...msg, payload: msg.req.headers.authorization };', [['out']]),
		node('out', 'http response', [], {}),
		sink('sink', 'tab'),
	];
	const nodeRed = await lab(t, flow, {
		env: { LAB_GIVEN: 'given' },
		credentials: { request: { user: 'me', password: 'secret' } },
	});
	await nodeRed.send('env', {});
	assert.deepEqual((await nodeRed.waitFor('env'))['payload'], ['given', undefined]);
	await nodeRed.send('request', { url: `${nodeRed.url}/who` });
	const answer = await nodeRed.waitFor('request');
	assert.equal(answer['payload'], `Basic ${Buffer.from('me:secret').toString('base64')}`);
	await nodeRed.stop();
});

test('a flow with an unknown node does not start, and says why', { timeout: 60_000 }, async () => {
	await assert.rejects(
		startNodeRed({ flow: [tab, node('x', 'no such type', [], {})] }),
		/node types no such type/,
	);
});

test('processes that outlive Node-RED are found, also detached and re-parented ones', {
	timeout: 120_000,
}, async (t) => {
	// One child, one in a session of its own whose parent has ended, one of these without any environment.
	const nodeRed = await lab(t, [
		shell('plain', 'sleep 611'),
		shell('detached', 'setsid sleep 612 & exit 0'),
		shell('unmarked', 'env -i setsid sleep 613'),
	]);
	for (const id of ['plain', 'detached', 'unmarked']) await nodeRed.send(id, { payload: '' });
	const sleepers = () => nodeRed.children().filter(({ command }) => /^sleep 61\d$/.test(command));
	await until(
		() => sleepers().length === 3,
		() =>
			nodeRed
				.children()
				.map(({ command }) => command)
				.join('; '),
	);
	const found = sleepers();
	await nodeRed.kill();
	await assert.rejects(nodeRed.waitForNoChildren(100), (error: Error) => {
		assert.match(error.message, /3 descendants of Node-RED are alive/);
		for (const { pid } of found) assert.match(error.message, new RegExp(`\\b${pid} `));
		return true;
	});
	await assert.rejects(nodeRed.stop(100), /sleep 612/);
	await until(
		() => !found.some(isAlive),
		() => 'they live',
	);
	assert.deepEqual(nodeRed.children(), []);
});

test('a crash is reported, not waited out', { timeout: 60_000 }, async (t) => {
	const nodeRed = await lab(t, [code('code', 'return msg;', [[]])]);
	const waiting = assert.rejects(nodeRed.waitFor('code'), /ended with SIGSEGV/);
	process.kill(nodeRed.pid, 'SIGSEGV');
	await waiting;
	assert.deepEqual(await nodeRed.exited, { code: null, signal: 'SIGSEGV' });
	await assert.rejects(nodeRed.stop(), /ended with SIGSEGV/);
});
