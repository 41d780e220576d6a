import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { descendants, LAB_MARK, type Proc } from '../lab/descendants.ts';
import { packageRoot } from '../lab/root.ts';

/** A user without any model, whatever whoever runs the tests has. */
const home = mkdtempSync(join(tmpdir(), 'voice-demo-home-'));
process.once('exit', () => rmSync(home, { recursive: true, force: true }));
/** Where the demo looks for models if the test says nothing else: there are none. */
const noModels = join(home, 'no-models');
mkdirSync(noModels);

export interface DemoRun {
	child: ChildProcess;
	output: () => string;
	/** Resolves with the exit code and what is left running. */
	ended: Promise<{ code: number | null; left: Proc[] }>;
	/** Resolves when the output matches; rejects when the demo ends before. */
	prints(pattern: RegExp): Promise<void>;
}

/** @param models '' leaves the demo to look for models where it does by itself */
export function startDemo(
	args: string[],
	env: Record<string, string | undefined> = {},
	models = noModels,
): DemoRun {
	const id = randomUUID();
	// CI's strictness about missing packages is not the demo's subject.
	const environment = { ...process.env, HOME: home, CI: undefined, [LAB_MARK]: id, ...env };
	const own = models && !args.includes('--models') ? ['--models', models] : [];
	const child = spawn(process.execPath, [join(packageRoot, 'scripts/demo.mjs'), ...args, ...own], {
		cwd: packageRoot,
		env: environment,
		stdio: ['pipe', 'pipe', 'pipe'],
	});
	let output = '';
	for (const stream of [child.stdout, child.stderr])
		stream.setEncoding('utf8').on('data', (text: string) => {
			output += text;
			child.emit('printed');
		});
	const limit = setTimeout(() => child.kill('SIGKILL'), 300_000);
	const ended = once(child, 'close').then(async ([code]) => {
		clearTimeout(limit);
		// A guarded child ends with its life line, a moment after its parent; alone it would live 10 s longer.
		const left = () => descendants(child.pid!, id);
		for (const deadline = Date.now() + 8000; left().length > 0 && Date.now() < deadline; ) await sleep(20);
		return { code: code as number | null, left: left() };
	});
	const prints = (pattern: RegExp) =>
		new Promise<void>((resolve, reject) => {
			const look = () => pattern.test(output) && resolve();
			child.on('printed', look);
			ended.then(() => reject(new Error(`the demo ended without ${pattern}:\n${output}`)));
			look();
		});
	return { child, output: () => output, ended, prints };
}
