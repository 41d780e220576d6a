import { HandClock } from '../../../lab/hand-clock.ts';

/** Time that passes only when the test says so, for what goes on by promises. */
export class VirtualClock extends HandClock {
	/** Lets `ms` pass; after each timer, and at the end, all that follows from it happens first. */
	async pass(ms: number): Promise<void> {
		const end = this.now() + ms;
		await settled();
		while (this.step(end)) await settled();
		await settled();
	}
}

/** Promises and immediates that wait now, and those that they bring about, have run. */
export async function settled(turns = 4): Promise<void> {
	for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}
