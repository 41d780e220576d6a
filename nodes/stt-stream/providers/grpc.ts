import type { ChannelOptions, Client, ClientDuplexStream, Metadata, StatusObject } from '@grpc/grpc-js';
import { readAuthority } from './authority.ts';
import { connectionError } from './faults.ts';
import type { GrpcAddress, GrpcMethod } from './grpc-method.ts';

// What every recogniser behind gRPC shares: a connection, and one call that streams both ways. Each session has a
// connection of its own, so that one that is dead without having noticed is never used for the next attempt.
// grpc-js is loaded on first use.

/** More than this unsent, and the writer shall wait … */
const HIGH_WATER = 64 * 1024;
/** … until no more than this is left. */
const LOW_WATER = 16 * 1024;
/** As long as a timer can wait: a connection held ready must not be dropped for being idle. */
const NEVER_MS = 2 ** 31 - 1;
const PING_EVERY_MS = 60_000;
const PING_TIMEOUT_MS = 20_000;

export interface GrpcTarget {
	readonly address: GrpcAddress;
	/** PEM file of the one certificate authority to trust; '' = the usual ones. */
	readonly caFile: string;
	/** Who is there, for error texts: "Yandex SpeechKit at stt.api.cloud.yandex.net". */
	readonly peer: string;
	/**
	 * How often to ask whether the other end is still there, and how long the answer may take. Default 60 s and 20 s:
	 * servers end connections on which pings come often and they themselves say nothing.
	 */
	readonly liveness?: { readonly pingEveryMs: number; readonly timeoutMs: number };
}

/** How a call that was connected ended. */
export interface GrpcEnd {
	/** https://grpc.io/docs/guides/status-codes: 0 = as it should. */
	readonly code: number;
	/** The server's words, or grpc-js's. */
	readonly details: string;
	/** What `message` threw. */
	readonly error?: Error;
}

export interface GrpcEvents<Response> {
	/** What it throws ends the call. */
	message(response: Response): void;
	/** `write` answered false and may be called again. */
	drain(): void;
	/** Exactly once, after the last message, and only if the call was connected. */
	closed(end: GrpcEnd): void;
}

/** A server, and the connections to it. */
export class GrpcHost {
	readonly #target: GrpcTarget;
	/** Connected ahead of their use, each with what tells that it was taken. */
	readonly #warm = new Map<Client, () => void>();

	constructor(target: GrpcTarget) {
		this.#target = target;
	}

	/**
	 * Connects and calls. `attach` gets the stream before anything can happen on it and may write to it at once.
	 * Resolves when there is a connection; whether the server likes the call shows later.
	 * Rejects with a VoiceError, or with the reason of `signal`.
	 * @param metadata names in lower case, values in printable ASCII
	 */
	async open<Request, Response>(
		method: GrpcMethod<Request, Response>,
		metadata: Readonly<Record<string, string>>,
		attach: (stream: GrpcStream<Request, Response>) => GrpcEvents<Response>,
		signal: AbortSignal,
	): Promise<GrpcStream<Request, Response>> {
		const { Metadata } = await import('@grpc/grpc-js');
		const headers = new Metadata();
		for (const [name, value] of Object.entries(metadata)) headers.set(name, value);
		const client = this.#takeWarm() ?? (await this.#connect({}));
		if (signal.aborted) client.close();
		signal.throwIfAborted();
		const stream = new GrpcStream(client, method, headers, attach);
		const onAbort = () => stream.cancel();
		signal.addEventListener('abort', onAbort, { once: true });
		try {
			await stream.connected;
			signal.throwIfAborted();
			return stream;
		} catch (error) {
			signal.throwIfAborted();
			throw connectionError(this.#target.peer, error);
		} finally {
			signal.removeEventListener('abort', onAbort);
		}
	}

	/**
	 * Connects ahead of the next `open`, which costs nothing as long as nothing is called. Resolves when that
	 * connection is there no more: used, lost, not to be had, or given up by `signal`. Never rejects.
	 */
	async warm(signal: AbortSignal): Promise<void> {
		// Nobody else would notice that it is dead, or keep it from being forgotten on the way.
		const client = await this.#connect({ 'grpc.keepalive_permit_without_calls': 1 }).catch(() => undefined);
		if (!client) return;
		await new Promise<void>((resolve) => {
			const taken = () => {
				signal.removeEventListener('abort', drop);
				this.#warm.delete(client);
				resolve();
			};
			const drop = () => {
				if (!this.#warm.has(client)) return;
				taken();
				client.close();
			};
			this.#warm.set(client, taken);
			if (signal.aborted) drop();
			signal.addEventListener('abort', drop, { once: true });
			watch(client, (state) => {
				if (state === 'lost') drop();
				return this.#warm.has(client);
			});
		});
	}

	#takeWarm(): Client | undefined {
		for (const [client, taken] of this.#warm)
			if (stateOf(client) === 'ready') {
				taken();
				return client;
			}
		return undefined;
	}

	async #connect(more: ChannelOptions): Promise<Client> {
		const { address, caFile, liveness } = this.#target;
		const [{ Client, credentials }, ca] = await Promise.all([import('@grpc/grpc-js'), readAuthority(caFile)]);
		const trusted = ca === undefined ? null : Buffer.from(ca);
		const options: ChannelOptions = {
			'grpc.use_local_subchannel_pool': 1,
			// Whoever holds the audio repeats it; kept for repetition here, it would also count as sent at once.
			'grpc.enable_retries': 0,
			'grpc.per_rpc_retry_buffer_size': 0,
			'grpc.service_config_disable_resolution': 1,
			'grpc.enable_channelz': 0,
			'grpc.client_idle_timeout_ms': NEVER_MS,
			'grpc.keepalive_time_ms': liveness?.pingEveryMs ?? PING_EVERY_MS,
			'grpc.keepalive_timeout_ms': liveness?.timeoutMs ?? PING_TIMEOUT_MS,
			...more,
		};
		// Certificates are verified whatever NODE_TLS_REJECT_UNAUTHORIZED says.
		const security = address.tls
			? credentials.createSsl(trusted, null, null, { rejectUnauthorized: true })
			: credentials.createInsecure();
		return new Client(address.target, security, options);
	}
}

/** One call on a connection of its own. Nothing it does throws or emits 'error'. */
export class GrpcStream<Request, Response> {
	/** Rejects with an Error that has a code of Node.js's if the connection does not come about. */
	readonly connected: Promise<void>;
	/** Resolves when the call is over and its connection is being closed; never rejects. */
	readonly gone: Promise<void>;
	readonly #call: ClientDuplexStream<Request, Response>;
	readonly #events: GrpcEvents<Response>;
	#unsent = 0;
	#isBusy = false;
	#isEnded = false;
	#isOver = false;
	#error: Error | undefined;

