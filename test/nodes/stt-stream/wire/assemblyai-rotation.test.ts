import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { numberedAudio } from '../../../lab/recognisers/numbered-audio.ts';
import type { Behaviour } from '../../../lab/recognisers/script.ts';
import { silence } from '../helpers.ts';
import { checkAll, VERSIONS, withAssemblyAi } from './assemblyai-lab.ts';
import { checkRuns, checkWords, wordsOf } from './checks.ts';
import { hurried } from './clock.ts';
import { options, WireStream } from './stream.ts';

// A session is replaced before its limit, and neither a sample nor a word is lost or doubled by that. Each time is
// `FAST` times as short as it says: the server tells that a session may last so many milliseconds, which the engine
// counts in its own hurried time, and holds to the same limit in milliseconds of audio.

const FAST = 4;

/** Whoever sends more audio than this in one session is cut off as the vendor would. */
const limitedTo = (audioMs: number, more: Behaviour = {}): Behaviour => ({
	...more,
	cues: [{ at: { audioMs: audioMs + 1 }, do: 'close', code: 3008 }, ...(more.cues ?? [])],
});

describe('on the wire: rotation', { concurrency: true }, () => {
	for (const version of VERSIONS)
		it(`${version}: every 2 s for a minute of speech without a pause`, options, () =>
			withAssemblyAi(
				{ version, limits: { sessionMs: 2000 }, script: limitedTo(2000, { finishDelayMs: 50 }) },
				async (provider, recogniser) => {
					const sent = numberedAudio(600);
					const stream = new WireStream(provider, { clock: hurried(FAST) });
					await stream.speak(sent);
					const closed = await stream.end();
					checkAll(stream, recogniser, sent, 600);
					assert.deepEqual([closed.droppedMs, closed.audioMs], [0, 60_000]);
					const rotated = stream.named('rotated').length;
					// On a machine that is too slow to open the next one in time, the limit breaks the session.
					assert.ok(rotated + closed.reconnects >= 29, `rotated ${rotated} times`);
					assert.ok(rotated >= 15, `rotated ${rotated} times`);
				},
			),
		);

	for (const version of VERSIONS)
		it(`${version}: at a pause no sample is sent twice, and last finals that take 2 s arrive`, options, () =>
			withAssemblyAi(
				{
					version,
					turnWords: Number.POSITIVE_INFINITY,
					limits: { sessionMs: 20_000 },
					script: limitedTo(20_000, { finishDelayMs: 2000 }),
				},
				async (provider, recogniser) => {
					// Utterances of 1 s with pauses of 1.5 s.
					const sent = Buffer.concat(
						Array.from({ length: 24 }, (_, index) => [
							numberedAudio(10, 16_000, index * 10),
							silence(1500),
						]).flat(),
					);
					const stream = new WireStream(provider, { clock: hurried(FAST) });
					await stream.speak(sent);
					const closed = await stream.end();
					assert.deepEqual(stream.errors, []);
					stream.check();
					checkWords(stream.text, 240);
					assert.equal(closed.reconnects, 0);
					assert.ok(stream.named('rotated').length >= 2);
					assert.ok(recogniser.records.every((record) => record.closed?.code !== 3008));
					const received = Buffer.concat(recogniser.records.map((record) => record.audio()));
					// Each of them may have been filled up to the shortest piece.
					assert.ok(received.length <= sent.length + recogniser.records.length * 100 * 32);
				},
			),
		);

	it('of a stream that ends while the next session is being opened', options, () =>
		withAssemblyAi(
			{
				limits: { sessionMs: 10_000 },
				script: [limitedTo(10_000, { finishDelayMs: 2000 }), { beginDelayMs: 60_000 }],
			},
			async (provider, recogniser) => {
				const sent = numberedAudio(93);
				const stream = new WireStream(provider, { clock: hurried(FAST) });
				await stream.speak(sent);
				await recogniser.until('the next session', () => recogniser.records.length === 2);
				const closed = await stream.end();
				checkAll(stream, recogniser, sent, 93);
				assert.equal(closed.reconnects, 0);
				assert.deepEqual(stream.named('rotated'), []);
			},
		),
	);

	it('of a stream that ends while the old session still drains', options, () =>
		withAssemblyAi(
			{
				limits: { sessionMs: 10_000 },
				script: [limitedTo(10_000, { finishDelayMs: 1900 }), { finishDelayMs: 2000 }],
			},
			async (provider, recogniser) => {
				const sent = numberedAudio(97);
				const stream = new WireStream(provider, { clock: hurried(FAST) });
				await stream.speak(sent);
				await recogniser.until('the next session', () => recogniser.records[1]?.isOpen);
				const closed = await stream.end();
				checkAll(stream, recogniser, sent, 97);
				assert.equal(closed.reconnects, 0);
				assert.equal(stream.named('rotated').length, 1);
			},
		),
	);

	it('of a stream whose old session breaks while it drains', options, () =>
		withAssemblyAi(
			{
				limits: { sessionMs: 10_000 },
				script: [limitedTo(10_000, { cues: [{ at: 'finish', do: 'drop' }] }), { finishDelayMs: 2000 }],
			},
			async (provider, recogniser) => {
				const sent = numberedAudio(123);
				const stream = new WireStream(provider, { clock: hurried(FAST) });
				await stream.speak(sent);
				const closed = await stream.end();
				checkAll(stream, recogniser, sent, 123);
				// The next session heard all that the old one had no final for.
				assert.equal(closed.reconnects, 0);
			},
		),
	);

	for (const ending of ['drop', 'mute'] as const)
		it(`that had to cut an utterance, and the old session breaks while it drains (${ending})`, options, () =>
			withAssemblyAi(
				{
					turnWords: Number.POSITIVE_INFINITY,
					limits: { sessionMs: 20_000 },
					script: (index) => {
						const cues: Behaviour['cues'] = [{ at: 'finish', do: ending }];
						return index ? { finishDelayMs: 2000 } : limitedTo(20_000, { cues });
					},
				},
				async (provider, recogniser) => {
					const sent = numberedAudio(250);
					const stream = new WireStream(provider, { clock: hurried(FAST) });
					await stream.speak(sent);
					const closed = await stream.end();
					assert.deepEqual(stream.errors, []);
					stream.check();
					const [first, ...more] = checkRuns(sent, recogniser.records, stream.finals);
					// Cut where it fell; if the old session takes its time to fail, the next one got audio already. A machine
					// that is busy takes its time as well …
					const isNextBegun = more[0]?.startMs === first?.endMs;
					if (isNextBegun) more.shift();
					assert.ok(isNextBegun || ending === 'drop');
					// … and what the old one never told is said again, and all that came after.
					assert.equal(more[0]?.startMs, 0);
					assert.deepEqual([closed.reconnects, closed.droppedMs], [1, 0]);
					checkMostWords(stream.text, 250, stream.named('rotated').length - 1);
				},
			),
		);
});

/** In order, none twice, and no more than the words missing at `cuts` cuts. */
function checkMostWords(text: string, count: number, cuts: number): void {
	const said = wordsOf(text)
		.map(Number)
		.filter((number) => !Number.isNaN(number));
	assert.deepEqual(
		said,
		[...new Set(said)].sort((a, b) => a - b),
	);
	assert.ok(said.length >= count - cuts, `${said.length} words of ${count}, cut ${cuts} times`);
}
