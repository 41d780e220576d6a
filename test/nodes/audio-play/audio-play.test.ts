import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { mixChannels } from '../../../lib/audio/convert.ts';
import { decodeWav, encodeWav, wavHeader } from '../../../lib/audio/wav.ts';
import type { Playback } from '../../../nodes/audio-play/item.ts';
import { type FlowNode, type LabNodeRed, type Message, sink, startNodeRed } from '../../lab/node-red.ts';
import { noise } from '../../lab/signals.ts';

// The node in a real Node-RED. It plays into a WAV file, so this needs no sound card.

const MONO = { sampleRate: 16_000, channels: 1 };
const chunk = (id: string, index: number, pcm: Buffer, last = false): Message => ({
	payload: pcm,
	audio: { ...MONO, encoding: 'pcm_s16le' },
	parts: { id, index, type: 'buffer', ch: '', ...(last && { count: index + 1 }) },
	topic: 'talk',
	...(last && { complete: true }),
});
const played = (message: Message) => message['playback'] as Playback;
const player = (id: string, settings: object): FlowNode => ({
	id,
	type: 'audio-play',
	z: 'tab',
	backend: 'file',
	file: `${id}.wav`,
	...settings,
	wires: [['sink']],
});

const FLOW: FlowNode[] = [
	{ id: 'tab', type: 'tab' },
	player('play', {}),
	player('raw', { rawSampleRate: '8000', rawChannels: 2, streamIdleMs: '100' }),
	player('half', { volume: 50 }),
	player('short', { maxQueueMs: 300 }),
	// biome-ignore lint/suspicious/noTemplateCurlyInString: Node-RED puts the variable in
	player('env', { volume: '${LOUDNESS}', mode: '', streamIdleMs: undefined }),
	player('nofile', { file: '' }),
	player('wrong', { volume: 'loud' }),
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

	describe('takes', () => {
		const pcm = noise(800, 7);
		const values = Array.from({ length: 800 }, (_, i) => pcm.readInt16LE(i * 2));
		const wav = (bits: number, tag: number, data: Buffer, rate = 16_000, channels = 1) => {
			const header = wavHeader({ sampleRate: rate, channels }, data.length);
			header.writeUInt16LE(tag, 20);
			header.writeUInt32LE((rate * channels * bits) / 8, 28);
			header.writeUInt16LE((channels * bits) / 8, 32);
			header.writeUInt16LE(bits, 34);
			return Buffer.concat([header, data]);
		};
		const wide = Buffer.alloc(2400);
		for (const [i, value] of values.entries()) wide.writeIntLE(value * 256, i * 3, 3);
		const float = Buffer.alloc(3200);
		for (const [i, value] of values.entries()) float.writeFloatLE(value / 32_768, i * 4);

		const cases: [string, Message, Buffer?][] = [
			['a 24-bit WAV', { payload: wav(24, 1, wide) }, pcm],
			['a float WAV', { payload: wav(32, 3, float) }, pcm],
			['a WAV that was cut', { payload: wav(16, 1, pcm).subarray(0, 44 + 801) }, pcm.subarray(0, 800)],
			['a WAV without sound', { payload: wav(16, 1, Buffer.alloc(0)) }, Buffer.alloc(0)],
			['raw PCM with msg.audio', { payload: pcm, audio: { sampleRate: 16_000 }, complete: true }, pcm],
			[
				'a byte too many',
				{ payload: Buffer.concat([pcm, pcm.subarray(0, 1)]), audio: MONO, complete: true },
				pcm,
			],
			['a Uint8Array', { payload: new Uint8Array(pcm), audio: MONO, complete: true }, pcm],
			['the fields of sox', { payload: pcm, rate: '16000', channels: 1, bits: 16, complete: true }, pcm],
		];
		for (const [what, message, expected] of cases)
			test(what, async () => {
				const result = await play(message);
				const durationMs = Math.floor((expected?.length ?? 0) / 32);
				assert.deepEqual(played(result), { durationMs, underruns: 0, interrupted: false });
				if (expected?.length) assert.ok(file('play').pcm.equals(expected));
			});

		test('8 kHz stereo', async () => {
			const stereo = mixChannels(pcm, 1, 2);
			assert.equal(played(await play({ payload: wav(16, 1, stereo, 8000, 2) })).durationMs, 100);
			assert.deepEqual(file('play').format, { sampleRate: 8000, channels: 2 });
			assert.ok(file('play').pcm.equals(stereo));
		});

		test('Buffers without a format where the node has one; the stream ends when no more come', async () => {
			const stereo = mixChannels(pcm, 1, 2);
			for (const [from, to] of [
				[0, 1001],
				[1001, 1001],
				[1001, 3200],
			] as const)
				await send('raw', { payload: stereo.subarray(from, to), topic: 'tcp' });
			const message = await next('raw');
			assert.equal(message['topic'], 'tcp');
			assert.equal(message['parts'], undefined);
			assert.equal(played(message).interrupted, false);
			assert.deepEqual(file('raw').format, { sampleRate: 8000, channels: 2 });
			assert.ok(file('raw').pcm.equals(stereo));
		});
	});

	describe('refuses', () => {
		const ogg = Buffer.from('OggS\0\x02 and so on');
		const frame = Buffer.concat([Buffer.from([0xff, 0xfb, 0x90, 0x00]), Buffer.alloc(413)]);
		const cases: [string, Message, string, RegExp][] = [
			['Ogg', { payload: ogg }, 'AUDIO_FORMAT', /Ogg.*convert it to WAV/],
			['FLAC', { payload: Buffer.from('fLaC\0\0\0\x22') }, 'AUDIO_FORMAT', /FLAC/],
			['MP3', { payload: Buffer.from('ID3\x04\0\0\0\0') }, 'AUDIO_FORMAT', /MP3/],
			['MP3 without a tag', { payload: Buffer.concat([frame, frame]) }, 'AUDIO_FORMAT', /MP3/],
			['a Buffer without format', { payload: noise(100) }, 'AUDIO_FORMAT', /does not say its audio format/],
			[
				'what only says that it is a WAV',
				{ payload: noise(100), audio: { encoding: 'wav' } },
				'AUDIO_FORMAT',
				/WAV/,
			],
			['an A-law WAV', { payload: alaw() }, 'AUDIO_FORMAT', /A-law/],
			['a transcript', { payload: 'stop', transcript: { text: 'stop' } }, 'AUDIO_FORMAT', /transcript/],
			['a session event', { payload: 'closed', session: {} }, 'AUDIO_FORMAT', /session event/],
			['an unknown word', { payload: 'louder' }, 'CONTROL_UNKNOWN', /"louder".*"pause"/],
			['a number', { payload: 42 }, 'CONTROL_UNKNOWN', /send true, false/],
			['an object', { payload: { a: 1 } }, 'CONTROL_UNKNOWN', /object/],
			['nothing at all', {}, 'CONTROL_UNKNOWN', /undefined/],
			['a volume that is none', { volume: 101 }, 'CONTROL_UNKNOWN', /msg.volume.*0 to 100/],
			['a volume in words', { volume: 'high', payload: 'resume' }, 'CONTROL_UNKNOWN', /msg.volume/],
		];
		for (const [what, message, code, words] of cases)
			test(what, async () => {
				const error = await caught('play', { ...message, tag: what });
				assert.equal(error['code'], code);
				assert.match(String(error['message']), words);
			});

		function alaw(): Buffer {
			const header = wavHeader(MONO, 4);
			header.writeUInt16LE(6, 20);
			return Buffer.concat([header, Buffer.alloc(4)]);
		}
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
		// A slider leaves its value in the payload, too: 0 is no "stop" then.
		await send('half', { payload: 0, volume: 0 });
		await send('half', recording);
		await next('half', 1);
		assert.equal(loudest(), 0);
		await send('half', { ...recording, volume: '100' });
		await next('half', 2);
		assert.ok(file('half').pcm.equals(pcm));
		assert.equal(nodeRed.errors('half').length, 0);
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
		await send('play', { reset: true, parts: { id: 'other' } });
		await send('play', { payload: encodeWav([noise(20)], MONO), topic: 'last' });
		assert.equal((await next('play', 5))['topic'], 'last', 'and nothing else came out');
		assert.equal(file('play').pcm.length, 40);
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
