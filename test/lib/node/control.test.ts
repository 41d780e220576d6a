import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ControlWord, controlWord, isData, isReset } from '../../../lib/node/control.ts';
import { VoiceError } from '../../../lib/node/errors.ts';

const MIC: ControlWord[] = ['start', 'stop', 'toggle'];
const PLAY: ControlWord[] = [...MIC, 'pause', 'resume'];

test('every documented payload', () => {
	for (const payload of [true, 1, 'start', ' START\n']) assert.equal(controlWord({ payload }, MIC), 'start');
	for (const payload of [false, 0, 'stop', 'Stop']) assert.equal(controlWord({ payload }, MIC), 'stop');
	assert.equal(controlWord({ payload: 'toggle' }, MIC), 'toggle');
	for (const word of ['pause', 'resume'] as const) {
		assert.equal(controlWord({ payload: word }, PLAY), word);
		assert.throws(() => controlWord({ payload: word }, MIC), VoiceError, 'a microphone does not pause');
	}
});

test('any other payload is CONTROL_UNKNOWN, with what could have been sent', () => {
	const odd = [undefined, null, '', 'go', 'true', '1', 2, -1, Number.NaN, {}, [], ['start'], 'constructor'];
	for (const payload of [...odd, 'x'.repeat(5000), Object.create(null), Symbol('s')])
		assert.throws(
			() => controlWord({ payload }, PLAY),
			(error: unknown) =>
				error instanceof VoiceError &&
				error.code === 'CONTROL_UNKNOWN' &&
				error.message.length < 250 &&
				/"start", "stop", "toggle", "pause", "resume"/.test(error.remedy),
		);
});

test('reset is any own property of that name', () => {
	for (const reset of [true, false, '', null, undefined]) assert.ok(isReset({ reset }));
	assert.ok(!isReset({ payload: 'reset' }));
	assert.ok(!isReset(Object.create({ reset: true })), 'what is inherited was not sent');
});

test('audio, transcripts and session news are data, not control', () => {
	for (const message of [
		{ payload: Buffer.alloc(0) },
		{ payload: new Uint8Array(2) },
		{ payload: true, audio: {} },
		{ payload: 'start', transcript: {} },
		{ payload: 'closed', session: {} },
	])
		assert.ok(isData(message));
	for (const payload of [true, 'start', undefined, [1, 2]]) assert.ok(!isData({ payload, topic: 'a' }));
});
