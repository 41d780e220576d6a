import { type ClientOptions, type RawData, WebSocket } from 'ws';
import { readAuthority } from './authority.ts';
import { connectionError } from './faults.ts';
import { VoiceError } from './provider.ts';

// What every recogniser behind a WebSocket shares: the connection, and why there is none. TLS is always verified,
// whatever NODE_TLS_REJECT_UNAUTHORIZED says; only an address that begins with ws:// goes in plain text.

/** More than this unsent, and the writer shall wait … */
const HIGH_WATER = 64 * 1024;
/** … until no more than this is left. */
const LOW_WATER = 16 * 1024;
/** A recogniser's message is text of a few sentences. */
const MESSAGE_MAX = 4 * 1024 * 1024;
const BODY_MAX = 4096;
/** How long a refusal's body or the answer to a close may take. */
const PATIENCE_MS = 2000;
const PING_EVERY_MS = 5000;
const SILENCE_MAX_MS = 20_000;

export interface WebSocketRequest {
	readonly url: URL;
	readonly headers: Readonly<Record<string, string>>;
	/** PEM file of the one certificate authority to trust; '' = the usual ones. */
	readonly caFile: string;
	/** Who is there, for error texts: "AssemblyAI at streaming.assemblyai.com". */
	readonly peer: string;
	/** A ping goes out every so often; after so much silence the connection counts as dead. Default 5 s and 20 s. */
	readonly liveness?: { readonly pingEveryMs: number; readonly silenceMaxMs: number };
}

/** How a connection that was open ended. */
export interface WebSocketEnd {
	/** RFC 6455; 1005 = closed without a code, 1006 = lost. */
	readonly code: number;
	readonly reason: string;
	/** What was wrong on this side of it, or what `message` threw. */
	readonly error?: Error;
}

export interface WebSocketEvents {
	/** A whole message, also one that was sent as binary. What it throws ends the connection. */
	message(text: string): void;
	/** `send` answered false and may be called again. */
	drain(): void;
	/** Exactly once, and only if the connection was open. */
	closed(end: WebSocketEnd): void;
}

/** The server answered the handshake with an HTTP response of its own. */
export class HandshakeRefused extends Error {
	readonly status: number;
	/** Its beginning. */
	readonly body: string;

	constructor(status: number, body: string) {
		super(`HTTP status ${status}`);
		this.status = status;
		this.body = body;
	}
}

/**
 * The address in a setting, or the vendor's if it is ''. A missing path is the vendor's.
 * @throws VoiceError STT_CONFIG; without the address, which may hold a secret
 */
export function readEndpoint(endpoint: string, vendors: string): URL {
	const url = URL.canParse(endpoint || vendors) ? new URL(endpoint || vendors) : undefined;
	const remedy = `use the whole address, such as ${vendors}`;
	if (!url || !['ws:', 'wss:'].includes(url.protocol))
		throw new VoiceError('STT_CONFIG', 'The endpoint is not a WebSocket address', remedy);
	if (url.username || url.password)
		throw new VoiceError(
			'STT_CONFIG',
			'The endpoint holds a user name or a password',
			'put the API key or the token into the credentials',
		);
	if (url.pathname === '/') url.pathname = new URL(vendors).pathname;
	url.hash = '';
	return url;
}

/**
 * Connects. `attach` gets the link before anything can happen on it; resolves to what it returned.
 * Rejects with HandshakeRefused, with a VoiceError, or with the reason of `signal`.
 */
export async function openWebSocket<T extends WebSocketEvents>(
	request: WebSocketRequest,
	attach: (link: WebSocketLink) => T,
	signal: AbortSignal,
): Promise<T> {
	const ca = await readAuthority(request.caFile);
	signal.throwIfAborted();
	let link: WebSocketLink | undefined;
	const onAbort = () => link?.terminate();
	signal.addEventListener('abort', onAbort, { once: true });
	try {
		link = new WebSocketLink(request, ca);
		const attached = attach(link);
		link.attach(attached);
		await link.opened;
		signal.throwIfAborted();
		return attached;
	} catch (error) {
		signal.throwIfAborted();
		throw error instanceof HandshakeRefused ? error : connectionError(request.peer, error);
	} finally {
		signal.removeEventListener('abort', onAbort);
	}
}

