import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { problemWith } from './assemblyai-query.ts';
import { AssemblyAiV2 } from './assemblyai-v2.ts';
import { AssemblyAiV3 } from './assemblyai-v3.ts';
import { Connection } from './connection.ts';
import { type Ears, numbers } from './hearing.ts';
import type { Limits } from './limits.ts';
import { ConnectionRecord } from './record.ts';
import { type Behaviour, behaviourOf, type Script } from './script.ts';
import { Watch } from './watch.ts';

export interface AssemblyAiSettings {
	/** Serves wss and https with this certificate. */
	readonly tls?: { readonly cert: string; readonly key: string };
	/** The one API key that is good. Default 'lab-api-key'. */
	readonly apiKey?: string;
	/** How a bad key is refused: by HTTP status 401, or after the upgrade by a close. Default 'close'. */
	readonly refuseKeys?: 'http' | 'close';
	/** What it hears. Default: the numbers in numbered audio. */
	readonly ears?: Ears;
	/** A turn ends with so many words, pause or not. Default: only pauses end turns. */
	readonly turnWords?: number;
	readonly limits?: Limits;
	readonly script?: Script;
	/** v2 answers "Model deprecated", as the vendor's own does today. */
	readonly deprecated?: 'http' | 'socket';
	/** How far its clock is ahead of this machine's; it tells its time in the header Date. Default: it does not tell. */
	readonly clockAheadMs?: number;
	/** Milliseconds by which it judges the pace. Default: real time. */
	readonly paceNow?: () => number;
	/** False: counts the audio, but keeps none of it. Default true. */
	readonly keepAudio?: boolean;
}

const DEPRECATED =
	'Model deprecated. See docs for new model information: https://www.assemblyai.com/docs/speech-to-text/universal-streaming';
const PATHS: Readonly<Record<string, 2 | 3>> = { '/v3/ws': 3, '/v2/realtime/ws': 2 };

/** AssemblyAI on 127.0.0.1: Universal-Streaming v3, Realtime v2, and the routes for temporary tokens. */
export async function startAssemblyAi(settings: AssemblyAiSettings = {}): Promise<LoopbackAssemblyAi> {
	const recogniser = new LoopbackAssemblyAi(settings);
	await recogniser.listen();
	return recogniser;
}

export class LoopbackAssemblyAi {
	/** What the next connections meet; may be changed at any time. */
	script: Script;
	ears: Ears;
	/** Every attempt in order, also those that were refused. */
	readonly records: ConnectionRecord[] = [];
	readonly apiKey: string;
	readonly #settings: AssemblyAiSettings;
	readonly #watch = new Watch();
	readonly #server: Server;
	readonly #sockets = new Set<Duplex>();
	readonly #webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
	readonly #connections = new Map<ConnectionRecord, Connection>();
	readonly #tokens = new Set<string>();
	readonly #timers = new Set<NodeJS.Timeout>();

