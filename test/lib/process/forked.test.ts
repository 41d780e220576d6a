import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { VoiceError } from '../../../lib/node/errors.ts';
import { ForkedChild, type ForkedOptions } from '../../../lib/process/forked.ts';
import { spawnGuarded } from '../../../lib/process/guarded.ts';
import { allGone, newMark, withMark } from './processes.ts';

const MODULE = new URL('./forked-child.js', import.meta.url);
const PARENT = fileURLToPath(new URL('./parent.js', import.meta.url));
const LONG = 60_000;
const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

const children: ForkedChild[] = [];
after(() => Promise.all(children.map((child) => child.kill())));

function fork(options: Partial<ForkedOptions> = {}, module = MODULE): ForkedChild {
	const lost = (reason: string, stderr: string) =>
		new VoiceError('STT_ENGINE', `${reason}: ${stderr}`, 'none');
	const child = new ForkedChild(module, { lost, ...options });
	children.push(child);
	return child;
}
const problem = (promise: Promise<unknown>) =>
	promise.then(
		() => assert.fail('resolved'),
		(error: unknown) => {
			assert.ok(error instanceof VoiceError, String(error));
			return error.problem;
		},
	);

describe('requests', () => {
	const child = fork();

	test('are answered, each with its own answer, in any order', async () => {
		assert.equal(await child.request('echo', 'hello', LONG), 'hello');
		const answered: unknown[] = [];
		const later = Array.from({ length: 50 }, (_, i) => child.request('later', i, LONG));
		for (const answer of later) answer.then((value) => answered.push(value));
		assert.equal(await child.request('echo', 'meanwhile', LONG), 'meanwhile');
		assert.deepEqual(answered, []);
		await child.request('release', null, LONG);
		assert.deepEqual(
			await Promise.all(later),
			Array.from({ length: 50 }, (_, i) => i),
		);
		assert.equal(answered[0], 49, 'the child answered the last one first');
	});

	test('carry Buffers and structured values both ways', async () => {
		const data = randomBytes(1_000_000);
		assert.equal(await child.request('isBuffer', data, LONG), true);
		const back = await child.request('echo', { data, list: [1, { a: null }] }, LONG);
		assert.deepEqual(back, { data, list: [1, { a: null }] });
		assert.ok(Buffer.isBuffer((back as { data: unknown }).data));
		for (const value of [undefined, null, 0, Number.NaN, new Map([[1, 2]]), Float32Array.of(0.5)])
			assert.deepEqual(await child.request('echo', value, LONG), value);
	});

	test("reject with the child's VoiceError, whole", async () => {
		await assert.rejects(child.request('refuse', null, LONG), (error: unknown) => {
			assert.ok(error instanceof VoiceError);
			assert.deepEqual(error.toJSON(), {
				code: 'MIC_DEVICE_BUSY',
				problem: 'hw:1 is in use',
				remedy: 'close the other',
				retryable: true,
			});
			return true;
		});
		assert.equal(await problem(child.request('crash', null, LONG)), 'the child failed (no such function)');
	});

	test('for what the child does not know reject, they do not answer "nothing"', async () => {
		for (const op of ['unknown', 'toString', 'constructor'])
			assert.match(await problem(child.request(op, null, LONG)), new RegExp(`"${op}"`));
	});

	test('that cannot be sent reject at once', async () => {
		await assert.rejects(
			child.request('echo', () => {}, LONG),
			/could not be cloned/,
		);
	});

	test('time out, and the child goes on', async () => {
		assert.match(await problem(child.request('hang', null, 20)), /^timeout: /);
		// Its answer, which comes too late, belongs to nobody.
		const late = child.request('later', 1, 1);
		assert.match(await problem(late), /^timeout: /);
		await child.request('release', null, LONG);
		assert.equal(await child.request('echo', 'alive', LONG), 'alive');
	});

	test('leave no timer behind', async () => {
		const before = timers();
		await child.request('echo', 1, LONG);
		await problem(child.request('refuse', null, LONG));
		await assert.rejects(child.request('echo', () => {}, LONG));
		assert.equal(timers(), before);
	});

	test('without an answer only notify', async () => {
		for (let i = 0; i < 100; i++) child.notify('count', null);
		child.notify('refuse', null);
		child.notify('unknown', null);
		assert.equal(await child.request('count', null, LONG), 101);
	});

	test('are answered though the addon prints more than a pipe holds', async () => {
		assert.equal(await child.request('print', 5_000_000, LONG), undefined);
		assert.equal(await child.request('echo', 'alive', LONG), 'alive');
	});
});

