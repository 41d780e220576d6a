import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AudioFormatError } from '../../../lib/audio/format.ts';
import { toVoiceError, VoiceError } from '../../../lib/node/errors.ts';

const cause = new Error('EBUSY');
const busy = new VoiceError('MIC_DEVICE_BUSY', 'hw:1,0 is in use', 'close the other program', {
	retryable: true,
	cause,
});

test('what a Catch node copies are own properties, and the message holds the remedy', () => {
	// Node-RED asks hasOwnProperty for each of these and takes toString() as the message.
	for (const key of ['code', 'stack', 'cause']) assert.ok(Object.hasOwn(busy, key), key);
	assert.equal(busy.code, 'MIC_DEVICE_BUSY');
	assert.equal(busy.cause, cause);
	assert.equal(busy.message, 'hw:1,0 is in use: close the other program');
	assert.equal(String(busy), busy.message, 'no class name in the log');
	assert.equal(busy.name, 'VoiceError');
	assert.ok(busy instanceof Error);
	assert.equal(busy.retryable, true);
});

test('without options there is no cause, and nothing to retry', () => {
	const plain = new VoiceError('STT_AUTH', 'refused', 'check the key');
	assert.ok(!Object.hasOwn(plain, 'cause'));
	assert.equal(plain.retryable, false);
});

test('JSON carries what crosses a process boundary, and no more', () => {
	const text = JSON.stringify(busy);
	assert.deepEqual(JSON.parse(text), {
		code: 'MIC_DEVICE_BUSY',
		problem: 'hw:1,0 is in use',
		remedy: 'close the other program',
		retryable: true,
	});
	const back = VoiceError.from(JSON.parse(text));
	assert.ok(back instanceof VoiceError);
	assert.deepEqual(back.toJSON(), busy.toJSON());
	assert.equal(back.message, busy.message);
	assert.ok(!Object.hasOwn(back, 'cause'));
});

test('anything thrown becomes a VoiceError', () => {
	assert.equal(toVoiceError(busy, 'STT_ENGINE', 'x'), busy);
	const format = toVoiceError(new AudioFormatError('bad rate', 'use 16000'), 'STT_ENGINE', 'x');
	assert.deepEqual([format.code, format.message], ['AUDIO_FORMAT', 'bad rate: use 16000']);
	for (const [thrown, words] of [
		[new TypeError('no function'), 'no function'],
		['text', 'text'],
		[undefined, 'undefined'],
		[null, 'null'],
		[7n, '7'],
		[Symbol('odd'), 'Symbol(odd)'],
		[{ message: 'from another realm' }, 'from another realm'],
		[{ apiKey: 'secret' }, '[object Object]'],
		[Object.create(null), '[object Object]'],
	] as [unknown, string][]) {
		const error = toVoiceError(thrown, 'STT_ENGINE', 'decoding');
		assert.equal(error.code, 'STT_ENGINE');
		assert.equal(error.problem, `decoding failed (${words})`);
		assert.equal(error.cause, thrown);
	}
});
