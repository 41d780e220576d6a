import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { measurePeers, PEERS } from '../../bench/peers/peers.ts';
import type { Figures } from '../../bench/tutorials/figures.ts';
import { runsOf } from '../../bench/tutorials/heard.ts';
import { measureTutorials } from '../../bench/tutorials/tutorials.ts';
import { needs } from '../lab/needs.ts';
import { noise, silence } from '../lab/signals.ts';

// That the comparisons work, not who is faster: their figures are for a quiet machine.

const SHORTEST = { seconds: 0.3, runs: 1 };

/** Every figure of a row is there: a number, or the dash of what cannot be. */
function checkShape(row: Figures, dashes: readonly string[]): void {
	for (const part of ['cpu', 'memoryMb', 'latencyMs', 'afterFrameMs', 'lost'] as const)
		for (const [name, value] of Object.entries({ ...row[part] })) {
			const path = `${row.case}: ${part}.${name} is ${value}`;
			if (dashes.includes(`${part}.${name}`)) assert.equal(value, '–', path);
			else assert.ok(typeof value === 'number' && Number.isFinite(value), path);
			if (part === 'lost' && value !== '–') assert.ok(Number.isInteger(value) && Number(value) >= 0, path);
		}
}

describe('what a comparison counts', () => {
	const fed = noise(5000, 3);
	const bytes = (from: number, to: number) => fed.subarray(from * 2, to * 2);

	it('tells runs of the signal from silence, gaps, repetitions and what is foreign', () => {
		const piece = Buffer.concat([
			silence(10),
			...[bytes(100, 600), noise(3, 4), bytes(700, 900), bytes(850, 1000)],
		]);
		let foreign = 0;
		assert.deepEqual(
			runsOf(piece, fed, () => foreign++),
			[
				{ at: 10, fed: 100, frames: 500 },
				{ at: 513, fed: 700, frames: 200 },
				{ at: 713, fed: 850, frames: 150 },
			],
		);
		assert.equal(foreign, 3);
	});
});

describe('the comparisons of npm run bench', {
	skip: needs('pulseaudio', 'alsa-utils', 'naudiodon'),
	concurrency: true,
}, () => {
	for (const peer of PEERS)
		it(`peers: ${peer}`, async () => {
			const [row, ...more] = await measurePeers(SHORTEST, [peer]);
			assert.deepEqual([row?.case, more], [peer, []]);
			checkShape(row!, peer === 'core nodes' ? ['lost.atStartWithPreRoll'] : []);
		});

	it('tutorials: our nodes in place of the script for T1', async () => {
		const [row, ...more] = await measureTutorials(SHORTEST, { tutorials: ['T1'], scripts: false });
		assert.deepEqual([row?.case, more], ['T1 nodes', []]);
		assert.ok(Number(row?.answerMs) > 0, `answerMs is ${row?.answerMs}`);
		const streams = ['cpu.capture', 'cpu.oneMoreStream', 'memoryMb.oneMoreStream', 'lost.overDrop'];
		const times = ['latencyMs', 'afterFrameMs'].flatMap((part) => [`${part}.p50`, `${part}.p99`]);
		checkShape(row!, [...streams, ...times]);
	});
});
