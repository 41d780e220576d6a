import { readdirSync, readFileSync } from 'node:fs';

/** What processes have used so far. */
export interface Usage {
	/** Processor time, user and system, in milliseconds. */
	readonly cpuMs: number;
	/** Resident memory, in bytes; pages that processes share count in each. */
	readonly memory: number;
}

/** Milliseconds of a clock tick of /proc/<pid>/stat on Linux. */
const TICK_MS = 10;

/** Of a process and all its descendants, also of those that have ended and were waited for. */
export function usageOf(root: number): Usage {
	const parents = new Map<number, number>();
	for (const name of readdirSync('/proc'))
		if (/^\d+$/.test(name)) parents.set(Number(name), Number(stat(Number(name))?.[1]));
	const family = new Set([root]);
	for (let size = 0; size !== family.size; ) {
		size = family.size;
		for (const [pid, parent] of parents) if (family.has(parent)) family.add(pid);
	}
	let [cpuMs, memory] = [0, 0];
	for (const pid of family) {
		const fields = stat(pid);
		if (!fields) continue;
		cpuMs += (Number(fields[13]) + Number(fields[14])) * TICK_MS + runMs(pid);
		memory += residentBytes(pid);
	}
	return { cpuMs, memory };
}

/** The fields of proc(5) from the third, state, on. */
function stat(pid: number): string[] | undefined {
	try {
		const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
		return text.slice(text.lastIndexOf(')') + 2).split(' ');
	} catch {
		return undefined; // it has just ended
	}
}

/** Of all its threads; finer than a tick. */
function runMs(pid: number): number {
	try {
		const threads = readdirSync(`/proc/${pid}/task`);
		const times = threads.map((id) => readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'latin1').split(' '));
		return times.reduce((sum, [run]) => sum + Number(run) / 1e6, 0);
	} catch {
		return 0;
	}
}

function residentBytes(pid: number): number {
	try {
		const status = readFileSync(`/proc/${pid}/status`, 'latin1');
		return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024;
	} catch {
		return 0;
	}
}
