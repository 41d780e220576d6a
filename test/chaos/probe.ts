/**
 * Loaded into Node-RED's process before everything else (`--import`): answers each connection to the socket whose path
 * is in VOICE_CHAOS_PROBE with one line of JSON, `Vitals`, and closes it.
 */
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import process from 'node:process';
import { setFlagsFromString } from 'node:v8';
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
	/** Listeners of `process`, by event. */
	listeners: Record<string, number>;
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
			listeners: Object.fromEntries(
				process.eventNames().map((name) => [String(name), process.listenerCount(name)]),
			),
		};
	};
	createServer((socket) => {
		socket.on('error', () => {});
		socket.end(`${JSON.stringify(measure())}\n`);
	})
		.listen(path)
		.unref();
}
