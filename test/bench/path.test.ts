import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { delaysOf } from '../../bench/path/audio.ts';
import { measurePath } from '../../bench/path/path.ts';
import { TALKS } from '../../bench/path/talks.ts';
import { needs } from '../lab/needs.ts';
import { noise } from '../lab/signals.ts';

// That the path is measured whole and in the order of causes, not how long it takes: that is for a quiet machine.

describe('delays of sound', () => {
	const sound = noise(1000, 5);
	const piece = (at: number, from: number, to: number) => ({ at, data: sound.subarray(from * 2, to * 2) });
	const off = [piece(1, 0, 300), piece(2, 300, 600), piece(3, 600, 900)];

	it('begin with the last sample of what arrived', () => {
		const arrived = [piece(1.5, 100, 300), piece(2.25, 300, 301), piece(5, 301, 700), piece(6, 700, 900)];
		assert.deepEqual(delaysOf(off, arrived, 0), [0.5, 0.25, 2, 3]);
		assert.deepEqual(delaysOf(off, arrived, 5), [2, 3]);
	});

	it('are not those of other sound', () => {
		const other = { at: 4, data: noise(100, 6) };
		assert.throws(() => delaysOf(off, [other], 0), /nothing had gone off/);
		assert.throws(() => delaysOf(off, [piece(3, 0, 300), other], 0), /Piece 1 .* is not what went off/);
		assert.throws(() => delaysOf(off, [piece(3, 0, 300), piece(4, 301, 500)], 0), /Piece 1/);
		assert.throws(() => delaysOf(off, [piece(3, 600, 900), piece(4, 900, 1000)], 0), /Piece 1/);
	});
});

describe('the path in npm run bench', {
	skip: needs('pulseaudio', 'alsa-utils', 'naudiodon', 'onoff', 'fuse', 'mount-namespace', 'gcc', 'chromium'),
}, () => {
	it('has all its figures, and nothing comes before its cause', async () => {
		const talk = TALKS.find(({ isReady }) => isReady)!;
		const rows = await measurePath(
			{ seconds: 0.5, runs: 1 },
			{ sources: ['alsa', 'browser'], talks: [talk], talksPerRun: 1 },
		);
		const names = rows.map((row) => row.case);
		for (const part of ['alsa: ', 'browser: ', 'AssemblyAI', 'Yandex', `${talk.source}, pre-roll: `])
			assert.ok(
				names.some((name) => name.startsWith(part)),
				`${part} is missing among ${names.join('; ')}`,
			);
		assert.equal(new Set(names).size, names.length);
		for (const { case: name, samples, othersPercent, ...ms } of rows) {
			assert.ok(othersPercent >= 0 && othersPercent <= 100, `${name}: others take ${othersPercent} %`);
			assert.ok(samples > 0, `${name}: nothing was measured`);
			const isEarly = name.endsWith('first sample');
			for (const [figure, value] of Object.entries(ms)) {
				assert.ok(Number.isFinite(value), `${name}: ${figure} is ${value}`);
				if (isEarly) assert.ok(value < 0, `${name}: ${figure} is ${value} with a pre-roll`);
				else assert.ok(value >= 0, `${name}: ${figure} is ${value}`);
			}
			assert.ok(ms.minMs <= ms.p50Ms && ms.p50Ms <= ms.p99Ms && ms.p99Ms <= ms.maxMs, name);
		}
	});
});
