import assert from 'node:assert/strict';
import { type FlowNode, type LabNodeRed, type Message, sink } from '../lab/node-red.ts';

// Snippets that are the code of a function node, and messages as the page draws them.

/** What goes in, and what has to come out of which output: a message of which at least this is so, or nothing. */
interface Case {
	readonly outputs: number;
	readonly steps: readonly { msg: Message; out: readonly (object | null)[] }[];
}

const transcript = (fields: object) => ({ payload: 'x', transcript: { kind: 'final', ...fields } });
const session = (payload: string, fields: object = {}) => ({ payload, topic: 'kitchen', session: fields });
const level = (peak: number, more: object = {}) => ({
	payload: Buffer.alloc(2),
	audio: { level: { rms: peak - 10, peak } },
	...more,
});

export const CASES: Readonly<Record<string, Case>> = {
	'route-by-confidence': {
		outputs: 2,
		steps: [
			{ msg: transcript({ confidence: 0.9 }), out: [{ payload: 'x' }, null] },
			{ msg: transcript({ confidence: 0.3 }), out: [null, { payload: 'x' }] },
			{ msg: transcript({}), out: [{ payload: 'x' }, null] },
		],
	},
	'wake-word': {
		outputs: 1,
		steps: [
			{ msg: { payload: 'turn on the light' }, out: [null] },
			{ msg: { payload: 'computers are slow' }, out: [null] },
			{ msg: { payload: 'hey Computer, turn on the light' }, out: [{ payload: 'turn on the light' }] },
		],
	},
	'answer-once': {
		outputs: 2,
		steps: [
			{ msg: session('open'), out: [null, null] },
			{ msg: session('closed', { text: 'hello' }), out: [{ payload: 'hello', topic: 'kitchen' }, null] },
			{ msg: session('closed', { text: '' }), out: [{ payload: '' }, null] },
			{
				msg: session('closed', { text: 'he', code: 'STT_CONNECT' }),
				out: [null, { payload: 'STT_CONNECT' }],
			},
		],
	},
	'listen-again': {
		outputs: 1,
		steps: [
			{ msg: { playback: { interrupted: true } }, out: [null] },
			{ msg: { playback: { interrupted: false } }, out: [{ payload: true }] },
		],
	},
	'level-gauge': {
		outputs: 1,
		steps: [
			{ msg: level(-30), out: [{ payload: 50, topic: 'level' }] },
			{ msg: level(-120, { complete: true }), out: [{ payload: 0 }] },
		],
	},
	subtitles: {
		outputs: 1,
		steps: [
			{
				msg: transcript({ turn: 0, startMs: 600, endMs: 3_722_260, text: 'turn on the light' }),
				out: [{ payload: '1\n00:00:00,600 --> 01:02:02,260\nturn on the light\n\n' }],
			},
		],
	},
};

/** A function node with the snippet, and what its outputs lead to. */
export function functionNode(id: string, code: string, outputs: number): FlowNode[] {
	const wires = Array.from({ length: outputs }, () => [`${id}-sink`]);
	return [{ id, z: 'lab', type: 'function', func: code, outputs, wires }, sink(`${id}-sink`, 'lab')];
}

/** Sends what the case says, in order, and compares everything that came out. */
export async function runCase(nodeRed: LabNodeRed, id: string, { outputs, steps }: Case): Promise<void> {
	const wanted: object[][] = Array.from({ length: outputs }, () => []);
	for (const { msg, out } of steps) {
		await nodeRed.send(id, { ...msg });
		for (const [port, one] of out.entries()) {
			if (one === null) continue;
			wanted[port]!.push(one);
			await nodeRed.waitFor(id, (_, index) => index === wanted[port]!.length - 1, { port });
		}
	}
	// What a step with nothing for an output sends after all would come before this.
	for (const [port, all] of wanted.entries()) {
		const came = nodeRed.messages(id, port);
		assert.equal(came.length, all.length, `output ${port + 1}: ${JSON.stringify(came)}`);
		for (const [index, one] of all.entries())
			for (const [key, value] of Object.entries(one)) assert.deepEqual(came[index]![key], value);
	}
}
