import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, describe, it } from 'node:test';
import { readOptions, writeFigures } from './long-run.ts';
import { packageRoot } from './root.ts';

const folder = mkdtempSync(join(tmpdir(), 'voice-lab-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

describe('options of a long command', () => {
	const shape = {
		help: 'how it is called',
		numbers: { seconds: { default: 20, least: 0.1 }, runs: { default: 5, least: 1, whole: true } },
		flags: ['keep'] as const,
		words: { known: ['wav', 'pcm'], called: 'parser' },
		files: ['json'] as const,
	};

	it('are what was typed, else what is usual', () => {
		const usual = {
			numbers: { seconds: 20, runs: 5 },
			flags: { keep: false },
			words: [],
			files: { json: undefined },
		};
		assert.deepEqual(readOptions([], shape), usual);
		const path = join(folder, 'figures.json');
		assert.deepEqual(readOptions(['wav', '--runs', '2', '--seconds=.5', '--keep', '--json', path], shape), {
			numbers: { seconds: 0.5, runs: 2 },
			flags: { keep: true },
			words: ['wav'],
			files: { json: path },
		});
		assert.equal(existsSync(path), false);
		assert.equal(readOptions(['wav', '--help'], shape), 'help');
	});

	for (const [args, words] of [
		[['--seconds', 'abc'], /--seconds abc: not a number of at least 0\.1/],
		[['--seconds', '-1'], /--seconds -1: not a number/],
		[['--seconds='], /--seconds : not a number/],
		[['--seconds', 'Infinity'], /not a number/],
		[['--runs', '0'], /--runs 0: not a whole number of at least 1/],
		[['--runs', '1.5'], /--runs 1\.5: not a whole number/],
		[['--hurry'], /'--hurry'/],
		[['mp3'], /no parser "mp3"/],
		[['toString'], /no parser "toString"/],
		[['--json', join(folder, 'none', 'x.json')], /cannot write .*: there is no such folder/],
		[['--json', folder], /cannot write .*: it is a folder/],
	] as const)
		it(`refuse ${args.join(' ').replace(folder, '…')}`, () => {
			assert.throws(() => readOptions(args, shape), words);
		});

	it('leave a file with figures as it is until there are new ones', () => {
		const path = join(folder, 'kept.json');
		writeFileSync(path, 'kept');
		readOptions(['--json', path], shape);
		assert.equal(readFileSync(path, 'utf8'), 'kept');
	});
});

it('a file with figures tells what they are and where they are from', () => {
	const path = join(folder, 'about.json');
	writeFigures(path, { speed: 'in words' }, { speed: 3 });
	const { about, speed } = JSON.parse(readFileSync(path, 'utf8'));
	assert.equal(speed, 3);
	assert.deepEqual(about.units, { speed: 'in words' });
	assert.equal(about.node, process.version);
	assert.ok(about.machine.processors > 0 && about.machine.memoryGb > 0 && about.machine.system !== '');
	assert.ok(Date.parse(about.writtenAt) > 0);
});

for (const [signal, code] of [
	['SIGINT', 130],
	['SIGTERM', 143],
] as const)
	it(`a run that gets a ${signal} ends and leaves nothing behind`, { timeout: 60_000 }, async () => {
		const scratch = join(folder, signal);
		mkdirSync(scratch);
		const program = join(packageRoot, 'dist/test/fuzz/fuzz.js');
		const run = spawn(process.execPath, [program, 'wav', '--seconds', '600'], {
			env: { ...process.env, TMPDIR: scratch },
			stdio: ['ignore', 'pipe', 'pipe'],
		});
		const exited = once(run, 'exit');
		await once(run.stdout, 'data');
		assert.equal(readdirSync(scratch).length, 1);
		run.kill(signal);
		assert.deepEqual(await exited, [code, null]);
		assert.deepEqual(readdirSync(scratch), []);
	});
