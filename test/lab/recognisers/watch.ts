/** Only there to end a test that hangs. */
const SAFETY_MS = 120_000;

/** Lets tests wait for what a recogniser sees, without polling. */
export class Watch {
	readonly #waiting = new Set<() => void>();

	/** Something happened. */
	changed(): void {
		for (const look of [...this.#waiting]) look();
	}

	/** Resolves with what `condition` gives, once that is something. */
	until<T>(what: string, condition: () => T | undefined | false): Promise<T> {
		return new Promise((resolve, reject) => {
			const end = (settle: () => void) => {
				clearTimeout(timer);
				this.#waiting.delete(look);
				settle();
			};
			const look = () => {
				try {
					const value = condition();
					if (value !== undefined && value !== false) end(() => resolve(value));
				} catch (error) {
					end(() => reject(error));
				}
			};
			const timer = setTimeout(() => end(() => reject(new Error(`${what} did not happen`))), SAFETY_MS);
			this.#waiting.add(look);
			look();
		});
	}
}
