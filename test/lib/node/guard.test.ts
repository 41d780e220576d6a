import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red';
import { AudioFormatError } from '../../../lib/audio/format.ts';
import { VoiceError } from '../../../lib/node/errors.ts';
import { NodeGuard, type SendTo } from '../../../lib/node/guard.ts';
import { StatusLine } from '../../../lib/node/status.ts';
import { helper, placed } from '../../lab/test-helper.ts';

type Message = NodeMessage & Record<string, unknown>;

/** What the node under test does with a message, and on its end. */
let handle: (message: Message, send: SendTo) => unknown = () => {};
let close: (removed: boolean) => unknown = () => {};
let onError: (error: VoiceError) => void = () => {};
let guard: NodeGuard;
let node: Node;

function register(red: NodeAPI): void {
	red.nodes.registerType('guarded', function (this: Node, config: NodeDef) {
		red.nodes.createNode(this, config);
		node = this;
		const status = new StatusLine(this, (key) => red._(key), 'g');
		guard = new NodeGuard(this, { fallback: 'STT_ENGINE', status, onError: (error) => onError(error) });
		guard.onInput((message, send) => handle(message, send));
		guard.onClose((removed) => close(removed));
	});
}

const flow = (withCatch = true) => [
	{ id: 'tab', type: 'tab' },
	placed('n', 'guarded', { wires: [['first'], ['second', 'second2']] }),
	...['first', 'second', 'second2', 'caught', 'done'].map((id) => placed(id, 'helper')),
	...(withCatch ? [placed('catch', 'catch', { scope: null, wires: [['caught']] })] : []),
	placed('complete', 'complete', { scope: ['n'], wires: [['done']] }),
];

/** All that arrived at each helper node, in order, e.g. `caught`. */
const arrived: [string, Message][] = [];
const at = (id: string) => arrived.filter(([where]) => where === id).map(([, message]) => message);

async function load(withCatch = true): Promise<void> {
	await helper.load(register, flow(withCatch));
	for (const id of ['first', 'second', 'second2', 'caught', 'done'])
		helper.getNode(id).on('input', (message: Message) => void arrived.push([id, message]));
}

/** Node-RED delivers in one turn of the event loop per wire; nothing here needs ten. */
async function settled(): Promise<void> {
	for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
}

async function input(message: object): Promise<void> {
	node.receive(message as NodeMessage);
	await settled();
}

before(() => helper.startServer());
after(() => helper.stopServer());
afterEach(async () => {
	await helper.unload();
	arrived.length = 0;
	handle = close = onError = () => {};
});

describe('input', () => {
	test('Complete fires once, when the handler is done and not before', async () => {
		await load();
		let release = () => {};
		handle = () => new Promise<void>((resolve) => (release = resolve));
		await input({ payload: 1 });
		assert.deepEqual(at('done'), []);
		release();
		await settled();
		assert.deepEqual(
			at('done').map(({ payload }) => payload),
			[1],
		);
		assert.deepEqual(at('caught'), []);
	});

	for (const [how, fail] of [
		[
			'a synchronous throw',
			(error: unknown) => {
				throw error;
			},
		],
		['an async rejection', (error: unknown) => Promise.reject(error)],
		[
			'a late rejection',
			async (error: unknown) => {
				await new Promise(setImmediate);
				throw error;
			},
		],
	] as [string, (error: unknown) => unknown][])
		test(`${how} reaches Catch once, with code and message, and Complete not at all`, async () => {
			await load();
			const cause = new Error('inner');
			handle = () => fail(new VoiceError('MIC_DEVICE_BUSY', 'hw:1 is in use', 'close the other', { cause }));
			await input({ payload: 1, topic: 't' });
			assert.equal(at('caught').length, 1);
			const { error, topic } = at('caught')[0] as Message & { error: Record<string, unknown> };
			assert.equal(topic, 't');
			assert.equal(error['message'], 'hw:1 is in use: close the other');
			assert.equal(error['code'], 'MIC_DEVICE_BUSY');
			assert.ok(error['stack'] && error['cause']);
			assert.equal((error['source'] as Record<string, unknown>)['id'], 'n');
			assert.deepEqual(at('done'), []);
		});

	test('errors that nobody foresaw get the code of the node; audio errors their own', async () => {
		await load();
		const codes: unknown[] = [];
		for (const thrown of [
			new TypeError('oops'),
			new AudioFormatError('bad', 'use another'),
			'text',
			undefined,
			null,
			Object.create(null),
		]) {
			handle = () => Promise.reject(thrown);
			await input({});
			codes.push((at('caught').at(-1) as Message & { error: { code: string } }).error.code);
		}
		const engine = 'STT_ENGINE';
		assert.deepEqual(codes, [engine, 'AUDIO_FORMAT', engine, engine, engine, engine]);
		assert.equal(at('caught').length, 6);
		assert.deepEqual(at('done'), []);
	});

	test('the status turns red, and who counts errors is told first', async () => {
		await load();
		const seen: string[] = [];
		node.status = (status) => void seen.push(JSON.stringify(status));
		onError = ({ code }) => void seen.push(code);
		handle = () => Promise.reject(new VoiceError('STT_AUTH', 'p', 'r'));
		await input({});
		assert.deepEqual(seen, ['STT_AUTH', '{"fill":"red","shape":"ring","text":"STT_AUTH"}']);
	});

	test('an error while reporting an error changes nothing: one report, no crash', async () => {
		await load();
		onError = () => {
			throw new Error('second');
		};
		handle = () => Promise.reject(new VoiceError('STT_AUTH', 'p', 'r'));
		await input({});
		assert.equal(at('caught').length, 1);
		node.status = () => {
			throw new Error('third');
		};
		onError = () => {};
		await input({});
		assert.equal(at('caught').length, 2);
		handle = () => {};
		await input({});
		assert.equal(at('done').length, 1);
	});

	test('messages are handled in their order, and each may wait for itself', async () => {
		await load();
		const order: unknown[] = [];
		handle = async ({ payload }) => {
			order.push(payload);
			if (payload === 0) await new Promise(() => {});
		};
		for (let payload = 0; payload < 20; payload++) node.receive({ payload } as NodeMessage);
		await settled();
		assert.deepEqual(
			order,
			Array.from({ length: 20 }, (_, i) => i),
		);
		assert.equal(at('done').length, 19, 'all but the one that hangs');
	});
});

