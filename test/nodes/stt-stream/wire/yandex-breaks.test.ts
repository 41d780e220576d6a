import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { numberedAudio } from '../../../lab/recognisers/numbered-audio.ts';
import { seeded } from '../engine/stream.ts';
import { Lockstep } from './lockstep.ts';
import { options, WireStream } from './stream.ts';
import { checkAll, withYandex } from './yandex-lab.ts';

// A connection breaks wherever it may: nothing is missing, only the audio since the last final is sent twice, and no
// word is lost or said twice.

const POINTS = 20;
const COUNT = 60;
const SEED = Number(process.env['VOICE_SEED'] ?? 20);

describe('Yandex on the wire: a connection that breaks', { concurrency: 4 }, () => {
	const random = seeded(SEED);
	for (let point = 0; point < POINTS; point++) {
		// In the last word at the latest: the silence after it could be from anywhere.
		const breakMs = Math.round(random() * (COUNT - 1) * 100);
		// Not always on the first connection, and not always by a cut cable.
		const again = random() < 0.3 ? Math.round(random() * 1000) : undefined;
		const how =
			point % 4 === 3
				? ({ do: 'close', code: 14, reason: 'Service is restarting' } as const)
				: ({ do: 'drop' } as const);
		// Half of them with much that was sent and has no answer yet.
		const isLate = point % 2 === 0;
		const late = isLate ? { finalDelayMs: 30 } : {};
		const name = `${how.do === 'drop' ? 'without a word' : 'by a status'} at ${breakMs} ms`;
		it(`${name}${again === undefined ? '' : `, and again after ${again} ms`} (seed ${SEED})`, options, () =>
			withYandex(
				{
					script: (index) => {
						const at = [breakMs, again][index];
						if (at !== undefined) return { cues: [{ at: { audioMs: at }, ...how }], ...late };
						return { finishDelayMs: point < 2 ? 2000 : 50, ...late };
					},
				},
				async (provider, recogniser) => {
					const lockstep = new Lockstep({ lagMs: isLate ? 2000 : 300 });
					const sent = numberedAudio(COUNT);
					const stream = new WireStream(lockstep.watch(provider), {
						clock: lockstep.clock,
						random: seeded(point),
					});
					await lockstep.speak(stream, sent, 16_000);
					const closed = await lockstep.end(stream);
					const runs = checkAll(stream, recogniser, sent, { count: COUNT });
					const breaks = runs.length - 1;
					assert.ok(breaks >= 1 && breaks <= (again === undefined ? 1 : 2), `${breaks} breaks`);
					assert.deepEqual([closed.reconnects, closed.droppedMs, closed.audioMs], [breaks, 0, COUNT * 100]);
					assert.equal(closed.text, stream.text);
				},
			),
		);
	}

	it('in place of the last final', options, () =>
		withYandex(
			{ script: [{ cues: [{ at: 'finish', do: 'drop' }] }, { finishDelayMs: 2000 }] },
			async (provider, recogniser) => {
				const lockstep = new Lockstep();
				const sent = numberedAudio(17);
				const stream = new WireStream(lockstep.watch(provider), { clock: lockstep.clock });
				await lockstep.speak(stream, sent, 16_000);
				const closed = await lockstep.end(stream);
				assert.equal(checkAll(stream, recogniser, sent, { count: 17 }).length, 2);
				assert.deepEqual([closed.reconnects, closed.droppedMs], [1, 0]);
			},
		),
	);
});
