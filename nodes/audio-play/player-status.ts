import type { StatusLine } from '../../lib/node/status.ts';
import type { PlayerState } from './player.ts';

/** The status line of a player. A failure, which the guard shows, stays in view until something is heard. */
export class PlayerStatus {
	readonly #line: StatusLine;
	#hasFailed = false;

	constructor(line: StatusLine) {
		this.#line = line;
	}

	failed(): void {
		this.#hasFailed = true;
	}

	/** An item was heard to its end. */
	succeeded(): void {
		this.#hasFailed = false;
	}

	show({ state, positionMs }: { state: PlayerState; positionMs: number }): void {
		if (state === 'playing' && positionMs > 0) this.#hasFailed = false;
		if (state === 'paused') this.#line.show('warning', 'paused');
		else if (this.#hasFailed) return;
		else if (state === 'playing')
			this.#line.show('playing', 'playing', { seconds: (positionMs / 1000).toFixed(1) });
		else this.#line.show('idle', 'idle');
	}

	clear(): void {
		this.#line.clear();
	}
}
