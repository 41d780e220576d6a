import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { describe, test } from 'node:test';
import { VoiceError } from '../../../lib/node/errors.ts';
import { LineKeeper } from '../../../nodes/button-trigger/line-keeper.ts';
import type { LineEvents, OpenLine, Pull } from '../../../nodes/button-trigger/lines/line.ts';
import { shareLines } from '../../../nodes/button-trigger/lines/shared.ts';

const busy = new VoiceError('GPIO_BUSY', 'GPIO 17 is in use', 'wait', { retryable: true });
const gone = new VoiceError('GPIO_UNAVAILABLE', 'GPIO 17 was lost', 'wait', { retryable: true });
const nowhere = new VoiceError('GPIO_LINE_NOT_FOUND', 'There is no GPIO 99', 'use another');

/** A GPIO line whose openings go as `plan` says, one entry for each; the last one holds on. */
class Bench {
	readonly log: string[] = [];
	readonly changed = new EventEmitter();
	readonly keeper: LineKeeper;
	events!: LineEvents;
	opened = 0;
	closed = 0;
	readonly #plan: (VoiceError | 'open' | Promise<'open'>)[];

	constructor(plan: (VoiceError | 'open' | Promise<'open'>)[], wrap = (open: OpenLine) => open) {
		this.#plan = plan;
		const note = (what: string) => {
			this.log.push(what);
			this.changed.emit('change');
		};
		const told = (what: string, { code }: VoiceError, isNew: boolean) =>
			note(`${what} ${code}${isNew ? ' new' : ''}`);
		this.keeper = new LineKeeper(
			wrap((_, events) => this.#open(events)),
			{ pin: '17', pull: 'none' },
			{
				opened: (high) => note(`opened ${high}`),
				level: (high) => note(`level ${high}`),
				lost: (error, isNew) => told('lost', error, isNew),
				failed: (error, isNew) => told('failed', error, isNew),
			},
			{ firstMs: 1, longestMs: 4 },
		);
	}

	async #open(events: LineEvents) {
		const next = await (this.#plan.length > 1 ? this.#plan.shift()! : this.#plan[0]!);
		if (next instanceof VoiceError) throw next;
		this.opened++;
		this.events = events;
		return {
			name: 'GPIO 17',
			high: false,
			close: async () => {
				this.closed++;
			},
		};
	}

	async until(count: number): Promise<string[]> {
		while (this.log.length < count) await once(this.changed, 'change');
		return this.log;
	}
}

describe('a line that is kept open', () => {
	test('is tried again until it opens; each different error is news once', async () => {
		const bench = new Bench([busy, busy, gone, busy, 'open']);
		bench.keeper.start();
		assert.deepEqual(await bench.until(5), [
			'failed GPIO_BUSY new',
			'failed GPIO_BUSY',
			'failed GPIO_UNAVAILABLE new',
			'failed GPIO_BUSY',
			'opened false',
		]);
		bench.events.onLevel(true);
		assert.equal(bench.log.at(-1), 'level true');
		await bench.keeper.close();
		assert.equal(bench.closed, 1);
	});

	test('is given up when nothing but a new deploy can help', async () => {
		const bench = new Bench([nowhere, 'open']);
		bench.keeper.start();
		await bench.until(1);
		await new Promise((resolve) => setTimeout(resolve, 50));
		assert.deepEqual(bench.log, ['failed GPIO_LINE_NOT_FOUND new']);
		await bench.keeper.close();
	});

	test('opens again when it is lost; a line that flaps is not news each time', async () => {
		const bench = new Bench(['open']);
		bench.keeper.start();
		for (let loss = 0; loss < 3; loss++) {
			await bench.until(loss * 2 + 1);
			bench.events.onLost(gone);
		}
		assert.deepEqual(await bench.until(7), [
			'opened false',
			'lost GPIO_UNAVAILABLE new',
			'opened false',
			'lost GPIO_UNAVAILABLE',
			'opened false',
			'lost GPIO_UNAVAILABLE',
			'opened false',
		]);
		await bench.keeper.close();
		assert.deepEqual([bench.opened, bench.closed], [4, 1]);
	});

	test('closing while it opens waits for it and gives it back; nothing is told any more', async () => {
		let letIn: (outcome: 'open') => void = () => {};
		const bench = new Bench([
			new Promise((resolve) => {
				letIn = resolve;
			}),
		]);
		bench.keeper.start();
		const closing = bench.keeper.close();
		letIn('open');
		await closing;
		assert.deepEqual([bench.opened, bench.closed], [1, 1]);
		bench.events.onLevel(true);
		bench.events.onLost(gone);
		assert.deepEqual(bench.log, []);
	});

	test('closing between two attempts ends them', async () => {
		const bench = new Bench([busy]);
		bench.keeper.start();
		await bench.until(2);
		await bench.keeper.close();
		const told = bench.log.length;
		await new Promise((resolve) => setTimeout(resolve, 50));
		assert.equal(bench.log.length, told);
	});

	test('a loss before its opener has it is still told', async () => {
		const bench = new Bench(['open'], (open) => async (request, events) => {
			const line = await open(request, events);
			if (bench.opened === 1) events.onLost(gone);
			return line;
		});
		bench.keeper.start();
		assert.deepEqual(await bench.until(3), ['opened false', 'lost GPIO_UNAVAILABLE new', 'opened false']);
		await bench.keeper.close();
	});

	test('shared, it opens and closes once, is free before it opens again, and a loss reaches all', async () => {
		let open = 0;
		let most = 0;
		let lose: LineEvents['onLost'] = () => {};
		const shared = shareLines(async (_, events) => {
			most = Math.max(most, ++open);
			lose = events.onLost;
			return {
				name: 'GPIO 17',
				high: true,
				close: async () => {
					await new Promise((resolve) => setTimeout(resolve, 20));
					open--;
				},
			};
		});
		const losses: string[] = [];
		const use = (name: string) =>
			shared(
				{ pin: '17', pull: 'none' },
				{ onLevel: () => {}, onLost: ({ code }) => losses.push(`${name} ${code}`) },
			);
		const [a, b] = await Promise.all([use('a'), use('b')]);
		assert.equal(open, 1);
		await a.close();
		assert.equal(open, 1);
		const closing = b.close();
		const c = await use('c');
		await closing;
		assert.deepEqual([open, most, c.high], [1, 1, true]);
		await use('d');
		lose(gone);
		assert.deepEqual(losses, ['c GPIO_UNAVAILABLE', 'd GPIO_UNAVAILABLE']);
		await c.close();
		assert.equal(open, 1, 'a lost line is not closed again');
	});

	test('shared, a pull that only one of them wants fails for that one alone', async () => {
		const asked: string[] = [];
		const shared = shareLines(async ({ pull }) => {
			asked.push(pull);
			await Promise.resolve();
			if (pull !== 'none') throw new VoiceError('GPIO_UNAVAILABLE', `No pull-${pull}`, 'wire a resistor');
			return { name: 'GPIO 17', high: true, close: async () => {} };
		});
		const use = (pull: Pull) => shared({ pin: '17', pull }, { onLevel: () => {}, onLost: () => {} });
		const opened = await Promise.allSettled([use('up'), use('none'), use('none'), use('up')]);
		assert.deepEqual(
			opened.map(({ status }) => status),
			['rejected', 'fulfilled', 'fulfilled', 'rejected'],
		);
		assert.deepEqual(asked, ['up', 'none']);
	});
});
