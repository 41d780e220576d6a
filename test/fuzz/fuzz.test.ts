import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Coverage } from './coverage.ts';
import { Random } from './random.ts';
import { TARGETS } from './targets.ts';
import { fuzzWatched } from './watch.ts';

// The bounded part: the whole corpus, and some thousand inputs made of it. The long one: fuzz.ts.

const SEED = 20261121;
const TRIES = 4000;
/** For a parser; a slow machine tries fewer. */
const SECONDS = 1.5;

for (const parser of Object.keys(TARGETS))
	test(`${parser}: the corpus and what is made of it break no rule`, { timeout: 120_000 }, async () => {
		const options = { seed: SEED, tries: TRIES, seconds: SECONDS, guided: false };
		const { executions, failures } = await fuzzWatched(parser, options);
		const told = failures.map(
			({ input, text }) => `${text}\ninput (base64): ${Buffer.from(input).toString('base64').slice(0, 6000)}`,
		);
		assert.equal(told.join('\n\n'), '');
		assert.ok(executions > 0);
	});

test('coverage leads to what guessing does not reach, and the seed leads there again', async () => {
	const once = (guided: boolean) => fuzzWatched('locked', { seed: 2, tries: 40_000, seconds: 60, guided });
	const [first, again, blind] = [await once(true), await once(true), await once(false)];
	assert.equal(first.failures[0]?.text.split('\n')[0], 'Error: opened');
	assert.deepEqual(again.failures, first.failures);
	assert.deepEqual(blind.failures, []);
});

test('a parser that hangs is found, with its input', { timeout: 120_000 }, async () => {
	const options = { seed: 1, tries: 10, seconds: 60, guided: false };
	const { failures } = await fuzzWatched('hanging', options, 1000);
	assert.match(failures[0]?.text ?? '', /^hangs/);
	assert.equal(Buffer.from(failures[0]?.input ?? []).toString(), 'for ever');
});

test('coverage tells new places from known ones', async () => {
	const coverage = new Coverage((url) => url.includes('/dist/test/fuzz/lock.js'));
	const { isOpen } = await import('./lock.ts');
	isOpen(Buffer.from('x'));
	coverage.take();
	isOpen(Buffer.from('y'));
	assert.equal(coverage.take(), false);
	isOpen(Buffer.from('Ky'));
	assert.equal(coverage.take(), true);
	coverage.stop();
});

test('the same seed gives the same numbers, and another one others', () => {
	const numbers = (seed: number) => {
		const random = new Random(seed);
		return Array.from({ length: 8 }, () => random.int(1000));
	};
	assert.deepEqual(numbers(7), numbers(7));
	assert.notDeepEqual(numbers(7), numbers(8));
	assert.ok(numbers(7).every((number) => number >= 0 && number < 1000));
});
