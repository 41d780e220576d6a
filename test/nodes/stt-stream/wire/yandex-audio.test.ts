import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { numberedAudio } from '../../../lab/recognisers/numbered-audio.ts';
import type { Script } from '../../../lab/recognisers/script.ts';
import { hurried } from './clock.ts';
import { options, WireStream } from './stream.ts';
import { checkAll, withYandex } from './yandex-lab.ts';

// The PCM that SpeechKit receives is the PCM that was sent, sample for sample, and the last final arrives, also
// where the recogniser takes 2 s for it.

const COUNT = 32;
const slow: Script = { finishDelayMs: 2000 };
/** Time for them to wait at the same time. */
const together = { concurrency: 4 };

describe('Yandex on the wire: the audio of a stream', together, () => {
	for (const rate of [8000, 16_000, 48_000])
		it(`arrives as it was sent at ${rate} Hz, with every word`, options, () =>
			withYandex({ script: slow }, async (provider, recogniser) => {
				const sent = numberedAudio(COUNT, rate);
				const format = { sampleRate: rate, channels: 1 };
				const stream = new WireStream(provider, { clock: hurried(2), format });
				await stream.speak(sent);
				const closed = await stream.end();
				const runs = checkAll(stream, recogniser, sent, { count: COUNT, rate });
				assert.deepEqual(runs, [{ startMs: 0, endMs: COUNT * 100 }]);
				assert.deepEqual([closed.reconnects, closed.droppedMs, closed.audioMs], [0, 0, COUNT * 100]);
				assert.ok((closed.finalLatencyMs ?? 0) >= 2000);
				const asked = JSON.stringify(recogniser.records[0]?.controls[0]?.message);
				assert.match(asked, new RegExp(`"sample_rate_hertz":${rate}\\b`));
			}),
		);

	it('arrives whole when the connection takes 3 s to open', options, () =>
		withYandex({ script: { acceptDelayMs: 3000, finishDelayMs: 2000 } }, async (provider, recogniser) => {
			const sent = numberedAudio(COUNT);
			const stream = new WireStream(provider);
			await stream.speak(sent);
			const closed = await stream.end();
			const runs = checkAll(stream, recogniser, sent, { count: COUNT });
			assert.deepEqual(runs, [{ startMs: 0, endMs: COUNT * 100 }]);
			assert.deepEqual([closed.reconnects, closed.droppedMs], [0, 0]);
		}),
	);

	it('arrives whole when the stream ends before the connection is open', options, () =>
		withYandex({ script: { acceptDelayMs: 1000, finishDelayMs: 2000 } }, async (provider, recogniser) => {
			const sent = numberedAudio(7);
			const stream = new WireStream(provider);
			stream.send(sent, true);
			await stream.gone();
			checkAll(stream, recogniser, sent, { count: 7 });
		}),
	);

	for (const afterMs of [0, 10, 50])
		it(`arrives whole when the stream ends ${afterMs} ms after its start`, options, () =>
			withYandex({ script: slow }, async (provider, recogniser) => {
				const sent = numberedAudio(9);
				const stream = new WireStream(provider);
				stream.send(sent);
				await new Promise((resolve) => setTimeout(resolve, afterMs));
				await stream.end();
				const runs = checkAll(stream, recogniser, sent, { count: 9 });
				assert.equal(runs.length, 1);
			}),
		);

	it('may be nothing at all', options, () =>
		withYandex({ script: slow }, async (provider, recogniser) => {
			const stream = new WireStream(provider);
			stream.send(Buffer.alloc(0), true);
			const closed = await stream.gone();
			stream.check();
			assert.deepEqual(stream.errors, []);
			assert.deepEqual([closed.text, closed.code, recogniser.audio().length], ['', undefined, 0]);
		}),
	);

	for (const [what, bytes] of [
		['one byte each', 1],
		['an odd number of bytes each', 1237],
		['10 s each', 320_000],
	] as const)
		it(`arrives as it was sent in messages of ${what}`, options, () =>
			withYandex({ script: slow }, async (provider, recogniser) => {
				const count = bytes > 3200 ? 250 : COUNT;
				const sent = numberedAudio(count);
				const stream = new WireStream(provider, { clock: hurried(10) });
				for (let at = 0; at < sent.length; at += bytes) stream.send(sent.subarray(at, at + bytes));
				await stream.end();
				const runs = checkAll(stream, recogniser, sent, { count });
				assert.deepEqual(runs, [{ startMs: 0, endMs: count * 100 }]);
				assert.ok(recogniser.records[0]?.arrivals.every((piece) => piece.bytes % 2 === 0));
			}),
		);
});
