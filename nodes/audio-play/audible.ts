import type { Clock } from '../../lib/node/clock.ts';
import { setSounding } from '../../lib/node/sounding.ts';
import type { PlayerState } from './player.ts';

/**
 * Tells microphones while a loudspeaker sounds. At a pause it goes on for what its device has already: some hundred
 * milliseconds.
 */
export class Audible {
	readonly #time: Clock;
	#cancel = () => {};

	constructor(time: Clock) {
		this.#time = time;
	}

	/** @param queuedMs of sound that the device has and will play */
	update(state: PlayerState, queuedMs: number): void {
		this.#cancel();
		const rest = state === 'paused' ? queuedMs : 0;
		if (state === 'playing') setSounding(this, true);
		else if (rest > 0) this.#cancel = this.#time.after(rest, () => setSounding(this, false));
		else setSounding(this, false);
	}

	close(): void {
		this.#cancel();
		setSounding(this, false);
	}
}
