import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { table } from '../../bench/table.ts';
import { BY_ENDING, UNITS } from '../../bench/units.ts';
import { needs } from '../lab/needs.ts';
import { packageRoot } from '../lab/root.ts';

// That the bench works, not how fast anything is: its figures are for a quiet machine.

const bench = (...args: string[]) =>
	promisify(execFile)(process.execPath, [join(packageRoot, 'dist/bench/bench.js'), ...args]);

/** Every number in it, by its path. */
function numbers(value: unknown, path = ''): [string, number][] {
	if (typeof value === 'number' || value === null) return [[path, value ?? Number.NaN]];
	if (typeof value !== 'object') return [];
	return Object.entries(value as object).flatMap(([name, item]) => numbers(item, `${path}.${name}`));
}

describe('npm run bench', { skip: needs('sherpa-onnx') }, () => {
	const folder = mkdtempSync(join(tmpdir(), 'voice-bench-'));
	after(() => rmSync(folder, { recursive: true }));

	for (const [name, cases] of Object.entries({ 'frame-sizes': 6, 'local-engine': 2, 'event-loop': 2 }))
		it(`prints and writes the figures of ${name}`, async () => {
			const file = join(folder, `${name}.json`);
			const { stdout } = await bench('--seconds', '2', '--runs', '1', '--json', file, name);
			const { about, ...figures } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, object[]>;
			assert.deepEqual(Object.keys(figures), [name]);
			assert.ok(about);
			assert.equal(figures[name]?.length, cases);
			const found = numbers(figures);
			assert.ok(found.length > cases);
			// Where the machine is busy, what is added may be less than nothing, and a partial seem early, as the first
			// chunk was seen late.
			for (const [path, value] of found)
				assert.ok(Number.isFinite(value) && (value >= 0 || /added|partial/.test(path)), `${path}: ${value}`);
			for (const row of figures[name]!)
				for (const key of Object.keys(row).slice(1)) {
					assert.ok(stdout.includes(key), key);
					const isTold = Object.keys(BY_ENDING).some((ending) => key.endsWith(ending)) || UNITS[name]?.[key];
					assert.ok(isTold, `${key} has no unit`);
				}
			for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line);
		});

	it('refuses a name that it does not know, and names those that it knows', async () => {
		await assert.rejects(bench('nonsense'), { code: 2, stderr: /no bench "nonsense"(.|\n)*frame-sizes/ });
	});
});

describe('a table of figures', () => {
	const rows = [
		{ case: 'ours', speed: { first: 7, more: 100 } },
		{ case: 'of others', speed: { first: 10, more: '–' } },
	];

	it('has a column for each case, and those that have no room follow below', () => {
		const lines = table(rows, 80).split('\n');
		assert.deepEqual(lines, [
			'             ours  of others',
			'speed.first     7         10',
			'speed.more    100          –',
		]);
		assert.deepEqual(table(rows, 20).split('\n'), [
			'             ours',
			'speed.first     7',
			'speed.more    100',
			'',
			'             of others',
			'speed.first         10',
			'speed.more           –',
		]);
	});

	it('has a line for each of many cases', () => {
		const many = Array.from({ length: 13 }, (_, index) => ({ case: `case ${index}`, value: index }));
		const [head, first, , third] = table(many, 80).split('\n');
		assert.deepEqual([head, first, third], ['         value', 'case 0       0', 'case 2       2']);
	});
});
