import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { type LabNodeRed, type Message, startNodeRed } from '../../lab/node-red.ts';
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

	test('a page whose connection breaks before its text is there gets it on the next one, and nobody else does', async () => {
		const page = `${nodeRed.url}/voice`;
		const [key, guessed] = [randomUUID(), randomUUID()];
		const first = await PageClient.connect(page, { key });
		const { stream } = await first.start();
		first.speak(numberedAudio(14, 16_000, 3000), 640);
		await nodeRed.until('twelve blocks', () => {
			const own = nodeRed.messages('mic', 0).filter(({ parts }) => (parts as { id: string }).id === stream);
			const bytes = own.reduce((sum, { payload }) => sum + (payload as Buffer).length, 0);
			return bytes > 12 * 3200 || undefined;
		});
		first.socket.terminate();
		const isEnd = ({ payload, session }: Message) =>
			payload === 'closed' && (session as { stream: string }).stream === stream;
		await nodeRed.waitFor('stt', isEnd, { port: 2 });
		const others = await Promise.all([
			PageClient.connect(page, { key: guessed }),
			PageClient.connect(page, { key: key.slice(1) }),
			PageClient.connect(page),
		]);
		const second = await PageClient.connect(page, { key });
		const { text } = await second.until('closed');
		assert.ok(text.startsWith(numberedText(12, 3000)), text);
		const missed = second.all('transcript').map(({ transcript }) => transcript.text);
		assert.ok(missed.length > 0 && text.endsWith(missed.join(' ')), missed.join(' | '));
		// Once is enough.
		await second.leave();
		const third = await PageClient.connect(page, { key });
		await third.utter(numberedAudio(5, 16_000, 4000));
		assert.equal((await third.until('closed')).text, numberedText(5, 4000));
		for (const other of others) assert.equal(other.told.length, 1, 'only "ready"');
		await Promise.all([third, ...others].map((client) => client.leave()));
	});
});
