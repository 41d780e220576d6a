import {
	bcmNumber,
	type Line,
	type LineEvents,
	type LineRequest,
	type OpenLine,
	VoiceError,
} from './line.ts';

interface Entry {
	readonly pull: LineRequest['pull'];
	readonly users: Set<LineEvents>;
	readonly opened: Promise<Line>;
}

/**
 * Lets several nodes of this process use one pin: the kernel gives a line to one user only, and in sysfs closing it
 * for one node would take it from the other (EBUSY, ENODEV).
 */
export function shareLines(open: OpenLine): OpenLine {
	const entries = new Map<string, Entry>();
	const closing = new Map<string, Promise<void>>();

	function start(key: string, request: LineRequest): Entry {
		const users = new Set<LineEvents>();
		const forget = () => {
			if (entries.get(key) === entry) entries.delete(key);
		};
		const opened = open(request, {
			onLevel: (high) => {
				for (const user of [...users]) user.onLevel(high);
			},
			onLost: (error) => {
				forget();
				const all = [...users];
				users.clear();
				for (const user of all) user.onLost(error);
			},
		});
		const entry: Entry = { pull: request.pull, users, opened };
		entries.set(key, entry);
		opened.catch(forget);
		return entry;
	}

	async function leave(key: string, entry: Entry, line: Line, events: LineEvents): Promise<void> {
		// Lost lines have no users left, and are closed.
		if (!entry.users.delete(events) || entry.users.size > 0) return;
		entries.delete(key);
		const closed = line.close().finally(() => closing.delete(key));
		closing.set(key, closed);
		await closed;
	}

	/** The line that this request shares, open. */
	async function join(key: string, request: LineRequest, events: LineEvents): Promise<[Entry, Line]> {
		for (;;) {
			while (closing.has(key)) await closing.get(key);
			const entry = entries.get(key) ?? start(key, request);
			if (request.pull !== 'none' && request.pull !== entry.pull)
				throw new VoiceError(
					'GPIO_BUSY',
					`Another button-trigger has the pin ${request.pin} open with pull "${entry.pull}", this one wants "${request.pull}"`,
					'give both nodes the same pull',
					{ retryable: true },
				);
			entry.users.add(events);
			try {
				return [entry, await entry.opened];
			} catch (error) {
				// What the other wanted of the line failed: ask for it as we want it.
				if (entry.pull === request.pull) throw error;
			}
		}
	}

	return async (request, events) => {
		const key = String(bcmNumber(request.pin) ?? request.pin);
		const [entry, line] = await join(key, request, events);
		return {
			name: line.name,
			get high() {
				return line.high;
			},
			close: () => leave(key, entry, line, events),
		};
	};
}
