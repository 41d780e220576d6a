import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { decodeWav, encodeWav } from '../../../lib/audio/wav.ts';
import { type FlowNode, type LabNodeRed, type Message, sink, startNodeRed } from '../../lab/node-red.ts';
import { noise } from '../../lab/signals.ts';
import { chunk, filePlayer, MONO, played } from './file-player.ts';

// The node in a real Node-RED. It plays into a WAV file, so this needs no sound card.

const FLOW: FlowNode[] = [
	{ id: 'tab', type: 'tab' },
	filePlayer('play', {}),
	filePlayer('half', { volume: 50 }),
	filePlayer('short', { maxQueueMs: 300 }),
	// biome-ignore lint/suspicious/noTemplateCurlyInString: Node-RED puts the variable in
	filePlayer('env', { volume: '${LOUDNESS}', mode: '', streamIdleMs: undefined }),
	filePlayer('nofile', { file: '' }),
	filePlayer('wrong', { volume: 'loud' }),
	{ id: 'catch', type: 'catch', z: 'tab', scope: null, wires: [['sink']] },
	sink('sink', 'tab'),
];

describe('audio-play in Node-RED', () => {
	let nodeRed: LabNodeRed;
	let seen: Record<string, number>;
	before(async () => {
		nodeRed = await startNodeRed({ flow: FLOW, env: { LOUDNESS: '0' } });
	});
	after(() => nodeRed.stop());
	beforeEach(() => {
		seen = Object.fromEntries(FLOW.map(({ id }) => [id, nodeRed.messages(id).length]));
	});

	/** The node's next message, of those sent in this test. */
	const next = (id: string, nth = 0) => nodeRed.waitFor(id, (_, index) => index === (seen[id] ?? 0) + nth);
	const file = (id: string) => decodeWav(readFileSync(join(nodeRed.userDir, `${id}.wav`)));
	const send = (id: string, message: Message) => nodeRed.send(id, message);
	const play = async (message: Message, id = 'play') => {
		await send(id, message);
		return next(id);
	};

	/** Sends a message with a tag and resolves with what a Catch node gets for it. */
	async function caught(id: string, message: Message): Promise<Message> {
		await send(id, message);
		return (await nodeRed.waitFor('catch', (msg) => msg['tag'] === message['tag']))['error'] as Message;
	}

	test('a recording comes back as the message that it came in', async () => {
		const pcm = noise(8000);
		const wav = encodeWav([pcm], MONO);
		const message = await play({ payload: wav, topic: 'hello', audio: { encoding: 'wav' }, mine: [1] });
		assert.ok((message['payload'] as Buffer).equals(wav));
		assert.equal(message['topic'], 'hello');
		assert.deepEqual(message['mine'], [1]);
		assert.deepEqual(played(message), { durationMs: 500, underruns: 0, interrupted: false });
		assert.ok(file('play').pcm.equals(pcm));
		assert.deepEqual(file('play').format, MONO);
	});

	test('a stream gives one message with its id and topic, after its last sound', async () => {
		const pieces = [1, 2, 3].map((seed) => noise(1600, seed));
		for (const [index, pcm] of pieces.entries()) await send('play', chunk('s1', index, pcm));
		await send('play', chunk('s1', 3, Buffer.alloc(0), true));
		const { _msgid: id, ...message } = await next('play');
		assert.ok(id);
		assert.deepEqual(message, {
			payload: Buffer.alloc(0),
			audio: { ...MONO, encoding: 'pcm_s16le' },
			parts: { id: 's1', type: 'buffer', ch: '' },
			topic: 'talk',
			complete: true,
			playback: { durationMs: 300, underruns: 0, interrupted: false },
		});
		assert.ok(file('play').pcm.equals(Buffer.concat(pieces)));
	});

	test('the message of one player may go to the next', async () => {
		await send('play', chunk('s2', 0, noise(1600)));
		await send('play', chunk('s2', 1, Buffer.alloc(0), true));
		const again = await play(await next('play'), 'half');
		assert.deepEqual(played(again), { durationMs: 0, underruns: 0, interrupted: false });
	});

	test('volume 50 halves the samples; msg.volume sets it from then on', async () => {
		const pcm = noise(800);
		const loudest = () => {
			const { pcm } = file('half');
			return Math.max(...Array.from({ length: pcm.length / 2 }, (_, i) => Math.abs(pcm.readInt16LE(i * 2))));
		};
		const recording = { payload: encodeWav([pcm], MONO) };
		await play(recording, 'half');
		const { pcm: half } = file('half');
		for (let i = 0; i < 800; i++)
			assert.ok(Math.abs(half.readInt16LE(i * 2) - pcm.readInt16LE(i * 2) / 2) <= 0.5, `sample ${i}`);
		// A slider leaves its value in the payload, too, which is no control then; a word is one.
		await send('half', { payload: 30, volume: 30 });
		await send('half', { payload: 'resume', volume: 0 });
		const unknown = await caught('half', { payload: 'louder', volume: 0, tag: 'volume and word' });
		assert.equal(unknown['code'], 'CONTROL_UNKNOWN');
		await send('half', recording);
		await next('half', 1);
		assert.equal(loudest(), 0);
		await send('half', { ...recording, volume: '100' });
		await next('half', 2);
		assert.ok(file('half').pcm.equals(pcm));
		assert.equal(nodeRed.errors('half').length, 1);
	});

	test('stop and reset end a stream; what still comes of it is thrown away', async () => {
		await play({ payload: encodeWav([noise(10)], MONO) });
		for (const [nth, [id, message]] of [
			['a', { payload: 'stop' }],
			['b', { payload: false }],
			['c', { reset: true }],
			['d', { reset: true, parts: { id: 'd' } }],
		].entries() as Iterable<[number, [string, Message]]>) {
			await send('play', chunk(id, 0, noise(1600)));
			await send('play', message);
			const ended = await next('play', nth + 1);
			assert.equal((ended['parts'] as Message)['id'], id);
			assert.deepEqual(played(ended), { durationMs: 0, underruns: 0, interrupted: true });
			await send('play', chunk(id, 1, noise(1600), true));
		}
		await send('play', chunk('kept', 0, noise(20)));
		await send('play', { reset: true, parts: { id: 'other' } });
		await send('play', chunk('kept', 1, noise(20), true));
		const kept = await next('play', 5);
		assert.equal((kept['parts'] as Message)['id'], 'kept', 'and nothing else came out');
		assert.equal(played(kept).interrupted, false);
		assert.equal(file('play').pcm.length, 80);
	});

	test('more than the queue holds is told once, and counted', async () => {
		await send('short', chunk('s', 0, noise(1600)));
		await send('short', { payload: 'pause' });
		for (let index = 1; index < 10; index++) await send('short', chunk('s', index, noise(1600), index === 9));
		await send('short', { payload: encodeWav([noise(1600)], MONO), topic: 'no room' });
		const refused = await next('short');
		assert.equal(refused['topic'], 'no room');
		assert.deepEqual(played(refused), {
			durationMs: 0,
			underruns: 0,
			interrupted: true,
			droppedMs: 100,
			code: 'PLAY_QUEUE_FULL',
		});
		await send('short', { payload: 'resume' });
		assert.deepEqual(played(await next('short', 1)), {
			durationMs: 300,
			underruns: 0,
			interrupted: false,
			droppedMs: 700,
		});
		assert.deepEqual(
			nodeRed.errors('short').map(({ code }) => code),
			['PLAY_QUEUE_FULL', 'PLAY_QUEUE_FULL'],
		);
	});

	test('a node whose file is missing says so, and gives the message all the same', async () => {
		const recording = { payload: encodeWav([noise(10)], MONO), tag: 'nofile' };
		const error = await caught('nofile', recording);
		assert.equal(error['code'], 'PLAY_DEVICE_NOT_FOUND');
		assert.deepEqual(played(await next('nofile')), {
			durationMs: 0,
			underruns: 0,
			interrupted: true,
			code: 'PLAY_DEVICE_NOT_FOUND',
		});
		await nodeRed.waitForStatus('nofile', ({ fill, text }) => fill === 'red' && text === 'no such device');
	});

	test('a setting that cannot be used is told at the start and for each message', async () => {
		const error = await caught('wrong', { payload: 'stop', tag: 'wrong' });
		assert.match(String(error['message']), /"volume" is "loud": use a number from 0 to 100/);
		await nodeRed.waitForStatus('wrong', ({ fill }) => fill === 'red');
		assert.equal(nodeRed.errors('wrong').length, 2);
	});

	test('settings that are left out or come from the environment have their defaults', async () => {
		await play({ payload: encodeWav([noise(160)], MONO) }, 'env');
		assert.deepEqual(file('env').pcm, Buffer.alloc(320));
	});

	test('statuses say what goes on', async () => {
		await play({ payload: encodeWav([noise(160)], MONO) });
		await send('play', chunk('st', 0, noise(1600)));
		await nodeRed.waitForStatus('play', ({ fill, shape, text }) => {
			return fill === 'blue' && shape === 'dot' && /^playing \d+\.\d s$/.test(text ?? '');
		});
		await send('play', { payload: 'toggle' });
		await nodeRed.waitForStatus('play', ({ fill, text }) => fill === 'yellow' && text === 'paused');
		const shown = nodeRed.statuses('play').length;
		await send('play', { payload: 'toggle' });
		await nodeRed.waitForStatus('play', ({ fill }) => fill === 'blue', { after: shown });
		await send('play', chunk('st', 1, noise(1600), true));
		await next('play', 1);
		await nodeRed.waitForStatus('play', ({ fill, text }) => fill === 'grey' && text === 'idle', {
			after: shown,
		});
	});

	test('a failure stays in view until something is heard', async () => {
		const tell = (text: string, after: number) =>
			nodeRed.waitForStatus('play', (status) => status.text === text, { after });
		const shown = nodeRed.statuses('play').length;
		await caught('play', { payload: 'louder', tag: 'in view' });
		await tell('unknown control', shown);
		const red = nodeRed.statuses('play').length;
		await new Promise((resolve) => setTimeout(resolve, 1200));
		assert.equal(nodeRed.statuses('play').length, red, 'the ticker leaves it alone');
		await play({ payload: encodeWav([noise(16_000)], MONO) });
		await tell('idle', red);
	});

	test('the editor can ask for devices', async () => {
		const ask = (query: string) => fetch(new URL(`voice/audio-play/devices?${query}`, `${nodeRed.url}/`));
		assert.deepEqual(await (await ask('backend=file')).json(), []);
		assert.equal((await ask('backend=toString')).status, 400);
	});

	test('a deployment ends what is under way with its message', async () => {
		await send('play', chunk('deploy', 0, noise(1600)));
		await nodeRed.setFlows(FLOW.filter(({ id }) => id !== 'play'));
		assert.deepEqual(played(await next('play')), { durationMs: 0, underruns: 0, interrupted: true });
		await nodeRed.setFlows(FLOW);
		assert.equal(played(await play({ payload: encodeWav([noise(160)], MONO) }, 'env')).interrupted, false);
	});
});
