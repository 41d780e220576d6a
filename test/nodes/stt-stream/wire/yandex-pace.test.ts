import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { numberedAudio } from '../../../lab/recognisers/numbered-audio.ts';
import type { Behaviour } from '../../../lab/recognisers/script.ts';
import { seeded } from '../engine/stream.ts';
import { Lockstep } from './lockstep.ts';
import { options, WireStream } from './stream.ts';
import { checkAll, withYandex } from './yandex-lab.ts';

// A live stream is behind after an outage, and catches up, at a pace that SpeechKit need not warn of.

const COUNT = 1300;
const [LOST_MS, BACK_MS] = [20_000, 24_000];
const UNAVAILABLE = 14;
const WARNING = /^WARNING/;

/** Speaks through an outage. @returns how far behind the words are, second by second, and how often it was warned */
async function outage(pace?: number): Promise<{ lags: number[]; warnings: number }> {
	const lockstep = new Lockstep();
	const { clock } = lockstep;
	const script = (index: number): Behaviour => {
		if (index === 0) return { cues: [{ at: { audioMs: LOST_MS }, do: 'drop' }] };
		return clock.now() < BACK_MS ? { refuse: { status: UNAVAILABLE } } : {};
	};
	const lags: number[] = [];
	let warnings = 0;
	// Gross excess still earns a warning.
	const limits = { pace: 1.25 };
	const capabilities = pace === undefined ? {} : { pace };
	await withYandex({ script, limits, now: () => clock.now(), capabilities }, async (provider, recogniser) => {
		const stream = new WireStream(lockstep.watch(provider), { clock, random: seeded(2) });
		const sent = numberedAudio(COUNT);
		for (let at = 0; at < sent.length; at += 32_000) {
			await lockstep.speak(stream, sent.subarray(at, at + 32_000), 16_000);
			lags.push(clock.now() - (stream.transcripts.at(-1)?.endMs ?? 0));
		}
		const closed = await lockstep.end(stream);
		checkAll(stream, recogniser, sent, { count: COUNT });
		assert.equal(closed.droppedMs, 0);
		warnings = stream.named('status').filter(({ detail }) => WARNING.test(String(detail))).length;
	});
	return { lags, warnings };
}

describe('Yandex on the wire: an outage of a live stream', { concurrency: 3 }, () => {
	const whole = `${COUNT / 10} s`;

	it(`is made up for within ${whole}, without a warning`, options, async (t) => {
		const { lags, warnings } = await outage();
		t.diagnostic(`behind by, in ms, each second: ${lags.map(Math.round).join(' ')}`);
		assert.ok(lags.slice(0, 19).every((ms) => ms < 1000));
		assert.ok(Math.max(...lags) > 4000);
		assert.ok(lags.slice(-5).every((ms) => ms < 1000));
		assert.equal(warnings, 0);
	});

	it('would not be at the pace of speech', options, async () => {
		const { lags } = await outage(1);
		assert.ok((lags.at(-1) ?? 0) > 3000);
	});

	it('earns a warning where it is made up for in a rush, and still loses nothing', options, async () => {
		const { lags, warnings } = await outage(10);
		assert.ok(lags.slice(35).every((ms) => ms < 1000));
		assert.equal(warnings, 1);
	});
});