/** One connection. Nothing it does throws or emits 'error'. */
export class WebSocketLink {
	/** Rejects if the connection does not come about. */
	readonly opened: Promise<void>;
	/** Resolves when nothing of the connection is left; never rejects. */
	readonly gone: Promise<void>;
	readonly #socket: WebSocket;
	#events: WebSocketEvents | undefined;
	#error: Error | undefined;
	#busy = false;
	/** Pings since the last sign of life. */
	#unanswered = 0;
	#serverClock: number | undefined;

	constructor(request: WebSocketRequest, ca: string | undefined) {
		const options: ClientOptions & { closeTimeout: number } = {
			headers: { ...request.headers },
			rejectUnauthorized: true,
			perMessageDeflate: false,
			followRedirects: false,
			maxPayload: MESSAGE_MAX,
			closeTimeout: PATIENCE_MS,
			...(ca !== undefined && { ca }),
		};
		const socket = new WebSocket(request.url, options);
		this.#socket = socket;
		let pulse: NodeJS.Timeout | undefined;
		this.opened = new Promise((resolve, reject) => {
			socket.once('open', () => {
				pulse = this.#watch(request.liveness);
				resolve();
			});
			socket.once('unexpected-response', (_request, response) => {
				const chunks: Buffer[] = [];
				let length = 0;
				const refuse = () => {
					reject(new HandshakeRefused(response.statusCode ?? 0, String(Buffer.concat(chunks))));
					socket.terminate();
				};
				response.on('data', (chunk: Buffer) => {
					chunks.push(chunk.subarray(0, Math.max(0, BODY_MAX - length)));
					length += chunk.length;
					if (length >= BODY_MAX) refuse();
				});
				for (const end of ['end', 'error', 'close'] as const) response.once(end, refuse);
				response.setTimeout(PATIENCE_MS, refuse);
			});
			socket.once('close', () => reject(this.#error ?? new Error('the connection was closed')));
		});
		this.opened.catch(() => {});
		socket.once('upgrade', ({ headers }) => {
			const told = Date.parse(headers.date ?? '');
			// The header has no fractions: it may be almost a second later.
			if (told) this.#serverClock = told + 1000;
		});
		socket.on('error', (error) => {
			this.#error ??= error;
		});
		for (const sign of ['message', 'pong', 'ping'] as const)
			socket.on(sign, () => {
				this.#unanswered = 0;
			});
		socket.on('message', (data) => this.#receive(data));
		let wasOpen = false;
		socket.once('open', () => {
			wasOpen = true;
		});
		this.gone = new Promise((resolve) => {
			socket.once('close', (code, reason) => {
				clearInterval(pulse);
				const error = this.#error;
				if (wasOpen) this.#events?.closed({ code, reason: String(reason), ...(error && { error }) });
				resolve();
			});
		});
	}

	attach(events: WebSocketEvents): void {
		this.#events = events;
	}

	/** What the clock of the server showed at the handshake, in milliseconds of Unix time, if it told. */
	get serverClock(): number | undefined {
		return this.#serverClock;
	}

	/** False: taken, but wait for `drain`. Nothing happens on a connection that is not open. */
	send(data: Buffer | string): boolean {
		if (this.#socket.readyState !== WebSocket.OPEN) return true;
		this.#socket.send(data, this.#onSent);
		this.#busy ||= this.#socket.bufferedAmount > HIGH_WATER;
		return !this.#busy;
	}

	/** What was sent still goes out; a server that does not answer the close is left after two seconds. */
	close(): void {
		this.#socket.close(1000);
	}

	/** Ends at once. */
	terminate(): void {
		this.#socket.terminate();
	}

	readonly #onSent = (): void => {
		if (!this.#busy || this.#socket.bufferedAmount > LOW_WATER) return;
		this.#busy = false;
		this.#events?.drain();
	};

	#receive(data: RawData): void {
		if (this.#error) return;
		try {
			this.#events?.message(String(Array.isArray(data) ? Buffer.concat(data) : data));
		} catch (thrown) {
			this.#error = thrown instanceof Error ? thrown : new Error(String(thrown));
			this.terminate();
		}
	}

	/** Notices a network that is gone without a word, which TCP alone does only after minutes. */
	#watch({ pingEveryMs, silenceMaxMs } = { pingEveryMs: PING_EVERY_MS, silenceMaxMs: SILENCE_MAX_MS }) {
		// Counted, not timed: if Node-RED itself was busy for so long, the answer may wait to be read.
		return setInterval(() => {
			if (this.#unanswered * pingEveryMs >= silenceMaxMs) this.terminate();
			else if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
			this.#unanswered++;
		}, pingEveryMs);
	}
}
