/**
 * Reads PocketSphinx's log and remembers why it failed. Most of the log is statistics, and some of it quotes what
 * was said, so only error lines are kept, and those only while the model is loading.
 */
export class EngineLog {
	readonly #loaded: RegExp | undefined;
	readonly #onLoaded: () => void;
	#line = '';
	#loading = true;
	#error = '';

	/** @param loaded matches the line which says that the engine listens */
	constructor(stream: NodeJS.ReadableStream, loaded: RegExp | undefined, onLoaded: () => void) {
		this.#loaded = loaded;
		this.#onLoaded = onLoaded;
		stream.on('data', (data: Buffer) => this.#read(data.toString()));
	}

	/** The engine's own words for what is wrong, or ''. */
	get error(): string {
		return this.#error;
	}

	#read(text: string): void {
		const lines = (this.#line + text).split('\n');
		this.#line = (lines.pop() ?? '').slice(-2000);
		if (this.#loading) for (const line of lines) this.#take(line);
	}

	#take(line: string): void {
		if (this.#loaded?.test(line)) {
			this.#loading = false;
			this.#error = '';
			this.#onLoaded();
			return;
		}
		// The first error is the cause and the others follow from it; of a Python traceback the last line tells.
		const [, text] = /^(?:ERROR|FATAL)[^:]*: (?:"[^"]*", line \d+: )?(.+)$/.exec(line) ?? [];
		if (text) this.#error ||= text.trim().slice(0, 200);
		else if (/^\w*Error: /.test(line)) this.#error ||= line.trim().slice(0, 200);
	}
}
