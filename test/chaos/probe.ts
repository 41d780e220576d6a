/**
 * Loaded into Node-RED's process before everything else (`--import`): answers each connection to the socket whose path
 * is in VOICE_CHAOS_PROBE with one line of JSON, `Vitals`, and closes it. With VOICE_CHAOS_OBJECTS it counts objects, too:
 * that takes seconds in which nothing else happens.
 */
import { EventEmitter } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer, Server } from 'node:net';
import process from 'node:process';
import { queryObjects, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What of a process must not grow. */
export interface Vitals {
	/** Open descriptors, and how many there are of each kind of target (`socket`, `pipe`, a path …). */
	fds: number;
	targets: Record<string, number>;
	/** Bytes, after garbage collection. */
	heap: number;
	rss: number;
	/** What keeps the event loop alive (process.getActiveResourcesInfo), by kind. */
	resources: Record<string, number>;
	/** Listeners by event: of `process`, of Node-RED's own bus, and of all servers; and its routes. */
	listeners: Record<string, number>;
	/** How many objects there are, by what they inherit from: compiled code is none. Empty where nobody asked. */
	objects: Record<string, number>;
}

/** Of Node-RED's API. */
interface Red {
	events: EventEmitter;
	httpAdmin: App;
	httpNode: App;
}
interface App {
	_router?: { stack: unknown[] };
}

const path = process.env['VOICE_CHAOS_PROBE'];
// Node.js children are other processes with the same environment.
if (path && process.argv[1]?.endsWith('node-red-child.js')) {
	const { readlinkSync } = await import('node:fs');
	setFlagsFromString('--expose-gc');
	const gc = runInNewContext('gc') as () => void;
	const count = (names: readonly string[]) => {
		const counts: Record<string, number> = {};
		for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
		return counts;
	};
	const targets = () =>
		readdirSync('/proc/self/fd').flatMap((fd) => {
			try {
				return readlinkSync(`/proc/self/fd/${fd}`).replace(/:\[\d+\]$/, '');
			} catch {
				return []; // the descriptor of this very listing
			}
		});
	const { nodeRed } = JSON.parse(readFileSync(process.argv[2] as string, 'utf8')) as { nodeRed: string };
	const listeners = (): Record<string, number> => {
		const counts: Record<string, number> = {};
		const add = (name: string, emitter: EventEmitter) => {
			for (const event of emitter.eventNames()) {
				const key = `${name} ${String(event)}`;
				counts[key] = (counts[key] ?? 0) + emitter.listenerCount(event);
			}
		};
		const require = createRequire(nodeRed);
		const { events, httpAdmin, httpNode } = require(nodeRed) as Red;
		add('process', process);
		add('RED.events', events);
		const { _getActiveHandles } = process as unknown as { _getActiveHandles(): unknown[] };
		for (const handle of _getActiveHandles()) if (handle instanceof Server) add('server', handle);
		for (const [name, { _router }] of Object.entries({ httpAdmin, httpNode }))
			counts[`${name} routes`] = _router?.stack.length ?? 0;
		return counts;
	};
	const KINDS = { Object, Function, Array, Map, Set, Promise, Uint8Array, EventEmitter, AbortSignal };
	const objects = () =>
		Object.fromEntries(
			Object.entries(KINDS).map(([name, kind]) => [name, queryObjects(kind, { format: 'count' })]),
		);
	const countsObjects = Boolean(process.env['VOICE_CHAOS_OBJECTS']);
	const measure = (): Vitals => {
		gc();
		gc();
		const { heapUsed, rss } = process.memoryUsage();
		const open = targets();
		return {
			fds: open.length,
			targets: count(open),
			heap: heapUsed,
			rss,
			resources: count(process.getActiveResourcesInfo()),
			listeners: listeners(),
			objects: countsObjects ? objects() : {},
		};
	};
	createServer((socket) => {
		socket.on('error', () => {});
		socket.end(`${JSON.stringify(measure())}\n`);
	})
		.listen(path)
		.unref();
}
