import type { ClientDuplexStream, Metadata, StatusObject } from '@grpc/grpc-js';
import { connectionError } from './faults.ts';
import { GrpcConnection, type GrpcTarget } from './grpc-connection.ts';
import type { GrpcMethod } from './grpc-method.ts';

// What every recogniser behind gRPC shares: calls that stream both ways. Each has a connection of its own, so that
// one that is dead without having noticed is never used for the next attempt.

/** More than this unsent, and the writer shall wait … */
const HIGH_WATER = 64 * 1024;
/** … until no more than this is left. */
const LOW_WATER = 16 * 1024;

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
	/** Made ahead of their use, each with what tells that it was taken. */
	readonly #warm = new Map<GrpcConnection, () => void>();

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
		const connection = this.#takeWarm() ?? (await GrpcConnection.create(this.#target));
		if (signal.aborted) connection.destroy();
		signal.throwIfAborted();
		const stream = new GrpcStream(connection, method, headers, attach);
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
		const connection = await GrpcConnection.create(this.#target).catch(() => undefined);
		if (signal.aborted) connection?.destroy();
		if (!connection || signal.aborted) return;
		await new Promise<void>((resolve) => {
			const taken = () => {
				signal.removeEventListener('abort', drop);
				this.#warm.delete(connection);
				resolve();
			};
			const drop = () => {
				if (!this.#warm.has(connection)) return;
				taken();
				connection.destroy();
			};
			this.#warm.set(connection, taken);
			signal.addEventListener('abort', drop, { once: true });
			connection.watch((state) => {
				if (state === 'lost') drop();
				return this.#warm.has(connection);
			});
		});
	}

	#takeWarm(): GrpcConnection | undefined {
		for (const [connection, taken] of this.#warm)
			if (connection.state === 'ready') {
				taken();
				return connection;
			}
		return undefined;
	}
}

/** grpc-js 1.14 ends a call without any status when it cannot decompress a message. */
const UNREADABLE = { code: 13, details: 'cannot decompress a message' };

/** One call on a connection of its own. Nothing it does throws or emits 'error'. */
export class GrpcStream<Request, Response> {
	/** Rejects with an Error that has a code of Node.js's if the connection does not come about. */
	readonly connected: Promise<void>;
	/** Resolves when nothing is left of the call and its connection; never rejects. */
	readonly gone: Promise<void>;
	readonly #call: ClientDuplexStream<Request, Response>;
	readonly #events: GrpcEvents<Response>;
	#unsent = 0;
	#isBusy = false;
	#isEnded = false;
	#isOver = false;
	#error: Error | undefined;

	constructor(
		connection: GrpcConnection,
		{ path, requestSerialize, responseDeserialize }: GrpcMethod<Request, Response>,
		metadata: Metadata,
		attach: (stream: GrpcStream<Request, Response>) => GrpcEvents<Response>,
	) {
		const call = connection.client.makeBidiStreamRequest(
			path,
			requestSerialize,
			responseDeserialize,
			metadata,
		);
		this.#call = call;
		const status = new Promise<Pick<StatusObject, 'code' | 'details'>>((resolve) => {
			call.once('status', (end: StatusObject) => {
				this.#isOver = true;
				resolve(typeof end.code === 'number' ? end : UNREADABLE);
			});
		});
		const read = new Promise<void>((resolve) => {
			for (const end of ['end', 'close'] as const) call.once(end, resolve);
		});
		let isConnected = false;
		this.connected = new Promise((resolve, reject) => {
			connection.watch((state) => {
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
			if (isConnected) connection.close();
			else connection.destroy();
			const error = this.#error;
			if (isConnected) this.#events.closed({ code, details, ...(error && { error }) });
			return connection.gone;
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

/** grpc-js hands on only the text of what kept it from connecting: the code of Node.js's error for it. */
const CAUSES: readonly (readonly [RegExp, string])[] = [
	[/\b(E[A-Z]{4,}|EAI_[A-Z]+)\b/, ''],
	[/name resolution failed/i, 'ENOTFOUND'],
	[/certificate has expired/i, 'CERT_HAS_EXPIRED'],
	[/certificate is not yet valid/i, 'CERT_NOT_YET_VALID'],
	[/certificate|altnames|unable to (get|verify)/i, 'CERT_UNTRUSTED'],
	[/ssl routines|wrong version number/i, 'EPROTO'],
	[/before secure TLS/i, 'ECONNRESET'],
];

function causeOf(details: string): Error {
	// "No connection established. Last error: Error: … (date). Resolution note: "
	const text =
		/Last error: (?:Error: )?(.*?)(?: \([\d:.TZ-]+\))?\. Resolution note/s.exec(details)?.[1] ?? details;
	for (const [pattern, code] of CAUSES) {
		const found = pattern.exec(text);
		if (found) return Object.assign(new Error(text), { code: code || found[1] });
	}
	return new Error(text);
}
