import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { collectTail, findCommand, type GuardedProcess, spawnGuarded } from '../../../lib/process/guarded.ts';
import { allGone, newMark, until, withMark, zombies } from './processes.ts';

const PARENT = fileURLToPath(new URL('./parent.js', import.meta.url));
const sh = (script: string, ...args: string[]) => spawnGuarded('/bin/sh', ['-c', script, 'sh', ...args]);
const output = (guarded: GuardedProcess) => text(guarded.process.stdout!);
/** The command says `ready` when it has set up its traps. */
const ready = async (guarded: GuardedProcess) => {
	const [first] = await once(guarded.process.stdout!, 'data');
	assert.equal(String(first), 'ready\n');
};

describe('a guarded command', () => {
	test('gets its arguments unchanged', async () => {
		const args = [
			'',
			' a  b ',
			'new\nline\n',
			'--help',
			'-',
			'$HOME `id` $(id)',
			`'"`,
			'*',
			'\\n',
			'ünï🎙',
			'5<&-',
		];
		const guarded = spawnGuarded(findCommand('printf')!, ['%s\\0', ...args]);
		assert.deepEqual((await output(guarded)).split('\0').slice(0, -1), args);
		assert.equal((await guarded.exited).code, 0);
	});

	test('gets the environment that it is given, and nothing but stdin, stdout and stderr', async () => {
		const env = { PATH: process.env['PATH'], WORD: 'a b\nc' };
		const guarded = spawnGuarded('/bin/sh', ['-c', 'printf %s "$WORD$HOME"'], { env });
		assert.equal(await output(guarded), 'a b\nc');
		// What we have ourselves from whoever started us, any command gets; what the guard uses, none.
		const plain = execFileSync('/bin/ls', ['/proc/self/fd'], { encoding: 'utf8' });
		assert.equal(await output(spawnGuarded('/bin/ls', ['/proc/self/fd'])), plain);
	});

	test('reads and writes binary data unchanged, 5 MB of it', async () => {
		const data = randomBytes(5_000_000);
		const guarded = spawnGuarded(findCommand('cat')!, []);
		guarded.process.stdin!.end(data);
		const [copy, { code }] = await Promise.all([buffer(guarded.process.stdout!), guarded.exited]);
		assert.ok(copy.equals(data));
		assert.equal(code, 0);
	});

	test('has a stderr of its own, which ends with it', async () => {
		const guarded = sh('echo out; echo err >&2');
		const [out, err] = await Promise.all([output(guarded), text(guarded.process.stderr!)]);
		assert.deepEqual([out, err], ['out\n', 'err\n']);
	});

	test('tells how it ended: by its code, or by 128 + signal', async () => {
		for (const [script, code] of [
			['exit 0', 0],
			['exit 7', 7],
			['exit 255', 255],
			['kill -KILL $$', 137],
			['kill -TERM $$', 143],
			['kill -SEGV $$', 139],
		] as const)
			assert.equal((await sh(script).exited).code, code, script);
	});

	test('that does not exist, or is no program, ends with 127 or 126', async () => {
		const folder = mkdtempSync(join(tmpdir(), 'voice-guard-'));
		const text = join(folder, 'text');
		writeFileSync(text, 'no program');
		chmodSync(text, 0o644);
		for (const [command, code] of [
			[join(folder, 'missing'), 127],
			['no-such-command-anywhere', 127],
			[text, 126],
			[folder, 126],
		] as const) {
			const guarded = spawnGuarded(command, ['x']);
			const tail = collectTail(guarded.process.stderr!);
			// Nobody is there to read what we write; that is no reason to crash.
			guarded.process.stdin!.write('hello');
			await once(guarded.process, 'close');
			assert.equal((await guarded.exited).code, code, command);
			assert.match(tail(), /not found|denied|directory/i);
		}
		rmSync(folder, { recursive: true });
	});

	test('that has ended takes writes, stops and kills without complaint', async () => {
		const guarded = sh('exit 3');
		await guarded.exited;
		guarded.process.stdin!.write(Buffer.alloc(1_000_000));
		guarded.process.kill('SIGTERM');
		assert.deepEqual(await Promise.all([guarded.stop(), guarded.kill(), guarded.stop(0)]), [
			{ code: 3 },
			{ code: 3 },
			{ code: 3 },
		]);
	});

	test('may close its input while we write to it', async () => {
		const guarded = sh('exec 0<&-; echo ready; exec sleep 1000');
		await ready(guarded);
		// Not events.once, which would listen for the error that must already have its listener.
		const ended = new Promise((resolve) => guarded.process.stdin!.once('close', resolve));
		for (let i = 0; i < 20; i++) guarded.process.stdin!.write(Buffer.alloc(100_000));
		await ended;
		assert.deepEqual(await guarded.stop(), { code: 143 });
	});

	test('talks over IPC, and Buffers stay binary', async () => {
		const script = `process.on('message', (m) => process.send([Buffer.isBuffer(m.data), m.data, m.n + 1]))`;
		const guarded = spawnGuarded(process.execPath, ['-e', script], { ipc: true });
		const data = randomBytes(100_000);
		guarded.process.send({ data, n: 41 });
		const [[isBuffer, back, n]] = await once(guarded.process, 'message');
		assert.deepEqual([isBuffer, n], [true, 42]);
		assert.ok(Buffer.isBuffer(back) && back.equals(data));
		// Without a disconnect handler of its own the command ends when there is nothing left to do.
		guarded.process.disconnect();
		assert.equal((await guarded.exited).code, 0);
	});
});

