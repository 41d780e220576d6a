import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SpeechDetector } from '../../../lib/audio/speech-detector.ts';
import { needs } from '../../lab/needs.ts';
import { noiseAt, silence, sine } from '../../lab/signals.ts';
import { PHRASES, speak } from '../../lab/speech.ts';

const RATE = 16_000;
const FORMAT = { sampleRate: RATE, channels: 1 };
const frames = (ms: number) => (ms * RATE) / 1000;
const at = (db: number, ms: number, seed = 1) => noiseAt(db, frames(ms), seed);
const quiet = (ms: number) => silence(frames(ms));

/** What it says of a sound, in milliseconds: +begin, -end. */
function hear(pcm: Buffer, pieceFrames = 1024, settings = { thresholdDb: -45, silenceMs: 500 }): number[] {
	const detector = new SpeechDetector({ format: FORMAT, ...settings });
	const heard: number[] = [];
	for (let from = 0; from < pcm.length; from += pieceFrames * 2)
		for (const { speaking, frame } of detector.push(pcm.subarray(from, from + pieceFrames * 2)))
			heard.push((speaking ? 1 : -1) * (frame / 16));
	assert.equal(detector.speaking, (heard.at(-1) ?? -1) >= 0);
	return heard;
}

describe('SpeechDetector', () => {
	const talk = Buffer.concat([quiet(400), at(-20, 600), quiet(300), at(-20, 200), quiet(900), at(-20, 300)]);

	for (const piece of [1, 160, 1024, 48_000])
		test(`begins with the first loud step and ends after the silence, in pieces of ${piece} frames`, () => {
			assert.deepEqual(hear(talk, piece), [400, -2000, 2400]);
		});

	test('a click is not speech, whatever stands around it', () => {
		const click = Buffer.concat([quiet(500), at(-6, 40), quiet(500)]);
		assert.deepEqual(hear(click), []);
		assert.deepEqual(hear(Buffer.concat([click, click, click])), []);
	});

	test('what is quieter than the threshold begins nothing', () => {
		const murmur = Buffer.concat([quiet(500), at(-50, 1000), quiet(500)]);
		assert.deepEqual(hear(murmur), []);
		assert.deepEqual(hear(murmur, 1024, { thresholdDb: -55, silenceMs: 400 }), [500, -1900]);
	});

	test('speech that grows a little quieter than the threshold has not ended', () => {
		const fading = Buffer.concat([quiet(500), at(-20, 400), at(-47, 400), quiet(1000)]);
		assert.deepEqual(hear(fading), [500, -1800]);
		assert.deepEqual(hear(Buffer.concat([quiet(500), at(-47, 400), quiet(1000)])), [], 'but it begins none');
	});

	test('steady noise is the room: it begins once at most, ends by itself, and speech stands out from it', () => {
		const fan = (ms: number, seed: number) => at(-38, ms, seed);
		const [began, ended, ...rest] = hear(Buffer.concat([fan(10_000, 1), at(-20, 1000), fan(3000, 2)]));
		assert.equal(began, 0, 'nobody can know it at once');
		assert.ok(ended && ended >= -4000, `it has been taken for speech until ${ended}`);
		assert.deepEqual(rest, [10_000, -11_500]);
	});

	test('noise that sets in during speech does not hold it open for ever', () => {
		const changes = hear(Buffer.concat([at(-60, 5000), at(-20, 1000), at(-38, 20_000, 3)]));
		assert.equal(changes[0], 5000);
		assert.ok(changes[1] && changes[1] < 0 && changes[1] > -18_000, `${changes}`);
		assert.equal(changes.length, 2);
	});

	for (const ms of [400, 1000, 2500, 8000])
		test(`what stops is not the room: ${ms} ms of a steady sound are heard whole, again and again`, () => {
			const beep = sine(frames(ms), 440, RATE, 3000);
			const period = ms + 1500;
			for (const [sound, room] of [
				[beep, quiet],
				[at(-20, ms), quiet],
				[at(-20, ms), (length: number) => at(-60, length, 3)],
			] as const) {
				const rounds = Array.from({ length: 30 }, () => [sound, room(1500)]);
				const heard = hear(Buffer.concat([room(1000), ...rounds.flat()]));
				const expected = rounds.flatMap((_, round) => [
					1000 + round * period,
					-(1000 + round * period + ms + 500),
				]);
				assert.deepEqual(heard, expected);
			}
		});

	test('a sound that is there from the first sample on is heard whole, if it does not go on for ever', () => {
		assert.deepEqual(
			hear(Buffer.concat([at(-20, 2500), quiet(1000), at(-20, 2500), quiet(1000)])),
			[0, -3000, 3500, -6500],
		);
	});

	test('digital silence tells nothing about the room', () => {
		const changes = hear(Buffer.concat([at(-38, 5000), quiet(20_000), at(-38, 5000, 2), at(-20, 500)]));
		assert.deepEqual(changes.slice(2), [30_000]);
	});

	test('every phrase is one utterance, in silence and beside a fan', {
		skip: needs('flite', 'sox'),
	}, async () => {
		for (const phrase of PHRASES) {
			const speech = await speak(phrase, { lead: 3000, tail: 2000 });
			const noisy = Buffer.from(speech);
			const fan = noiseAt(-48, speech.length / 2);
			for (let i = 0; i < noisy.length; i += 2)
				noisy.writeInt16LE(Math.max(-32_768, Math.min(32_767, noisy.readInt16LE(i) + fan.readInt16LE(i))), i);
			for (const sound of [speech, noisy]) {
				const [began, ended, ...more] = hear(sound, 1024, { thresholdDb: -45, silenceMs: 800 });
				assert.ok(began !== undefined && began > 2700 && began < 3300, `${phrase}: begins at ${began}`);
				assert.ok(ended !== undefined && -ended > began + 400, `${phrase}: ends at ${ended}`);
				assert.deepEqual(more, [], phrase);
			}
		}
	});
});
