import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { descendants, isAlive } from './descendants.ts';
import { needs } from './needs.ts';

const skip = needs('pulseaudio', 'fuse', 'mount-namespace');

test('a test that is killed leaves no process of the lab behind', { skip, timeout: 120_000 }, async () => {
	const child = fork(fileURLToPath(new URL('./whole-lab-child.js', import.meta.url)));
	const [{ folders }] = (await once(child, 'message')) as [{ folders: string[] }];
	const started = descendants(child.pid!, 'none');
	for (const name of ['pulseaudio', 'gpio-sysfs', 'node-red-child', 'pacat'])
		assert.ok(
			started.some(({ command }) => command.includes(name)),
			`${name} was running`,
		);
	const exited = once(child, 'exit');
	child.kill('SIGKILL');
	await exited;
	const alive = () => started.filter(isAlive);
	for (const deadline = Date.now() + 60_000; alive().length > 0; await sleep(20))
		if (Date.now() > deadline) break;
	const left = alive();
	for (const { pid } of left) process.kill(pid, 'SIGKILL');
	for (const folder of folders) await rm(folder, { recursive: true, force: true });
	assert.deepEqual(left, []);
});
