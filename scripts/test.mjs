// npm test: prepares the clone, then lint, types, and every compiled test file; `npm test -- mic lab` runs only the
// files whose path contains one of the words (and neither lint nor types), `--no-build` takes dist/ as it is.
// Fails if a test fails, if none ran, and with CI=true if one was skipped. Plain Node.js.
import { spawnSync } from 'node:child_process';
import { setMaxListeners } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import process from 'node:process';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { bin, PrepareError, prepare, root } from './prepare.mjs';

const MINUTE = 60_000;
/** A single file that takes this long hangs. */
const FILE_LIMIT = 6 * MINUTE;
/** The whole run, below the 90 minutes that a CI run may take. */
const TOTAL_LIMIT = 80 * MINUTE;
/** Tests of a whole flow or a whole installation … */
const HEAVY_TEST = /^dist\/test\/(chain|chaos|flows|demo|package|system)\/.*\.test\.js$/;
/** … and those that use, directly or through others, a sound card, a GPIO chip or a browser's microphone. */
const HEAVY_LAB = /^dist\/test\/lab\/(sound-card|gpio|browser)\.js$/;

const totals = { passed: 0, failed: 0, skipped: 0 };
const skips = [];
const failures = [];

function testFiles(filters) {
	const compiled = join(root, 'dist', 'test');
	return readdirSync(compiled, { recursive: true })
		.filter((name) => name.endsWith('.test.js'))
		.filter((name) => existsSync(join(root, 'test', name.replace(/\.js$/, '.ts'))))
		.filter((name) => filters.length === 0 || filters.some((word) => name.includes(word)))
		.sort()
		.map((name) => join(compiled, name));
}

/** Does this test, or a file that it imports directly or through others, need the machine for itself? */
function isHeavy(file, seen = new Set()) {
	if (seen.has(file) || !existsSync(file)) return false;
	seen.add(file);
	const name = relative(root, file);
	if (HEAVY_TEST.test(name) || HEAVY_LAB.test(name)) return true;
	const imports = readFileSync(file, 'utf8').matchAll(/from '(\.[^']+\.js)'/g);
	return [...imports].some(([, path]) => isHeavy(join(dirname(file), path), seen));
}

/** Runs a tool of the project; its output is shown. */
function check(title, packageName, name, args) {
	console.log(`\n${title}`);
	const { status } = spawnSync(process.execPath, [bin(packageName, name), ...args], {
		cwd: root,
		stdio: ['ignore', 'inherit', 'inherit'],
	});
	if (status !== 0) failures.push(title);
}

/** Adds one finished test to the totals. Suites only group; a test marked todo may fail. */
function count(passed, { name, file, skip, todo, details }) {
	if (details?.type === 'suite') return;
	const path = relative(join(root, 'dist'), file ?? name).replace(/\.js$/, '.ts');
	const isFile = resolve(root, name) === file;
	const where = isFile ? path : `${path}: ${name}`;
	if (skip !== undefined && skip !== false) {
		totals.skipped += 1;
		skips.push(`${where}: ${skip === true || skip === '' ? 'no reason given' : skip}`);
	} else if (isFile && passed) {
		// Node.js reports a file without tests as one test that passed.
		failures.push(`${path}: holds no test`);
	} else if (passed || todo) totals.passed += 1;
	else {
		totals.failed += 1;
		failures.push(where);
	}
}

/** Runs one file in a process of its own. Its tests are listed if it has more to say than that all passed. */
async function runFile(file, signal) {
	const began = Date.now();
	let tests = 0;
	let failed = false;
	let isWorthReading = false;
	const note = (passed, data) => {
		if (data.details?.type !== 'suite') tests += 1;
		failed ||= !passed;
		isWorthReading ||= !passed || (data.skip !== undefined && data.skip !== false);
		count(passed, data);
	};
	const stream = run({ files: [file], timeout: FILE_LIMIT, signal });
	stream.on('test:pass', (data) => note(true, data));
	stream.on('test:fail', (data) => note(false, data));
	const report = [];
	for await (const text of stream.compose(new spec())) report.push(text);
	if (isWorthReading) console.log(report.join(''));
	const name = relative(join(root, 'dist'), file).replace(/\.js$/, '.ts');
	const seconds = ((Date.now() - began) / 1000).toFixed(1);
	console.log(`${failed ? '✖' : '✔'} ${name}: ${tests} tests in ${seconds} s`);
}

/**
 * Runs all files, two at a time, but never two heavy ones: those wait for sound more than they compute, so another
 * one beside them costs them little, where two of them would take each other's time to answer a sound card.
 */
async function runFiles(files, signal) {
	const light = files.filter((file) => !isHeavy(file));
	const heavy = files.filter((file) => !light.includes(file));
	const lane = async (...queues) => {
		for (const queue of queues)
			for (let file = queue.shift(); file && !signal.aborted; file = queue.shift())
				await runFile(file, signal);
	};
	await Promise.all([lane(heavy, light), lane(light)]);
}

async function main() {
	process.chdir(root);
	const began = Date.now();
	const args = process.argv.slice(2);
	const filters = args.filter((arg) => !arg.startsWith('--'));
	prepare('test', { addons: true, build: !args.includes('--no-build') });
	if (filters.length === 0) {
		check('Lint', '@biomejs/biome', 'biome', ['check', '--error-on-warnings', '.']);
		check('Types', 'typescript', 'tsc', ['--noEmit']);
		check('Types of the editor side', 'typescript', 'tsc', ['-p', 'tsconfig.editor.json']);
		check('Types of the page', 'typescript', 'tsc', ['-p', 'tsconfig.browser.json']);
	} else console.log('A part of the tests: no lint, no type check.');

	const files = testFiles(filters);
	const signal = AbortSignal.timeout(TOTAL_LIMIT);
	// Every file of a run listens to it.
	setMaxListeners(0, signal);
	await runFiles(files, signal);

	if (totals.passed + totals.failed === 0) failures.push('no test ran');
	if (signal.aborted) failures.push(`the run took more than ${TOTAL_LIMIT / MINUTE} minutes`);
	if (skips.length > 0) console.log(`\nSkipped:\n${skips.map((line) => `  ${line}`).join('\n')}`);
	if (skips.length > 0 && process.env.CI === 'true') failures.push('with CI=true nothing may be skipped');
	if (failures.length > 0) console.log(`\nFailed:\n${failures.map((line) => `  ${line}`).join('\n')}`);
	console.log(`\n${files.length} files in ${((Date.now() - began) / 1000).toFixed(0)} s`);
	console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
	return failures.length > 0 ? 1 : 0;
}

try {
	// Not exitCode: whatever a hanging test left behind holds our pipes open.
	process.exit(await main());
} catch (error) {
	console.error(error instanceof PrepareError ? error.message : error);
	process.exit(1);
}
