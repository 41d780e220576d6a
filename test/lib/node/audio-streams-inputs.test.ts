import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AudioFormatError } from '../../../lib/audio/format.ts';
import { encodeWav } from '../../../lib/audio/wav.ts';
import { noise } from '../../lab/signals.ts';
import { chunk, makeWav } from '../audio/wav-files.ts';
import { AUDIO, consume, PCM, piece } from './stream-log.ts';

describe('inputs of a stream', () => {
	const wav = encodeWav([PCM], { sampleRate: 16000, channels: 1 });
	const tagged = makeWav({ data: PCM, before: [chunk('LIST', noise(7))], after: [chunk('LIST', noise(40))] });

	test('a whole WAV file, whatever else goes on under its topic', () => {
		const { accept, log, sound, begun } = consume();
		accept({ payload: PCM, audio: AUDIO, topic: 't' });
		log.length = 0;
		for (const [_msgid, payload] of [
			['m1', wav],
			['m2', tagged],
		])
			accept({ payload, _msgid, topic: 't' });
		assert.deepEqual(log, [
			...['start recording:m1', 'audio recording:m1', 'end recording:m1 complete'],
			...['start recording:m2', 'audio recording:m2', 'end recording:m2 complete'],
		]);
		assert.deepEqual(sound.get('recording:m1'), PCM);
		assert.deepEqual(sound.get('recording:m2'), PCM, 'tags are not sound');
		assert.equal(begun[1]!.topic, 't');
	});

	test('a WAV file in pieces of the file-in node', () => {
		for (const extra of [{}, { audio: { encoding: 'wav' } }])
			for (const size of [100, 333, 701, tagged.length / 2]) {
				const { accept, log, sound } = consume();
				const count = Math.ceil(tagged.length / size);
				for (let index = 0; index < count; index++) {
					const parts = { index, ch: '', type: 'buffer', id: 'f', ...(index === count - 1 ? { count } : {}) };
					accept({ ...extra, payload: tagged.subarray(index * size, (index + 1) * size), parts });
				}
				assert.deepEqual(log, ['start f', 'audio f', 'end f complete'], `${size} bytes`);
				assert.deepEqual(sound.get('f'), PCM);
			}
	});

	test('… and one that is exactly as long as its pieces', () => {
		const { accept, log } = consume();
		const half = wav.length / 2;
		for (const index of [0, 1])
			accept({ payload: wav.subarray(index * half, index * half + half), parts: { id: 'f', index } });
		accept({ parts: { id: 'f', index: 2, count: 2, type: 'buffer', ch: '' } });
		assert.deepEqual(log, ['start f', 'audio f', 'end f complete']);
	});

	test('an array of WAV files through Split is one stream', () => {
		const { accept, log, sound } = consume();
		for (let index = 0; index < 3; index++)
			accept({ payload: tagged, parts: { id: 's', index, count: 3, type: 'array' } });
		assert.deepEqual(log, ['start s', 'audio s', 'end s complete']);
		assert.deepEqual(sound.get('s'), Buffer.concat([PCM, PCM, PCM]));
	});

	test('raw Buffers in the format of the node, cut inside a frame', () => {
		const { accept, sound, begun } = consume({ rawSampleRate: 8000, rawChannels: 2 });
		for (let at = 0; at < PCM.length; at += 7) accept({ payload: PCM.subarray(at, at + 7), topic: 't' });
		assert.deepEqual(begun[0]!.format, { sampleRate: 8000, channels: 2 });
		assert.deepEqual(sound.get(begun[0]!.id), PCM);
	});

	test('raw Buffers without a format are refused, unless their stream has one', () => {
		const { accept, log, sound } = consume();
		assert.throws(() => accept({ payload: PCM, parts: { id: 'a' } }), AudioFormatError);
		assert.deepEqual(log, []);
		accept({ payload: PCM.subarray(0, 100), rate: 16000, channels: 1, bits: 16, parts: { id: 'a' } });
		accept({ payload: PCM.subarray(100), parts: { id: 'a' } });
		assert.deepEqual(sound.get('a'), PCM);
	});

	test('another encoding of the same format goes on; another format ends the stream and says so', () => {
		const { accept, log, sound } = consume();
		accept(piece('a', PCM.subarray(0, 101)));
		accept(
			piece('a', Buffer.from(Float32Array.of(0.5, -1).buffer), {
				audio: { ...AUDIO, encoding: 'pcm_f32le' },
			}),
		);
		assert.deepEqual(sound.get('a')!.subarray(100), Buffer.from(Int16Array.of(16384, -32768).buffer));
		assert.throws(
			() => accept(piece('a', PCM, { audio: { ...AUDIO, channels: 2 } })),
			/from 16000 Hz with 1 channel to 16000 Hz with 2 channels within a stream: end/,
		);
		accept(piece('a', PCM, { audio: { ...AUDIO, channels: 2 }, complete: true }));
		const once = ['start a', 'audio a', 'end a complete'];
		assert.deepEqual(log, [...once, ...once]);
	});

	test('what is no audio is refused and leaves the streams alone', () => {
		const { accept, log } = consume();
		accept(piece('a', PCM));
		for (const message of [
			{ payload: 'text', parts: { id: 'a' } },
			{ payload: PCM, parts: { id: 'a' }, audio: { ...AUDIO, encoding: 'opus' } },
			{ payload: Buffer.from('fLaC\0\0\0\0') },
		])
			assert.throws(() => accept(message), AudioFormatError);
		accept(piece('a', PCM, { complete: true }));
		assert.deepEqual(log, ['start a', 'audio a', 'end a complete']);
	});
});
