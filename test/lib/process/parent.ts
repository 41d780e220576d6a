// A process of its own that tests start, to see what becomes of its children when it ends. Arguments: what to do,
// and a mark that all its children have among their arguments. Prints "ready" when they run.
import { openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { VoiceError } from '../../../lib/node/errors.ts';
import { ForkedChild } from '../../../lib/process/forked.ts';
import { type GuardedProcess, spawnGuarded } from '../../../lib/process/guarded.ts';

const [, , what, mark = ''] = process.argv;
const module = new URL('./forked-child.js', import.meta.url);
const lost = (reason: string) => new VoiceError('STT_ENGINE', `lost: ${reason}`, 'none');
const line = (guarded: GuardedProcess) =>
	new Promise((resolve) => createInterface(guarded.process.stdout!).once('line', resolve));

/** Commands that would all outlive us if it were for them: they ignore signals and the end of their input. */
async function stubborn(): Promise<void> {
	const script = `trap '' TERM HUP INT PIPE; echo ready; exec sleep ${mark}`;
	const commands = [1, 2, 3].map(() => spawnGuarded('/bin/sh', ['-c', script]));
	await Promise.all(commands.map(line));
	const child = new ForkedChild(module, { env: { ...process.env, TEST_MARK: mark }, lost });
	await child.request('echo', 1, 30_000);
	child.notify('spin', null);
	await child.request('echo', 1, 300).catch(() => {});
}

async function main(): Promise<void> {
	if (what === 'stubborn') {
		await stubborn();
		console.log('ready');
		setInterval(() => {}, 1e6);
	} else if (what === 'just-spawned') {
		spawnGuarded('/bin/sleep', [mark]);
		process.kill(process.pid, 'SIGKILL');
	} else if (what === 'exit') {
		await stubborn();
		process.exit(0);
	} else if (what === 'unref') {
		const child = new ForkedChild(module, { lost });
		await child.request('echo', 1, 30_000);
		child.unref();
	} else if (what === 'no-descriptors') {
		try {
			for (;;) openSync('/dev/null', 'r');
		} catch {
			const { exited, stop, kill } = spawnGuarded('/bin/true', []);
			const child = new ForkedChild(module, { lost });
			const answer = await child.request('echo', 1, 30_000).catch((error: VoiceError) => error.message);
			console.log(JSON.stringify([(await exited).code, (await stop()).code, (await kill()).code, answer]));
		}
	}
}
await main();
