import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
	AudioFormatError,
	bytesToFrames,
	bytesToMs,
	CHANNELS_MAX,
	checkFormat,
	frameBytes,
	framesToMs,
	msToBytes,
	msToFrames,
	SAMPLE_RATE_MAX,
	SAMPLE_RATE_MIN,
	sameFormat,
} from '../../../lib/audio/format.ts';

const MONO = { sampleRate: 16000, channels: 1 };
const STEREO = { sampleRate: 44100, channels: 2 };

test('frames, bytes and milliseconds', () => {
	assert.equal(frameBytes(MONO), 2);
	assert.equal(frameBytes(STEREO), 4);
	assert.equal(bytesToFrames(11, STEREO), 2, 'only whole frames count');
	assert.equal(bytesToMs(32000, MONO), 1000);
	assert.equal(framesToMs(441, STEREO), 10);
	assert.equal(msToFrames(0.03, MONO), 0);
	assert.equal(msToFrames(1, STEREO), 44, 'the nearest whole frame');
	assert.equal(msToBytes(1, STEREO), 176, 'never a part of a frame');
	for (const format of [MONO, STEREO])
		for (let frames = 0; frames < 5000; frames += 7)
			assert.equal(msToFrames(framesToMs(frames, format), format), frames);
});

test('formats are the same only in both numbers', () => {
	assert.ok(sameFormat(MONO, { ...MONO }));
	assert.ok(!sameFormat(MONO, { ...MONO, channels: 2 }));
	assert.ok(!sameFormat(MONO, { ...MONO, sampleRate: 8000 }));
});

test('a usable format comes back, the others are refused with a remedy', () => {
	for (const sampleRate of [SAMPLE_RATE_MIN, 11025, SAMPLE_RATE_MAX])
		for (const channels of [1, 2, CHANNELS_MAX]) {
			const format = { sampleRate, channels };
			assert.equal(checkFormat(format), format);
		}
	const bad = [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1e9, '16000' as unknown as number];
	for (const value of bad) {
		for (const format of [
			{ sampleRate: value, channels: 1 },
			{ sampleRate: 16000, channels: value },
		])
			assert.throws(
				() => checkFormat(format),
				(error: unknown) =>
					error instanceof AudioFormatError &&
					error.problem.includes(String(value)) &&
					error.message === `${error.problem}: ${error.remedy}`,
				JSON.stringify(format),
			);
	}
});
