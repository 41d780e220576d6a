import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FlowNode } from '../../test/lab/node-red.ts';
import { BenchNodeRed } from '../tutorials/node-red.ts';
import { STREAMS_PER_NODE } from './bench-nodes.ts';
import { frameBytes } from './frames.ts';
import type { NodeRedFigures, Outcome, RecogniserFigures, SourceFigures, SourceOrder } from './orders.ts';
import { Part, writeNodes } from './parts.ts';

/** Once the source has sent all: until every stream has its end. */
const CLOSED_MS = 30_000;
const LOOK_MS = 100;

export interface Trial {
	readonly source: SourceFigures;
	readonly recogniser: RecogniserFigures;
	readonly nodeRed: NodeRedFigures;
	readonly outcome: Outcome;
}

/**
 * So many streams at once from a source through a real Node-RED with real nodes to a recogniser, each a process of its
 * own.
 * @param profiled gets V8's profile of Node-RED in the steady phase; the figures are slower ones then
 */
export async function runTrial(order: SourceOrder, profiled?: (profile: string) => void): Promise<Trial> {
	const folder = mkdtempSync(join(tmpdir(), 'voice-bench-streams-'));
	const path = join(folder, 'source');
	const source = new Part('source', [path]);
	const recogniser = new Part('recogniser', [order.frameMs]);
	let nodeRed: BenchNodeRed | undefined;
	try {
		const port = await recogniser.hears<number>('port');
		await source.hears('listening');
		nodeRed = await BenchNodeRed.start({}, writeNodes(folder));
		const red = nodeRed;
		const ask = async (what: string) => (await red.post(`bench-streams/${what}`)).json();
		await red.deploy(flow(order, path, port));
		await source.hears('connected');
		source.tell(order);
		await source.hears('steady');
		if (profiled) await ask('profile');
		await ask('begin');
		recogniser.tell({ steady: true });
		await source.hears('steady');
		recogniser.tell({ steady: false });
		const nodeRedFigures = (await ask('end')) as NodeRedFigures;
		profiled?.(JSON.stringify(await ask('profiled')));
		const sourceFigures = await source.hears<SourceFigures>('done');
		const outcome = await allClosed(order.streams, async () => (await ask('outcome')) as Outcome);
		recogniser.tell('figures');
		const recogniserFigures = await recogniser.hears<RecogniserFigures>('figures');
		return { source: sourceFigures, recogniser: recogniserFigures, nodeRed: nodeRedFigures, outcome };
	} catch (error) {
		throw new Error(`The trial of ${order.streams} streams failed: ${nodeRed?.program.words ?? ''}`, {
			cause: error,
		});
	} finally {
		await nodeRed?.stop();
		await Promise.all([source.stop(), recogniser.stop()]);
		rmSync(folder, { recursive: true, force: true });
	}
}

/** Waits for the end of every stream, and no longer than that can take: what is missing shows in the figures. */
async function allClosed(streams: number, look: () => Promise<Outcome>): Promise<Outcome> {
	const until = performance.now() + CLOSED_MS;
	for (;;) {
		const outcome = await look();
		if ((outcome.events['closed'] ?? 0) >= streams || performance.now() > until) return outcome;
		await sleep(LOOK_MS);
	}
}

/** One stt-stream node for each thousand streams, which is the most that it takes; all with one stt-provider. */
function flow({ streams, frameMs }: SourceOrder, path: string, port: number): FlowNode[] {
	const nodes = Array.from({ length: Math.ceil(streams / STREAMS_PER_NODE) }, (_, index) => `stt${index}`);
	return [
		{ id: 'tab', type: 'tab', label: 'Bench' },
		{
			...{ id: 'source', type: 'bench-source', z: 'tab', path, frameMs, frameBytes: frameBytes(frameMs) },
			wires: nodes.map((id) => [id]),
		},
		...nodes.map((id) => ({
			...{ id, type: 'stt-stream', z: 'tab', provider: 'cloud', maxStreams: STREAMS_PER_NODE },
			wires: [['counter'], ['counter'], ['counter']],
		})),
		{
			...{ id: 'cloud', type: 'stt-provider', provider: 'assemblyai' },
			...{ endpoint: `ws://127.0.0.1:${port}/v3/ws`, credentials: { apiKey: 'bench' } },
		},
		{ id: 'counter', type: 'bench-counter', z: 'tab', wires: [] },
	];
}
