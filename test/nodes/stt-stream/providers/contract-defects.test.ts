import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DEFECTS } from './contract-defects.ts';

// The contract is worth what it finds.

const CHILD = fileURLToPath(new URL('./contract-defects-child.js', import.meta.url));

/** Runs the tests of the contract that have such names. Resolves with its report. */
async function report(defect: string, name: string): Promise<string> {
	const { NODE_TEST_CONTEXT: _, ...env } = process.env;
	const args = [`--test-name-pattern=^${name}`, '--test-reporter=tap', CHILD, defect];
	const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
	let text = '';
	child.stdout.setEncoding('utf8').on('data', (part: string) => {
		text += part;
		// What hung keeps the process alive.
		if (/^(not )?ok 1 - contract/m.test(text)) child.kill('SIGKILL');
	});
	await once(child, 'close');
	return text;
}

describe('the contract finds', { concurrency: 2 }, () => {
	for (const [defect, { found }] of Object.entries(DEFECTS))
		it(defect, async () => {
			const text = await report(defect, found);
			assert.match(text, new RegExp(`^ +not ok \\d+ - ${found}`, 'm'), text);
		});

	it('nothing wrong with a good adapter', async () => {
		const text = await report('none', '(says|ends|fails|asks|rejects)');
		assert.doesNotMatch(text, /^ *not ok/m);
		assert.ok((text.match(/^ +ok \d+ - (?!.*# SKIP)/gm) ?? []).length > 5, text);
	});
});
