import type { IncomingMessage } from 'node:http';
import { posix } from 'node:path';
import type { Duplex } from 'node:stream';
import type { NodeAPI, NodeDef } from 'node-red';
import { type WebSocket, WebSocketServer } from 'ws';
import { VoiceError } from '../node/errors.ts';
import { PageConnection } from './connection.ts';
import { type Asked, isOwnOrigin, type TrustsProxy } from './origin.ts';
import { CLOSE, MAX_FRAME_BYTES, PAGE_HEADER } from './protocol.ts';
import { type Request, type Response, Routes } from './routes.ts';
import { redirectIntoFolder, STATIC_FILES, sendStatic } from './static-files.ts';
import { Tickets } from './tickets.ts';
import { onUpgrade, refuse } from './upgrades.ts';

export interface EndpointOptions {
	/** Below httpNodeRoot, as `pagePath` gives it. */
	path: string;
	/** Called for each page that connects; is to listen to it at once, and must not throw. */
	connected(page: PageConnection): void;
	/** No more pages than these; the others are told to come again later. */
	maxPages?: number;
	/** More came. */
	full?(): void;
	heartbeatMs?: number;
}

/** Of one node. */
export const MAX_PAGES = 64;
const HEARTBEAT_MS = 10_000;

/** Makes connections of all nodes' WebSocket requests; compression costs more than it saves with audio. */
const webSockets = new WebSocketServer({
	noServer: true,
	clientTracking: false,
	perMessageDeflate: false,
	maxPayload: MAX_FRAME_BYTES,
});

/**
 * What one node serves to browsers: a page, its scripts, tickets, and the WebSocket behind them (protocol.ts), beside
 * whatever else this Node-RED serves. Neither httpNodeAuth nor httpNodeMiddleware can guard a WebSocket, so a page
 * shows there a ticket that it got from a route that both guard.
 */
export class BrowserEndpoint {
	readonly #red: NodeAPI;
	readonly #options: EndpointOptions;
	readonly #tickets = new Tickets();
	readonly #pages = new Set<PageConnection>();
	#routes: Routes | undefined;
	#unroute = () => {};

	constructor(red: NodeAPI, options: EndpointOptions) {
		this.#red = red;
		this.#options = options;
	}

	/** Where browsers find it, without host: `/` + httpNodeRoot + path. */
	get path(): string {
		return posix.join('/', String(this.#red.settings.httpNodeRoot || '/'), this.#options.path);
	}

	get isOpen(): boolean {
		return this.#routes !== undefined;
	}

	/**
	 * Serves from now on. Throws a VoiceError, and serves nothing: MIC_DEVICE_BUSY if something else serves the path,
	 * MIC_BACKEND_MISSING if this Node-RED serves nothing at all.
	 */
	open(): void {
		if (this.isOpen) return;
		const { server, httpNode, settings } = this.#red;
		if (!server || !httpNode || (settings.httpNodeRoot as unknown) === false) throw noServer();
		const unroute = onUpgrade(server, `${this.path}/stream`, this.#upgrade);
		if (!unroute) throw taken(this.path);
		this.#unroute = unroute;
		this.#routes = new Routes(httpNode, settings.httpNodeMiddleware);
		this.#addRoutes(this.#routes);
		try {
			this.check();
		} catch (thrown) {
			this.#unmount();
			throw thrown;
		}
	}

	/** Throws MIC_DEVICE_BUSY if something else has come to serve the path; it is then best to close. */
	check(): void {
		const { path } = this.#options;
		const routes = this.#routes;
		if (routes?.isTaken('get', path) || routes?.isTaken('post', `${path}/ticket`) || this.#hasRival())
			throw taken(this.path);
	}

	/** Two that answer one WebSocket request would spoil it: does a core node listen at the same path? */
	#hasRival(): boolean {
		const root = String(this.#red.settings.httpNodeRoot || '/');
		let found = false;
		this.#red.nodes.eachNode((node: NodeDef & { path?: unknown; d?: unknown }) => {
			if (node.type !== 'websocket-listener' || node.d) return;
			const path = posix.join('/', root, String(node.path));
			found ||= path.toLowerCase() === `${this.path}/stream`.toLowerCase();
		});
		return found;
	}

	/** Serves no more, at once; resolves when the last page is gone. No page tells its listener. Safe to call twice. */
	async close(): Promise<void> {
		this.#unmount();
		const closing = [...this.#pages].map((page) => page.close(CLOSE.restart, 'the flow is deployed anew'));
		await Promise.all(closing);
	}

	#unmount(): void {
		this.#unroute();
		this.#routes?.remove();
		this.#routes = undefined;
	}

	#addRoutes(routes: Routes): void {
		const { path } = this.#options;
		routes.add('get', [path, `${path}/`], (request, response) => {
			if (!redirectIntoFolder(request, response)) sendStatic('index.html', response);
		});
		for (const file of STATIC_FILES)
			routes.add('get', [`${path}/${file}`], (_, response) => sendStatic(file, response));
		routes.add('post', [`${path}/ticket`], (request, response) => this.#issue(request, response));
	}

	#issue(request: Request, response: Response): void {
		response.set('Cache-Control', 'no-store');
		if (this.#isOwn(request)) response.json({ ticket: this.#tickets.issue(pageKey(request)) });
		else response.status(403).json({ code: 'MIC_FORMAT', message: FOREIGN });
	}

	readonly #upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
		try {
			const query = new URLSearchParams(request.url?.split('?')[1]);
			const own = this.#isOwn(request);
			const ticket = own ? this.#tickets.redeem(query.get('ticket') ?? '') : undefined;
			if (!own) refuse(socket, 403, FOREIGN);
			else if (!ticket) refuse(socket, 401, 'A ticket is good once, for some seconds: get another one');
			else {
				const connect = (webSocket: WebSocket) => this.#connect(webSocket, ticket.page);
				webSockets.handleUpgrade(request, socket, head, connect);
			}
		} catch {
			// Thrown out of here, it would end Node-RED.
			socket.destroy();
		}
	};

	#connect(webSocket: WebSocket, key: string): void {
		const { heartbeatMs = HEARTBEAT_MS, maxPages = MAX_PAGES, full, connected } = this.#options;
		const page = new PageConnection(webSocket, { heartbeatMs, key });
		if (this.#pages.size >= maxPages) {
			void page.close(CLOSE.tryLater, 'too many pages at once');
			full?.();
			return;
		}
		this.#pages.add(page);
		void page.closed.then(() => this.#pages.delete(page));
		connected(page);
	}

	#isOwn(request: Asked): boolean {
		const trusts: unknown = this.#red.httpNode.get('trust proxy fn');
		return isOwnOrigin(request, typeof trusts === 'function' ? (trusts as TrustsProxy) : undefined);
	}
}

/** Too long to be guessed, short enough to be kept. */
function pageKey(request: Request): string {
	const key = request.headers[PAGE_HEADER];
	return typeof key === 'string' && /^[\w-]{32,64}$/.test(key) ? key : '';
}

const FOREIGN =
	'The page is not of this host. Behind a proxy: let it keep the Host header, or trust it in settings.js';

const noServer = () =>
	new VoiceError(
		'MIC_BACKEND_MISSING',
		'This Node-RED serves no web pages',
		'set httpNodeRoot in settings.js, or choose another source',
	);

const taken = (path: string) =>
	new VoiceError(
		'MIC_DEVICE_BUSY',
		`The path "${path}" is served by another node`,
		'give each microphone, HTTP node and dashboard a path of its own',
	);
