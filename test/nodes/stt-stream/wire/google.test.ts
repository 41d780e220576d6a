import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Capabilities } from '../../../../nodes/stt-stream/providers/provider.ts';
import { numberedAudio } from '../../../lab/recognisers/numbered-audio.ts';
import type { Behaviour } from '../../../lab/recognisers/script.ts';
import { seeded } from '../engine/stream.ts';
import { silence } from '../helpers.ts';
import { VERSIONS } from '../providers/google-helpers.ts';
import { hurried } from './clock.ts';
import { checkAll, type GoogleOptions, withGoogle } from './google-lab.ts';
import { Lockstep } from './lockstep.ts';
import { options, WireStream } from './stream.ts';

// A stream without end at a recogniser that allows five minutes: sessions follow one another, connections break, nobody
// speaks for a while, and no sample is missing, no word lost or said twice.

const SEED = Number(process.env['VOICE_SEED'] ?? 20);
const POINTS = 8;
const UNAVAILABLE = 14;

for (const version of VERSIONS)
	describe(`Google ${version} on the wire`, { concurrency: 3 }, () => {
		for (const rate of [8000, 44_100])
			it(`the audio of a stream arrives as it was sent at ${rate} Hz, with every word`, options, () =>
				withGoogle({ version, script: { finishDelayMs: 1000 } }, async (provider, recogniser) => {
					const sent = numberedAudio(32, rate);
					const format = { sampleRate: rate, channels: 1 };
					const stream = new WireStream(provider, { clock: hurried(2), format });
					await stream.speak(sent);
					const closed = await stream.end();
					const runs = checkAll(stream, recogniser, sent, { count: 32, rate });
					assert.deepEqual(runs, [{ startMs: 0, endMs: 3200 }]);
					assert.deepEqual([closed.reconnects, closed.droppedMs, closed.audioMs], [0, 0, 3200]);
					const [named] = stream.named('speech-started');
					assert.equal(named?.['atMs'], 10);
				}),
			);

		it('messages of 10 s are cut to what the vendor takes', options, () =>
			withGoogle({ version }, async (provider, recogniser) => {
				const sent = numberedAudio(150, 48_000);
				const format = { sampleRate: 48_000, channels: 1 };
				const stream = new WireStream(provider, { clock: hurried(10), format });
				for (let at = 0; at < sent.length; at += 960_000) stream.send(sent.subarray(at, at + 960_000));
				await stream.end();
				checkAll(stream, recogniser, sent, { count: 150, rate: 48_000 });
			}),
		);

		rotates('before its time is over', {});
		rotates('where finals come late', { lagMs: 800, script: { finalDelayMs: 20 } });
		rotates('where a connection takes its time', { script: { acceptDelayMs: 30, beginDelayMs: 30 } });

		/** A session is replaced by the next every 2 s, and the recogniser insists on its limit. */
		function rotates(name: string, { lagMs = 300, ...more }: Partial<GoogleOptions> & { lagMs?: number }) {
			const [count, limitMs] = [300, 2000 / 0.9];
			it(`a session is replaced ${name}`, options, () => {
				const sessionLimit: Capabilities['sessionLimit'] = { ms: limitMs, bytes: Number.POSITIVE_INFINITY };
				const limits = { sessionMs: limitMs };
				return withGoogle(
					{ version, capabilities: { sessionLimit }, limits, ...more },
					async (provider, recogniser) => {
						const lockstep = new Lockstep({ lagMs });
						const sent = numberedAudio(count);
						const stream = new WireStream(lockstep.watch(provider), { clock: lockstep.clock });
						await lockstep.speak(stream, sent, 16_000);
						const closed = await lockstep.end(stream);
						const runs = checkAll(stream, recogniser, sent, { count });
						assert.deepEqual([closed.reconnects, closed.droppedMs, closed.audioMs], [0, 0, count * 100]);
						assert.ok(runs.length >= (count * 100) / limitMs, `${runs.length} sessions`);
						assert.equal(stream.named('rotated').length, runs.length - 1);
						// Each was drained: the recogniser itself ended it, with the status OK.
						for (const { closed: end } of recogniser.records)
							assert.deepEqual([end?.by, end?.code], ['recogniser', 0]);
					},
				);
			});
		}

		it(
			'a session that reaches the limit of a recogniser that allows less than it says is followed by another',
			options,
			() =>
				withGoogle({ version, limits: { sessionMs: 3000 } }, async (provider, recogniser) => {
					const lockstep = new Lockstep();
					const sent = numberedAudio(80);
					const stream = new WireStream(lockstep.watch(provider), {
						clock: lockstep.clock,
						random: seeded(1),
					});
					await lockstep.speak(stream, sent, 16_000);
					const closed = await lockstep.end(stream);
					checkAll(stream, recogniser, sent, { count: 80 });
					assert.equal(closed.droppedMs, 0);
					assert.ok(closed.reconnects >= 2, `${closed.reconnects}`);
					assert.match(String(stream.named('reconnecting')[0]?.['detail']), /had reached its limit/);
				}),
		);

		it('silence of minutes holds the session open, and what is said then has its time', options, () =>
			withGoogle({ version, limits: { idleMs: 600_000 } }, async (provider, recogniser) => {
				// Of silence nothing is said.
				const lockstep = new Lockstep({ lagMs: 10_000 });
				const stream = new WireStream(lockstep.watch(provider), { clock: lockstep.clock });
				await lockstep.speak(stream, numberedAudio(5), 16_000);
				// Nothing comes at all, as from a microphone that is muted.
				await lockstep.pass(120_000);
				await lockstep.speak(stream, numberedAudio(5, 16_000, 5), 16_000);
				const closed = await lockstep.end(stream);
				assert.deepEqual([closed.text, closed.reconnects, closed.audioMs], ['0 1 2 3 4 5 6 7 8 9', 0, 1000]);
				assert.equal(stream.finals.at(-1)?.words?.[0]?.startMs, 510);
				// Twice in 10 s of its clock.
				const held = recogniser.audio().length - numberedAudio(10).length;
				assert.equal(held % silence(100).length, 0);
				assert.ok(held / silence(100).length >= 22, `${held} bytes of silence`);
			}),
		);

		const random = seeded(SEED);
		for (let point = 0; point < POINTS; point++) {
			const [count, isLate] = [60, point % 2 === 0];
			// In the last word at the latest: the silence after it could be from anywhere.
			const breakMs = Math.round(random() * (count - 1) * 100);
			const isCut = point % 4 !== 3;
			const how = isCut
				? ({ do: 'drop' } as const)
				: ({ do: 'close', code: UNAVAILABLE, reason: 'Service is restarting' } as const);
			it(`a connection breaks at ${breakMs} ms (seed ${SEED})`, options, () => {
				const late = isLate ? { finalDelayMs: 30 } : {};
				const script = (index: number): Behaviour =>
					index ? { finishDelayMs: 50, ...late } : { cues: [{ at: { audioMs: breakMs }, ...how }], ...late };
				return withGoogle({ version, script }, async (provider, recogniser) => {
					const lockstep = new Lockstep({ lagMs: isLate ? 2000 : 300 });
					const sent = numberedAudio(count);
					const stream = new WireStream(lockstep.watch(provider), {
						clock: lockstep.clock,
						random: seeded(point),
					});
					await lockstep.speak(stream, sent, 16_000);
					const closed = await lockstep.end(stream);
					const runs = checkAll(stream, recogniser, sent, { count });
					assert.equal(runs.length, 2);
					assert.deepEqual([closed.reconnects, closed.droppedMs, closed.audioMs], [1, 0, count * 100]);
				});
			});
		}

		it('a connection breaks in place of the last final', options, () =>
			withGoogle(
				{ version, script: [{ cues: [{ at: 'finish', do: 'drop' }] }, { finishDelayMs: 500 }] },
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
