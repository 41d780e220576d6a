import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { decodeWav, encodeWav } from '../../../lib/audio/wav.ts';
import type { AudioChunkMessage, RecordingMessage } from '../../../lib/node/messages.ts';
import { type FlowNode, type LabNodeRed, type Message, sink, startNodeRed } from '../../lab/node-red.ts';
import { noise, silence } from '../../lab/signals.ts';

// The node in a real Node-RED, with the source "file": what it sends, and what it makes of its input.

const RATE = 16_000;
const FORMAT = { sampleRate: RATE, channels: 1 };

const chunksOf = (nodeRed: LabNodeRed, mic: string, stream?: string) =>
	(nodeRed.messages(mic, 0) as unknown as AudioChunkMessage[]).filter(
		({ parts }) => stream === undefined || parts.id === stream,
	);
const pcmOf = (chunks: AudioChunkMessage[]) => Buffer.concat(chunks.map(({ payload }) => payload));
const isLast = (message: Message) => message['complete'] === true;

describe('mic-capture in Node-RED', () => {
	let folder: string;
	let nodeRed: LabNodeRed;
	const speech = noise(RATE, 11);
	const file = (name: string) => join(folder, name);

	function mic(id: string, own: object, wires: string[][] = [['sink'], ['sink']]): FlowNode {
		return { id, type: 'mic-capture', z: 'tab', source: 'file', file: file('speech.wav'), ...own, wires };
	}

	const base = (): FlowNode[] => [
		{ id: 'tab', type: 'tab', label: 'test' },
		sink('sink', 'tab'),
		{ id: 'catch', type: 'catch', z: 'tab', scope: null, wires: [['sink']] },
	];

	before(async () => {
		folder = await mkdtemp(join(tmpdir(), 'voice-mic-node-'));
		await writeFile(file('speech.wav'), encodeWav([speech], FORMAT));
		await writeFile(file('long.wav'), encodeWav([noise(RATE * 60, 12)], FORMAT));
		await writeFile(file('silent.wav'), encodeWav([silence(RATE * 5)], FORMAT));
		nodeRed = await startNodeRed({
			flow: [
				...base(),
				mic('whole', { name: 'kitchen', framesPerBuffer: 3000 }, [['sink', 'delay', 'join'], ['sink']]),
				{
					id: 'delay',
					type: 'delay',
					z: 'tab',
					pauseType: 'delay',
					timeout: '2',
					timeoutUnits: 'seconds',
					wires: [['sink']],
				},
				{ id: 'join', type: 'join', z: 'tab', mode: 'auto', wires: [['sink']] },
				mic('topic', { name: 'kitchen', topic: 'garden' }),
				mic('control', { file: file('long.wav') }),
				mic('reset', { file: file('long.wav') }),
				mic('limit', { file: file('long.wav'), maxMs: 700, recordMaxMs: 300 }),
				mic('mute', { file: file('silent.wav') }),
				mic('timeout', { file: file('silent.wav'), startTimeoutMs: 500 }),
				mic('missing', { file: file('later.wav') }),
				mic('text', { file: '/etc/hostname' }),
				mic('rate', { sampleRate: 'fast' }),
				mic('resampled', { sampleRate: 48_000, channels: 2 }),
				mic('auto', { autostart: true }),
			],
		});
	});
	after(async () => {
		await nodeRed.stop();
		await rm(folder, { recursive: true, force: true });
	});

	/** Starts a stream and resolves with its chunks when it has ended. */
	async function streamOf(id: string, message: Message = { payload: true }): Promise<AudioChunkMessage[]> {
		const before = chunksOf(nodeRed, id).length;
		await nodeRed.send(id, message);
		const last = await nodeRed.waitFor(id, (sent, i) => i >= before && isLast(sent), { port: 0 });
		return chunksOf(nodeRed, id, (last as unknown as AudioChunkMessage).parts.id);
	}

	test('a stream: chunks as agreed, then its recording', async () => {
		const chunks = await streamOf('whole');
		const id = chunks[0]?.parts.id as string;
		assert.deepEqual(pcmOf(chunks), speech);
		assert.deepEqual(
			chunks.map(({ payload, parts, complete, topic, audio }) => ({
				bytes: payload.length,
				parts,
				complete,
				topic,
				audio: { ...audio, level: Object.keys(audio.level) },
			})),
			[6000, 6000, 6000, 6000, 6000, 2000].map((bytes, index) => ({
				bytes,
				parts: { id, index, type: 'buffer', ch: '', ...(index === 5 ? { count: 6 } : {}) },
				complete: index === 5 ? true : undefined,
				topic: 'kitchen',
				audio: {
					...FORMAT,
					encoding: 'pcm_s16le',
					startMs: index * 187.5,
					level: ['rms', 'peak'],
					...(index === 5 ? { ended: 'end-of-file' } : {}),
				},
			})),
		);
		const recording = (await nodeRed.waitFor('whole', undefined, { port: 1 })) as unknown as RecordingMessage;
		assert.deepEqual(decodeWav(recording.payload), { format: FORMAT, pcm: speech, truncated: false });
		assert.deepEqual(recording.audio, { ...FORMAT, encoding: 'wav', durationMs: 1000 });
		assert.deepEqual([recording.stream, recording.topic], [id, 'kitchen']);
		// Both outputs in the order of sending: the recording is what came last.
		assert.deepEqual(nodeRed.messages('whole').at(-1), recording);
	});

	test('a core Join rebuilds the recording, and chunks wait in a Delay as they are', async () => {
		const joined = await nodeRed.waitFor('join');
		assert.deepEqual(joined['payload'], speech);
		await nodeRed.waitFor('delay', isLast);
		const delayed = nodeRed.messages('delay') as unknown as AudioChunkMessage[];
		assert.deepEqual(
			delayed.map(({ parts }) => parts.index),
			[0, 1, 2, 3, 4, 5],
		);
		assert.deepEqual(pcmOf(delayed), speech);
	});

	test('each stream has an id of its own; the topic of the start wins', async () => {
		const [first, second] = [await streamOf('topic'), await streamOf('topic', { payload: 1, topic: 'hall' })];
		assert.notEqual(first[0]?.parts.id, second[0]?.parts.id);
		assert.deepEqual([...new Set(first.map(({ topic }) => topic))], ['garden']);
		assert.deepEqual([...new Set(second.map(({ topic }) => topic))], ['hall']);
		await nodeRed.waitFor('topic', (_, i) => i === 1, { port: 1 });
		assert.deepEqual(
			nodeRed.messages('topic', 1).map(({ topic }) => topic),
			['garden', 'hall'],
		);
	});

	test('control: start, toggle, stop; repeated ones and data are ignored; the unknown is an error', async () => {
		await nodeRed.send('control', { payload: 'stop' });
		await nodeRed.send('control', { payload: 'toggle' });
		await nodeRed.waitFor('control', (_, i) => i >= 3, { port: 0 });
		await nodeRed.send('control', { payload: 'start' });
		for (const data of [
			{ payload: Buffer.from('stop') },
			{ payload: 'stop', audio: {} },
			{ payload: 'stop', transcript: {} },
			{ payload: 'closed', session: {} },
		])
			await nodeRed.send('control', data);
		await nodeRed.send('control', { payload: 'louder', tag: 7 });
		const error = await nodeRed.waitForError('control');
		assert.equal(error.code, 'CONTROL_UNKNOWN');
		assert.match(error.message, /"louder".*"toggle"/);
		const caught = await nodeRed.waitFor('catch', (message) => message['tag'] === 7);
		assert.equal((caught['error'] as Message)['code'], 'CONTROL_UNKNOWN');
		const { length } = chunksOf(nodeRed, 'control');
		await nodeRed.waitFor('control', (_, i) => i >= length + 2, { port: 0 });
		await nodeRed.send('control', { payload: 0 });
		const last = await nodeRed.waitFor('control', isLast, { port: 0 });
		assert.equal((last as unknown as AudioChunkMessage).audio.ended, 'stop');
		const chunks = chunksOf(nodeRed, 'control');
		assert.equal(new Set(chunks.map(({ parts }) => parts.id)).size, 1);
		assert.equal(nodeRed.errors('control').length, 1);
		const recording = await nodeRed.waitFor('control', undefined, { port: 1 });
		assert.deepEqual((recording['payload'] as Buffer).subarray(44), pcmOf(chunks));
	});

	test('a stop right behind its start still gives a stream with an end', async () => {
		const before = chunksOf(nodeRed, 'control').length;
		await nodeRed.send('control', { payload: true });
		await nodeRed.send('control', { payload: false });
		await nodeRed.waitFor('control', (message, i) => i >= before && isLast(message), { port: 0 });
		const chunks = chunksOf(nodeRed, 'control').slice(before);
		assert.equal(chunks.at(-1)?.audio.ended, 'stop');
		assert.equal(new Set(chunks.map(({ parts }) => parts.id)).size, 1);
		assert.ok(pcmOf(chunks).length < RATE, 'more than half a second of a press that was over at once');
	});

	test('reset abandons the stream: one message, no end, no recording', async () => {
		await nodeRed.send('reset', { payload: true, topic: 'hall' });
		await nodeRed.waitFor('reset', (_, i) => i >= 2, { port: 0 });
		await nodeRed.send('reset', { reset: true });
		const message = await nodeRed.waitFor('reset', (sent) => sent['reset'] === true, { port: 0 });
		const { _msgid, ...rest } = message;
		const chunks = chunksOf(nodeRed, 'reset').filter(({ payload }) => payload !== undefined);
		assert.deepEqual(rest, { reset: true, parts: { id: chunks[0]?.parts.id }, topic: 'hall' });
		await nodeRed.waitForStatus('reset', ({ text }) => text === 'idle', { after: 2 });
		assert.deepEqual(nodeRed.messages('reset').at(-1), message, 'something came after the reset');
		assert.deepEqual(nodeRed.messages('reset', 1), []);
		assert.ok(!chunks.some(({ complete }) => complete));
	});

	test('limits: exact, and the recording says that it is not the whole', async () => {
		const chunks = await streamOf('limit');
		assert.equal(pcmOf(chunks).length, RATE * 0.7 * 2);
		assert.equal(chunks.at(-1)?.audio.ended, 'max');
		const recording = (await nodeRed.waitFor('limit', undefined, { port: 1 })) as unknown as RecordingMessage;
		assert.deepEqual(recording.payload.subarray(44), pcmOf(chunks).subarray(0, RATE * 0.3 * 2));
		assert.deepEqual([recording.audio.truncated, recording.audio.durationMs], [true, 300]);
		const warnings = nodeRed.log.filter((line) => line.includes('recordMaxMs'));
		assert.equal(warnings.length, 1, warnings.join());
	});

	test('digital silence and silence instead of speech reach a Catch node with the start message', async () => {
		const [mute, timeout] = await Promise.all([
			streamOf('mute', { payload: true, tag: 'mute' }),
			streamOf('timeout', { payload: true, tag: 'timeout' }),
		]);
		assert.equal(mute.at(-1)?.audio.ended, 'end-of-file');
		assert.equal(timeout.at(-1)?.audio.ended, 'start-timeout');
		for (const tag of ['mute', 'timeout']) {
			const caught = await nodeRed.waitFor('catch', (message) => message['tag'] === tag);
			assert.equal((caught['error'] as Message)['code'], 'MIC_SILENT');
			assert.equal(nodeRed.errors(tag).length, 1);
		}
	});

	test('a failure ends the stream, reaches a Catch node and the status; the next start works', async () => {
		for (const [id, code] of [
			['missing', 'MIC_DEVICE_NOT_FOUND'],
			['text', 'MIC_FORMAT'],
		] as const) {
			const chunks = await streamOf(id, { payload: true, tag: id });
			assert.deepEqual(
				chunks.map(({ payload, audio, complete }) => [payload.length, audio.ended, complete]),
				[[0, 'error', true]],
			);
			const caught = await nodeRed.waitFor('catch', (message) => message['tag'] === id);
			assert.equal((caught['error'] as Message)['code'], code);
			await nodeRed.waitForStatus(id, ({ fill }) => fill === 'red');
			await nodeRed.waitFor(id, undefined, { port: 1 }); // the recording of an empty stream
		}
		await writeFile(file('later.wav'), encodeWav([speech], FORMAT));
		assert.deepEqual(pcmOf(await streamOf('missing')), speech);
	});

	test('a setting that cannot be used is named, at once and at each start', async () => {
		for (const [id, setting] of [['rate', /"sampleRate"/]] as const) {
			const error = await nodeRed.waitForError(id);
			assert.equal(error.code, 'MIC_FORMAT');
			assert.match(error.message, setting);
			await nodeRed.send(id, { payload: true });
			await nodeRed.waitForError(id, (_, i) => i === 1);
		}
	});

	test('the output has the rate and the channels that were asked for', async () => {
		const chunks = await streamOf('resampled');
		assert.equal(pcmOf(chunks).length, 48_000 * 2 * 2);
		assert.deepEqual([chunks[0]?.audio.sampleRate, chunks[0]?.audio.channels], [48_000, 2]);
	});

	test('autostart begins with the flow', async () => {
		await nodeRed.waitFor('auto', isLast, { port: 0 });
		assert.deepEqual(pcmOf(chunksOf(nodeRed, 'auto')), speech);
	});

	test('the status tells what happens, in few words', async () => {
		const texts = nodeRed.statuses('whole').map(({ text }) => text ?? '');
		assert.equal(texts[0], 'idle');
		assert.ok(texts.includes('opening'), texts.join());
		assert.ok(texts.some((text) => /^recording \d\.\d s$/.test(text)));
		assert.equal(texts.at(-1), 'idle');
		for (const id of ['whole', 'missing', 'text', 'rate', 'mute', 'control', 'limit'])
			for (const { text } of nodeRed.statuses(id)) {
				assert.ok((text ?? '').length <= 20, text);
				assert.doesNotMatch(text ?? '', /mic-capture\./, 'a text without translation');
			}
	});

	test('the dialog gets the devices, or learns what is missing', async () => {
		const get = (source: string) => fetch(`${nodeRed.url}/voice/mic-capture/devices?source=${source}`);
		assert.deepEqual(await (await get('file')).json(), []);
		assert.equal((await get('nonsense')).status, 400);
		assert.equal((await get('browser')).status, 400);
	});

	test('a deployment ends the stream for those who live on', async () => {
		const flow = (own: object): FlowNode[] => [
			...base(),
			mic('mic', { file: file('long.wav'), ...own }, [['receiver'], ['keeper']]),
			{ id: 'receiver', type: 'function', z: 'tab', func: 'return msg;', outputs: 1, wires: [['sink']] },
			{ id: 'keeper', type: 'function', z: 'tab', func: 'return msg;', outputs: 1, wires: [['sink']] },
		];
		await nodeRed.setFlows(flow({}));
		await nodeRed.send('mic', { payload: true });
		await nodeRed.waitFor('receiver', (_, i) => i >= 2);
		await nodeRed.setFlows(flow({ maxMs: 5000 }), { type: 'nodes' });
		const last = (await nodeRed.waitFor('receiver', isLast)) as unknown as AudioChunkMessage;
		assert.equal(last.audio.ended, 'close');
		const recording = await nodeRed.waitFor('keeper');
		assert.deepEqual(
			(recording['payload'] as Buffer).subarray(44),
			pcmOf(nodeRed.messages('receiver') as unknown as AudioChunkMessage[]),
		);
		const { length } = nodeRed.messages('receiver');
		await nodeRed.send('mic', { payload: true });
		await nodeRed.waitFor('receiver', (_, i) => i >= length + 2);
	});
});
