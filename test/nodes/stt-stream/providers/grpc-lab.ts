import {
	createServer,
	type IncomingHttpHeaders,
	type ServerHttp2Session,
	type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'node:test';
import { type GrpcEnd, GrpcHost, type GrpcStream } from '../../../../nodes/stt-stream/providers/grpc.ts';
import type { GrpcTarget } from '../../../../nodes/stt-stream/providers/grpc-connection.ts';
import { type GrpcMethod, readGrpcEndpoint } from '../../../../nodes/stt-stream/providers/grpc-method.ts';
import { Relay } from '../../../lab/recognisers/relay.ts';
import { Watch } from '../../../lab/recognisers/watch.ts';

// A server that speaks gRPC by hand, on plain HTTP/2: it can do what no library for servers would.

/** What a test started. */
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
	for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A call from the server's side. */
export class LabCall {
	readonly stream: ServerHttp2Stream;
	readonly session: ServerHttp2Session;
	readonly headers: IncomingHttpHeaders;
	/** The messages received. */
	readonly messages: string[] = [];
	/** Of those messages. */
	bytes = 0;
	isHalfClosed = false;
	isClosed = false;
	#rest = Buffer.alloc(0);

	constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, watch: Watch) {
		this.stream = stream;
		this.headers = headers;
		this.session = stream.session as ServerHttp2Session;
		stream.on('error', () => {});
		stream.on('data', (data: Buffer) => {
			this.#rest = Buffer.concat([this.#rest, data]);
			this.#read();
			watch.changed();
		});
		stream.once('end', () => {
			this.isHalfClosed = true;
			watch.changed();
		});
		stream.once('close', () => {
			this.isClosed = true;
			watch.changed();
		});
	}

	begin(): void {
		if (this.stream.headersSent) return;
		this.stream.respond({ 'content-type': 'application/grpc' }, { waitForTrailers: true });
	}

	say(message: string | Buffer): void {
		this.begin();
		const body = Buffer.from(message);
		const head = Buffer.alloc(5);
		head.writeUInt32BE(body.length, 1);
		this.stream.write(Buffer.concat([head, body]));
	}

	end(status = 0, details = ''): void {
		this.begin();
		this.stream.once('wantTrailers', () =>
			this.stream.sendTrailers({ 'grpc-status': String(status), 'grpc-message': details }),
		);
		this.stream.end();
	}

	#read(): void {
		while (this.#rest.length >= 5) {
			const length = this.#rest.readUInt32BE(1);
			if (this.#rest.length < 5 + length) return;
			this.messages.push(String(this.#rest.subarray(5, 5 + length)));
			this.bytes += length;
			this.#rest = this.#rest.subarray(5 + length);
		}
	}
}

export interface LabServer {
	readonly relay: Relay;
	readonly calls: readonly LabCall[];
	/** Pings that were answered. */
	readonly pings: number;
	/** HTTP/2 sessions that both sides have agreed upon. */
	readonly sessions: ReadonlySet<ServerHttp2Session>;
	host(more?: Partial<GrpcTarget>): GrpcHost;
	until<T>(what: string, condition: () => T | undefined | false): Promise<T>;
	/** Call number `index`, from 0, once it is there. */
	call(index?: number): Promise<LabCall>;
	nothingLeft(): Promise<void>;
}

/** @param serve what becomes of every call; by default nothing does */
export async function startServer(
	serve: (stream: ServerHttp2Stream) => void = () => {},
	{ acceptDelayMs = 0 } = {},
): Promise<LabServer> {
	const watch = new Watch();
	const calls: LabCall[] = [];
	const [all, sessions] = [new Set<ServerHttp2Session>(), new Set<ServerHttp2Session>()];
	let pings = 0;
	const server = createServer();
	server.on('session', (session) => {
		all.add(session);
		session.on('error', () => {});
		session.once('localSettings', () => {
			sessions.add(session);
			watch.changed();
		});
		session.on('ping', () => {
			pings++;
			watch.changed();
		});
		session.once('close', () => {
			all.delete(session);
			sessions.delete(session);
			watch.changed();
		});
	});
	server.on('stream', (stream, headers) => {
		calls.push(new LabCall(stream, headers, watch));
		serve(stream);
		watch.changed();
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const relay = new Relay((server.address() as AddressInfo).port, () => acceptDelayMs, watch);
	await relay.listen();
	cleanups.push(async () => {
		await relay.stop();
		for (const session of all) session.destroy();
		await new Promise((resolve) => server.close(resolve));
	});
	return {
		relay,
		calls,
		sessions,
		get pings() {
			return pings;
		},
		host: (more) => {
			const address = readGrpcEndpoint(`grpc://localhost:${relay.port}`, '');
			return new GrpcHost({ address, caFile: '', peer: 'The server', ...more });
		},
		until: (what, condition) => watch.until(what, condition),
		call: (index = 0) => watch.until(`call ${index}`, () => calls[index]),
		nothingLeft: () => watch.until('the end of every connection', () => relay.open === 0).then(() => {}),
	};
}

/** Requests and responses are texts, or requests pure bytes. */
export const TALK: GrpcMethod<string | Buffer, string> = {
	path: '/lab.Lab/Talk',
	requestSerialize: (request) => Buffer.from(request),
	responseDeserialize: (bytes) => {
		const text = String(bytes);
		if (text === 'unreadable') throw new Error('it cannot be read');
		return text;
	},
};

/** A call, and all that it said. */
export interface Talk {
	readonly stream: GrpcStream<string | Buffer, string>;
	readonly said: string[];
	/** How often it asked to go on. */
	drains: number;
	/** All of its ends: one. */
	readonly ends: GrpcEnd[];
	/** Resolves when nothing is left of it, with its end. */
	readonly end: Promise<GrpcEnd | undefined>;
}

interface TalkOptions {
	onMessage?: (text: string) => void;
	onEnd?: () => void;
	signal?: AbortSignal;
}

export async function talk(
	host: GrpcHost,
	{ onMessage = () => {}, onEnd = () => {}, signal = new AbortController().signal }: TalkOptions = {},
): Promise<Talk> {
	const said: string[] = [];
	const ends: GrpcEnd[] = [];
	const counts = { drains: 0 };
	const stream = await host.open(
		TALK,
		{ 'x-lab': 'yes' },
		() => ({
			message(text) {
				said.push(text);
				onMessage(text);
			},
			drain() {
				counts.drains++;
			},
			closed(end) {
				ends.push(end);
				onEnd();
			},
		}),
		signal,
	);
	cleanups.push(async () => {
		stream.cancel();
		await stream.gone;
	});
	const end = stream.gone.then(() => ends[0]);
	return {
		stream,
		said,
		ends,
		end,
		get drains() {
			return counts.drains;
		},
	};
}

/** The first call, once it has said something. */
export async function first(server: LabServer): Promise<LabCall> {
	const call = await server.call();
	await server.until('the greeting', () => call.messages.length);
	return call;
}
