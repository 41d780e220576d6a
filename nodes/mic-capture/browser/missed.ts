import type { EndpointMessage } from '../../../lib/browser/protocol.ts';

/** A page that lost its connection comes back within seconds, if it does. */
const KEEP_MS = 120_000;
/** Of all pages: some results for each that may be away at the same time. */
const KEEP_MOST = 500;

/** What pages were to be told while they were away. */
export class Missed {
	readonly #now: () => number;
	#messages: { home: string; message: EndpointMessage; until: number }[] = [];

	constructor(now: () => number) {
		this.#now = now;
	}

	/** Keeps it for a while. Not what the next message of its kind replaces. */
	add(home: string, message: EndpointMessage): void {
		if (message.type === 'transcript' && message.transcript.kind === 'partial') return;
		const now = this.#now();
		this.#messages = this.#messages.filter(({ until }) => until > now).slice(1 - KEEP_MOST);
		this.#messages.push({ home, message, until: now + KEEP_MS });
	}

	/** Hands it out, once, in order. */
	take(home: string): EndpointMessage[] {
		const now = this.#now();
		const taken = this.#messages.filter((one) => one.home === home && one.until > now);
		this.#messages = this.#messages.filter((one) => one.home !== home);
		return taken.map(({ message }) => message);
	}
}
