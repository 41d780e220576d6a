import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import register from '../../../nodes/button-trigger/button-trigger.ts';
import { helper, placed } from '../../lab/test-helper.ts';

type Message = Record<string, unknown>;

/** All that arrived at each helper node, in order. */
const arrived: [string, Message][] = [];
const at = (id: string) => arrived.filter(([where]) => where === id).map(([, message]) => message);
const payloads = (id: string) => at(id).map(({ payload }) => payload);

async function arrivals(id: string, count: number): Promise<Message[]> {
	for (const deadline = Date.now() + 60_000; at(id).length < count; await sleep(5))
		assert.ok(Date.now() < deadline, `${id} has ${at(id).length} of ${count} messages`);
	return at(id);
}

async function load(settings: object): Promise<void> {
	arrived.length = 0;
	const listeners = ['presses', 'gestures', 'caught', 'done', 'looks'];
	await helper.load(register, [
		{ id: 'tab', type: 'tab' },
		...listeners.map((id) => placed(id, 'helper')),
		placed('catch', 'catch', { scope: null, wires: [['caught']] }),
		placed('complete', 'complete', { scope: ['button'], wires: [['done']] }),
		placed('status', 'status', { scope: ['button'], wires: [['looks']] }),
		placed('button', 'button-trigger', { ...settings, wires: [['presses'], ['gestures']] }),
	]);
	for (const id of listeners)
		helper.getNode(id).on('input', (message) => void arrived.push([id, message as Message]));
}

const send = (message: Message) => helper.getNode('button').receive(message as never);
const QUICK = { backend: 'simulated', doubleClickMs: 0, longPressMs: 0 };

