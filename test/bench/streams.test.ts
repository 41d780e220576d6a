import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Check, frameBytes, writeMark } from '../../bench/streams/frames.ts';
import { measureStreams } from '../../bench/streams/streams.ts';
import { runTrial } from '../../bench/streams/trial.ts';
import { noise } from '../lab/signals.ts';

// That the bench counts rightly, not how many streams there may be: its figures are for a quiet machine.

const SIZE = frameBytes(20);

/** The audio of one stream, of frames with these numbers. */
function audio(indices: readonly number[], stream = 7): Buffer {
	const pcm = noise((SIZE / 2) * indices.length);
	indices.forEach((index, at) => {
		writeMark(pcm, at * SIZE, { stream, index, dueMs: 1000 + index });
	});
	return pcm;
}

/** Pushes it in pieces so long. */
function pushed(pcm: Buffer, bytes: number): { check: Check; due: (number | undefined)[] } {
	const check = new Check(SIZE);
	const due: (number | undefined)[] = [];
	for (let at = 0; at < pcm.length; at += bytes) due.push(check.push(pcm.subarray(at, at + bytes)));
	return { check, due };
}

describe('what the recogniser of the bench of streams sees', () => {
	for (const bytes of [2, 6, SIZE - 2, SIZE, 3 * SIZE, 100 * SIZE])
		it(`every frame once, in pieces of ${bytes} bytes`, () => {
			const { check, due } = pushed(audio([0, 1, 2, 3, 4, 5, 6]), bytes);
			assert.equal(check.bytes, 7 * SIZE);
			assert.equal(check.misplaced, 0);
			const known = due.filter((time) => time !== undefined);
			assert.equal(known.at(-1), 1006, 'the newest frame of each piece');
			assert.deepEqual(
				known,
				[...known].sort((a, b) => a - b),
			);
			if (bytes <= SIZE) assert.deepEqual(known, [1000, 1001, 1002, 1003, 1004, 1005, 1006]);
		});

	it('frames that are missing, doubled, or of another stream', () => {
		assert.equal(pushed(audio([0, 1, 3]), SIZE).check.misplaced, 1);
		assert.ok(pushed(audio([0, 1, 1, 2]), 3 * SIZE).check.misplaced > 0);
		const mixed = Buffer.concat([audio([0]), audio([1], 8), audio([2])]);
		assert.equal(pushed(mixed, 1000).check.misplaced, 1);
	});
});

describe('the bench of streams', () => {
	it('takes every sample through Node-RED, and tells what that took', async () => {
		const [row, ...more] = await measureStreams({ seconds: 0.5, runs: 1 }, [{ frameMs: 20, streams: 6 }]);
		assert.deepEqual(more, []);
		// On a busy machine they may be late, but none may be lost.
		assert.match(row!.tried, /^6( held up| late)?$/);
		assert.equal(row!.streams, row!.tried === '6' ? 6 : 0);
		assert.ok(row!.samples.sent > 0);
		assert.deepEqual(
			[row!.samples.missing, row!.misplacedFrames, row!.droppedMs, row!.disturbed],
			[0, 0, 0, 0],
		);
		for (const part of [row!.delay, row!.latency, row!.cpu])
			for (const [name, value] of Object.entries(part)) assert.ok(value > 0, `${name} is ${value}`);
		assert.ok(row!.memoryMb > 0 && row!.sourceLateP99Ms > 0 && row!.recogniserLateP99Ms > 0);
	});

	it('hears every stream out, whatever their frames', async () => {
		const trial = await runTrial({ streams: 3, frameMs: 100, seconds: 0.2 });
		const { events, transcripts, codes, audioMs } = trial.outcome;
		assert.deepEqual([events['open'], events['closed'], codes], [3, 3, {}]);
		assert.equal(trial.source.samples, audioMs * 16);
		assert.equal(trial.recogniser.samples, trial.source.samples);
		// Finals, too, and each partial, unless one took the place of another.
		assert.ok(transcripts > 3 && trial.recogniser.partials > 0, `${transcripts}`);
	});
});
