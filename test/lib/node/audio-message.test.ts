import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AudioFormatError, type PcmFormat } from '../../../lib/audio/format.ts';
import { encodeWav } from '../../../lib/audio/wav.ts';
import { partsId, readAudioMessage, topicOf } from '../../../lib/node/audio-message.ts';
import { chunkMessage } from '../../../lib/node/messages.ts';
import { noise, silence } from '../../lab/signals.ts';

const FORMAT: PcmFormat = { sampleRate: 16000, channels: 1 };
const NO_RAW = { rawSampleRate: 0, rawChannels: 1 };
const RAW = { rawSampleRate: 8000, rawChannels: 2 };
const PCM = noise(50);
const WAV = encodeWav([PCM], FORMAT);

const read = (message: object, raw = NO_RAW, known = false) =>
	readAudioMessage(message as Record<string, unknown>, raw, () => known);
const refused = (message: object, words: RegExp, raw = NO_RAW) =>
	assert.throws(
		() => read(message, raw),
		(error: unknown) => error instanceof AudioFormatError && words.test(error.message),
	);

describe('identity', () => {
	test('parts.id is the stream; of nested parts the deepest', () => {
		assert.equal(partsId({ parts: { id: 'a' } }), 'a');
		assert.equal(partsId({ parts: { id: 'split', parts: { id: 'other', parts: { id: 'mic' } } } }), 'mic');
		assert.equal(partsId({ parts: { id: 'split', parts: { index: 1 } } }), 'split');
		assert.equal(partsId({ parts: { id: 0 } }), '0');
		for (const parts of [undefined, null, 'x', 5, {}, { id: '' }, { id: null }, { id: {} }])
			assert.equal(partsId({ parts }), undefined);
	});
	test('parts that contain themselves, or that nest a million deep, do not hang', () => {
		const circle: { id: string; parts?: object } = { id: 'round' };
		circle.parts = circle;
		assert.equal(partsId({ parts: circle }), 'round');
		let deep: object = { id: 'bottom' };
		for (let i = 0; i < 1e6; i++) deep = { parts: deep };
		assert.equal(partsId({ parts: deep }), undefined);
		assert.equal(read({ payload: PCM, parts: circle }, RAW).stream, 'round');
	});
	test('ids and topics that are no plain text do no harm', () => {
		const message = JSON.parse('{"parts": {"__proto__": {"id": "x"}, "id": "__proto__"}}');
		assert.equal(partsId(message), '__proto__');
		assert.equal(topicOf({ topic: Object.create(null) }), '');
		assert.equal(topicOf({ topic: 7 }), '7');
		assert.equal(topicOf({ topic: null }), '');
		assert.equal(topicOf({}), '');
	});
	test('without parts the topic is the stream', () => {
		const audio = { sampleRate: 16000 };
		const [a, b, none] = [{ topic: 'a' }, { topic: 'b' }, {}].map((m) => read({ ...m, payload: PCM, audio }));
		assert.equal(new Set([a!.stream, b!.stream, none!.stream]).size, 3);
		assert.equal(a!.explicit, false);
		assert.equal(read({ payload: PCM, audio, parts: { id: 'x' } }).explicit, true);
	});
	test('a whole WAV file is a stream of its own; a recording that of its microphone', () => {
		assert.equal(read({ payload: WAV, topic: 't', _msgid: 'm1' }).stream, 'recording:m1');
		assert.equal(read({ payload: WAV, topic: 't', _msgid: 'm1', stream: 's1' }).stream, 'recording:s1');
		assert.equal(read({ payload: WAV, stream: {}, _msgid: 'm1' }).stream, 'recording:m1');
		assert.equal(read({ payload: WAV, parts: { id: 'x' }, _msgid: 'm1' }).stream, 'x');
	});
});