describe('the end of a guarded command', () => {
	const graceful = `process.on('SIGTERM', () => { console.log('bye'); process.exitCode = 5; clearInterval(t); });
		const t = setInterval(() => {}, 1e6); console.log('ready')`;

	test('stop() is SIGTERM, and the command may end in its own way', async () => {
		const guarded = spawnGuarded(process.execPath, ['-e', graceful]);
		await ready(guarded);
		const last = once(guarded.process.stdout!, 'data');
		assert.deepEqual(await guarded.stop(60_000), { code: 5 });
		assert.equal(String(await last), 'bye\n');
	});

	test('who ignores SIGTERM is killed after the grace', async () => {
		const mark = newMark();
		const guarded = sh(`trap '' TERM; echo ready; exec sleep ${mark}`);
		await ready(guarded);
		assert.deepEqual(await guarded.stop(50), { code: 137 });
		assert.deepEqual(withMark(mark), []);
	});

	test('kill() is at once, and many stops are one', async () => {
		const mark = newMark();
		const guarded = sh(`trap '' TERM; echo ready; exec sleep ${mark}`);
		await ready(guarded);
		const all = await Promise.all([
			guarded.stop(60_000),
			guarded.stop(60_000),
			guarded.kill(),
			guarded.exited,
		]);
		assert.deepEqual(new Set(all.map(({ code }) => code)), new Set([137]));
		assert.deepEqual(withMark(mark), []);
	});

	test('comes also when only the guarding shell is killed', async () => {
		const mark = newMark();
		const guarded = sh(`trap '' TERM HUP; echo ready; exec sleep ${mark}`);
		await ready(guarded);
		guarded.process.kill('SIGKILL');
		assert.deepEqual(await guarded.exited, { code: 137 });
		await allGone(mark);
	});

	test('comes also when the guarding shell is killed before it guards', async () => {
		const mark = newMark();
		for (let round = 0; round < 600; round++) {
			const guarded = spawnGuarded('/bin/sleep', [mark]);
			const from = process.hrtime.bigint();
			while (process.hrtime.bigint() - from < BigInt(round % 300) * 10_000n);
			guarded.process.kill('SIGKILL');
			assert.deepEqual(await guarded.exited, { code: 137 });
		}
		await allGone(mark);
	});

	test('hundreds that are stopped or killed right after their start are gone, none of them by the grace', async () => {
		const mark = newMark();
		for (let round = 0; round < 120; round++) {
			const guarded = Array.from({ length: 5 }, () => spawnGuarded('/bin/sleep', [mark]));
			// At every moment of their start: a signal that meets a fork is easily lost.
			const from = process.hrtime.bigint();
			while (process.hrtime.bigint() - from < BigInt(round % 60) * 50_000n);
			const killed = guarded.pop()!.kill();
			const codes = await Promise.all(guarded.map(({ stop }) => stop(20_000)));
			assert.deepEqual(new Set(codes.map(({ code }) => code)), new Set([143]));
			assert.notEqual((await killed).code, 0);
		}
		await allGone(mark);
		await until(() => zombies().length === 0, 'no zombie is left');
	});

	test('100 short commands leave nothing', async () => {
		const mark = newMark();
		for (let round = 0; round < 10; round++) {
			const codes = await Promise.all(Array.from({ length: 10 }, () => sh('exit 4', mark).exited));
			assert.ok(codes.every(({ code }) => code === 4));
		}
		assert.deepEqual(withMark(mark), []);
		await until(() => zombies().length === 0, 'no zombie is left');
	});
});

