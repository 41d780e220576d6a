import { type Profiler, Session } from 'node:inspector';

/** Which places of a script's source have run, for each of its functions: 1 at each offset. */
type Seen = Map<string, { start: number; ran: Uint8Array }>;

export interface CoverageSum {
	/** Characters of source in the files that count, and those that have run. */
	readonly total: number;
	readonly ran: number;
}

/**
 * What of some files has run, by V8's own block counters. One for each thread: only what is imported after the first was
 * made is counted by blocks.
 */
export class Coverage {
	readonly #session = new Session();
	readonly #counts: (url: string) => boolean;
	readonly #seen = new Map<string, Seen>();

	/** @param counts does the file at the URL count? */
	constructor(counts: (url: string) => boolean) {
		this.#counts = counts;
		this.#session.connect();
		this.#session.post('Profiler.enable');
		this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
	}

	/** Takes what has run since the last call. Is any of it new? Without `keep` it stays new. */
	take(keep = true): boolean {
		let isNew = false;
		for (const { url, functions } of this.#poll()) {
			if (!this.#counts(url)) continue;
			const seen: Seen = this.#seen.get(url) ?? new Map();
			this.#seen.set(url, seen);
			for (const each of functions) isNew = paint(seen, each, keep) || isNew;
		}
		return isNew;
	}

	/** Of all files together. The code of a function counts as its own, and not as that of the one around it. */
	sum(): CoverageSum {
		let [total, ran] = [0, 0];
		for (const seen of this.#seen.values()) {
			const functions = [...seen.values()].sort((a, b) => a.start - b.start || b.ran.length - a.ran.length);
			const end = Math.max(0, ...functions.map((one) => one.start + one.ran.length));
			const owner = new Uint8Array(end);
			for (const { start, ran: marks } of functions) owner.set(marks, start);
			total += owner.length;
			for (const mark of owner) ran += mark;
		}
		return { total, ran };
	}

	/** Everything is new again. V8 counts by blocks only once in a thread, so there is no second object for that. */
	forget(): void {
		this.#poll();
		this.#seen.clear();
	}

	stop(): void {
		this.#session.post('Profiler.stopPreciseCoverage');
		this.#session.disconnect();
	}

	#poll(): Profiler.ScriptCoverage[] {
		let result: Profiler.ScriptCoverage[] = [];
		// Answered at once.
		this.#session.post('Profiler.takePreciseCoverage', (error, taken) => {
			if (error) throw error;
			result = taken.result;
		});
		return result;
	}
}

function paint(seen: Seen, { functionName, ranges }: Profiler.FunctionCoverage, keep: boolean): boolean {
	const [whole] = ranges;
	if (!whole) return false;
	const { startOffset: start, endOffset: end } = whole;
	const key = `${functionName}:${start}:${end}`;
	const known = seen.get(key) ?? { start, ran: new Uint8Array(end - start) };
	if (keep) seen.set(key, known);
	const now = new Uint8Array(end - start);
	// Ranges lie in one another, the outer ones first.
	for (const { startOffset, endOffset, count } of ranges)
		now.fill(count > 0 ? 1 : 0, startOffset - start, endOffset - start);
	let isNew = false;
	for (let at = 0; at < now.length; at++) {
		if (!now[at] || known.ran[at]) continue;
		isNew = true;
		if (!keep) break;
		known.ran[at] = 1;
	}
	return isNew;
}
