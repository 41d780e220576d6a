import { fitLine, type Line } from './statistics.ts';

/**
 * How the time of a stream runs against this machine's clock. Sound arrives in bursts and late; the piece that came
 * soonest tells most, so of every period only the smallest lateness counts.
 */
export class Drift {
	readonly #periodMs: number;
	readonly #periods: { atMs: number; latenessMs: number }[] = [];
	#begin: number | undefined;

	constructor(periodMs: number) {
		this.#periodMs = periodMs;
	}

	/** @param audioMs of the stream that has arrived by `now`, milliseconds of a monotonic clock */
	observe(audioMs: number, now: number): void {
		this.#begin ??= now;
		const atMs = now - this.#begin;
		const latenessMs = atMs - audioMs;
		const last = this.#periods.at(-1);
		if (!last || atMs - last.atMs >= this.#periodMs) this.#periods.push({ atMs, latenessMs });
		else last.latenessMs = Math.min(last.latenessMs, latenessMs);
	}

	/** Audio time minus wall time since the first period, in milliseconds: negative where sound is missing. */
	get ms(): number {
		const [first] = this.#periods;
		// The last period may hardly have begun.
		const last = this.#periods.at(-2) ?? first;
		return first && last ? first.latenessMs - last.latenessMs : 0;
	}

	/** Parts per million, positive where the audio runs fast. */
	get ppm(): Line {
		const points = this.#periods
			.slice(0, -1)
			.map(({ atMs, latenessMs }) => [atMs, -latenessMs * 1e6] as const);
		return fitLine(points);
	}
}