	constructor(
		client: Client,
		{ path, requestSerialize, responseDeserialize }: GrpcMethod<Request, Response>,
		metadata: Metadata,
		attach: (stream: GrpcStream<Request, Response>) => GrpcEvents<Response>,
	) {
		const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata);
		this.#call = call;
		const status = new Promise<StatusObject>((resolve) => {
			call.once('status', (end: StatusObject) => {
				this.#isOver = true;
				resolve(end);
			});
		});
		const read = new Promise<void>((resolve) => {
			for (const end of ['end', 'close'] as const) call.once(end, resolve);
		});
		let isConnected = false;
		this.connected = new Promise((resolve, reject) => {
			watch(client, (state) => {
				isConnected = state === 'ready';
				if (isConnected) resolve();
				return !isConnected && !this.#isOver;
			});
			void status.then(({ details }) => reject(causeOf(details)));
		});
		this.connected.catch(() => {});
		// 'status' says the same, and comes after everything else.
		call.on('error', () => {});
		call.on('data', (response: Response) => this.#receive(response));
		this.#events = attach(this);
		this.gone = Promise.all([status, read]).then(([{ code, details }]) => {
			client.close();
			const error = this.#error;
			if (isConnected) this.#events.closed({ code, details, ...(error && { error }) });
		});
	}

	/**
	 * False: taken, but wait for `drain`. Nothing happens after the end.
	 * @param bytes how much it is, about
	 */
	write(request: Request, bytes: number): boolean {
		if (this.#isOver || this.#isEnded) return true;
		this.#unsent += bytes;
		this.#call.write(request, () => this.#sent(bytes));
		this.#isBusy ||= this.#unsent > HIGH_WATER;
		return !this.#isBusy;
	}

	/** No more requests; what was written still goes out, and the answers still come. */
	halfClose(): void {
		if (this.#isOver || this.#isEnded) return;
		this.#isEnded = true;
		this.#call.end();
	}

	/** Ends at once. */
	cancel(): void {
		if (!this.#isOver) this.#call.cancel();
	}

	#sent(bytes: number): void {
		this.#unsent -= bytes;
		if (!this.#isBusy || this.#isOver || this.#unsent > LOW_WATER) return;
		this.#isBusy = false;
		this.#events.drain();
	}

	#receive(response: Response): void {
		if (this.#error) return;
		try {
			this.#events.message(response);
		} catch (thrown) {
			this.#error = thrown instanceof Error ? thrown : new Error(String(thrown));
			this.cancel();
		}
	}
}

type State = 'pending' | 'ready' | 'lost';

/** 'lost' = was connected or tried to, and is not. */
function stateOf(client: Client): State {
	// ConnectivityState: IDLE, CONNECTING, READY, TRANSIENT_FAILURE, SHUTDOWN.
	const state = client.getChannel().getConnectivityState(false) as number;
	return state === 2 ? 'ready' : state === 1 ? 'pending' : 'lost';
}

/** Connects, and tells every change of the connection as long as `look` answers true. */
function watch(client: Client, look: (state: State) => boolean): void {
	const channel = client.getChannel();
	const next = () => {
		try {
			const before = channel.getConnectivityState(false);
			channel.watchConnectivityState(before, Number.POSITIVE_INFINITY, () => {
				if (look(stateOf(client))) next();
			});
		} catch {
			// The channel was closed.
		}
	};
	if (channel.getConnectivityState(true) === 2) look('ready');
	else next();
}

/** grpc-js hands on only the text of what kept it from connecting: the code of Node.js's error for it. */
const CAUSES: readonly (readonly [RegExp, string])[] = [
	[/\b(E[A-Z]{4,}|EAI_[A-Z]+)\b/, ''],
	[/name resolution failed/i, 'ENOTFOUND'],
	[/certificate has expired/i, 'CERT_HAS_EXPIRED'],
	[/certificate is not yet valid/i, 'CERT_NOT_YET_VALID'],
	[/certificate|altnames|unable to (get|verify)/i, 'CERT_UNTRUSTED'],
	[/ssl routines|wrong version number|before secure TLS/i, 'EPROTO'],
];

export function causeOf(details: string): Error {
	for (const [pattern, code] of CAUSES) {
		const found = pattern.exec(details);
		if (found) return Object.assign(new Error(details), { code: code || found[1] });
	}
	return new Error(details);
}
