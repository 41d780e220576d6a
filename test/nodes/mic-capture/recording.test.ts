import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeWav } from '../../../lib/audio/wav.ts';
import { Recording } from '../../../nodes/mic-capture/recording.ts';
import { noise } from '../../lab/signals.ts';

const FORMAT = { sampleRate: 16_000, channels: 2 };
const LABEL = { id: 'stream', topic: 'kitchen', cause: {} };

describe('Recording', () => {
	test('is a WAV file of all pieces', () => {
		const recording = new Recording(LABEL, FORMAT, 10_000);
		const pieces = [noise(1000, 1, 2), noise(7, 2, 2), Buffer.alloc(0)];
		for (const piece of pieces) assert.equal(recording.push(piece), false);
		const { payload, ...rest } = recording.message();
		assert.deepEqual(decodeWav(payload), { format: FORMAT, pcm: Buffer.concat(pieces), truncated: false });
		assert.deepEqual(rest, {
			audio: { ...FORMAT, encoding: 'wav', durationMs: 62.9375 },
			topic: 'kitchen',
			stream: 'stream',
		});
	});

	test('keeps what fits, and says once that more came', () => {
		const recording = new Recording(LABEL, FORMAT, 50);
		const said = noise(2400, 1, 2);
		const told = [0, 1, 2].map((i) => recording.push(said.subarray(i * 3200, (i + 1) * 3200)));
		assert.deepEqual(told, [false, true, false]);
		const { payload, audio } = recording.message();
		assert.deepEqual(decodeWav(payload).pcm, said.subarray(0, 3200));
		assert.deepEqual([audio.durationMs, audio.truncated], [50, true]);
	});

	test('of an empty stream is a WAV file without samples', () => {
		const { payload, audio } = new Recording(LABEL, FORMAT, 1000).message();
		assert.equal(decodeWav(payload).pcm.length, 0);
		assert.equal(audio.durationMs, 0);
	});
});