describe('sending', () => {
	test('goes to its output only, within a handler and outside', async () => {
		await load();
		handle = (_message, send) => {
			send(0, { payload: 'a' });
			send(1, { payload: 'b' });
		};
		await input({});
		guard.send(1, { payload: 'c' });
		guard.send(0, { payload: 'd' });
		await settled();
		const payloads = (id: string) => at(id).map(({ payload }) => payload);
		assert.deepEqual(['first', 'second', 'second2'].map(payloads), [
			['a', 'd'],
			['b', 'c'],
			['b', 'c'],
		]);
	});
});

describe('messages that Node-RED cannot take', () => {
	test('are not sent, and throw nothing', async () => {
		await load();
		guard.send(1, {
			get payload() {
				throw new Error('not to be copied');
			},
		});
		guard.send(1, { payload: 'next' });
		await settled();
		assert.deepEqual(
			at('second2').map(({ payload }) => payload),
			['next'],
		);
	});

	test('do not keep an error from a Catch node', async () => {
		await load();
		guard.report(new VoiceError('PLAY_STALLED', 'p', 'r'), Object.create(null));
		await settled();
		assert.deepEqual(
			at('caught').map((message) => (message as Message & { error: { code: string } }).error.code),
			['PLAY_STALLED'],
		);
	});
});

describe('errors without a message in hand', () => {
	const error = new VoiceError('MIC_STALLED', 'the microphone went away', 'plug it in');

	test('report() reaches Catch with the message that began the work', async () => {
		await load();
		guard.report(error, { payload: 'start', topic: 'kitchen', _msgid: 'm1' });
		guard.report(error);
		await settled();
		const [first, second] = at('caught') as (Message & { error: { code: string; message: string } })[];
		assert.deepEqual([first!.topic, first!.payload, first!._msgid], ['kitchen', 'start', 'm1']);
		assert.deepEqual([first!.error.code, first!.error.message], ['MIC_STALLED', error.message]);
		assert.equal(second!.error.code, 'MIC_STALLED');
	});

	test('without a Catch node it is logged, once', async () => {
		await load(false);
		guard.report(error, { topic: 'kitchen' });
		await settled();
		const logged = helper.log().args.filter(([entry]) => entry.id === 'n' && entry.level === 20);
		assert.deepEqual(
			logged.map(([entry]) => String(entry.msg)),
			[error.message],
		);
	});

	test('run() reports what fails, now or later, and says nothing of what goes well', async () => {
		await load();
		guard.run(() => 'fine');
		guard.run(() => {
			throw error;
		});
		guard.run(() => Promise.reject(error), { topic: 't' });
		await settled();
		assert.deepEqual(
			at('caught').map(({ topic }) => topic),
			[undefined, 't'],
		);
	});
});

describe('close', () => {
	test('Node-RED waits for it; it learns whether the node was removed', async () => {
		await load();
		const steps: unknown[] = [];
		close = async (removed) => {
			await new Promise(setImmediate);
			steps.push(removed);
		};
		await helper.unload();
		steps.push('stopped');
		assert.deepEqual(steps, [false, 'stopped']);
	});

	for (const [how, fail] of [
		[
			'throws',
			() => {
				throw new VoiceError('MIC_STALLED', 'no end', 'none');
			},
		],
		['rejects', () => Promise.reject(new VoiceError('MIC_STALLED', 'no end', 'none'))],
	] as const)
		test(`what it ${how} is logged, and Node-RED goes on`, async () => {
			await load();
			const warned: unknown[] = [];
			node.warn = (text) => void warned.push(text);
			close = fail;
			let ended = 0;
			await (node as unknown as { close(): Promise<void> }).close().then(() => ended++);
			assert.equal(ended, 1);
			assert.deepEqual(warned, ['no end: none']);
			close = () => {};
		});
});
