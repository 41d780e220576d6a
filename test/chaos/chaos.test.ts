import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { needs } from '../lab/needs.ts';
import { faketimeLibrary } from './house.ts';
import { run } from './run.ts';

// A bounded part of the chaos suite; `npm run test:chaos` runs as many faults as you like.

const SEEDS = [1, 2, 3];
const FAULTS = 8;

describe('a whole voice interface under faults', {
	skip: needs(
		'pulseaudio',
		'alsa-utils',
		'fuse',
		'mount-namespace',
		'naudiodon',
		'onoff',
		'sherpa-onnx',
		'gcc',
	),
	concurrency: true,
}, () => {
	it('Node-RED has a clock that can be moved', { skip: needs('faketime') }, () => {
		assert.ok(faketimeLibrary());
	});

	for (const seed of SEEDS)
		it(`seed ${seed}: nothing ends, hangs, leaks or gets lost`, { timeout: 240_000 }, async (test) => {
			const { faults, rounds, sums, seconds } = await run({ seed, faults: FAULTS, checkEvery: FAULTS });
			assert.equal(faults, FAULTS);
			assert.ok(sums.whole > 0 && sums.heardMs > 0, 'nobody was understood');
			test.diagnostic(
				`${faults} faults in ${rounds} rounds, ${seconds.toFixed(0)} s: ${JSON.stringify(sums)}`,
			);
		});
});
