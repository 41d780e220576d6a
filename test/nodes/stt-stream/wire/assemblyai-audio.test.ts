import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { numberedAudio } from '../../../lab/recognisers/numbered-audio.ts';
import { checkAll, VERSIONS, withAssemblyAi } from './assemblyai-lab.ts';
import { hurried, reach } from './clock.ts';
import { options, WireStream } from './stream.ts';

// The PCM that a recogniser receives is the PCM that was sent, sample for sample; and the last final arrives, though
// the recogniser takes 2 s for it.

const SLOW = { finishDelayMs: 2000 };

describe('on the wire: the audio of a stream', { concurrency: true }, () => {
	for (const version of VERSIONS) {
		it(`${version}: arrives as it was sent, with every word`, options, () =>
			withAssemblyAi({ version, script: SLOW }, async (provider, recogniser) => {
				const sent = numberedAudio(62);
				const stream = new WireStream(provider, { clock: hurried(2) });
				await stream.speak(sent);
				const closed = await stream.end();
				assert.deepEqual(checkAll(stream, recogniser, sent, 62), [{ startMs: 0, endMs: 6200 }]);
				assert.deepEqual([closed.reconnects, closed.droppedMs, closed.audioMs], [0, 0, 6200]);
			}),
		);

		for (const delay of ['acceptDelayMs', 'beginDelayMs'] as const)
			it(`${version}: waits while the connection takes 3 s to open (${delay})`, options, () =>
				withAssemblyAi({ version, script: { ...SLOW, [delay]: 3000 } }, async (provider, recogniser) => {
					const sent = numberedAudio(62);
					const stream = new WireStream(provider, { clock: hurried(2) });
					await stream.speak(sent);
					const closed = await stream.end();
					checkAll(stream, recogniser, sent, 62);
					assert.deepEqual([closed.reconnects, closed.droppedMs, closed.audioMs], [0, 0, 6200]);
				}),
			);

		for (const [beginDelayMs, stopMs] of [
			[0, 0],
			[0, 45],
			[30, 20],
			[3000, 45],
		] as const)
			it(
				`${version}: of one that ends ${stopMs} ms after its start: opened in ${beginDelayMs} ms`,
				options,
				() =>
					withAssemblyAi({ version, script: { ...SLOW, beginDelayMs } }, async (provider, recogniser) => {
						const sent = numberedAudio(3);
						const stream = new WireStream(provider);
						const clock = hurried(1);
						const begin = clock.now();
						stream.send(sent);
						await reach(clock, begin + stopMs);
						await stream.end();
						checkAll(stream, recogniser, sent, 3);
						assert.deepEqual(
							stream.events.map(({ name }) => name).filter((name) => ['open', 'closed'].includes(name)),
							['open', 'closed'],
						);
					}),
			);

		it(`${version}: that is shorter than a piece may be is filled up with silence`, options, () =>
			withAssemblyAi({ version, script: SLOW }, async (provider, recogniser) => {
				const sent = numberedAudio(1).subarray(0, 20 * 32);
				const stream = new WireStream(provider);
				stream.send(sent);
				const closed = await stream.end();
				const received = recogniser.audio();
				assert.equal(received.length, provider.capabilities.chunkMs.min * 32);
				assert.ok(received.equals(Buffer.concat([sent, Buffer.alloc(received.length - sent.length)])));
				assert.equal(closed.audioMs, 20);
				// A fifth of a word is not one.
				assert.equal(closed.text?.replace('.', '').toLowerCase(), 'garbled');
				stream.check();
			}),
		);

		for (const [size, blocks] of [
			[1, 5],
			[77, 62],
			[3201, 62],
			[320_000, 250],
			[320_001, 250],
		] as const)
			it(`${version}: in chunks of ${size} bytes`, options, () =>
				withAssemblyAi({ version, script: SLOW }, async (provider, recogniser) => {
					const sent = numberedAudio(blocks);
					const stream = new WireStream(provider, { clock: hurried(8) });
					for (let at = 0; at < sent.length; at += size) stream.send(sent.subarray(at, at + size));
					await stream.end();
					checkAll(stream, recogniser, sent, blocks);
				}),
			);
	}
});
