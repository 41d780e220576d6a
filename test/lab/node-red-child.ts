/**
 * The process in which a test's Node-RED runs: started by startNodeRed (node-red.ts) with the path of a JSON file
 * holding ChildOptions. Starts Node-RED as its own red.js does, and reports all that happens in it to the parent.
 */
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import type { ChildOptions, FromChild, Status, ToChild } from './node-red-protocol.ts';

interface SendEvent {
	msg: Record<string, unknown>;
	source: { id: string; port: number };
	destination: { id: string };
}

/** What of Node-RED's API is used here; @types/node-red does not know the embedding one. */
interface Red {
	init(server: unknown, settings: Record<string, unknown>): void;
	start(): Promise<void>;
	stop(): Promise<void>;
	httpAdmin: RequestListener;
	httpNode: RequestListener;
	hooks: { add(name: string, handler: (events: SendEvent[]) => void): void };
	events: {
		on(name: string, handler: (event: never) => void): void;
		once(name: string, handler: () => void): void;
		off(name: string, handler: (event: never) => void): void;
	};
	nodes: {
		getNode(id: string): { receive(msg: unknown): void } | null;
		getNodeList(): { id: string; module: string; types: string[]; err?: unknown }[];
	};
	runtime: { flows: { setFlows(options: unknown): Promise<unknown> } };
}

type NodeError = (this: { id: string; type: string }, error: unknown, msg?: unknown) => void;

const options = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as ChildOptions;
const require = createRequire(options.nodeRed);
const RED = require(options.nodeRed) as Red;
const express = require('express') as () => RequestListener & {
	use(path: string, app: RequestListener): void;
};

function report(event: FromChild): void {
	if (!process.connected) return;
	process.send?.(event, undefined, undefined, () => {}); // the parent may have gone
}

/** A copy that can go to the parent: Buffers stay Buffers, what cannot be cloned (req, res, functions) is left out. */
function portable(value: unknown, depth = 0): unknown {
	if (typeof value === 'function' || typeof value === 'symbol') return undefined;
	if (typeof value !== 'object' || value === null) return value;
	if (Buffer.isBuffer(value) || ArrayBuffer.isView(value) || value instanceof Date) return value;
	if (depth > 20) return undefined;
	if (value instanceof Error)
		return { name: value.name, message: value.message, ...portableFields(value, depth) };
	if (Array.isArray(value)) return value.map((item) => portable(item, depth + 1));
	return portableFields(value, depth);
}

function portableFields(value: object, depth: number): Record<string, unknown> {
	const copy: Record<string, unknown> = {};
	for (const [name, field] of Object.entries(value)) {
		if (depth === 0 && (name === 'req' || name === 'res')) continue;
		copy[name] = portable(field, depth + 1);
	}
	return copy;
}

function observe(): void {
	RED.hooks.add('onSend.lab', (events) => {
		const first = new Map<number, string>(); // of a port's several wires, one tells all
		for (const { msg, source, destination } of events) {
			if (!first.has(source.port)) first.set(source.port, destination.id);
			if (first.get(source.port) !== destination.id) continue;
			report({
				kind: 'message',
				node: source.id,
				port: source.port,
				msg: portable(msg) as Record<string, unknown>,
			});
		}
	});
	RED.events.on('node-status', ({ id, status }: { id: string; status: object }) => {
		report({ kind: 'status', node: id, status: portable(status) as Status });
	});
	// node.error() and done(error) both end here, with or without a Catch node that hears them.
	const prototype = (
		createRequire(require.resolve('@node-red/runtime'))('./nodes/Node.js') as {
			prototype: { error: NodeError };
		}
	).prototype;
	const original = prototype.error;
	prototype.error = function (error, msg) {
		const details = typeof error === 'object' && error !== null ? (portable(error) as object) : {};
		const message = error instanceof Error ? error.message : String(error);
		const stack = error instanceof Error ? error.stack : undefined;
		report({
			kind: 'error',
			error: {
				node: this.id,
				type: this.type,
				...details,
				message,
				...(stack && { stack }),
				...(msg !== undefined && { msg: portable(msg) as Record<string, unknown> }),
			},
		});
		original.call(this, error, msg);
	};
}

/** Resolves at the next start of the flows; rejects if they cannot start for want of a node type. */
function flowsStarted(): Promise<void> {
	return new Promise((resolve, reject) => {
		const problem = ({ payload }: { payload?: { error?: string; types?: string[] } }) => {
			if (payload?.error !== 'missing-types') return;
			const broken = RED.nodes.getNodeList().filter((set) => set.err !== undefined);
			const why = broken.map((set) => `\n  ${set.id}: ${String(set.err).split('\n')[0]}`).join('');
			reject(new Error(`Node-RED does not know the node types ${payload.types?.join(', ')}${why}`));
		};
		RED.events.on('runtime-event', problem);
		RED.events.once('flows:started', () => {
			RED.events.off('runtime-event', problem);
			resolve();
		});
	});
}

async function answer(request: ToChild): Promise<unknown> {
	switch (request.kind) {
		case 'send': {
			const node = RED.nodes.getNode(request.node);
			if (!node) throw new Error(`no node ${request.node} in the running flows`);
			node.receive(request.msg);
			return undefined;
		}
		case 'flows': {
			const started = flowsStarted();
			await RED.runtime.flows.setFlows({
				flows: { flows: request.flow, ...(request.credentials && { credentials: request.credentials }) },
				deploymentType: request.type,
			});
			return started;
		}
		case 'installed':
			return RED.nodes.getNodeList().map(({ id, module, types, err }) => ({
				id,
				module,
				types,
				...(err !== undefined && { err: err instanceof Error ? err.message : String(err) }),
			}));
		case 'stop':
			return stop();
	}
}

let stopping = false;
async function stop(): Promise<void> {
	if (stopping) return;
	stopping = true;
	await RED.stop();
	process.exit(0);
}

async function start(): Promise<void> {
	const app = express();
	const server = createServer(app);
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	const settings: Record<string, unknown> = {
		...options.settings,
		uiHost: '127.0.0.1',
		uiPort: port,
		logging: {
			lab: {
				level: options.logLevel,
				metrics: false,
				audit: false,
				handler: () => (entry: { level: number; msg: unknown; type?: string; id?: string }) => {
					const text =
						entry.msg instanceof Error ? (entry.msg.stack ?? entry.msg.message) : String(entry.msg);
					report({
						kind: 'log',
						level: entry.level,
						text: entry.type ? `[${entry.type}:${entry.id}] ${text}` : text,
					});
				},
			},
		},
	};
	RED.init(server, settings);
	app.use(String(settings['httpAdminRoot'] ?? '/'), RED.httpAdmin);
	app.use(String(settings['httpNodeRoot'] ?? '/'), RED.httpNode);
	observe();
	const started = flowsStarted();
	await RED.start();
	await started;
	report({ kind: 'ready', url: `http://127.0.0.1:${port}` });
}

process.on('message', (request: ToChild) => {
	answer(request).then(
		(result) => report({ kind: 'answer', id: request.id, result }),
		(error: Error) => report({ kind: 'answer', id: request.id, failure: error.message }),
	);
});
process.on('disconnect', () => void stop()); // the test has died
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop());
// As Node-RED's own red.js does.
process.on('uncaughtException', (error) => {
	console.error('[red] Uncaught Exception:', error);
	process.exit(1);
});
start().catch((error: Error) => {
	process.send?.({ kind: 'failed', reason: error.message } satisfies FromChild, undefined, undefined, () =>
		process.exit(1),
	);
});
