import { eachLine } from '../../../../lib/process/lines.ts';

/**
 * Reads PocketSphinx's log and remembers why it failed. Most of the log is statistics, and some of it quotes what
 * was said, so only error lines are kept.
 */
export class EngineLog {
	readonly #loaded: RegExp | undefined;
	readonly #onLoaded: () => void;
	#loading = true;
	#error = '';

	/** @param loaded matches the line which says that the engine listens */
	constructor(stream: NodeJS.ReadableStream, loaded: RegExp | undefined, onLoaded: () => void) {
		this.#loaded = loaded;
		this.#onLoaded = onLoaded;
		void eachLine(stream, (line) => this.#take(line));
	}

	/** The engine's own words for what is wrong, or ''. */
	get error(): string {
		return this.#error;
	}

	/** The model is loaded: what was wrong until then has done no harm. */
	listening(): void {
		if (this.#loading) this.#error = '';
		this.#loading = false;
	}

	#take(line: string): void {
		if (this.#loading && this.#loaded?.test(line)) {
			this.#onLoaded();
			return;
		}
		// Of a Python traceback the last line tells.
		const [, text] = /^(?:ERROR|FATAL)[^:]*: (?:"[^"]*", line \d+: )?(.+)$/.exec(line) ?? [];
		const error = (text ?? (/^\w*Error: /.test(line) ? line : '')).trim().slice(0, 200);
		// While it loads, the first error is the cause and the others follow from it; later the last is the nearest.
		if (error && !(this.#loading && this.#error)) this.#error = error;
	}
}
