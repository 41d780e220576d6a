/** Results come a moment after the audio has ended, or a while, where a flow asks somebody else. */
const KEEP_MS = 600_000;
const KEEP_MOST = 1000;

/** Which page a stream came from: of those that run, and for a while of those that have ended. */
export class Addresses<Page> {
	readonly #now: () => number;
	/** Those that have ended are in the order of their ends. */
	readonly #streams = new Map<string, { page: Page; until: number }>();

	constructor(now: () => number) {
		this.#now = now;
	}

	add(stream: string, page: Page): void {
		this.#streams.set(stream, { page, until: Number.POSITIVE_INFINITY });
	}

	ended(stream: string): void {
		const entry = this.#streams.get(stream);
		if (!entry) return;
		this.#streams.delete(stream);
		this.#streams.set(stream, { ...entry, until: this.#now() + KEEP_MS });
		this.#tidy();
	}

	find(stream: unknown): Page | undefined {
		const entry = this.#streams.get(String(stream));
		return entry && entry.until > this.#now() ? entry.page : undefined;
	}

	/** The page is gone. */
	forget(page: Page): void {
		for (const [stream, entry] of this.#streams) if (entry.page === page) this.#streams.delete(stream);
	}

	#tidy(): void {
		const now = this.#now();
		for (const [stream, { until }] of this.#streams) {
			if (until === Number.POSITIVE_INFINITY) continue;
			if (until > now && this.#streams.size <= KEEP_MOST) return;
			this.#streams.delete(stream);
		}
	}
}
