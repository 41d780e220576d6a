import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { mixChannels } from '../../../lib/audio/convert.ts';
import { decodeWav, wavHeader } from '../../../lib/audio/wav.ts';
import { type FlowNode, type LabNodeRed, type Message, sink, startNodeRed } from '../../lab/node-red.ts';
import { noise } from '../../lab/signals.ts';
import { filePlayer, MONO, played } from './file-player.ts';

// What the node takes and what it refuses, in a real Node-RED.

const FLOW: FlowNode[] = [
	{ id: 'tab', type: 'tab' },
	filePlayer('play', {}),
	filePlayer('raw', { rawSampleRate: '8000', rawChannels: 2, streamIdleMs: '100' }),
	{ id: 'catch', type: 'catch', z: 'tab', scope: null, wires: [['sink']] },
	sink('sink', 'tab'),
];

describe('audio-play', () => {
	let nodeRed: LabNodeRed;
	before(async () => {
		nodeRed = await startNodeRed({ flow: FLOW });
	});
	after(() => nodeRed.stop());

	const file = (id: string) => decodeWav(readFileSync(join(nodeRed.userDir, `${id}.wav`)));
	const send = (id: string, message: Message) => nodeRed.send(id, message);
	async function play(message: Message): Promise<Message> {
		const count = nodeRed.messages('play').length;
		await send('play', message);
		return nodeRed.waitFor('play', (_, index) => index === count);
	}

	/** Sends a message with a tag and resolves with what a Catch node gets for it. */
	async function caught(id: string, message: Message): Promise<Message> {
		await send(id, message);
		return (await nodeRed.waitFor('catch', (msg) => msg['tag'] === message['tag']))['error'] as Message;
	}

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
			const message = await nodeRed.waitFor('raw');
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
});
