import { createHash } from 'node:crypto';
import http from 'node:http';
import { type AddressInfo, connect } from 'node:net';

/** How the server answers a file; everything absent is as a good server does it. */
export interface Served {
	readonly data: Buffer;
	/** No ranges: a request for a part gets the whole. */
	noRanges?: boolean;
	/** Default: of the data. '' = none. */
	etag?: string;
	lastModified?: string;
	noLength?: boolean;
	/** The connection is cut after so many bytes of the file, once for each number. */
	cutAfter?: number[];
	/** Nothing more is sent after so many bytes, once for each number. */
	stallAfter?: number[];
	/** Answers before the file is sent, one for each request: a status, or where to look instead. */
	first?: (number | { status: number; headers: Record<string, string> })[];
	/** Says that the part begins here, whatever was asked for. */
	lieAboutStart?: number;
	/** Pieces of the body are this far apart. */
	slowMs?: number;
}

export interface Asked {
	readonly path: string;
	readonly range: string | undefined;
	readonly authorization: string | undefined;
	readonly status: number;
	/** Bytes of the body that were sent. */
	sent: number;
	/** When the connection closed. */
	readonly over: Promise<void>;
}

/** A web server on loopback with the archives of models. */
export class Mirror {
	readonly files = new Map<string, Served>();
	readonly asked: Asked[] = [];
	/** Called with every piece that is sent. */
	onSent: ((path: string, sent: number) => void) | undefined;
	/**
	 * How much of the file the client has by its own word: a connection is cut only then, because a client throws
	 * away what it has not read yet.
	 */
	received: () => number = () => Number.POSITIVE_INFINITY;
	readonly #server: http.Server;

	private constructor() {
		this.#server = http.createServer((request, response) => this.#answer(request, response));
	}

	static async start(): Promise<Mirror> {
		const mirror = new Mirror();
		await new Promise<void>((resolve) => mirror.#server.listen(0, '127.0.0.1', resolve));
		return mirror;
	}

	/** The address to give as the mirror's. */
	get base(): string {
		return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/asr-models`;
	}

	/** Serves an archive of that name, or a file if it ends in .onnx. */
	serve(name: string, data: Buffer, how: Omit<Served, 'data'> = {}): Served {
		const served = { data, ...how };
		this.files.set(`/asr-models/${name.endsWith('.onnx') ? name : `${name}.tar.bz2`}`, served);
		return served;
	}

	/** Serves checksum.txt, as the publisher's release has it. */
	serveChecksums(...names: string[]): void {
		const lines = names.map((name) => {
			const data = this.files.get(`/asr-models/${name}.tar.bz2`)?.data ?? Buffer.alloc(0);
			return `${name}.tar.bz2\t${createHash('sha256').update(data).digest('hex')}`;
		});
		this.files.set('/asr-models/checksum.txt', {
			data: Buffer.from(`other.tar.bz2\tff\n${lines.join('\n')}\n`),
		});
	}

	/** Requests for archives, without those for checksums. */
	get downloads(): Asked[] {
		return this.asked.filter(({ path }) => path.endsWith('.tar.bz2'));
	}

	forget(): void {
		this.files.clear();
		this.asked.length = 0;
		this.onSent = undefined;
		this.received = () => Number.POSITIVE_INFINITY;
	}

	async stop(): Promise<void> {
		this.#server.closeAllConnections();
		await new Promise((resolve) => this.#server.close(resolve));
	}

	#answer(request: http.IncomingMessage, response: http.ServerResponse): void {
		const path = request.url ?? '';
		const served = this.files.get(path);
		const { range, authorization } = request.headers;
		const reply = (status: number, headers: http.OutgoingHttpHeaders): Asked => {
			const over = new Promise<void>((resolve) => response.once('close', resolve));
			const asked = { path, range, authorization, status, sent: 0, over };
			this.asked.push(asked);
			response.writeHead(status, headers);
			return asked;
		};
		if (!served) {
			reply(404, {});
			response.end('not here');
			return;
		}
		const first = served.first?.shift();
		if (first !== undefined) {
			const { status, headers } = typeof first === 'number' ? { status: first, headers: {} } : first;
			reply(status, headers);
			response.end();
			return;
		}
		const { data } = served;
		const etag = served.etag ?? `"${createHash('md5').update(data).digest('hex')}"`;
		const validators = {
			...(etag && { etag }),
			...(served.lastModified && { 'last-modified': served.lastModified }),
		};
		const ifRange = request.headers['if-range'];
		const same = ifRange === undefined || ifRange === etag || ifRange === served.lastModified;
		const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
		const inPart = start > 0 && same && !served.noRanges;
		if (inPart && start >= data.length) {
			reply(416, { 'content-range': `bytes */${data.length}` });
			response.end();
			return;
		}
		const from = inPart ? start : 0;
		const told = served.lieAboutStart ?? from;
		const asked = reply(inPart ? 206 : 200, {
			...validators,
			...(!served.noLength && { 'content-length': data.length - from }),
			...(inPart && { 'content-range': `bytes ${told}-${data.length - 1}/${data.length}` }),
		});
		this.#send(response, data, from, asked, served);
	}

	#send(response: http.ServerResponse, data: Buffer, from: number, asked: Asked, served: Served): void {
		const cut = served.cutAfter?.shift();
		const stall = served.stallAfter?.shift();
		const end = Math.min(data.length, cut ?? data.length, stall ?? data.length);
		let at = from;
		const next = () => {
			if (response.destroyed) return;
			if (at >= end) {
				if (cut !== undefined && this.received() < end) setTimeout(next, 2);
				else if (cut !== undefined) response.destroy();
				else if (stall === undefined) response.end();
				return;
			}
			const piece = data.subarray(at, Math.min(end, at + 16_384));
			at += piece.length;
			response.write(piece, () => {
				asked.sent += piece.length;
				this.onSent?.(asked.path, asked.sent);
				if (served.slowMs) setTimeout(next, served.slowMs);
				else next();
			});
		};
		next();
	}
}

/** A port on which nobody listens. */
export async function deadBase(): Promise<string> {
	const server = http.createServer().listen(0, '127.0.0.1');
	await new Promise((resolve) => server.once('listening', resolve));
	const { port } = server.address() as AddressInfo;
	await new Promise((resolve) => server.close(resolve));
	await assertDead(port);
	return `http://127.0.0.1:${port}/asr-models`;
}

function assertDead(port: number): Promise<void> {
	return new Promise((resolve, reject) => {
		const socket = connect(port, '127.0.0.1');
		socket.once('error', () => resolve());
		socket.once('connect', () => {
			socket.destroy();
			reject(new Error(`somebody listens on ${port}`));
		});
	});
}