describe('button-trigger', () => {
	before(() => helper.startServer());
	after(() => helper.stopServer());
	afterEach(() => helper.unload());

	test('every control word presses or releases, in exactly these messages', async () => {
		await load({ ...QUICK, topic: 'kitchen', name: 'not used' });
		for (const payload of [true, false, 1, 0, 'start', 'stop', ' Toggle ', 'TOGGLE']) send({ payload });
		await arrivals('done', 8);
		await arrivals('gestures', 4);
		const held = at('presses').map(({ button }) => (button as { heldMs?: number }).heldMs);
		for (const [index, heldMs] of held.entries())
			assert.ok(index % 2 === 0 ? heldMs === undefined : Number.isInteger(heldMs) && heldMs! >= 0);
		const shapes = at('presses').map(({ _msgid, ...message }) => message);
		assert.deepEqual(
			shapes,
			held.map((heldMs, index) =>
				index % 2 === 0
					? { payload: true, button: { event: 'press' }, topic: 'kitchen' }
					: { payload: false, button: { event: 'release', heldMs }, topic: 'kitchen' },
			),
		);
		assert.deepEqual(
			at('gestures').map(({ _msgid, ...message }) => message),
			[1, 3, 5, 7].map((index) => ({
				payload: 'click',
				button: { event: 'click', heldMs: held[index] },
				topic: 'kitchen',
			})),
		);
		assert.equal(new Set(at('presses')).size, 8);
	});

	test('commands that change nothing send nothing', async () => {
		await load({ ...QUICK, name: 'front door' });
		for (const payload of [false, true, true, 'start', false, 'stop']) send({ payload });
		await arrivals('done', 6);
		await arrivals('gestures', 1);
		assert.deepEqual(payloads('presses'), [true, false]);
		assert.equal(at('presses')[0]!['topic'], 'front door');
	});

	test('a reset releases without a gesture', async () => {
		await load(QUICK);
		for (const message of [{ payload: 1 }, { reset: true }, { reset: false }, { payload: 1 }, { payload: 0 }])
			send(message);
		await arrivals('done', 5);
		await arrivals('gestures', 1);
		assert.deepEqual(payloads('presses'), [true, false, true, false]);
		assert.deepEqual(payloads('gestures'), ['click']);
	});

	test('double-click and long press', async () => {
		await load({ backend: 'simulated', doubleClickMs: 5000, longPressMs: 60_000 });
		for (const payload of [1, 0, 1, 0]) send({ payload });
		assert.equal((await arrivals('gestures', 1))[0]!['payload'], 'double-click');
		await helper.unload();
		await load({ backend: 'simulated', doubleClickMs: 5000, longPressMs: 50 });
		send({ payload: true });
		const [long] = await arrivals('gestures', 1);
		assert.deepEqual(
			[long!['payload'], long!['button']],
			['long-press', { event: 'long-press', heldMs: 50 }],
		);
		assert.deepEqual(payloads('presses'), [true]);
	});

	test('the longest hold forces a release', async () => {
		await load({ ...QUICK, maxHoldMs: '100' });
		send({ payload: true });
		const [, release] = await arrivals('presses', 2);
		assert.equal(release!['payload'], false);
		// Node.js's timers may come a millisecond early by the clock that tells the time held.
		assert.ok((release!['button'] as { heldMs: number }).heldMs >= 99);
		assert.deepEqual(payloads('gestures'), []);
	});

	test('what is no command is CONTROL_UNKNOWN, and never shows what somebody said', async () => {
		await load(QUICK);
		const transcript = { text: 'my secret', kind: 'final' };
		for (const message of [
			{ payload: 'open' },
			{ payload: 2 },
			{},
			{ payload: Buffer.from('x') },
			{ payload: 'my secret', transcript },
			{ payload: true, audio: {} },
		])
			send(message);
		for (const message of await arrivals('caught', 6)) {
			const error = message['error'] as { code: string; message: string };
			assert.equal(error.code, 'CONTROL_UNKNOWN');
			assert.match(error.message, /: send true, false or /);
			assert.doesNotMatch(error.message, /secret/);
		}
		assert.deepEqual(payloads('presses'), []);
		send({ payload: true });
		await arrivals('presses', 1);
	});

	test('the editor button toggles it', async () => {
		await load(QUICK);
		const post = async (id: string) => (await helper.request().post(`/voice/button-trigger/${id}`)).status;
		assert.equal(await post('button'), 200);
		await arrivals('presses', 1);
		assert.equal(await post('button'), 200);
		await arrivals('presses', 2);
		assert.deepEqual(payloads('presses'), [true, false]);
		assert.equal(await post('nothing'), 404);
		assert.equal(await post('presses'), 404, 'a node of another type');
	});

	for (const [what, settings, code, message] of [
		['no pin', { backend: 'auto', pin: ' ' }, 'GPIO_LINE_NOT_FOUND', /no pin: .*BCM number/],
		['an unknown backend', { backend: 'python' }, 'GPIO_UNAVAILABLE', /"backend" is "python": use one of/],
		['a time that is no number', { debounceMs: 'soon', pin: '5' }, 'GPIO_UNAVAILABLE', /"debounceMs"/],
		['pull with onoff', { backend: 'onoff', pin: '5', pull: 'up' }, 'GPIO_UNAVAILABLE', /pull-up.*gpiomon/],
	] as const) {
		test(`${what}: a Catch node hears of it once, the status is red, and the button still works`, async () => {
			await load(settings);
			const [caught] = await arrivals('caught', 1);
			const error = caught!['error'] as { code: string; message: string };
			assert.equal(error.code, code);
			assert.match(error.message, message);
			send({ payload: true });
			send({ payload: false });
			await arrivals('presses', 2);
			assert.deepEqual(payloads('presses'), [true, false]);
			const looks = (await arrivals('looks', 3)).map(({ status }) => (status as { fill: string }).fill);
			assert.deepEqual(looks.slice(-3), ['red', 'green', 'red']);
			assert.equal(at('caught').length, 1);
		});
	}

	test('twelve buttons put no twelve listeners on Node-RED', async () => {
		const warnings: Error[] = [];
		const hear = (warning: Error) => warnings.push(warning);
		process.on('warning', hear);
		try {
			const buttons = Array.from({ length: 12 }, (_, n) => placed(`b${n}`, 'button-trigger', QUICK));
			await helper.load(register, [{ id: 'tab', type: 'tab' }, ...buttons]);
			await new Promise((resolve) => setImmediate(resolve));
			assert.deepEqual(warnings, []);
		} finally {
			process.off('warning', hear);
		}
	});
});
