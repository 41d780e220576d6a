/** Translates the times of a recogniser's session, which knows only what it got, into those of the audio stream. */
export class Timeline {
	#marks: { session: number; stream: number }[] = [{ session: 0, stream: 0 }];

	/** From `session` milliseconds on, the session's audio is the stream's from `stream` milliseconds on. */
	mark(session: number, stream: number): void {
		const last = this.#marks.at(-1);
		if (last && stream - session === last.stream - last.session) return;
		this.#marks = [...this.#marks.filter((mark) => mark.session < session), { session, stream }];
	}

	toStream(ms: number): number {
		const mark = this.#marks.findLast(({ session }) => session <= ms) ?? this.#marks[0];
		return mark ? ms - mark.session + mark.stream : ms;
	}

	/** No earlier time of the session will be asked for any more. */
	forget(beforeMs: number): void {
		const first = this.#marks.findLastIndex(({ session }) => session <= beforeMs);
		if (first > 0) this.#marks = this.#marks.slice(first);
	}
}
