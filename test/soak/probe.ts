/**
 * Loaded into Node-RED's process before everything else (`--import`), beside the chaos suite's probe: answers each
 * connection to the socket whose path is in VOICE_SOAK_PROBE with one line of JSON, `Emitters`, and closes it.
 */
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import process from 'node:process';
import * as v8 from 'node:v8';

/** Who listens to whom. */
export interface Emitters {
	/** Listeners of Node-RED's own events (comms among them), by event. */
	runtime: Record<string, number>;
	/** What the nodes of the flow have registered, together: listeners, and handlers of input and close. */
	nodes: number;
	/**
	 * Objects with EventEmitter among their prototypes that are alive: sockets, sessions, streams, nodes … Looking for
	 * them takes a third of a second in which nothing else happens, so it is done only at every tenth look.
	 */
	alive: number;
}

/** Node-RED keeps handlers of input and close apart from other listeners. */
interface RunningNode extends EventEmitter {
	readonly _closeCallbacks?: unknown[];
	readonly _inputCallback?: unknown;
	readonly _inputCallbacks?: unknown[];
}

interface Red {
	readonly events: EventEmitter;
	readonly nodes: { getNode(id: string): RunningNode | null };
	readonly runtime: { flows: { getFlows(options: object): Promise<{ flows: { id: string }[] }> } };
}

/** Node.js 20.13 and later; not in all of its types. */
const { queryObjects } = v8 as unknown as {
	queryObjects?(kind: unknown, options: { format: 'count' }): number;
};

const count = (emitter: EventEmitter) =>
	Object.fromEntries(emitter.eventNames().map((name) => [String(name), emitter.listenerCount(name)]));

const registered = (node: RunningNode) =>
	Object.values(count(node)).reduce((sum, one) => sum + one, 0) +
	(node._closeCallbacks?.length ?? 0) +
	(node._inputCallbacks?.length ?? (node._inputCallback ? 1 : 0));

const path = process.env['VOICE_SOAK_PROBE'];
if (path && process.argv[1]?.endsWith('node-red-child.js')) {
	const { nodeRed } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as { nodeRed: string };
	const red = () => createRequire(nodeRed)(nodeRed) as Red;
	let looks = 0;
	let alive = Number.NaN;
	const measure = async (): Promise<Emitters> => {
		const { events, nodes, runtime } = red();
		const { flows } = await runtime.flows.getFlows({});
		if (looks++ % 10 === 0) alive = queryObjects?.(EventEmitter, { format: 'count' }) ?? Number.NaN;
		const running = flows.flatMap(({ id }) => nodes.getNode(id) ?? []);
		return {
			runtime: count(events),
			nodes: running.reduce((sum, node) => sum + registered(node), 0),
			alive,
		};
	};
	createServer((socket) => {
		socket.on('error', () => {});
		measure().then(
			(emitters) => socket.end(`${JSON.stringify(emitters)}\n`),
			(thrown: unknown) => socket.destroy(thrown as Error),
		);
	})
		.listen(path)
		.unref();
}