describe('events', () => {
	test('come in their order, before the answer that follows them, and Buffers as Buffers', async () => {
		const seen: [string, { i: number; data: Buffer }][] = [];
		const child = fork({ onEvent: (event, payload) => void seen.push([event, payload as never]) });
		assert.equal(await child.request('events', 1000, LONG), 'all sent');
		assert.equal(seen.length, 1000);
		seen.forEach(([event, { i, data }], at) => {
			assert.deepEqual([event, i], ['tick', at]);
			assert.ok(Buffer.isBuffer(data) && data.equals(Buffer.from([at & 0xff])));
		});
	});
});

describe('a child that cannot be understood', () => {
	test('does no harm by what is no message', async () => {
		const child = fork({ onEvent: () => assert.fail('an event') });
		assert.equal(await child.request('rubbish', null, LONG), 'sent');
		assert.equal(await child.request('echo', 'still here', LONG), 'still here');
	});

	test('is ended when whoever listens cannot take an event', async () => {
		const child = fork({
			onEvent: () => {
				throw new TypeError('no such field');
			},
		});
		child.notify('events', 1);
		assert.equal((await child.exited).code, 137);
		assert.match(await problem(child.request('echo', 1, LONG)), /^exited/);
	});
});

describe('the end of a child', () => {
	test('rejects whatever waits, with its last words, and what comes after', async () => {
		const child = fork();
		await child.request('echo', 1, LONG);
		assert.equal(child.alive, true);
		const waiting = [child.request('hang', null, LONG), child.request('die', 'no such card', LONG)];
		for (const request of waiting) assert.equal(await problem(request), 'exited: no such card');
		assert.deepEqual(await child.exited, { code: 137 });
		assert.equal(child.alive, false);
		assert.equal(child.stderr, 'no such card');
		assert.equal(await problem(child.request('echo', 1, LONG)), 'exited: no such card');
		assert.equal(child.notify('echo', 1), false);
	});

	test('does not overtake its last answer or its last event', async () => {
		const data = randomBytes(200_000);
		await Promise.all(
			Array.from({ length: 8 }, async () => {
				const told: unknown[] = [];
				const answering = fork();
				const telling = fork({ onEvent: (_event, payload) => void told.push(payload) });
				assert.deepEqual(await answering.request('answerAndDie', data, LONG), data);
				telling.notify('tellAndDie', data);
				await telling.exited;
				assert.equal(told.length, 1);
			}),
		);
	});

	test('a module that is not there ends with what Node.js says about it', async () => {
		const child = fork({}, new URL('./no-such-module.js', import.meta.url));
		assert.match(await problem(child.request('echo', 1, LONG)), /^exited: .*Cannot find module/s);
		assert.equal((await child.exited).code, 1);
	});

	test('comes by stop() and kill(), also while its event loop is blocked', async () => {
		const [calm, spinning, killed] = [fork(), fork(), fork()];
		await Promise.all([calm, spinning, killed].map((child) => child!.request('echo', 1, LONG)));
		for (const child of [spinning, killed]) child!.notify('spin', null);
		assert.deepEqual(await calm!.stop(LONG), { code: 143 });
		assert.deepEqual(await spinning!.stop(LONG), { code: 143 }, 'SIGTERM has its default meaning');
		assert.deepEqual(await killed!.kill(), { code: 137 });
	});

	test('comes when the channel to us is gone', async () => {
		const guarded = spawnGuarded(process.execPath, [fileURLToPath(MODULE)], { ipc: true });
		guarded.process.send({ request: 1, op: 'echo', payload: 'up' });
		assert.deepEqual(await once(guarded.process, 'message'), [{ reply: 1, value: 'up' }, undefined]);
		guarded.process.disconnect();
		assert.deepEqual(await guarded.exited, { code: 137 });
	});

	test('does not hold our own process once it is unreferenced', async () => {
		const mark = newMark();
		const env = { ...process.env, TEST_MARK: mark };
		const parent = spawn(process.execPath, [PARENT, 'unref', mark], { stdio: 'inherit', env });
		assert.deepEqual(await once(parent, 'exit'), [0, null]);
		await allGone(mark);
	});
});

test('the environment is ours, or the one that is given', async () => {
	const mark = newMark();
	const [ours, given] = [fork(), fork({ env: { TEST_MARK: mark, WORD: 'given' } })];
	assert.equal(await ours.request('env', 'PATH', LONG), process.env['PATH']);
	assert.equal(await given.request('env', 'WORD', LONG), 'given');
	assert.equal(await given.request('env', 'HOME', LONG), undefined);
	assert.equal(withMark(mark).length, 1, 'a test can find it by its mark');
});
