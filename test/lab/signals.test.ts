import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findRun, noise, silence, sine } from './signals.ts';

const rms = (pcm: Buffer) => {
	let sum = 0;
	for (let i = 0; i < pcm.length; i += 2) sum += pcm.readInt16LE(i) ** 2;
	return Math.sqrt(sum / (pcm.length / 2));
};

test('noise is known, moderate, never zero, and no window of it comes twice', () => {
	const pcm = noise(100_000, 3);
	assert.deepEqual(pcm, noise(100_000, 3));
	assert.notDeepEqual(pcm, noise(100_000, 4));
	assert.equal(noise(10, 1, 2).length, 40);
	const seen = new Set<string>();
	for (let i = 0; i < pcm.length; i += 2) {
		const sample = pcm.readInt16LE(i);
		assert.ok(sample !== 0 && Math.abs(sample) <= 8000);
		if (i + 16 <= pcm.length) seen.add(pcm.toString('latin1', i, i + 16));
	}
	assert.equal(seen.size, 100_000 - 7);
	assert.ok(Math.abs(rms(pcm) - 8000 / Math.sqrt(3)) < 50, 'spread evenly');
});

test('a sine has its frequency and amplitude', () => {
	const pcm = sine(16_000, 1000, 16_000, 5000);
	assert.ok(Math.abs(rms(pcm) - 5000 / Math.SQRT2) < 1);
	assert.deepEqual(pcm.subarray(0, 32 * 10), pcm.subarray(32 * 20, 32 * 30), 'a period of 16 samples');
});

test('findRun finds a piece, with and without silence around it', () => {
	const fed = noise(5000, 1);
	const piece = fed.subarray(200, 4200);
	assert.deepEqual(findRun(Buffer.concat([silence(7), piece, silence(9)]), fed), {
		exact: true,
		offset: 100,
		frames: 2000,
		matched: 2000,
		leadingSilence: 7,
		trailingSilence: 9,
		summary: '2000 frames equal the fed ones from 100',
	});
	assert.ok(findRun(piece, fed, { silence: 'refuse' }).exact);
	assert.ok(!findRun(Buffer.concat([silence(7), piece]), fed, { silence: 'refuse' }).exact);
	assert.ok(!findRun(Buffer.concat([piece, silence(7)]), fed, { silence: 'refuse' }).exact);
});

test('findRun tells what is wrong with a recording', () => {
	const fed = noise(5000, 1);
	const part = (from: number, to: number) => fed.subarray(from * 2, to * 2);
	const run = (...parts: Buffer[]) => findRun(Buffer.concat(parts), fed);
	const lost = run(part(0, 1000), part(1010, 2000));
	assert.deepEqual([lost.exact, lost.offset, lost.matched], [false, 0, 1000]);
	assert.match(lost.summary, /^1000 of 1990 frames .* then the fed signal from 1010 \(expected 1000\)$/);
	assert.match(
		run(part(0, 900), silence(50), part(900, 2000)).summary,
		/then 50 frames of silence and the fed signal from 900/,
	);
	const flipped = Buffer.from(part(0, 2000));
	flipped[3001]! ^= 1;
	assert.deepEqual([run(flipped).exact, run(flipped).matched], [false, 1500]);
	assert.equal(run(part(4000, 5000), part(0, 10)).exact, false, 'beyond the end of the fed signal');
	assert.equal(run(noise(1000, 2)).offset, -1);
	assert.deepEqual([run(silence(100)).exact, run(silence(100)).frames], [false, 0]);
});

test('findRun keeps channels and byte order in step', () => {
	const fed = noise(1000, 6, 2);
	assert.deepEqual(findRun(fed.subarray(400), fed, { channels: 2 }).offset, 100);
	assert.equal(findRun(fed.subarray(402), fed, { channels: 2 }).offset, -1, 'left and right swapped');
	assert.equal(findRun(fed.subarray(401), fed).offset, -1, 'half a sample off');
});
