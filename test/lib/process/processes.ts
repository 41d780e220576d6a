import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { readProc } from '../../lab/descendants.ts';

let marks = 0;

/** A number that no other process on this machine has among its arguments; also a very long time for `sleep`. */
export function newMark(): string {
	return `98765.${process.pid}${String(marks++).padStart(4, '0')}`;
}

/** Process ids of live processes other than us that have `mark` among their arguments; zombies do not live. */
export function withMark(mark: string): number[] {
	return readdirSync('/proc')
		.filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
		.filter((name) => {
			const found = readProc(Number(name));
			// The command of a process without arguments is its stat line, which holds no mark either.
			return found?.command.includes(mark);
		})
		.map(Number);
}

/** Our own children that have ended and that nobody has reaped. */
export function zombies(): number[] {
	return readdirSync('/proc')
		.filter((name) => /^\d+$/.test(name))
		.map(Number)
		.filter((pid) => {
			try {
				const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
				const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
				return state === 'Z' && Number(parent) === process.pid;
			} catch {
				return false;
			}
		});
}

/** Waits until `condition` holds. Half a minute is only there to end a test that fails. */
export async function until(condition: () => boolean, what: string): Promise<void> {
	for (let waited = 0; waited < 30_000; waited += 10) {
		if (condition()) return;
		await sleep(10);
	}
	throw new Error(`not within half a minute: ${what}`);
}

/** Waits until no process with `mark` is left. */
export async function allGone(mark: string): Promise<void> {
	await until(() => withMark(mark).length === 0, `processes with ${mark} are gone`);
}