describe('the end of our own process', () => {
	test('by SIGKILL takes the most stubborn commands along', async () => {
		const mark = newMark();
		const parent = spawn(process.execPath, [PARENT, 'stubborn', mark], {
			stdio: ['ignore', 'pipe', 'inherit'],
		});
		await once(parent.stdout, 'data');
		assert.ok(withMark(mark).length > 3);
		parent.kill('SIGKILL');
		await allGone(mark);
	});

	test('by exit() does so too', async () => {
		const mark = newMark();
		const parent = spawn(process.execPath, [PARENT, 'exit', mark], { stdio: 'inherit' });
		assert.deepEqual(await once(parent, 'exit'), [0, null]);
		await allGone(mark);
	});

	test('right after a start leaves no command either', async () => {
		const marks = Array.from({ length: 12 }, newMark);
		await Promise.all(
			marks.map((mark) => once(spawn(process.execPath, [PARENT, 'just-spawned', mark]), 'exit')),
		);
		for (const mark of marks) await allGone(mark);
	});

	test('a process without a free descriptor is told so, and lives on', async () => {
		const limited = ['-c', 'ulimit -n 40; exec "$@"', 'sh', process.execPath, PARENT, 'no-descriptors'];
		const parent = spawn('/bin/sh', limited, { stdio: ['ignore', 'pipe', 'inherit'] });
		assert.equal(await text(parent.stdout), '[127,127,127,"lost: exited: none"]\n');
	});
});

describe('helpers', () => {
	test('findCommand looks through PATH and takes only what can be run', () => {
		const folder = mkdtempSync(join(tmpdir(), 'voice-find-'));
		for (const [name, mode] of [
			['program', 0o755],
			['text', 0o644],
		] as const)
			writeFileSync(join(folder, name), '', { mode });
		const path = `/nonexistent::${folder}:/usr/bin:/bin`;
		assert.equal(findCommand('program', path), join(folder, 'program'));
		assert.equal(findCommand(join(folder, 'program'), ''), join(folder, 'program'));
		for (const name of ['text', 'missing', '', folder, join(folder, 'text')])
			assert.equal(findCommand(name, path), undefined, name);
		assert.equal(findCommand('program', '/usr/bin'), undefined);
		assert.ok(findCommand('sh')?.endsWith('/sh'), 'the PATH of our environment');
		rmSync(folder, { recursive: true });
	});

	test('collectTail keeps the last characters, whole ones', async () => {
		const stream = new PassThrough();
		const tail = collectTail(stream, 9);
		assert.equal(tail(), '');
		const bytes = Buffer.from(`${'x'.repeat(5000)}\nGerät ü\n`);
		for (const byte of bytes) stream.write(Buffer.from([byte]));
		assert.equal(tail(), 'Gerät ü');
		stream.end('0123456789abcdef');
		await once(stream, 'end');
		assert.equal(tail(), '789abcdef');
	});
});
