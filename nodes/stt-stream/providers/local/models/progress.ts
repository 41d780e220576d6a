import type { InstallProgress } from './install.ts';
import { megabytes } from './listing.ts';

const BAR_WIDTH = 24;
const REDRAW_MS = 100;
/** Without a terminal, as lines stay. */
const LINE_MS = 5000;
const JSON_MS = 250;

const WORDS = { download: 'Downloading', check: 'Checking', unpack: 'Unpacking' } as const;

export interface ProgressOutput {
	readonly isTTY?: boolean;
	readonly columns?: number;
	write(text: string): unknown;
}

/** For programs: a line of JSON often enough for a progress bar, and always the last state of a moment. */
export class ProgressLines {
	readonly #output: ProgressOutput;
	#next: InstallProgress | undefined;
	#timer: NodeJS.Timeout | undefined;
	#phase = '';

	constructor(output: ProgressOutput) {
		this.#output = output;
	}

	update(progress: InstallProgress): void {
		if (progress.phase !== this.#phase) this.end();
		this.#phase = progress.phase;
		this.#next = progress;
		this.#timer ??= setTimeout(() => this.end(), JSON_MS);
	}

	/** Whatever is printed next comes after the last state. */
	end(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		if (this.#next) this.#output.write(`${JSON.stringify(this.#next)}\n`);
		this.#next = undefined;
	}
}

/** Shows how far an installation is: a bar that is drawn over itself on a terminal, else a line now and then. */
export class ProgressBar {
	readonly #output: ProgressOutput;
	readonly #now: () => number;
	#phase = '';
	#shownAt = Number.NEGATIVE_INFINITY;
	#began = 0;
	#first = 0;
	#last: InstallProgress | undefined;
	#shown: InstallProgress | undefined;

	constructor(output: ProgressOutput, now: () => number = Date.now) {
		this.#output = output;
		this.#now = now;
	}

	update(progress: InstallProgress): void {
		const now = this.#now();
		if (progress.phase !== this.#phase) {
			this.#finishPhase();
			this.#phase = progress.phase;
			this.#began = now;
			this.#first = progress.done;
			this.#shownAt = Number.NEGATIVE_INFINITY;
		}
		this.#last = progress;
		if (now - this.#shownAt < (this.#output.isTTY ? REDRAW_MS : LINE_MS)) return;
		this.#show(now);
	}

	/** Whatever is printed next begins on a line of its own. */
	end(): void {
		this.#finishPhase();
		this.#phase = '';
	}

	#finishPhase(): void {
		if (!this.#last) return;
		if (this.#shown !== this.#last) this.#show(this.#now());
		if (this.#output.isTTY) this.#output.write('\n');
		this.#last = undefined;
	}

	#show(now: number): void {
		if (!this.#last) return;
		this.#shownAt = now;
		this.#shown = this.#last;
		const text = this.#text(this.#last, now);
		if (!this.#output.isTTY) {
			this.#output.write(`${text}\n`);
			return;
		}
		// A line that wraps could not be drawn over.
		this.#output.write(`\r${text.slice(0, (this.#output.columns ?? 80) - 1)}\x1b[K`);
	}

	#text({ phase, done, total }: InstallProgress, now: number): string {
		const seconds = (now - this.#began) / 1000;
		const rate = seconds > 0.5 ? (done - this.#first) / seconds : 0;
		const speed = phase === 'download' && rate > 0 ? `  ${megabytes(rate)}/s` : '';
		if (!total) return `${WORDS[phase]} ${megabytes(done)}${speed}`;
		const share = Math.min(1, done / total);
		const left = rate > 0 && done < total ? `  ${Math.ceil((total - done) / rate)} s left` : '';
		const filled = Math.round(share * BAR_WIDTH);
		const bar = this.#output.isTTY ? `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}] ` : '';
		const percent = `${Math.floor(share * 100)} %`.padStart(5);
		return `${WORDS[phase].padEnd(11)} ${bar}${percent}  ${megabytes(done)} of ${megabytes(total)}${speed}${left}`;
	}
}
