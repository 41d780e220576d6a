import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { numberedAudio } from '../../../lab/recognisers/numbered-audio.ts';
import { checkAll, VERSIONS, withAssemblyAi } from './assemblyai-lab.ts';
import { hurried } from './clock.ts';
import { options, WireStream } from './stream.ts';

// The PCM that a recogniser receives is the PCM that was sent, sample for sample; and the last final arrives.

for (const version of VERSIONS)
	describe(`${version} on the wire: the audio of a stream`, () => {
		it('arrives as it was sent, with every word, also when the last final takes 2 s', options, () =>
			withAssemblyAi({ version, script: { finishDelayMs: 2000 } }, async (provider, recogniser) => {
				const sent = numberedAudio(32);
				const stream = new WireStream(provider, { clock: hurried(4) });
				await stream.speak(sent);
				const closed = await stream.end();
				const [run] = checkAll(stream, recogniser, sent, 32);
				assert.deepEqual(run, { startMs: 0, endMs: 3200 });
				assert.deepEqual([closed.reconnects, closed.droppedMs, closed.audioMs], [0, 0, 3200]);
			}),
		);
	});
