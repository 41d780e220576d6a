import type { Socket } from 'node:net';
import type { ChannelCredentials, ChannelOptions, Client } from '@grpc/grpc-js';
import { readAuthority } from './authority.ts';
import type { GrpcAddress } from './grpc-method.ts';

export interface GrpcTarget {
	readonly address: GrpcAddress;
	/** PEM file of the one certificate authority to trust; '' = the usual ones. */
	readonly caFile: string;
	/** Who is there, for error texts: "Yandex SpeechKit at stt.api.cloud.yandex.net". */
	readonly peer: string;
	/**
	 * How often to ask during a call whether the other end is still there, and how long the answer may take. Default
	 * 60 s and 20 s: servers end connections on which such questions come often and they themselves say nothing
	 * (https://github.com/grpc/grpc/blob/master/doc/keepalive.md).
	 */
	readonly liveness?: { readonly everyMs: number; readonly timeoutMs: number };
}

/** 'lost' = was connected or tried to, and is not. */
export type ConnectionState = 'pending' | 'ready' | 'lost';

const LIVENESS = { everyMs: 60_000, timeoutMs: 20_000 };
/** As long as a timer can wait: a connection held ready must not be dropped for being idle … */
const NEVER_MS = 2 ** 31 - 1;
/** … nor forgotten by a router on the way. */
const TCP_KEEPALIVE_MS = 30_000;
/** How long the server may take to close its side. */
const PATIENCE_MS = 2000;

// ConnectivityState of grpc-js: IDLE, CONNECTING, READY, TRANSIENT_FAILURE, SHUTDOWN.
const STATES: readonly ConnectionState[] = ['lost', 'pending', 'ready', 'lost', 'lost'];

/** One connection for one call. grpc-js is loaded with the first. */
export class GrpcConnection {
	readonly client: Client;
	/** Resolves after `close` or `destroy`, when nothing of the connection is left; never rejects. */
	readonly gone: Promise<void>;
	readonly #sockets: Sockets;

	constructor(client: Client, sockets: Sockets) {
		this.client = client;
		this.#sockets = sockets;
		this.gone = sockets.gone;
	}

	/** Does no I/O on the network yet. Rejects with VoiceError STT_CONFIG for a `caFile` that cannot be used. */
	static async create({ address, caFile, liveness = LIVENESS }: GrpcTarget): Promise<GrpcConnection> {
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
			'grpc.keepalive_time_ms': liveness.everyMs,
			'grpc.keepalive_timeout_ms': liveness.timeoutMs,
		};
		// Certificates are verified whatever NODE_TLS_REJECT_UNAUTHORIZED says.
		const security = address.tls
			? credentials.createSsl(trusted, null, null, { rejectUnauthorized: true })
			: credentials.createInsecure();
		const sockets = new Sockets(security);
		return new GrpcConnection(new Client(address.target, security, options), sockets);
	}

	get state(): ConnectionState {
		return STATES[this.client.getChannel().getConnectivityState(false)] ?? 'lost';
	}

	/** Connects, and tells the state, and every change of it as long as `look` answers true. */
	watch(look: (state: ConnectionState) => boolean): void {
		const channel = this.client.getChannel();
		const wait = () => {
			try {
				const before = channel.getConnectivityState(false);
				channel.watchConnectivityState(before, Number.POSITIVE_INFINITY, () => {
					if (look(this.state)) wait();
				});
			} catch {
				// It was closed.
			}
		};
		channel.getConnectivityState(true);
		if (this.state !== 'ready' || look('ready')) wait();
	}

	/** What was sent still goes out. */
	close(): void {
		this.client.close();
		this.#sockets.close(PATIENCE_MS);
	}

	destroy(): void {
		this.client.close();
		this.#sockets.close(0);
	}
}

/**
 * The sockets of one connection. grpc-js hands them out to nobody, and leaves those alone that are still in a TLS
 * handshake when it is told to close: against a server that never answers they would pile up.
 */
class Sockets {
	readonly gone: Promise<void>;
	readonly #open = new Set<Socket>();
	#isClosed = false;
	#timer: NodeJS.Timeout | undefined;
	#settle = () => {};

	/** @param security is changed so that it shows every socket that grpc-js connects */
	constructor(security: ChannelCredentials) {
		this.gone = new Promise((resolve) => {
			this.#settle = resolve;
		});
		const create = security._createSecureConnector.bind(security);
		security._createSecureConnector = (...how) => {
			const connector = create(...how);
			const connect = connector.connect.bind(connector);
			connector.connect = (socket) => {
				this.#add(socket);
				return connect(socket);
			};
			return connector;
		};
	}

	close(patienceMs: number): void {
		this.#isClosed = true;
		clearTimeout(this.#timer);
		if (!this.#open.size) this.#settle();
		else if (patienceMs > 0) this.#timer = setTimeout(() => this.close(0), patienceMs);
		else for (const socket of this.#open) socket.destroy();
	}

	#add(socket: Socket): void {
		// It was on its way when the connection was closed.
		if (this.#isClosed) socket.destroy();
		this.#open.add(socket);
		socket.setKeepAlive(true, TCP_KEEPALIVE_MS);
		socket.once('close', () => {
			this.#open.delete(socket);
			if (this.#isClosed) this.close(0);
		});
	}
}
