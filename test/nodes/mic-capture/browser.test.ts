import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { loadResampler } from '../../../lib/audio/resample.ts';
import { decodeWav } from '../../../lib/audio/wav.ts';
import type { AudioChunkMessage, RecordingMessage } from '../../../lib/node/messages.ts';
import { type FlowNode, type LabNodeRed, type Message, sink, startNodeRed } from '../../lab/node-red.ts';
import { noise } from '../../lab/signals.ts';
import { PageClient } from '../../lib/browser/page-client.ts';

// The source "browser" in a real Node-RED, with programs that do what a page does.

const RATE = 16_000;

describe('mic-capture with pages as its microphones', () => {
	let nodeRed: LabNodeRed;
	const page = (path: string) => `${nodeRed.url}${path}`;

	function mic(id: string, own: object = {}, wires: string[][] = [['sink'], ['sink']]): FlowNode {
		return { id, type: 'mic-capture', z: 'tab', source: 'browser', path: `/${id}`, ...own, wires };
	}

	before(async () => {
		await loadResampler();
		nodeRed = await startNodeRed({
			flow: [
				{ id: 'tab', type: 'tab', label: 'test' },
				sink('sink', 'tab'),
				{ id: 'catch', type: 'catch', z: 'tab', scope: null, wires: [['sink']] },
				mic('voice', { name: 'kitchen', framesPerBuffer: 1000 }),
				mic('stereo', { channels: 2 }),
				mic('limits', { maxMs: 1000, silenceStopMs: 400, startTimeoutMs: 600 }),
			],
		});
	});
	after(async () => {
		await nodeRed.stop();
	});

	const chunksOf = (id: string, stream: string) =>
		(nodeRed.messages(id, 0) as unknown as AudioChunkMessage[]).filter(({ parts }) => parts.id === stream);
	const whole = async (id: string, stream: string) => {
		const isLast = (message: Message) =>
			(message as unknown as AudioChunkMessage).parts.id === stream && message['complete'] === true;
		await nodeRed.waitFor(id, isLast, { port: 0 });
		return chunksOf(id, stream);
	};
	const pcmOf = (chunks: AudioChunkMessage[]) => Buffer.concat(chunks.map(({ payload }) => payload));

	test('what is said is a stream like that of any microphone, sample for sample, with its recording', async () => {
		const client = await PageClient.connect(page('/voice'));
		assert.deepEqual(client.told[0], {
			type: 'ready',
			limits: { sampleRate: RATE, maxMs: 0, startTimeoutMs: 0, silenceStopMs: 0, silenceThresholdDb: -45 },
		});
		const speech = noise(2500, 1);
		const id = await client.utter(speech);
		const chunks = await whole('voice', id);
		assert.deepEqual(pcmOf(chunks), speech);
		assert.deepEqual(
			chunks.map(({ parts, audio, topic, complete }) => ({ parts, startMs: audio.startMs, topic, complete })),
			[0, 1, 2].map((index) => ({
				parts: { id, index, type: 'buffer', ch: '', ...(index === 2 && { count: 3 }) },
				startMs: index * 62.5,
				topic: 'kitchen',
				complete: index === 2 ? true : undefined,
			})),
		);
		assert.equal(chunks.at(-1)?.audio.ended, 'stop');
		const recording = (await nodeRed.waitFor('voice', ({ stream }) => stream === id, { port: 1 })) as unknown;
		assert.deepEqual(decodeWav((recording as RecordingMessage).payload).pcm, speech);
		assert.deepEqual(client.all('stopped'), [{ type: 'stopped', utterance: 1, stream: id, ended: 'stop' }]);
		await client.leave();
	});
});
