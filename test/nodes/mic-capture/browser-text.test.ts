import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type LabNodeRed, startNodeRed } from '../../lab/node-red.ts';
import { type LoopbackAssemblyAi, startAssemblyAi } from '../../lab/recognisers/assemblyai.ts';
import { numberedAudio, numberedText } from '../../lab/recognisers/numbered-audio.ts';
import { PageClient } from '../../lib/browser/page-client.ts';

// From pages through stt-stream and back: all of its outputs are wired to the microphone's input.

describe('what is said into pages comes back to them as text', () => {
	let recogniser: LoopbackAssemblyAi;
	let nodeRed: LabNodeRed;

	before(async () => {
		recogniser = await startAssemblyAi({ turnWords: 5, limits: { paceSlackMs: 3_600_000 } });
		nodeRed = await startNodeRed({
			flow: [
				{ id: 'tab', type: 'tab', label: 'test' },
				{ id: 'mic', type: 'mic-capture', z: 'tab', source: 'browser', path: '/voice', wires: [['stt'], []] },
				{ id: 'provider', type: 'stt-provider', provider: 'assemblyai', endpoint: recogniser.url },
				{
					...{ id: 'stt', type: 'stt-stream', z: 'tab', provider: 'provider', partials: true },
					wires: [['mic'], ['mic'], ['mic']],
				},
			],
			credentials: { provider: { apiKey: recogniser.apiKey } },
		});
	});
	after(async () => {
		await nodeRed?.stop();
		await recogniser?.stop();
	});

	test('each page gets its own words, partials before finals, and then the whole; also after it stopped', async () => {
		const clients = await Promise.all([0, 1].map(() => PageClient.connect(`${nodeRed.url}/voice`)));
		const said = clients.map((_, i) => ({ from: 1000 * i, count: 12 + i }));
		const running = await Promise.all(clients.map((client) => client.start()));
		for (const [i, client] of clients.entries())
			client.speak(numberedAudio(said[i]!.count, 16_000, said[i]!.from), 640);
		for (const [i, client] of clients.entries()) await client.stop(running[i]!.utterance);
		for (const [i, client] of clients.entries()) {
			const { text, code, stream } = await client.until('closed');
			const words = numberedText(said[i]!.count, said[i]!.from);
			assert.deepEqual([text, code, stream], [words, undefined, running[i]!.stream]);
			const transcripts = client.all('transcript');
			assert.ok(transcripts.every((message) => message.stream === stream));
			const finals = transcripts.filter(({ transcript }) => transcript.kind === 'final');
			assert.equal(finals.map(({ transcript }) => transcript.text).join(' '), words);
			assert.ok(transcripts.length > finals.length, 'partials');
			await client.leave();
		}
		assert.deepEqual(nodeRed.errors(), []);
	});
});
