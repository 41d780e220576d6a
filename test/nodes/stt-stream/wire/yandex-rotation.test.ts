import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Capabilities } from '../../../../nodes/stt-stream/providers/provider.ts';
import { numberedAudio } from '../../../lab/recognisers/numbered-audio.ts';
import type { Behaviour } from '../../../lab/recognisers/script.ts';
import { Lockstep } from './lockstep.ts';
import { options, WireStream } from './stream.ts';
import { checkAll, withYandex, type YandexOptions } from './yandex-lab.ts';

// A session is replaced by the next every 2 s for a minute, because its time or its bytes are used up: nothing is
// missing, no word is lost or said twice, and nothing of it is a failure.

const COUNT = 600;
const EVERY_MS = 2000;
/** What is left of a session when it is replaced at the latest is a tenth. */
const LIMIT_MS = EVERY_MS / 0.9;
const NONE = Number.POSITIVE_INFINITY;

const rotates = (
	name: string,
	sessionLimit: Capabilities['sessionLimit'],
	{ lagMs = 300, rate = 16_000, ...settings }: YandexOptions & { lagMs?: number; rate?: number } = {},
) =>
	it(name, options, () => {
		let isLast = false;
		// For the very last final, it takes 2 s.
		const script: Behaviour = {
			get finishDelayMs() {
				return isLast ? 2000 : 0;
			},
		};
		return withYandex(
			{ capabilities: { sessionLimit }, script, ...settings },
			async (provider, recogniser) => {
				const lockstep = new Lockstep({ lagMs });
				const format = { sampleRate: rate, channels: 1 };
				const sent = numberedAudio(COUNT, rate);
				const stream = new WireStream(lockstep.watch(provider), { clock: lockstep.clock, format });
				await lockstep.speak(stream, sent, rate);
				isLast = true;
				const closed = await lockstep.end(stream);
				const runs = checkAll(stream, recogniser, sent, { count: COUNT, rate });
				assert.deepEqual([closed.reconnects, closed.droppedMs, closed.audioMs], [0, 0, COUNT * 100]);
				assert.ok(runs.length >= (COUNT * 100) / LIMIT_MS, `${runs.length} sessions`);
				assert.equal(stream.named('rotated').length, runs.length - 1);
				for (const { startMs, endMs } of runs.slice(0, -1)) {
					const ms = endMs - startMs;
					assert.ok(ms > LIMIT_MS / 2 && ms <= LIMIT_MS, `a session of ${ms} ms`);
				}
				// Each was drained: the recogniser itself ended it, with the status OK.
				for (const { closed: end } of recogniser.records)
					assert.deepEqual([end?.by, end?.code], ['recogniser', 0]);
			},
		);
	});

describe('Yandex on the wire: rotation', { concurrency: 3 }, () => {
	const byTime = { ms: LIMIT_MS, bytes: NONE };
	const bytes = LIMIT_MS * 32;
	const byBytes = { ms: 300_000, bytes };
	// The recogniser insists on its limit.
	rotates('before the time is over', byTime, { limits: { sessionMs: LIMIT_MS } });
	rotates('before the bytes are used up', byBytes, { limits: { bytes } });
	rotates(
		'before the bytes are used up, at 48 kHz',
		{ ms: 300_000, bytes: 3 * bytes },
		{
			limits: { bytes: 3 * bytes },
			rate: 48_000,
		},
	);
	rotates('where finals come late', byTime, { lagMs: 800, script: { finalDelayMs: 20 } });
	rotates('where the last final of each session takes its time', byTime, { script: { finishDelayMs: 100 } });
	rotates('where a connection takes its time', byTime, { script: { acceptDelayMs: 50, beginDelayMs: 50 } });
});
