import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createProvider } from '../../../../nodes/stt-stream/providers/index.ts';
import type { SttResult } from '../../../../nodes/stt-stream/providers/provider.ts';
import { createAuthority } from '../../../lab/certificates.ts';
import { numberedAudio, numberedText } from '../../../lab/recognisers/numbered-audio.ts';
import { noise } from '../../../lab/signals.ts';
import { feed, listen, never, silence, until, wishes } from '../helpers.ts';
import { startServer } from './grpc-lab.ts';
import { providerAt, withRecogniser } from './yandex-helpers.ts';

const tls = createAuthority().issue('localhost');
const SPEECH = Buffer.concat([numberedAudio(4), silence(1000), numberedAudio(3, 16_000, 50)]);

/** Without what tells nothing: signs of life, and partials after the first of several. */
const gist = (events: readonly { type: string }[]) =>
	events
		.map(({ type }) => type)
		.filter((type) => type !== 'status' && type !== 'drain')
		.filter((type, index, all) => type !== 'partial' || all[index - 1] !== 'partial');

const line = ({ text, utterance, startMs, endMs }: SttResult) => [text, utterance, startMs, endMs];

describe('Yandex session', () => {
	it('translates every event of an utterance, and ties refinements to their finals', () =>
		withRecogniser({}, async (recogniser) => {
			const session = await providerAt(recogniser).open(wishes({ refined: true }), never());
			const heard = listen(session);
			await feed(session, SPEECH, 100);
			await session.finish();
			assert.equal(await heard.end, undefined);
			const utterance = ['partial', 'final', 'refined', 'end-of-utterance'];
			assert.deepEqual(gist(heard.events), [...utterance, ...utterance]);
			assert.deepEqual(heard.results('final').map(line), [
				[numberedText(4), 0, 10, 390],
				[numberedText(3, 50), 1, 1410, 1690],
			]);
			assert.deepEqual(heard.results('refined').map(line), [
				[`${numberedText(4)}.`, 0, 10, 390],
				[`${numberedText(3, 50)}.`, 1, 1410, 1690],
			]);
			assert.equal(heard.results('final')[0]?.language, 'ru-RU');
			assert.ok(heard.events.every((event) => !('confidence' in event)));
			const details = heard.events.flatMap((event) => (event.type === 'status' ? [event.detail] : []));
			const request = recogniser.records[0]?.headers['x-client-request-id'];
			assert.match(details[0] ?? '', new RegExp(`^session [0-9a-f-]{36}, request ${request}$`));
			assert.equal(details[1], 'WORKING');
		}));

	for (const sampleRate of [8000, 16_000, 48_000])
		it(`delivers every sample at ${sampleRate} Hz, and ends a session as the protocol says`, () =>
			withRecogniser({}, async (recogniser) => {
				const provider = providerAt(recogniser);
				assert.ok(provider.capabilities.sampleRates.includes(sampleRate));
				const session = await provider.open(wishes({ sampleRate }), never());
				const heard = listen(session);
				const { chunkMs, chunkMaxBytes } = provider.capabilities;
				const pcm = noise((4 * chunkMs.max * sampleRate) / 1000);
				assert.ok((chunkMs.max * sampleRate) / 500 <= chunkMaxBytes);
				await feed(session, pcm, (chunkMs.max * sampleRate) / 16_000);
				await session.finish();
				assert.equal(await heard.end, undefined);
				assert.ok(recogniser.audio().equals(pcm));
				assert.deepEqual(recogniser.records[0]?.closed, { by: 'recogniser', code: 0, reason: '' });
				const options = recogniser.records[0]?.controls[0]?.message;
				assert.match(JSON.stringify(options), new RegExp(`"sample_rate_hertz":${sampleRate}\\b`));
			}));

	it('does not wait for an answer before it takes audio', () =>
		withRecogniser({ greets: 'audio' }, async (recogniser) => {
			const session = await providerAt(recogniser).open(wishes(), never());
			const heard = listen(session);
			await feed(session, SPEECH);
			await session.finish();
			assert.equal(heard.results('final').length, 2);
		}));

	it('opens when the connection is there, however long that takes, and loses nothing of what is said', () =>
		withRecogniser({ script: { acceptDelayMs: 700, beginDelayMs: 500 } }, async (recogniser) => {
			const begin = performance.now();
			const session = await providerAt(recogniser).open(wishes(), never());
			assert.ok(performance.now() - begin > 600);
			const heard = listen(session);
			await feed(session, SPEECH, 100);
			await session.finish();
			assert.equal(await heard.end, undefined);
			assert.ok(recogniser.audio().equals(SPEECH));
		}));

	it('keeps a connection ready if it is asked to, and begins no session on it, which would cost', async () => {
		const server = await startServer();
		const provider = createProvider('yandex', {
			endpoint: `grpc://localhost:${server.relay.port}`,
			caFile: '',
			model: '',
			options: {},
			credentials: { apiKey: 'key', token: '', serviceAccount: '' },
		});
		const over = provider.warm?.(never());
		assert.ok(over);
		await server.until('the connection', () => server.sessions.size === 1);
		assert.equal(server.calls.length, 0);
		const session = await provider.open(wishes(), never());
		await over;
		const { headers } = await server.call();
		assert.equal(headers[':path'], '/speechkit.stt.v3.Recognizer/RecognizeStreaming');
		assert.equal(server.relay.count, 1);
		session.abort();
		await session.finish();
	});

	it('waits for a last final that takes its time', () =>
		withRecogniser({ script: { finishDelayMs: 600, finalDelayMs: 600 } }, async (recogniser) => {
			const session = await providerAt(recogniser).open(wishes(), never());
			const heard = listen(session);
			await feed(session, numberedAudio(5));
			await session.finish();
			assert.equal(heard.text, numberedText(5));
		}));

	it('asks the writer to wait while the recogniser reads nothing, and goes on with nothing lost', () =>
		withRecogniser({ limits: { idleMs: 60_000 } }, async (recogniser) => {
			const session = await providerAt(recogniser).open(wishes(), never());
			const heard = listen(session);
			session.write(silence(100));
			const record = await recogniser.until('audio', () => recogniser.records.find(({ bytes }) => bytes > 0));
			recogniser.call(record).act({ do: 'stall' });
			const pieces = Array.from({ length: 400 }, (_, index) => noise(6400, index + 1));
			let taken = 0;
			while (taken < pieces.length && session.write(pieces[taken++] as Buffer));
			assert.ok(taken < 20, `${taken} pieces of 12.8 kB before it asked to wait`);
			recogniser.call(record).resume();
			const drained = () => heard.events.some(({ type }) => type === 'drain');
			await until('a drain', drained);
			for (const piece of pieces.slice(taken)) await feed(session, piece, 200);
			await session.finish();
			assert.equal(await heard.end, undefined);
			assert.ok(recogniser.audio().equals(Buffer.concat([silence(100), ...pieces])));
		}));

	it('is cancelled at the recogniser when it is aborted, and takes nothing more', () =>
		withRecogniser({}, async (recogniser) => {
			const session = await providerAt(recogniser).open(wishes(), never());
			const heard = listen(session);
			await feed(session, numberedAudio(2));
			const record = await recogniser.until('audio', () => recogniser.records[0]);
			session.abort();
			assert.equal(session.write(silence(100)), true);
			await session.finish();
			assert.equal(await heard.end, undefined);
			await recogniser.until('the end', () => record.closed?.by === 'client');
			await recogniser.until('the end of the connection', () => recogniser.open === 0);
		}));

	it('shows an end that nobody asked for as one without a failure', () =>
		withRecogniser(
			{ script: { cues: [{ at: { audioMs: 300 }, do: 'close', code: 0 }] } },
			async (recogniser) => {
				const session = await providerAt(recogniser).open(wishes(), never());
				const heard = listen(session);
				await feed(session, silence(500));
				assert.equal(await heard.end, undefined);
				await session.finish();
			},
		));

	for (const settings of [{}, { tls }])
		it(`leaves no connection behind where ${'tls' in settings ? 'TLS' : 'HTTP/2'} is never answered`, () =>
			withRecogniser({ ...settings, script: { acceptDelayMs: 600_000 } }, async (recogniser) => {
				const giveUp = new AbortController();
				const opening = providerAt(recogniser).open(wishes(), giveUp.signal);
				await recogniser.until('the connection', () => recogniser.open === 1);
				giveUp.abort(new Error('given up'));
				await assert.rejects(opening, /given up/);
				await recogniser.until('the end of the connection', () => recogniser.open === 0);
				assert.equal(recogniser.records.length, 0);
			}));

	it('runs twenty sessions at once without mixing them', () =>
		withRecogniser({}, async (recogniser) => {
			const provider = providerAt(recogniser);
			const texts = await Promise.all(
				Array.from({ length: 20 }, async (_, index) => {
					const session = await provider.open(wishes(), never());
					const heard = listen(session);
					await feed(session, numberedAudio(5, 16_000, index * 10), 40);
					await session.finish();
					return heard.text;
				}),
			);
			assert.deepEqual(
				texts,
				texts.map((_, index) => numberedText(5, index * 10)),
			);
			assert.equal(recogniser.relay.count, 20);
		}));
});
