import { randomBytes } from 'node:crypto';

interface TicketSettings {
	ttlMs: number;
	/** More than these are not valid at a time: the oldest gives way. */
	most: number;
}

/** One-time tickets of one node, for what cannot carry a password: a browser's WebSocket. */
export class Tickets {
	readonly #settings: TicketSettings;
	readonly #now: () => number;
	/** Until when each is valid; the oldest first. */
	readonly #valid = new Map<string, number>();

	constructor(
		settings: TicketSettings = { ttlMs: 30_000, most: 1000 },
		now: () => number = () => performance.now(),
	) {
		this.#settings = settings;
		this.#now = now;
	}

	issue(): string {
		const now = this.#now();
		for (const [ticket, until] of this.#valid) {
			if (until > now && this.#valid.size < this.#settings.most) break;
			this.#valid.delete(ticket);
		}
		const ticket = randomBytes(32).toString('base64url');
		this.#valid.set(ticket, now + this.#settings.ttlMs);
		return ticket;
	}

	/** Is it one of ours, in time, and used for the first time? */
	redeem(ticket: string): boolean {
		const until = this.#valid.get(ticket);
		this.#valid.delete(ticket);
		return until !== undefined && until > this.#now();
	}
}
