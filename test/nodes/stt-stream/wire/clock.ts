import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../../../lib/node/clock.ts';

/**
 * Real time, made to run `factor` times as fast for the engine and for who speaks. Sockets and recognisers keep their
 * own time, so a delay of theirs counts `factor` times, and what is to be proven must hold however slow they are.
 */
export function hurried(factor: number): Clock {
	return {
		now: () => performance.now() * factor,
		after(ms, run) {
			const timer = setTimeout(run, ms / factor);
			return () => clearTimeout(timer);
		},
	};
}

/** Resolves when the clock shows `at`; at once if that is past, but never without letting others run. */
export async function reach(clock: Clock, at: number): Promise<void> {
	const waitMs = at - clock.now();
	if (waitMs <= 0) return void (await new Promise((resolve) => setImmediate(resolve)));
	// A timer of the clock's own may fire a little early.
	await new Promise<void>((resolve) => clock.after(waitMs, resolve));
	while (clock.now() < at) await sleep(1);
}