describe('the last message', () => {
	const last = (extra: object) => read({ payload: PCM, audio: FORMAT, ...extra }).last;
	test('by complete, or by index and count', () => {
		assert.equal(last({}), false);
		assert.equal(last({ complete: true }), true);
		assert.equal(last({ complete: true, parts: { id: 'x', index: 3 } }), true);
		assert.equal(last({ parts: { id: 'x', index: 3, count: 5 } }), false);
		assert.equal(last({ parts: { id: 'x', index: 4, count: 5 } }), true);
		assert.equal(last({ parts: { id: 'x', index: '4', count: '5' } }), true);
		assert.equal(last({ parts: { id: 'x', index: 4 } }), false);
		assert.equal(last({ parts: { id: 'x', index: 4, count: null } }), false);
	});
	test('the file-in node ends a file of whole chunks with a message without payload', () => {
		const end = read({ parts: { id: 'f', index: 4, count: 4, type: 'buffer', ch: '' } });
		assert.deepEqual([end.stream, end.last, end.data.length, end.source], ['f', true, 0, undefined]);
	});
	test('what Split makes of the last chunk ends the stream only with its last piece', () => {
		const piece = (index: number, chunk: object, complete?: boolean) =>
			last({ complete, parts: { id: 's', index, count: 3, parts: { id: 'mic', ...chunk } } });
		assert.equal(piece(0, { index: 7, count: 8 }, true), false);
		assert.equal(piece(2, { index: 7, count: 8 }, true), true);
		assert.equal(piece(2, { index: 7, count: 8 }), true);
		assert.equal(piece(2, { index: 6, count: 8 }), false);
		assert.equal(piece(2, { index: 6 }), false);
		assert.equal(piece(2, { index: 6 }, true), true);
	});
	test('complete needs no payload', () => {
		for (const payload of [undefined, null, '', Buffer.alloc(0)]) {
			const end = read({ payload, complete: true, topic: 't' });
			assert.deepEqual([end.last, end.data.length, end.source], [true, 0, undefined]);
		}
	});
});

