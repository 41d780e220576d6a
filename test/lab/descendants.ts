import { readdirSync, readFileSync } from 'node:fs';

/** A live process; `start` (clock ticks since boot) tells it from a later one with the same pid. */
export interface Proc {
	pid: number;
	parent: number;
	start: string;
	command: string;
}

/** The environment variable that marks a process and all its descendants, also those that left its process group. */
export const LAB_MARK = 'VOICE_LAB_ID';

/**
 * All live processes descended from `root` (which is not among them): by parentage, and by the mark `VOICE_LAB_ID=id`
 * in their environment, so those whose parent has died are found too. Zombies are not alive.
 */
export function descendants(root: number, id: string): Proc[] {
	const all = readdirSync('/proc').flatMap((name) =>
		/^\d+$/.test(name) ? (readProc(Number(name)) ?? []) : [],
	);
	const found = new Map<number, Proc>();
	const mark = `${LAB_MARK}=${id}`;
	for (const proc of all) if (proc.pid !== root && hasMark(proc.pid, mark)) found.set(proc.pid, proc);
	for (let grew = true; grew; ) {
		grew = false;
		for (const proc of all) {
			if (found.has(proc.pid) || proc.pid === root) continue;
			if (proc.parent !== root && !found.has(proc.parent)) continue;
			found.set(proc.pid, proc);
			grew = true;
		}
	}
	return [...found.values()];
}

/** Is this very process still alive? */
export function isAlive(proc: Proc): boolean {
	return readProc(proc.pid)?.start === proc.start;
}

/** A live process from /proc/<pid>/stat (proc(5)), or undefined if there is none or it is a zombie. */
export function readProc(pid: number): Proc | undefined {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
		const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // from field 3, state
		if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
		const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
		return { pid, parent: Number(fields[1]), start: fields[19]!, command: command || `(${stat})` };
	} catch {
		return undefined; // it has just ended
	}
}

function hasMark(pid: number, mark: string): boolean {
	try {
		return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(mark);
	} catch {
		return false;
	}
}
