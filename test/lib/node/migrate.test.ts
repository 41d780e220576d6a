import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Migrations, migrate, missing, warnOfNewer } from '../../../lib/node/migrate.ts';

/** Seconds became milliseconds; then nothing changed; then there was a setting more. */
const MIGRATIONS: Migrations = {
	version: 3,
	steps: {
		0: ({ wait }) => ({ wait: typeof wait === 'number' ? wait * 1000 : wait }),
		2: (stored) => missing(stored, { loud: false }),
	},
};

describe('stored settings of a node', () => {
	test('each step is taken once, from the version on that is stored', () => {
		const upgraded = (stored: object) => migrate(stored, MIGRATIONS);
		assert.deepEqual(upgraded({ wait: 2 }), { wait: 2000, loud: false, version: 3 });
		assert.deepEqual(upgraded({ wait: 2, version: 0 }), { wait: 2000, loud: false, version: 3 });
		assert.deepEqual(upgraded({ wait: 2, version: 1 }), { wait: 2, loud: false, version: 3 });
		assert.deepEqual(upgraded({ wait: 2, version: '2', loud: true }), { wait: 2, loud: true, version: 3 });
		assert.deepEqual(upgraded({ wait: 2, version: 3 }), { wait: 2, version: 3 });
		assert.deepEqual(upgraded(upgraded({ wait: 2 })), upgraded({ wait: 2 }));
	});

	test('of a newer release stay as they are, their version too', () => {
		const stored = { wait: { min: 1 }, version: 4, fancy: true };
		assert.deepEqual(migrate(stored, MIGRATIONS), stored);
	});

	test('are never changed in place', () => {
		const stored = Object.freeze({ wait: 2, list: Object.freeze(['a']) });
		assert.notEqual(migrate(stored, MIGRATIONS), stored);
		const current = { version: 3 };
		assert.notEqual(migrate(current, MIGRATIONS), current);
	});

	test('may be anything: what is no version is the oldest', () => {
		for (const version of [
			undefined,
			null,
			'',
			' ',
			'new',
			-1,
			1.5,
			Number.NaN,
			Number.POSITIVE_INFINITY,
			true,
			[2],
			{},
		])
			assert.deepEqual(migrate({ wait: 2, version }, MIGRATIONS), { wait: 2000, loud: false, version: 3 });
		for (const stored of [null, undefined, 7, true, [], new Date()] as unknown as object[])
			assert.deepEqual(migrate(stored, MIGRATIONS), { wait: undefined, loud: false, version: 3 });
	});

	test('of a newer release are warned of, in words that name the node, the versions and what to do', () => {
		const warnings: string[] = [];
		const node = { type: 'mic-capture', name: 'Kitchen', warn: (text: string) => void warnings.push(text) };
		for (const version of [undefined, 0, 3, 'x']) warnOfNewer(node, { version }, MIGRATIONS);
		assert.deepEqual(warnings, []);
		warnOfNewer(node, { version: 5 }, MIGRATIONS);
		assert.equal(warnings.length, 1);
		assert.match(warnings[0]!, /mic-capture node "Kitchen".*version 5.*knows 3.*update the package/);
	});
});
