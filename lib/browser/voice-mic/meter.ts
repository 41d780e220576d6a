import { element } from './dom.ts';

const BARS = 23;
/** dBFS that show as nothing, and as a full bar; speech is bent so that syllables can be seen. */
const QUIET_DB = -50;
const LOUD_DB = -8;
const BEND = 1.6;

/** The loudness of the last second as bars, the newest one in the middle. */
export class Meter {
	readonly root: HTMLElement;
	readonly #bars: HTMLElement[];
	readonly #levels: number[] = [];

	constructor() {
		this.#bars = Array.from({ length: BARS }, () => element('span'));
		this.root = element('div', { class: 'meter', part: 'meter', 'aria-hidden': 'true' }, ...this.#bars);
	}

	/** @param rms 0 to 1. @returns how high the newest bar is, 0 to 1 */
	push(rms: number): number {
		const db = rms > 0 ? 20 * Math.log10(rms) : Number.NEGATIVE_INFINITY;
		const height = Math.max(0, Math.min(1, (db - QUIET_DB) / (LOUD_DB - QUIET_DB))) ** BEND;
		this.#levels.unshift(height);
		this.#levels.length = Math.min(this.#levels.length, (BARS + 1) / 2);
		this.#draw();
		return height;
	}

	clear(): void {
		if (!this.#levels.length) return;
		this.#levels.length = 0;
		this.#draw();
	}

	/** Every level moves from the middle to both sides. */
	#draw(): void {
		const middle = (BARS - 1) / 2;
		for (const [index, bar] of this.#bars.entries())
			bar.style.setProperty('--height', (this.#levels[Math.abs(index - middle)] ?? 0).toFixed(3));
	}
}