describe('formats', () => {
	const source = (message: object, raw = NO_RAW) => {
		const { source: found, data } = read(message, raw);
		assert.ok(found);
		assert.ok(Buffer.isBuffer(data));
		return [found.format.sampleRate, found.format.channels, found.encoding, found.skip];
	};
	const payload = PCM;

	test('our own chunks', () => {
		const message = chunkMessage({
			stream: 'mic1',
			topic: 'kitchen',
			index: 0,
			pcm: PCM,
			format: { sampleRate: 44100, channels: 2 },
			startMs: 0,
			level: { rms: -20, peak: -10 },
		});
		assert.deepEqual(source(message), [44100, 2, 's16le', 0]);
		assert.equal(read(message).stream, 'mic1');
		assert.equal(read(message).data, PCM, 'not copied');
		assert.equal(read(message).last, false);
	});
	test('msg.audio: every documented encoding, numbers also as text', () => {
		for (const [encoding, sample] of [
			[undefined, 's16le'],
			[null, 's16le'],
			['pcm_s16le', 's16le'],
			['PCM_S24LE', 's24le'],
			['pcm_u8', 'u8'],
			['pcm_s32le', 's32le'],
			['pcm_f32le', 'f32le'],
		])
			assert.deepEqual(source({ payload, audio: { sampleRate: '48000', channels: '2', encoding } }), [
				48000,
				2,
				sample,
				0,
			]);
		assert.deepEqual(source({ payload, audio: { sampleRate: 8000 } }), [8000, 1, 's16le', 0]);
	});
	test('unknown encodings are named, also those that every object has', () => {
		for (const encoding of ['opus', 'pcm_mulaw', 'constructor', '__proto__', 'valueof', 5])
			refused({ payload, audio: { sampleRate: 16000, encoding } }, new RegExp(`encoding is "${encoding}"`));
		const long = { payload, audio: { sampleRate: 16000, encoding: 'x'.repeat(9999) } };
		assert.throws(
			() => read(long),
			(error: Error) => error.message.length < 250,
		);
	});
	test('formats that cannot be are refused', () => {
		refused({ payload, audio: {} }, /msg.audio.sampleRate is missing: set it/);
		refused({ payload, audio: { sampleRate: 'fast' } }, /sampleRate is missing/);
		refused({ payload, audio: { sampleRate: -1 } }, /Sample rate -1/);
		refused({ payload, audio: { sampleRate: 16000, channels: 0 } }, /0 channels/);
		refused({ payload, rate: 1e9 }, /Sample rate 1000000000/);
	});
	test("sox-utils' flat fields", () => {
		const flat = {
			payload,
			format: 'raw',
			rate: 22050,
			channels: '2',
			bits: '16',
			encoding: 'signed-integer',
		};
		assert.deepEqual(source(flat), [22050, 2, 's16le', 0]);
		assert.deepEqual(source({ ...flat, bits: 24 }), [22050, 2, 's24le', 0]);
		assert.deepEqual(source({ ...flat, bits: 32 }), [22050, 2, 's32le', 0]);
		assert.deepEqual(source({ ...flat, encoding: 'floating-point', bits: 32 }), [22050, 2, 'f32le', 0]);
		assert.deepEqual(source({ ...flat, encoding: 'unsigned-integer', bits: 8 }), [22050, 2, 'u8', 0]);
		assert.deepEqual(source({ payload, rate: '8000' }), [8000, 1, 's16le', 0]);
		refused({ ...flat, encoding: 'a-law', bits: 8 }, /8-bit a-law/);
		refused({ ...flat, encoding: 'signed-integer', bits: 8 }, /8-bit signed/);
		refused({ ...flat, encoding: 'unsigned-integer' }, /16-bit unsigned/);
		refused({ ...flat, bits: 12 }, /12-bit/);
		refused({ ...flat, format: 'ogg' }, /holds ogg audio/);
		assert.deepEqual(source({ ...flat, payload: WAV, format: 'wav' }), [16000, 1, 's16le', 44]);
	});
	test('a WAV file is known by its header, whatever the message says', () => {
		for (const extra of [
			{},
			{ audio: { encoding: 'wav', sampleRate: 1, channels: 9 } },
			{ audio: { sampleRate: 8000, channels: 2, encoding: 'pcm_s16le' } },
			{ rate: 8000, format: 'raw' },
		]) {
			assert.deepEqual(source({ payload: WAV, ...extra }, RAW), [16000, 1, 's16le', 44]);
			assert.equal(read({ payload: WAV, ...extra }).last, true);
		}
		assert.equal(read({ payload: WAV, parts: { id: 'f', index: 0 } }).last, false, 'more pieces follow');
		refused({ payload: PCM, audio: { encoding: 'wav' } }, /not a WAV file/);
		refused({ payload: WAV.subarray(0, 30) }, /damaged/);
	});
	test('raw Buffers take the format of the node, or are refused', () => {
		assert.deepEqual(source({ payload }, RAW), [8000, 2, 's16le', 0]);
		refused({ payload }, /100 bytes does not say its audio format: set msg.audio/);
		refused({ payload }, /1.5 channels/, { ...RAW, rawChannels: 1.5 });
		assert.equal(read({ payload: Buffer.alloc(0) }).source, undefined, 'an empty Buffer starts nothing');
		assert.equal(read({ payload }, NO_RAW, true).source, undefined, 'a stream that has begun goes on');
	});
	test('coded audio is named rather than played as noise', () => {
		refused({ payload: Buffer.from('OggS\0\u0002rest') }, /holds Ogg .*: convert it to WAV/, RAW);
		refused({ payload: Buffer.from('fLaC\0\0\0') }, /FLAC/);
		// What a message states is believed: PCM may begin with anything.
		assert.ok(read({ payload: Buffer.from('OggS'), audio: FORMAT }).source);
	});
	test('other binary views: a Uint8Array is read where it lies', () => {
		const large = Uint8Array.from({ length: 20 }, (_, i) => i);
		const { data } = read({ payload: large.subarray(4, 8), audio: FORMAT });
		assert.deepEqual(data, Buffer.from([4, 5, 6, 7]));
		assert.equal(data.buffer, large.buffer);
	});
	test('what is no audio says so in words', () => {
		for (const [message, words] of [
			[{}, /payload is missing/],
			[{ payload: null }, /payload is missing/],
			[{ payload: 'start' }, /is a string, not a Buffer/],
			[{ payload: true }, /is a boolean/],
			[{ payload: [1, 2] }, /is an array/],
			[{ payload: { type: 'Buffer', data: [] } }, /is an object/],
			[{ payload: new Int16Array(4) }, /is an object/],
			[{ payload: silence(2).buffer }, /is an object/],
			[{ payload: 'hi', transcript: { text: 'hi' } }, /transcript, not audio: wire an audio output/],
			[{ payload: 'closed', session: {} }, /session event/],
		] as [object, RegExp][])
			refused(message, words, RAW);
	});
});
