import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Transcript } from '../../../../lib/node/messages.ts';
import { numberedAudio } from '../../../lab/recognisers/numbered-audio.ts';
import type { Behaviour } from '../../../lab/recognisers/script.ts';
import { seeded } from '../engine/stream.ts';
import { checkRuns, checkTimes, checkWords, wordsOf } from './checks.ts';
import { Lockstep } from './lockstep.ts';
import { options, WireStream } from './stream.ts';
import { withYandex } from './yandex-lab.ts';

// Finals, the refinements that follow them and the ends of utterances, through rotations and broken connections: of
// none of them come two, whichever of them are wanted.

const COUNT = 300;
const SEED = Number(process.env['VOICE_SEED'] ?? 3);
const LIMIT_MS = 4000;

const textOf = (transcripts: readonly Transcript[]) => transcripts.map(({ text }) => text).join(' ');
const turnsOf = (transcripts: readonly Transcript[]) => transcripts.map(({ turn }) => turn);
const rising = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('Yandex on the wire: finals and their refinements', { concurrency: 3 }, () => {
	for (const finals of ['first', 'refined', 'both'] as const)
		it(`${finals}: none is doubled (seed ${SEED})`, options, async (t) => {
			const random = seeded(SEED);
			// Every other connection breaks; then what was said last may be a final without its refinement.
			const script = (index: number): Behaviour =>
				index % 2 ? {} : { cues: [{ at: { audioMs: 500 + Math.round(random() * 3000) }, do: 'drop' }] };
			await withYandex(
				{ capabilities: { sessionLimit: { ms: LIMIT_MS, bytes: 1e9 } }, refinementDelayMs: 10, script },
				async (provider, recogniser) => {
					const lockstep = new Lockstep({ lagMs: 800 });
					const sent = numberedAudio(COUNT);
					const stream = new WireStream(lockstep.watch(provider), {
						clock: lockstep.clock,
						random: seeded(SEED),
						settings: { finals, maxBufferMs: 60_000 },
					});
					await lockstep.speak(stream, sent, 16_000);
					const closed = await lockstep.end(stream);

					assert.deepEqual([stream.errors, closed.droppedMs], [[], 0]);
					assert.ok(closed.reconnects >= 3 && stream.named('rotated').length >= 3, `${closed.reconnects}`);
					checkWords(closed.text ?? '', COUNT);
					const said = stream.transcripts.filter(({ kind }) => kind !== 'partial');
					const refined = said.filter(({ kind }) => kind === 'refined');
					const first = said.filter(({ kind }) => kind === 'final');
					t.diagnostic(`${first.length} finals, ${refined.length} refined, ${closed.reconnects} reconnects`);
					checkTimes(said);
					if (finals === 'first') assert.equal(refined.length, 0);
					if (finals === 'refined') {
						// One for each turn: a final only where the connection broke before its refinement came.
						checkWords(textOf(said), COUNT);
						assert.deepEqual(turnsOf(said), rising(said.length));
						assert.ok(first.length <= closed.reconnects);
					} else {
						stream.check();
						checkWords(textOf(first), COUNT);
						assert.deepEqual(turnsOf(first), rising(first.length));
					}
					if (finals === 'both') {
						assert.ok(refined.length >= first.length - closed.reconnects);
						assert.equal(new Set(turnsOf(refined)).size, refined.length);
						for (const later of refined) {
							const sooner = said.slice(0, said.indexOf(later)).find(({ turn }) => turn === later.turn);
							assert.equal(sooner?.kind, 'final');
							assert.equal(wordsOf(later.text).join(' '), sooner.text);
							assert.deepEqual([later.startMs, later.endMs], [sooner.startMs, sooner.endMs]);
						}
					}
					for (const { text } of refined) assert.match(text, /\.$/);

					const ends = stream.named('end-of-utterance').map(({ atMs }) => atMs as number);
					assert.deepEqual(
						ends,
						[...new Set(ends)].sort((a, b) => a - b),
					);
					const finalEnds = new Set(said.map(({ endMs }) => endMs));
					assert.ok(ends.every((ms) => finalEnds.has(ms)));
					assert.ok(ends.length >= finalEnds.size - closed.reconnects - stream.named('rotated').length);
					checkRuns(sent, recogniser.records, said);
				},
			);
		});

	it('a last final whose refinement never comes is not lost', options, () =>
		withYandex(
			{ refinementDelayMs: 60_000, script: [{ cues: [{ at: 'finish', do: 'drop' }] }, {}] },
			async (provider) => {
				const lockstep = new Lockstep();
				const settings = { finals: 'refined' } as const;
				const stream = new WireStream(lockstep.watch(provider), { clock: lockstep.clock, settings });
				await lockstep.speak(stream, numberedAudio(5), 16_000);
				await lockstep.pass(500);
				const closed = await lockstep.end(stream);
				const said = stream.transcripts.filter(({ kind }) => kind !== 'partial');
				assert.deepEqual(
					said.map(({ kind, text }) => [kind, text]),
					[['final', '0 1 2 3 4']],
				);
				assert.deepEqual([closed.text, closed.reconnects, stream.errors], ['0 1 2 3 4', 1, []]);
			},
		),
	);
});
