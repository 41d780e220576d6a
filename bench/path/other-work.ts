import { readFileSync } from 'node:fs';
import process from 'node:process';
import { usageOf } from '../tutorials/usage.ts';

/** Milliseconds of a clock tick of /proc/stat on Linux. */
const TICK_MS = 10;

/** What else this machine does while something is measured. */
export class OtherWork {
	readonly #before = machine();
	readonly #ownBefore = usageOf(process.pid).cpuMs;

	/** Of all its processor time since then, how many percent went to processes that are none of ours. */
	get percent(): number {
		const { busyMs, allMs } = machine();
		const ownMs = usageOf(process.pid).cpuMs - this.#ownBefore;
		const others = busyMs - this.#before.busyMs - ownMs;
		return Math.max(0, (100 * others) / (allMs - this.#before.allMs));
	}
}

/** Of all processors since the machine was started: proc(5), /proc/stat. */
function machine(): { busyMs: number; allMs: number } {
	const [line = ''] = readFileSync('/proc/stat', 'latin1').split('\n');
	// user, nice, system, idle, iowait, irq, softirq, steal; guests count among users.
	const ticks = line.split(/\s+/).slice(1, 9).map(Number);
	const all = ticks.reduce((sum, one) => sum + one, 0);
	const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0);
	return { busyMs: (all - idle) * TICK_MS, allMs: all * TICK_MS };
}
