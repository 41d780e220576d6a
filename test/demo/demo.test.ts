import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { descendants, LAB_MARK, type Proc } from '../lab/descendants.ts';
import { needs } from '../lab/needs.ts';
import { packageRoot } from '../lab/root.ts';
import { startSoundCard } from '../lab/sound-card.ts';
import { speak, wordErrorRate } from '../lab/speech.ts';

const SPOKEN = 'turn on the kitchen light open the garage door play some music';

interface DemoRun {
	child: ChildProcess;
	output: () => string;
	/** Resolves with the exit code and what is left running. */
	ended: Promise<{ code: number | null; left: Proc[] }>;
	/** Resolves when the output matches; rejects when the demo ends before. */
	prints(pattern: RegExp): Promise<void>;
}

function startDemo(args: string[], env: Record<string, string | undefined> = {}): DemoRun {
	const id = randomUUID();
	// CI's strictness about missing packages is not the demo's subject.
	const environment = { ...process.env, CI: undefined, [LAB_MARK]: id, ...env };
	const child = spawn(process.execPath, [join(packageRoot, 'scripts/demo.mjs'), ...args], {
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

describe('npm run demo', { skip: needs('pocketsphinx') }, () => {
	it('-- --once prints the transcript of the shipped recording, ends with 0 and leaves nothing behind', async () => {
		const demo = startDemo(['--once']);
		const { code, left } = await demo.ended;
		assert.equal(code, 0, demo.output());
		assert.match(demo.output(), /http:\/\/127\.0\.0\.1:\d+/);
		const text = /^Recognised: (.+)$/m.exec(demo.output())?.[1] ?? '';
		assert.ok(wordErrorRate(SPOKEN, text) <= 0.1, demo.output());
		assert.deepEqual(left, []);
	});

	it('goes on until Ctrl+C, and speaks again on Enter', async () => {
		const demo = startDemo([]);
		await demo.prints(/Press Enter/);
		demo.child.stdin!.write('\n');
		await demo.prints(/The recording speaks[\s\S]+The recording speaks[\s\S]+^> /m);
		demo.child.kill('SIGINT');
		const { code, left } = await demo.ended;
		assert.equal(code, 0, demo.output());
		assert.deepEqual(left, []);
	});
});

describe('npm run demo -- --mic', {
	skip: needs('pocketsphinx', 'flite', 'sox', 'pulseaudio', 'naudiodon'),
}, () => {
	it('recognises what is said into the microphone, and ends after its 10 seconds', async () => {
		const card = await startSoundCard({ rate: 16_000 });
		try {
			const demo = startDemo(['--mic', '--once'], card.env);
			await demo.prints(/^Speak now/m);
			const { done } = card.feed(await speak('turn on the kitchen light', { lead: 3000 }));
			const { code, left } = await demo.ended;
			await done;
			assert.equal(code, 0, demo.output());
			assert.match(demo.output(), /^Recognised: turn on the kitchen light$/m);
			assert.deepEqual(left, []);
		} finally {
			await card.stop();
		}
	});
});

it('without PocketSphinx, --once says what is missing and ends with 1', async () => {
	const folder = mkdtempSync(join(tmpdir(), 'voice-demo-path-'));
	try {
		for (const name of ['sh', 'cat', 'env']) symlinkSync(`/bin/${name}`, join(folder, name));
		// Python's module is found whatever PATH says; this hides it.
		writeFileSync(join(folder, 'pocketsphinx.py'), 'raise ImportError("hidden by the test")\n');
		const demo = startDemo(['--once'], { PATH: folder, PYTHONPATH: folder, VOICE_NO_APT: '1' });
		const { code, left } = await demo.ended;
		assert.equal(code, 1, demo.output());
		assert.match(demo.output(), /^Missing system packages/m);
		assert.match(
			demo.output(),
			/^The demo failed: STT_MODEL_MISSING: .*apt install pocketsphinx pocketsphinx-en-us/m,
		);
		assert.deepEqual(left, []);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
});
