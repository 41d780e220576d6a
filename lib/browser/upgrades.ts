import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

type Handle = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

interface Router {
	paths: Map<string, Handle>;
	listener: Handle;
}

const routers = new WeakMap<Server, Router>();

/**
 * Hands WebSocket requests for a path to `handle`, which must answer at once: others end what is not answered within a
 * second (engine.io) or five (Node-RED). Requests for other paths are left alone, because other listeners serve them.
 * All paths of a server share one listener, which goes with the last of them.
 * @param path as in the request, without its query; in any case, like Express's routes
 * @returns what ends that; undefined if the path is taken
 */
export function onUpgrade(server: Server, path: string, handle: Handle): (() => void) | undefined {
	const router = routers.get(server) ?? addRouter(server);
	const { paths } = router;
	const key = path.toLowerCase();
	if (paths.has(key)) return undefined;
	paths.set(key, handle);
	return () => {
		if (paths.get(key) !== handle) return;
		paths.delete(key);
		if (!paths.size) removeRouter(server, router);
	};
}

function addRouter(server: Server): Router {
	const paths: Router['paths'] = new Map();
	const listener: Handle = (request, socket, head) =>
		paths.get(request.url?.split('?')[0]?.toLowerCase() ?? '')?.(request, socket, head);
	const router = { paths, listener };
	routers.set(server, router);
	server.on('upgrade', listener);
	return router;
}

function removeRouter(server: Server, router: Router): void {
	routers.delete(server);
	server.off('upgrade', router.listener);
}

/** Answers a WebSocket request with an error, and closes its connection. */
export function refuse(socket: Duplex, status: 401 | 403, reason: string): void {
	socket.on('error', () => {});
	socket.once('finish', () => socket.destroy());
	socket.end(
		[
			`HTTP/1.1 ${status} ${status === 401 ? 'Unauthorized' : 'Forbidden'}`,
			'Connection: close',
			'Content-Type: text/plain; charset=utf-8',
			`Content-Length: ${Buffer.byteLength(reason)}`,
			'',
			reason,
		].join('\r\n'),
	);
}
