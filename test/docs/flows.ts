import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FlowNode } from '../lab/node-red.ts';
import { findRun } from '../lab/signals.ts';
import { wordErrorRate } from '../lab/speech.ts';
import { type Bench, SPOKEN } from './bench.ts';

// Flows of the pages, deployed beside all others, and used.

/** The flow with a wire to a sink from every output that has none: Node-RED drops what is sent there. */
function heard(flow: readonly FlowNode[]): FlowNode[] {
	return flow.map((node) =>
		'z' in node && Array.isArray(node['wires'])
			? { ...node, wires: (node['wires'] as string[][]).map((wire) => (wire.length ? wire : ['end'])) }
			: node,
	);
}

/** Deploys the flows with these names beside all others. */
export async function deployFlows(
	fences: readonly { name: string; code: string }[],
	bench: Bench,
): Promise<void> {
	const flows = fences.flatMap(({ name, code }) => {
		const { adapted } = FLOWS[name] ?? {};
		if (!adapted) return [];
		return heard((JSON.parse(code) as FlowNode[]).map((node) => adapted(node, bench)));
	});
	await bench.nodeRed.setFlows([...bench.flow, ...flows], { type: 'nodes' });
}

/** The samples of a WAV with the usual header. */
const samples = (wav: Buffer) => wav.subarray(44);

interface DocumentedFlow {
	/** What a node has to be here, where there is other hardware. */
	readonly adapted: (node: FlowNode, bench: Bench) => FlowNode;
	/** Does what the page says of it. */
	readonly use: (bench: Bench) => Promise<void>;
}

export const FLOWS: Readonly<Record<string, DocumentedFlow>> = {
	// As it is, on the virtual card: the click on the button of a machine without GPIO, speech, the second click.
	'pi-flow': {
		adapted: (node) => node,
		async use({ nodeRed, card, speech }) {
			const click = async () => {
				const { status } = await fetch(new URL('/voice/button-trigger/pi-button', nodeRed.url), {
					method: 'POST',
				});
				assert.equal(status, 200);
			};
			await click();
			await nodeRed.waitFor('pi-mic');
			await card.feed(speech).done;
			await click();
			const { session } = await nodeRed.waitFor('pi-stt', ({ payload }) => payload === 'closed', { port: 2 });
			const { text } = session as { text: string };
			assert.ok(wordErrorRate(SPOKEN, text) <= 0.4, text);
		},
	},
	// With files for the hardware of the two machines, which are one here.
	'websocket-flow': {
		adapted(node, { nodeRed, folder }) {
			if (node.type === 'mic-capture') return { ...node, source: 'file', file: join(folder, 'speech.wav') };
			if (node.type === 'audio-play') return { ...node, backend: 'file', file: join(folder, 'shipped.wav') };
			if (node.type !== 'websocket-client') return node;
			return { ...node, path: String(node['path']).replace(':1880', `:${new URL(nodeRed.url).port}`) };
		},
		async use({ nodeRed, folder, speech }) {
			await nodeRed.waitForStatus('ship-out', ({ fill }) => fill === 'green');
			await nodeRed.send('ship-mic', { payload: true });
			const { playback } = await nodeRed.waitFor('ship-play');
			assert.equal((playback as { interrupted: boolean }).interrupted, false);
			const run = findRun(samples(readFileSync(join(folder, 'shipped.wav'))), speech);
			assert.ok(run.exact && run.frames > 0, run.summary);
		},
	},
};
