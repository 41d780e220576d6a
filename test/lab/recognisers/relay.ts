import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Watch } from './watch.ts';

/** One client's connection through a relay. */
export class Link {
	readonly #client: Socket;
	readonly #early: Buffer[] = [];
	readonly #keep = (data: Buffer) => this.#early.push(data);
	#server: Socket | undefined;

	constructor(client: Socket) {
		this.#client = client;
		// Read, so that it is seen when the client gives up.
		client.on('data', this.#keep);
		client.on('error', () => {});
	}

	/** The port that the server sees as the client's. */
	get port(): number | undefined {
		return this.#server?.localPort;
	}

	open(port: number): void {
		if (this.#client.destroyed) return;
		const server = connect(port, '127.0.0.1');
		this.#server = server;
		server.on('error', () => {});
		this.#client.setNoDelay();
		server.setNoDelay();
		this.#client.off('data', this.#keep);
		for (const data of this.#early) server.write(data);
		this.#client.pipe(server);
		server.pipe(this.#client);
		this.#client.once('close', () => server.destroy());
		server.once('close', () => this.#client.destroy());
	}

	/** Gone, without a word of TLS or HTTP/2. */
	drop(): void {
		this.#client.destroy();
		this.#server?.destroy();
	}

	/** Nothing gets through any more, in either direction, and neither side is told. */
	stall(): void {
		for (const socket of [this.#client, this.#server]) {
			socket?.unpipe();
			socket?.pause();
		}
	}

	/** After a stall. */
	resume(): void {
		if (!this.#server) return;
		this.#client.pipe(this.#server);
		this.#server.pipe(this.#client);
	}
}

/**
 * Stands on 127.0.0.1 in front of a server, and does to its connections what networks do. The server itself need not
 * know of it.
 */
export class Relay {
	readonly #links = new Set<Link>();
	readonly #server: Server;
	readonly #timers = new Set<NodeJS.Timeout>();
	#count = 0;

	/**
	 * @param target port of the server
	 * @param delayMs how long connection number `index` (from 0) waits before it is let through
	 */
	constructor(target: number, delayMs: (index: number) => number, watch: Watch) {
		this.#server = createServer((client) => {
			const link = new Link(client);
			this.#links.add(link);
			client.once('close', () => {
				this.#links.delete(link);
				watch.changed();
			});
			const delay = delayMs(this.#count++);
			watch.changed();
			if (delay <= 0) return link.open(target);
			const timer = setTimeout(() => {
				this.#timers.delete(timer);
				link.open(target);
			}, delay);
			this.#timers.add(timer);
		});
	}

	listen(): Promise<void> {
		return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
	}

	get port(): number {
		return (this.#server.address() as AddressInfo).port;
	}

	/** Connections that are there at this moment. */
	get open(): number {
		return this.#links.size;
	}

	/** Connections that there ever were. */
	get count(): number {
		return this.#count;
	}

	/** The one of which the server sees this port. */
	link(port: number): Link | undefined {
		return [...this.#links].find((link) => link.port === port);
	}

	dropAll(): void {
		for (const link of this.#links) link.drop();
	}

	async stop(): Promise<void> {
		for (const timer of this.#timers) clearTimeout(timer);
		const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
		this.dropAll();
		await closed;
	}
}
