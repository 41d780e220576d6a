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
	/** Until when each is valid, and whose it is; the oldest first. */
	readonly #valid = new Map<string, { until: number; page: string }>();

	constructor(
		settings: TicketSettings = { ttlMs: 30_000, most: 1000 },
		now: () => number = () => performance.now(),
	) {
		this.#settings = settings;
		this.#now = now;
	}

	/** @param page what its holder is known by, '' = nothing */
	issue(page = ''): string {
		const now = this.#now();
		for (const [ticket, { until }] of this.#valid) {
			if (until > now && this.#valid.size < this.#settings.most) break;
			this.#valid.delete(ticket);
		}
		const ticket = randomBytes(32).toString('base64url');
		this.#valid.set(ticket, { until: now + this.#settings.ttlMs, page });
		return ticket;
	}

	/** Whose it is, if it is one of ours, in time, and used for the first time; else undefined. */
	redeem(ticket: string): { readonly page: string } | undefined {
		const entry = this.#valid.get(ticket);
		this.#valid.delete(ticket);
		return entry && entry.until > this.#now() ? { page: entry.page } : undefined;
	}
}
