import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createConverter, loadResampler } from '../../../lib/audio/resample.ts';
import { decodeWav } from '../../../lib/audio/wav.ts';
import type { AudioChunkMessage, RecordingMessage } from '../../../lib/node/messages.ts';
import { type FlowNode, type LabNodeRed, type Message, sink, startNodeRed } from '../../lab/node-red.ts';
import { noise, silence, sine } from '../../lab/signals.ts';
import { PageClient } from '../../lib/browser/page-client.ts';

// The source "browser" in a real Node-RED, with programs that do what a page does.

const RATE = 16_000;

describe('mic-capture with pages as its microphones', () => {
	let nodeRed: LabNodeRed;
	const page = (path: string) => `${nodeRed.url}${path}`;

	function mic(id: string, own: object = {}, wires: string[][] = [['sink'], ['sink']]): FlowNode {
		return { id, type: 'mic-capture', z: 'tab', source: 'browser', path: `/${id}`, ...own, wires };
	}

	before(async () => {
		await loadResampler();
		nodeRed = await startNodeRed({
			flow: [
				{ id: 'tab', type: 'tab', label: 'test' },
				sink('sink', 'tab'),
				{ id: 'catch', type: 'catch', z: 'tab', scope: null, wires: [['sink']] },
				mic('voice', { name: 'kitchen', framesPerBuffer: 1000 }),
				mic('stereo', { channels: 2 }),
				mic('limits', { maxMs: 1000, silenceStopMs: 400, startTimeoutMs: 600 }),
			],
		});
	});
	after(async () => {
		await nodeRed.stop();
	});

	const chunksOf = (id: string, stream: string) =>
		(nodeRed.messages(id, 0) as unknown as AudioChunkMessage[]).filter(({ parts }) => parts.id === stream);
	const whole = async (id: string, stream: string) => {
		const isLast = (message: Message) =>
			(message as unknown as AudioChunkMessage).parts.id === stream && message['complete'] === true;
		await nodeRed.waitFor(id, isLast, { port: 0 });
		return chunksOf(id, stream);
	};
	const pcmOf = (chunks: AudioChunkMessage[]) => Buffer.concat(chunks.map(({ payload }) => payload));

	test('what is said is a stream like that of any microphone, sample for sample, with its recording', async () => {
		const client = await PageClient.connect(page('/voice'));
		assert.deepEqual(client.told[0], {
			type: 'ready',
			limits: { sampleRate: RATE, maxMs: 0, startTimeoutMs: 0, silenceStopMs: 0, silenceThresholdDb: -45 },
		});
		const speech = noise(2500, 1);
		const id = await client.utter(speech);
		const chunks = await whole('voice', id);
		assert.deepEqual(pcmOf(chunks), speech);
		assert.deepEqual(
			chunks.map(({ parts, audio, topic, complete }) => ({ parts, startMs: audio.startMs, topic, complete })),
			[0, 1, 2].map((index) => ({
				parts: { id, index, type: 'buffer', ch: '', ...(index === 2 && { count: 3 }) },
				startMs: index * 62.5,
				topic: 'kitchen',
				complete: index === 2 ? true : undefined,
			})),
		);
		assert.equal(chunks.at(-1)?.audio.ended, 'stop');
		const recording = (await nodeRed.waitFor('voice', ({ stream }) => stream === id, { port: 1 })) as unknown;
		assert.deepEqual(decodeWav((recording as RecordingMessage).payload).pcm, speech);
		assert.deepEqual(client.all('stopped'), [{ type: 'stopped', utterance: 1, stream: id, ended: 'stop' }]);
		await client.leave();
	});

	test('utterances of one page are streams of their own', async () => {
		const client = await PageClient.connect(page('/voice'));
		const said = [noise(1000, 2), noise(3001, 3), Buffer.alloc(0)];
		const streams: string[] = [];
		for (const pcm of said) streams.push(await client.utter(pcm));
		assert.equal(new Set(streams).size, 3);
		for (const [i, stream] of streams.entries())
			assert.deepEqual(pcmOf(await whole('voice', stream)), said[i]);
		await client.leave();
	});

	test('several pages speak at once, and none hears what another said', async () => {
		const clients = await Promise.all([1, 2, 3].map(() => PageClient.connect(page('/voice'))));
		const running = await Promise.all(clients.map((client) => client.start()));
		await nodeRed.waitForStatus('voice', ({ text }) => text === 'speaking: 3 of 3');
		const said = clients.map((_, i) => noise(4000, 10 + i));
		// Their frames alternate on the way.
		for (let at = 0; at < 8000; at += 800)
			for (const [i, client] of clients.entries()) client.speak(said[i]!.subarray(at, at + 800));
		for (const [i, client] of clients.entries()) await client.stop(running[i]!.utterance);
		for (const [i, { stream }] of running.entries())
			assert.deepEqual(pcmOf(await whole('voice', stream)), said[i]);

		for (const [i, { stream }] of running.entries()) {
			const transcript = {
				...{ kind: 'final', text: `words ${i}`, startMs: 10, endMs: 90, turn: 0, confidence: 0.5 },
				...{ language: 'en', words: [], provider: 'test', stream },
			};
			await nodeRed.send('voice', { payload: 'x', transcript });
			await nodeRed.send('voice', { payload: 'status', session: { stream, detail: 'not for pages' } });
			await nodeRed.send('voice', {
				payload: 'closed',
				session: { stream, text: `words ${i}`, code: 'STT_X' },
			});
		}
		for (const [i, client] of clients.entries()) {
			const { stream } = running[i]!;
			await client.until('closed');
			const transcript = { kind: 'final', text: `words ${i}`, startMs: 10, endMs: 90, turn: 0 };
			assert.deepEqual(client.told.slice(-2), [
				{ type: 'transcript', stream, transcript: { ...transcript, confidence: 0.5, language: 'en' } },
				{ type: 'closed', stream, text: `words ${i}`, code: 'STT_X' },
			]);
			assert.equal(client.all('transcript').length + client.all('closed').length, 2);
		}
		await Promise.all(clients.map((client) => client.leave()));
	});

	test('results that no page waits for are left alone', async () => {
		const client = await PageClient.connect(page('/voice'));
		const stream = await client.utter(noise(100, 1));
		const strange = [{ stream: 'nobody', text: 'x' }, { text: 'x' }, 'text', 7, { stream: { stream } }];
		for (const transcript of strange) await nodeRed.send('voice', { payload: 'x', transcript });
		await nodeRed.send('voice', { payload: 'closed', session: { stream: null } });
		await nodeRed.send('voice', { payload: 'x', transcript: { stream, text: 5, kind: 'odd', startMs: 'x' } });
		await client.until('transcript');
		assert.deepEqual(client.all('transcript'), [
			{ type: 'transcript', stream, transcript: { kind: 'final', text: '5', turn: 0 } },
		]);
		// A page that is gone: nobody is there to be told.
		await client.leave();
		await nodeRed.waitForStatus('voice', ({ text }) => text === 'pages: 0');
		await nodeRed.send('voice', { payload: 'x', transcript: { stream, text: 'late' } });
		assert.deepEqual(nodeRed.errors('voice'), []);
	});

	test('the page has a rate of its own: resampled; its one channel is on all of the stream', async () => {
		const client = await PageClient.connect(page('/stereo'));
		const speech = noise(48_000, 5);
		const chunks = await whole('stereo', await client.utter(speech, 48_000));
		const converter = createConverter({ sampleRate: 48_000, channels: 1 }, { sampleRate: RATE, channels: 2 });
		const expected = Buffer.concat([converter.push(speech), converter.flush()]);
		assert.deepEqual(pcmOf(chunks), expected);
		assert.equal(expected.length, RATE * 4);
		const { sampleRate, channels } = chunks[0]!.audio;
		assert.deepEqual([sampleRate, channels], [RATE, 2]);
		for (const [i, sampleRate] of [7999, 192_001, 16_000.5].entries()) {
			client.say({ type: 'start', utterance: 2 + i, sampleRate });
			const { message } = await client.until('error', ({ utterance }) => utterance === 2 + i);
			assert.ok(message.includes(`${sampleRate} Hz`), message);
		}
		assert.deepEqual(new Set(client.all('error').map(({ code }) => code)), new Set(['MIC_FORMAT']));
		await client.leave();
	});

	test('the limits of the node hold, whatever the page does', async () => {
		const client = await PageClient.connect(page('/limits'));
		const over = async (pcm: Buffer) => {
			const { utterance, stream } = await client.start();
			client.speak(pcm);
			const { ended } = await client.until('stopped', (message) => message.utterance === utterance);
			const chunks = await whole('limits', stream);
			assert.equal(chunks.at(-1)?.audio.ended, ended);
			return [ended, pcmOf(chunks).length / 32];
		};
		assert.deepEqual(await over(noise(RATE * 3, 1)), ['max', 1000]);
		assert.deepEqual(await over(Buffer.concat([noise(RATE / 2, 1), silence(RATE)])), ['silence', 900]);
		// A silent room: not quite zero.
		assert.deepEqual(await over(sine(RATE, 100, RATE, 20)), ['start-timeout', 600]);
		const caught = await nodeRed.waitForError('limits');
		assert.deepEqual([caught.code, /within 0.6 s/.test(caught.message)], ['MIC_SILENT', true]);
		// What a page's own limits have ended.
		const { utterance, stream } = await client.start();
		client.say({ type: 'stop', utterance, cause: 'silence' });
		assert.equal((await whole('limits', stream)).at(-1)?.audio.ended, 'silence');
		await client.leave();
	});

	test('a microphone that is off is told to the page and to the flow', async () => {
		const client = await PageClient.connect(page('/voice'));
		const { utterance, stream } = await client.start();
		client.speak(silence(RATE * 4));
		const { code, message } = await client.until('error', (error) => error.utterance === utterance);
		assert.deepEqual([code, /digital silence/.test(message)], ['MIC_SILENT', true]);
		const caught = await nodeRed.waitFor('catch', ({ parts }) => (parts as { id?: string })?.id === stream);
		assert.equal((caught['error'] as Message)['code'], 'MIC_SILENT');
		assert.equal(await client.stop(utterance), 'stop');
		assert.equal(client.all('error').length, 1);
		await client.leave();
	});

	test('a flow stops and resets what is being said: all of it, or one stream', async () => {
		const [one, two, three] = await Promise.all([1, 2, 3].map(() => PageClient.connect(page('/voice'))));
		const all = [one!, two!, three!];
		const running = await Promise.all(all.map((client) => client.start()));
		const stream = (n: number) => running[n]!.stream;
		const ended = async (n: number) => (await all[n]!.until('stopped')).ended;
		for (const client of all) client.speak(noise(1600, 1));
		await nodeRed.send('voice', { payload: 'stop', parts: { id: 'of nobody' } });
		await nodeRed.send('voice', { payload: false, parts: { id: stream(0) } });
		assert.equal(await ended(0), 'stop');
		await nodeRed.send('voice', { reset: true, parts: { id: stream(1) } });
		assert.equal(await ended(1), 'reset');
		const reset = await nodeRed.waitFor('voice', (message) => message['reset'] === true, { port: 0 });
		assert.deepEqual(reset['parts'], { id: stream(1) });
		assert.equal(chunksOf('voice', stream(1)).filter(({ complete }) => complete).length, 0);
		assert.equal(all[2]!.all('stopped').length, 0);
		await nodeRed.send('voice', { payload: 'toggle' });
		assert.equal(await ended(2), 'stop');
		// The page may go on at once, and its late frames belong to nothing.
		all[0]!.speak(noise(1600, 9));
		const next = noise(500, 4);
		assert.deepEqual(pcmOf(await whole('voice', await all[0]!.utter(next))), next);
		// The page abandons.
		const { utterance, stream: abandoned } = await all[1]!.start();
		all[1]!.say({ type: 'reset', utterance });
		await all[1]!.until('stopped', (message) => message.stream === abandoned && message.ended === 'reset');
		await Promise.all(all.map((client) => client.leave()));
	});

	test('a flow cannot open the microphone of a page', async () => {
		for (const payload of [true, 'start', 'toggle', 'louder'])
			await nodeRed.send('voice', { payload, tag: `control ${payload}` });
		for (const payload of [true, 'start', 'toggle', 'louder']) {
			const caught = await nodeRed.waitFor('catch', ({ tag }) => tag === `control ${payload}`);
			assert.equal((caught['error'] as Message)['code'], 'CONTROL_UNKNOWN');
		}
		await nodeRed.send('voice', { payload: 'stop' });
		await nodeRed.send('voice', { payload: Buffer.from('stop') });
	});

	test('status: how many pages, and how many speak, in words that fit', async () => {
		const texts = nodeRed.statuses('voice').map(({ text }) => text ?? '');
		for (const text of ['pages: 1', 'speaking: 1 of 1', 'pages: 0']) assert.ok(texts.includes(text), text);
		for (const text of texts) assert.ok(text.length <= 20 && !text.includes('mic-capture.'), text);
	});
});
