import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LEVEL_FLOOR, measureLevel } from '../../../lib/audio/level.ts';
import { silence, sine } from '../../lab/signals.ts';

const pcm = (...samples: number[]) => Buffer.from(Int16Array.from(samples).buffer);

test('silence and nothing at all are at the floor, which survives JSON', () => {
	const floor = { rms: LEVEL_FLOOR, peak: LEVEL_FLOOR };
	assert.equal(LEVEL_FLOOR, -120);
	for (const quiet of [silence(100), Buffer.alloc(0), Buffer.from([99])])
		assert.deepEqual(JSON.parse(JSON.stringify(measureLevel(quiet))), floor);
});

test('full scale is 0 dBFS', () => {
	assert.deepEqual(measureLevel(pcm(-32768, -32768)), { rms: 0, peak: 0 });
	const { rms, peak } = measureLevel(pcm(32767, -32767));
	assert.equal(rms + 0, 0);
	assert.equal(peak + 0, 0);
});

test('a sine has its peak at its amplitude and 3 dB more than its RMS', () => {
	assert.deepEqual(measureLevel(sine(16000, 100, 16000, 3276.8)), { rms: -23, peak: -20 });
});

test('the quietest sample is above the floor, and the negative peak counts', () => {
	assert.deepEqual(measureLevel(pcm(0, 1, 0, 0)), { rms: -96.3, peak: -90.3 });
	assert.equal(measureLevel(pcm(100, -16384)).peak, -6);
	// One quiet sample in a long silence falls below the floor only in its RMS.
	assert.deepEqual(measureLevel(Buffer.concat([pcm(1), silence(1_000_000)])), { rms: -120, peak: -90.3 });
});

test('an odd last byte is not read, and all channels count', () => {
	assert.deepEqual(measureLevel(Buffer.concat([pcm(0, 0), Buffer.from([127])])), {
		rms: LEVEL_FLOOR,
		peak: LEVEL_FLOOR,
	});
	assert.deepEqual(measureLevel(pcm(16384, 0, 16384, 0)), { rms: -9, peak: -6 });
});
