import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chunkMessage, resetMessage } from '../../../lib/node/messages.ts';

const chunk = {
	stream: 's1',
	topic: 'kitchen',
	index: 4,
	pcm: Buffer.from([1, 0]),
	format: { sampleRate: 16000, channels: 1 },
	startMs: 400,
	level: { rms: -30, peak: -20 },
};

test('a chunk has what the core Join node and our consumers read', () => {
	const message = chunkMessage(chunk);
	assert.deepEqual(message, {
		payload: Buffer.from([1, 0]),
		audio: {
			sampleRate: 16000,
			channels: 1,
			encoding: 'pcm_s16le',
			startMs: 400,
			level: { rms: -30, peak: -20 },
		},
		parts: { id: 's1', index: 4, type: 'buffer', ch: '' },
		topic: 'kitchen',
	});
	assert.ok(!Object.hasOwn(message, 'complete') && !Object.hasOwn(message.parts, 'count'));
	assert.notEqual(chunkMessage(chunk).audio, message.audio, 'messages share nothing but the payload');
});

test('the last one says so, and why', () => {
	const message = chunkMessage({ ...chunk, ended: 'stop' });
	assert.equal(message.complete, true);
	assert.equal(message.parts.count, 5);
	assert.equal(message.audio.ended, 'stop');
});

test('a reset has no payload', () => {
	assert.deepEqual(resetMessage('s1', 'kitchen'), { reset: true, parts: { id: 's1' }, topic: 'kitchen' });
});
