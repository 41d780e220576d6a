import { setTimeout as sleep } from 'node:timers/promises';
import type { FlowNode } from '../../test/lab/node-red.ts';
import type { ConnectionRecord } from '../../test/lab/recognisers/record.ts';
import type { SoundCard } from '../../test/lab/sound-card.ts';
import type { BenchNodeRed } from './node-red.ts';
import type { Program } from './program.ts';
import { startScript } from './python.ts';
import { allClosed, type Contestant } from './take.ts';

/** After a deploy: microphones with a pre-roll have opened, and clients have connected. Less for a short recording. */
const DEPLOYED_MAX_MS = 1500;
const SETTLE_MS = 10_000;
/** A script that was stopped sends nothing more. */
const DELIVERED_MS = 300;

/** A script of this folder, stopped with Ctrl+C or, if it `endsItself`, by its length. */
export class ScriptContestant implements Contestant {
	readonly streams: number;
	readonly endsItself: boolean;
	readonly #start: (lengthMs: number) => Promise<Program>;
	#program: Program | undefined;

	/** @param args of the script, for a recording so long */
	constructor(
		name: string,
		args: (lengthMs: number) => readonly (string | number)[],
		card: SoundCard,
		{ streams = 1, endsItself = false }: { streams?: number; endsItself?: boolean } = {},
	) {
		this.#start = (lengthMs) => startScript(name, args(lengthMs), card);
		this.streams = streams;
		this.endsItself = endsItself;
	}

	async prepare(lengthMs: number): Promise<Program> {
		this.#program = await this.#start(lengthMs);
		return this.#program;
	}

	async start(): Promise<void> {
		this.#program?.enter();
	}

	async stop(): Promise<void> {
		if (this.endsItself) await this.#program?.ended;
		else await this.#program?.stop('SIGINT', 5000);
	}

	async settle(): Promise<void> {
		await sleep(DELIVERED_MS);
	}

	/** Whatever happened, it runs no more. */
	async dispose(): Promise<void> {
		await this.#program?.stop();
	}
}

/** A flow with inject nodes "start" and "stop" in a Node-RED that runs all the time. */
export class FlowContestant implements Contestant {
	readonly streams: number;
	readonly endsItself: boolean;
	readonly #nodeRed: BenchNodeRed;
	readonly #flow: (lengthMs: number) => readonly FlowNode[];
	readonly #closes: boolean;

	/** @param closes its sessions end with the recording */
	constructor(
		nodeRed: BenchNodeRed,
		flow: (lengthMs: number) => readonly FlowNode[],
		{
			streams,
			endsItself = false,
			closes = true,
		}: { streams: number; endsItself?: boolean; closes?: boolean },
	) {
		this.#nodeRed = nodeRed;
		this.#flow = flow;
		this.streams = streams;
		this.endsItself = endsItself;
		this.#closes = closes;
	}

	async prepare(lengthMs: number): Promise<Program> {
		await this.#nodeRed.deploy([{ id: 'tab', type: 'tab', label: 'Bench' }, ...this.#flow(lengthMs)]);
		await sleep(Math.min(DEPLOYED_MAX_MS, lengthMs / 2));
		return this.#nodeRed.program;
	}

	start(): Promise<void> {
		return this.#nodeRed.click('start');
	}

	async stop(): Promise<void> {
		if (!this.endsItself) await this.#nodeRed.click('stop');
	}

	async settle(records: readonly ConnectionRecord[]): Promise<void> {
		if (this.#closes && this.streams) await allClosed(records, SETTLE_MS);
		else await sleep(2 * DELIVERED_MS);
	}
}

/** An inject node; `props` as in its dialog. */
export function inject(id: string, props: readonly object[], wires: readonly string[]): FlowNode {
	return { id, type: 'inject', z: 'tab', props, repeat: '', crontab: '', once: false, wires: [wires] };
}

export const boolean = (value: boolean) => ({ p: 'payload', v: String(value), vt: 'bool' });
