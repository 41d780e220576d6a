import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type FlowNode, sink, startNodeRed } from '../lab/node-red.ts';

// What is wrong from the beginning must reach a Catch node too, although nodes are created before it can hear.

const CASES: { node: Omit<FlowNode, 'id'> & { type: string }; code: string }[] = [
	{ node: { type: 'button-trigger', backend: 'onoff', pin: '' }, code: 'GPIO_LINE_NOT_FOUND' },
	{
		node: { type: 'mic-capture', source: 'file', file: '', preRollMs: 0, sampleRate: 'fast' },
		code: 'MIC_FORMAT',
	},
	{
		node: { type: 'mic-capture', source: 'alsa', device: 'nowhere', preRollMs: 500 },
		code: 'MIC_BACKEND_MISSING',
	},
	{ node: { type: 'audio-play', backend: 'alsa', volume: 'loud' }, code: 'AUDIO_FORMAT' },
];

describe('errors at deployment', () => {
	for (const { node, code } of CASES)
		it(`${node.type} (${code}): a Catch node gets the code, and the remedy is in the message`, async () => {
			// A PATH without arecord and aplay, so that the result does not depend on the machine's devices.
			const env = { PATH: '/nonexistent' };
			const caught = { id: 'caught', type: 'catch', scope: null, uncaught: false, wires: [['seen']] };
			const flow = [{ id: 'node', wires: [[], []], ...node }, caught, sink('seen')];
			const nodeRed = await startNodeRed({ flow, env });
			try {
				const { error } = (await nodeRed.waitFor('caught')) as { error: { code: string; message: string } };
				assert.equal(error.code, code, error.message);
				assert.match(error.message, /^.+: .+/s);
				await nodeRed.waitForStatus('node', ({ fill, shape }) => fill === 'red' && shape === 'ring');
				assert.equal(nodeRed.messages('caught').length, 1);
			} finally {
				await nodeRed.stop();
			}
		});
});
