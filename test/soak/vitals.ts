import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Vitals } from '../chaos/probe.ts';
import { askProbe, isLasting, total } from '../chaos/probe-client.ts';
import type { LabNodeRed } from '../lab/node-red.ts';
import type { Emitters } from './probe.ts';

/** One look at everything that must not grow. Bytes. */
export interface Sample {
	/** Since the run began. */
	readonly seconds: number;
	/** Of audio in the stream that is never closed. */
	readonly audioSeconds: number;
	readonly rss: number;
	/** After garbage collection. */
	readonly heap: number;
	readonly descriptors: number;
	/** Sockets, pipes, servers, processes and timers of Node-RED. */
	readonly handles: number;
	/** Of `process`, of Node-RED's events and of the nodes. */
	readonly listeners: number;
	readonly emitters: number;
	readonly children: number;
	readonly childrenRss: number;
	readonly childrenDescriptors: number;
}

const lasting = (resources: Readonly<Record<string, number>>) =>
	Object.fromEntries(Object.entries(resources).filter(([kind]) => isLasting(kind)));

/** Looks into Node-RED's process, which has both probes loaded, and at its children. */
export class Watch {
	readonly #nodeRed: LabNodeRed;
	readonly #sockets: ProbeSockets;
	readonly #began = performance.now();
	#last: { vitals: Vitals; emitters: Emitters } | undefined;

	constructor(nodeRed: LabNodeRed, sockets: ProbeSockets) {
		this.#nodeRed = nodeRed;
		this.#sockets = sockets;
	}

	/** By kind, as of the last look: to tell what has grown. */
	get details(): object | undefined {
		if (!this.#last) return undefined;
		const { vitals, emitters } = this.#last;
		const { targets, resources, listeners } = vitals;
		return { targets, resources, process: listeners, runtime: emitters.runtime, nodes: emitters.nodes };
	}

	async look(audioSeconds: number): Promise<Sample> {
		// In this order: the connection of the second would be among the descriptors of the first.
		const vitals = await askProbe<Vitals>(this.#sockets.chaos);
		const emitters = await askProbe<Emitters>(this.#sockets.soak);
		this.#last = { vitals, emitters };
		const children = this.#nodeRed.childPids().map(childFigures);
		return {
			seconds: Math.round((performance.now() - this.#began) / 1000),
			audioSeconds: Math.round(audioSeconds),
			rss: vitals.rss,
			heap: vitals.heap,
			descriptors: vitals.fds,
			handles: total(lasting(vitals.resources)),
			listeners: total(vitals.listeners) + total(emitters.runtime) + emitters.nodes,
			emitters: emitters.alive,
			children: children.length,
			childrenRss: children.reduce((sum, { rss }) => sum + rss, 0),
			childrenDescriptors: children.reduce((sum, { descriptors }) => sum + descriptors, 0),
		};
	}
}

export interface ProbeSockets {
	readonly chaos: string;
	readonly soak: string;
}

/** Environment and arguments of Node.js that load both probes; their sockets are in the folder. */
export function withProbes(folder: string): {
	sockets: ProbeSockets;
	env: Record<string, string>;
	args: string[];
} {
	const sockets = { chaos: join(folder, 'chaos'), soak: join(folder, 'soak') };
	const probes = ['../chaos/probe.js', './probe.js'].map((path) => new URL(path, import.meta.url).href);
	return {
		sockets,
		env: { VOICE_CHAOS_PROBE: sockets.chaos, VOICE_SOAK_PROBE: sockets.soak },
		args: probes.flatMap((probe) => ['--import', probe]),
	};
}

/** Nothing of a process that has just ended. */
function childFigures(pid: number): { rss: number; descriptors: number } {
	try {
		const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? '0';
		return { rss: Number(kilobytes) * 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length };
	} catch {
		return { rss: 0, descriptors: 0 };
	}
}