	constructor(settings: AssemblyAiSettings) {
		this.#settings = settings;
		this.script = settings.script ?? {};
		this.ears = settings.ears ?? numbers;
		this.apiKey = settings.apiKey ?? 'lab-api-key';
		const { tls, clockAheadMs } = settings;
		if (clockAheadMs !== undefined)
			this.#webSockets.on('headers', (headers) => {
				headers.push(`Date: ${new Date(Date.now() + clockAheadMs).toUTCString()}`);
			});
		this.#server = tls ? createTlsServer(tls) : createServer();
		this.#server.on('request', (request, response) => void this.#answer(request, response));
		this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
		this.#server.on(tls ? 'secureConnection' : 'connection', (socket: Duplex) => {
			this.#sockets.add(socket);
			socket.on('error', () => {});
			socket.once('close', () => {
				this.#sockets.delete(socket);
				this.#watch.changed();
			});
		});
		// A client that does not trust the certificate.
		this.#server.on('tlsClientError', () => {});
	}

	listen(): Promise<void> {
		return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
	}

	/** host:port */
	get host(): string {
		return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
	}

	/** Of v3; v2 is at `urlV2`. */
	get url(): string {
		return `${this.#settings.tls ? 'wss' : 'ws'}://${this.host}/v3/ws`;
	}

	get urlV2(): string {
		return `${this.#settings.tls ? 'wss' : 'ws'}://${this.host}/v2/realtime/ws`;
	}

	/** Connections that are there at this moment, in whatever state. */
	get open(): number {
		return this.#sockets.size;
	}

	/** Their sockets, to send what no recogniser would. */
	get sockets(): readonly Duplex[] {
		return [...this.#sockets];
	}

	/** The audio of all connections, one after another. */
	audio(): Buffer {
		return Buffer.concat(this.records.map((record) => record.audio()));
	}

	/** The connection of a record, to close, drop, stall or speak by hand. */
	connection(record: ConnectionRecord): Connection {
		const connection = this.#connections.get(record);
		if (!connection) throw new Error('that connection was refused');
		return connection;
	}

	/** Drops every open session without a word. */
	dropAll(): void {
		for (const [record, connection] of this.#connections) if (!record.closed) connection.drop();
	}

	/** Resolves once `condition` gives something. */
	until<T>(what: string, condition: () => T | undefined | false): Promise<T> {
		return this.#watch.until(what, condition);
	}

	async stop(): Promise<void> {
		for (const timer of this.#timers) clearTimeout(timer);
		const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
		this.dropAll();
		for (const socket of this.#sockets) socket.destroy();
		await closed;
	}

	#upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
		const url = new URL(request.url ?? '/', 'http://lab');
		const query = Object.fromEntries(url.searchParams);
		const record = new ConnectionRecord(
			this.records.length,
			{ path: url.pathname, query, headers: request.headers },
			this.#settings.keepAudio ?? true,
			this.#watch,
		);
		this.records.push(record);
		this.#watch.changed();
		const behaviour = behaviourOf(this.script, record.index);
		// Nobody else notices a client that goes away while it waits.
		const onEnd = () => socket.destroy();
		socket.once('end', onEnd).resume();
		const timer = setTimeout(() => {
			this.#timers.delete(timer);
			socket.off('end', onEnd);
			if (!socket.destroyed) this.#accept(record, behaviour, request, socket, head);
			else record.end({ by: 'client', code: 1006, reason: '' });
		}, behaviour.acceptDelayMs ?? 0);
		this.#timers.add(timer);
	}

	#accept(
		record: ConnectionRecord,
		behaviour: Behaviour,
		request: IncomingMessage,
		socket: Duplex,
		head: Buffer,
	): void {
		const isKnown = this.#knows(record);
		const version = PATHS[record.path];
		const refusal = this.#refusal(version, behaviour, isKnown);
		if (refusal || !version) {
			const { status, body = '' } = refusal ?? { status: 404 };
			record.end({ by: 'recogniser', code: status, reason: body });
			socket.end(
				`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Type: application/json\r\n` +
					`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
			);
			return;
		}
		this.#webSockets.handleUpgrade(request, socket, head, (webSocket) =>
			this.#serve(webSocket, record, behaviour, version, isKnown),
		);
	}

	/** Why there is no WebSocket. */
	#refusal(version: 2 | 3 | undefined, { refuse }: Behaviour, isKnown: boolean): Behaviour['refuse'] {
		const { deprecated, refuseKeys } = this.#settings;
		if (refuse || !version) return refuse;
		if (version === 2 && deprecated === 'http')
			return { status: 401, body: JSON.stringify({ error: DEPRECATED }) };
		return isKnown || refuseKeys !== 'http'
			? undefined
			: { status: 401, body: '{"error":"Invalid API key"}' };
	}

	#serve(
		webSocket: WebSocket,
		record: ConnectionRecord,
		behaviour: Behaviour,
		version: 2 | 3,
		isKnown: boolean,
	): void {
		const {
			turnWords = Number.POSITIVE_INFINITY,
			limits = {},
			deprecated,
			clockAheadMs = 0,
			paceNow = () => performance.now(),
		} = this.#settings;
		const rate = Number(record.query['sample_rate']) || 16_000;
		const connection = new Connection(webSocket, record, behaviour, rate);
		this.#connections.set(record, connection);
		const problem = this.#objection(record, version, isKnown, deprecated === 'socket');
		const listener = this.ears(rate, record.index);
		const Version = version === 3 ? AssemblyAiV3 : AssemblyAiV2;
		const now = () => Date.now() + clockAheadMs;
		connection.serve(new Version(connection, listener, { ...limits, turnWords, now, paceNow }), problem);
	}

	/** Why a session does not begin. */
	#objection(
		record: ConnectionRecord,
		version: 2 | 3,
		isKnown: boolean,
		isDeprecated: boolean,
	): [code: number, error: string] | undefined {
		if (version === 2 && isDeprecated) return [1000, DEPRECATED];
		if (!isKnown) {
			const reason = record.headers.authorization ? 'Invalid API key' : 'Missing Authorization header';
			return version === 3 ? [1008, `Unauthorized Connection: ${reason}`] : [4001, 'Not Authorized'];
		}
		const problem = problemWith(version, record.query);
		if (problem) return version === 3 ? [3006, problem] : [4101, problem];
		const sessions = this.records.filter((other) => other.isOpen).length;
		if (sessions < (this.#settings.limits?.sessions ?? Number.POSITIVE_INFINITY)) return undefined;
		return version === 3
			? [3009, 'Unauthorized Connection: Too many concurrent sessions']
			: [4102, 'This account has exceeded the number of allowed streams'];
	}

	#knows({ headers, query }: ConnectionRecord): boolean {
		const { authorization = '' } = headers;
		// A token is good for one session.
		return [authorization, query['token'] ?? ''].some(
			(secret) => secret === this.apiKey || this.#tokens.delete(secret),
		);
	}

	/** The routes for temporary tokens: GET /v3/token, POST /v2/realtime/token. */
	async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const say = (status: number, body: object): void => {
			response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
		};
		const url = new URL(request.url ?? '/', 'http://lab');
		let body = '';
		for await (const chunk of request) body += chunk;
		const route = `${request.method} ${url.pathname}`;
		const isV3 = route === 'GET /v3/token';
		const asked = Number(
			isV3
				? url.searchParams.get('expires_in_seconds')
				: (JSON.parse(body || '{}') as { expires_in?: number }).expires_in,
		);
		const [min, max] = isV3 ? [1, 600] : [60, 360_000];
		if (!isV3 && route !== 'POST /v2/realtime/token') say(404, { error: 'Not found' });
		else if (request.headers.authorization !== this.apiKey) say(401, { error: 'Invalid API key' });
		else if (!(asked >= min && asked <= max)) say(400, { error: 'Invalid expiry' });
		else {
			const token = randomBytes(16).toString('hex');
			this.#tokens.add(token);
			say(200, { token, expires_in_seconds: asked });
		}
	}
}
