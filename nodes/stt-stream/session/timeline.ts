interface Mark {
	readonly session: number;
	readonly stream: number;
}

/** Translates the times of a recogniser's session, which knows only what it got, into those of the audio stream. */
export class Timeline {
	#marks: Mark[] = [{ session: 0, stream: 0 }];

	/** From `session` milliseconds on, the session's audio is the stream's from `stream` milliseconds on. */
	mark(session: number, stream: number): void {
		const last = this.#marks.at(-1);
		if (last && Math.abs(stream - session - (last.stream - last.session)) < 1e-6) return;
		this.#marks = [...this.#marks.filter((mark) => mark.session < session), { session, stream }];
	}

	/** The session's audio from `session` on, for `ms`, is none of the stream's: it stands still there. */
	pause(session: number, ms: number): void {
		const stream = this.toStream(session);
		const before = this.#marks.filter((mark) => mark.session < session);
		this.#marks = [...before, { session, stream }, { session: session + ms, stream }];
	}

	toStream(ms: number): number {
		const found = this.#marks.findLastIndex(({ session }) => session <= ms);
		const mark = this.#marks[Math.max(0, found)] as Mark;
		const next = this.#marks[Math.max(0, found) + 1];
		return Math.min(ms - mark.session + mark.stream, next?.stream ?? Number.POSITIVE_INFINITY);
	}

	/** No earlier time of the session will be asked for any more. */
	forget(beforeMs: number): void {
		const first = this.#marks.findLastIndex(({ session }) => session <= beforeMs);
		if (first > 0) this.#marks = this.#marks.slice(first);
	}
}
