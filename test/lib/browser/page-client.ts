import { once } from 'node:events';
import { type ClientOptions, WebSocket } from 'ws';
import { type EndpointMessage, PAGE_HEADER, type PageMessage } from '../../../lib/browser/protocol.ts';

type Kind = EndpointMessage['type'];
type Of<K extends Kind> = Extract<EndpointMessage, { type: K }>;

/** A ticket for a node's page, got as its own page would get it. */
export async function ticketFor(page: string, headers: Record<string, string> = {}): Promise<string> {
	const { origin } = new URL(page);
	const response = await fetch(`${page}/ticket`, { method: 'POST', headers: { Origin: origin, ...headers } });
	if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
	return ((await response.json()) as { ticket: string }).ticket;
}

/** The WebSocket of a page; `page` is its address, as http://…. */
export function socketFor(page: string, ticket: string, options: ClientOptions = {}): WebSocket {
	const address = `${page.replace(/^http/, 'ws')}/stream?ticket=${ticket}`;
	return new WebSocket(address, { origin: new URL(page).origin, ...options });
}

/** What a page does, done by a program: connects, speaks, and keeps what it is told. */
export class PageClient {
	readonly socket: WebSocket;
	readonly told: EndpointMessage[] = [];
	/** Resolves with the close code. */
	readonly closed: Promise<{ code: number; reason: string }>;
	#utterance = 0;

	constructor(socket: WebSocket) {
		this.socket = socket;
		socket.on('error', () => {});
		socket.on('message', (data) => this.told.push(JSON.parse(String(data)) as EndpointMessage));
		this.closed = new Promise((resolve) =>
			socket.once('close', (code, reason) => resolve({ code, reason: String(reason) })),
		);
	}

	/** Connects; resolves when the node is ready. */
	static async connect(
		page: string,
		options: ClientOptions & { auth?: string; key?: string } = {},
	): Promise<PageClient> {
		const { auth, key } = options;
		const ticket = await ticketFor(page, {
			...(auth && { Authorization: basic(auth) }),
			...(key && { [PAGE_HEADER]: key }),
		});
		const client = new PageClient(socketFor(page, ticket, options));
		await client.until('ready');
		return client;
	}

	all<K extends Kind>(type: K): Of<K>[] {
		return this.told.filter((message): message is Of<K> => message.type === type);
	}

	/** The first message of that kind that fits, also one that has come already. Rejects if the connection ends. */
	async until<K extends Kind>(type: K, fits: (message: Of<K>) => boolean = () => true): Promise<Of<K>> {
		for (;;) {
			const found = this.all(type).find(fits);
			if (found) return found;
			if (this.socket.readyState >= WebSocket.CLOSING) throw new Error(`closed while waiting for "${type}"`);
			await Promise.race([once(this.socket, 'message'), this.closed]);
		}
	}

	say(message: PageMessage | object): void {
		this.socket.send(JSON.stringify(message));
	}

	/** Begins an utterance; resolves with its number and its stream. */
	async start(sampleRate = 16_000): Promise<{ utterance: number; stream: string }> {
		const utterance = ++this.#utterance;
		this.say({ type: 'start', utterance, sampleRate });
		const { stream } = await this.until('started', (message) => message.utterance === utterance);
		return { utterance, stream };
	}

	/** Sends mono s16le in frames of some milliseconds, all at once. */
	speak(pcm: Buffer, frameBytes = 1280): void {
		for (let at = 0; at < pcm.length; at += frameBytes) this.socket.send(pcm.subarray(at, at + frameBytes));
	}

	/** Ends the utterance; resolves with why it ended. */
	async stop(utterance: number): Promise<string> {
		this.say({ type: 'stop', utterance });
		const { ended } = await this.until('stopped', (message) => message.utterance === utterance);
		return ended;
	}

	/** A whole utterance; resolves with its stream. */
	async utter(pcm: Buffer, sampleRate = 16_000): Promise<string> {
		const { utterance, stream } = await this.start(sampleRate);
		this.speak(pcm);
		await this.stop(utterance);
		return stream;
	}

	/** Goes as a page that is closed does. */
	async leave(): Promise<void> {
		this.socket.close(1001);
		await this.closed;
	}
}

export const basic = (userAndPassword: string) => `Basic ${Buffer.from(userAndPassword).toString('base64')}`;
