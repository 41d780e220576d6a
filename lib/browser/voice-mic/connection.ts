import { CLOSE, type EndpointMessage, type NodeLimits, PAGE_HEADER, type PageMessage } from '../protocol.ts';
import { described, Failure } from './failure.ts';

/** One attempt takes at most so long. */
const ATTEMPT_MS = 10_000;
/** Pauses between attempts: doubled each time, with some chance in it so that not all pages come at once. */
const PAUSE = { first: 500, most: 15_000 };
/** Where nothing will change soon. */
const LONG_PAUSE_MS = 10_000;

export interface ConnectionEvents {
	ready(limits: NodeLimits): void;
	message(message: EndpointMessage): void;
	/** An attempt failed, or the connection broke. It is tried again. */
	lost(failure: Failure): void;
}

/** The way to Node-RED: a ticket, a WebSocket with it, and both again when it breaks. */
export class Connection {
	readonly #base: URL;
	readonly #events: ConnectionEvents;
	/** What this page is known by, so that results find it on its next connection; only secure pages get here. */
	readonly #key = crypto.randomUUID?.() ?? '';
	#socket: WebSocket | undefined;
	#limits: NodeLimits | undefined;
	#attempt: AbortController | undefined;
	#timer: ReturnType<typeof setTimeout> | undefined;
	#failures = 0;
	#isOpen = false;
	#broken = () => {};
	readonly #wake = () => this.wake();

	/** @param base the node's address, with a slash at the end */
	constructor(base: URL, events: ConnectionEvents) {
		this.#base = base;
		this.#events = events;
	}

	/** What the node is set to; undefined as long as nothing can be sent. */
	get limits(): NodeLimits | undefined {
		return this.#limits;
	}

	/** Bytes that the network has not taken yet. */
	get waitingBytes(): number {
		return this.#socket?.bufferedAmount ?? 0;
	}

	/** Connects, and stays connected. */
	open(): void {
		if (this.#isOpen) return;
		this.#isOpen = true;
		addEventListener('online', this.#wake);
		void this.#connect();
	}

	/** No pause any longer: somebody wants to speak. */
	wake(): void {
		if (this.#isOpen && !this.#attempt && !this.#socket) void this.#connect();
	}

	/** The connection does not answer. */
	renew(): void {
		this.#broken();
	}

	close(): void {
		this.#isOpen = false;
		removeEventListener('online', this.#wake);
		clearTimeout(this.#timer);
		this.#attempt?.abort();
		this.#attempt = undefined;
		this.#drop();
	}

	/** Only while there are `limits`. */
	send(message: PageMessage | ArrayBuffer): void {
		if (!this.#limits || this.#socket?.readyState !== WebSocket.OPEN) return;
		this.#socket.send(message instanceof ArrayBuffer ? message : JSON.stringify(message));
	}

	async #connect(): Promise<void> {
		clearTimeout(this.#timer);
		const attempt = new AbortController();
		this.#attempt = attempt;
		const late = setTimeout(() => {
			attempt.abort();
			this.#failed(attempt, new Failure('not-connected', 'no answer in time'));
		}, ATTEMPT_MS);
		attempt.signal.addEventListener('abort', () => clearTimeout(late));
		try {
			const ticket = await this.#ticket(attempt.signal);
			if (this.#attempt === attempt) this.#join(ticket, attempt, () => clearTimeout(late));
		} catch (thrown) {
			clearTimeout(late);
			const failure =
				thrown instanceof Failure ? thrown : new Failure('not-connected', described(thrown).message);
			this.#failed(attempt, failure);
		}
	}

	async #ticket(signal: AbortSignal): Promise<string> {
		const url = new URL('ticket', this.#base);
		const headers = { [PAGE_HEADER]: this.#key };
		const response = await fetch(url, { method: 'POST', cache: 'no-store', headers, signal });
		if (!response.ok) throw refusal(response.status);
		const answer: unknown = await response.json().catch(() => undefined);
		const { ticket } = (answer ?? {}) as { ticket?: unknown };
		// A login page, for instance.
		if (typeof ticket !== 'string') throw new Failure('refused', 'no ticket');
		return ticket;
	}

	#join(ticket: string, attempt: AbortController, joined: () => void): void {
		const url = new URL('stream', this.#base);
		url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
		url.searchParams.set('ticket', ticket);
		const socket = new WebSocket(url);
		socket.binaryType = 'arraybuffer';
		this.#socket = socket;
		socket.onmessage = ({ data }: MessageEvent<unknown>) => {
			const message = parsed(data);
			if (message?.type === 'ready') {
				joined();
				this.#attempt = undefined;
				this.#failures = 0;
				this.#limits = message.limits;
				this.#events.ready(message.limits);
			} else if (message) this.#events.message(message);
		};
		const ended = (code: number, reason: string) => {
			joined();
			this.#failed(attempt, closing(code, reason, this.#limits !== undefined));
		};
		socket.onclose = ({ code, reason }) => ended(code, reason);
		this.#broken = () => ended(0, 'no answer');
	}

	/** Ends an attempt, or the connection that it made. */
	#failed(attempt: AbortController, failure: Failure): void {
		const isCurrent = this.#attempt === attempt || (!this.#attempt && this.#socket);
		if (!this.#isOpen || !isCurrent) return;
		this.#attempt = undefined;
		this.#drop();
		const doubled = Math.min(PAUSE.most, PAUSE.first * 2 ** this.#failures);
		this.#failures += 1;
		const pause = isLasting(failure) ? LONG_PAUSE_MS : doubled;
		this.#timer = setTimeout(() => void this.#connect(), pause * (0.75 + Math.random() / 2));
		this.#events.lost(failure);
	}

	#drop(): void {
		const socket = this.#socket;
		this.#socket = undefined;
		this.#limits = undefined;
		if (!socket) return;
		socket.onmessage = null;
		socket.onclose = null;
		socket.close();
	}
}

/** Will the next attempt probably fail the same way? */
export function isLasting({ code }: Failure): boolean {
	return ['unauthorized', 'forbidden', 'not-found', 'refused', 'too-many-pages'].includes(code);
}

function refusal(status: number): Failure {
	const detail = `HTTP ${status}`;
	if (status === 401) return new Failure('unauthorized', detail);
	if (status === 403) return new Failure('forbidden', detail);
	if (status === 404) return new Failure('not-found', detail);
	if (status === 429 || status === 503) return new Failure('too-many-pages', detail);
	// A proxy whose Node-RED is down.
	if (status >= 502) return new Failure('not-connected', detail);
	return new Failure('refused', detail);
}

function closing(code: number, reason: string, wasReady: boolean): Failure {
	const detail = reason ? `${code} ${reason}` : String(code);
	if (code === CLOSE.tryLater) return new Failure('too-many-pages', detail);
	if (code === CLOSE.policy || code === CLOSE.tooBig) return new Failure('refused', detail);
	return new Failure(wasReady || code === CLOSE.restart ? 'connection-lost' : 'not-connected', detail);
}

function parsed(data: unknown): EndpointMessage | undefined {
	if (typeof data !== 'string') return undefined;
	try {
		return JSON.parse(data) as EndpointMessage;
	} catch {
		return undefined;
	}
}
