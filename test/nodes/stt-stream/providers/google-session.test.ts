import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createProvider } from '../../../../nodes/stt-stream/providers/index.ts';
import type { SttResult } from '../../../../nodes/stt-stream/providers/provider.ts';
import { numberedAudio, numberedText } from '../../../lab/recognisers/numbered-audio.ts';
import { noise } from '../../../lab/signals.ts';
import { beginStream, feed, listen, never, silence, until, wishes } from '../helpers.ts';
import { providerAt, VERSIONS, type Version, withRecogniser } from './google-helpers.ts';
import { startServer } from './grpc-lab.ts';

const SPEECH = Buffer.concat([numberedAudio(4), silence(1000), numberedAudio(3, 16_000, 50)]);

/** Without what tells nothing: partials after the first of several. */
const gist = (events: readonly { type: string }[]) =>
	events
		.map(({ type }) => type)
		.filter((type) => type !== 'status' && type !== 'drain')
		.filter((type, index, all) => type !== 'partial' || all[index - 1] !== 'partial');

const line = ({ text, startMs, endMs, settledMs }: SttResult) => [text, startMs, endMs, settledMs];

/** What a session says of `responses`, which come with the first audio. */
async function said(version: Version, ...responses: readonly object[]) {
	const cues = responses.map((message) => ({ at: { audioMs: 100 }, do: 'send', message }) as const);
	let events: readonly { readonly type: string }[] = [];
	await withRecogniser({ script: { cues } }, async (recogniser) => {
		const session = await providerAt(recogniser, version).open(wishes(), never());
		const heard = listen(session);
		await feed(session, silence(100), 100);
		await session.finish();
		assert.equal(await heard.end, undefined);
		events = heard.events;
	});
	return events.filter(({ type }) => type !== 'drain' && type !== 'status');
}

const at = (ms: number) => ({ seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1e6 });

for (const version of VERSIONS)
	describe(`Google ${version}: a session`, () => {
		const named = (time: string) => (version === 'v1' ? `${time}_time` : `${time}_offset`);
		const words = (...texts: readonly string[]) =>
			texts.map((word, index) => ({
				word,
				[named('start')]: at(index * 1100),
				[named('end')]: at(index * 1100 + 900),
				confidence: index ? 0.5 : 0,
			}));

		it('translates every response about an utterance', () =>
			withRecogniser({}, async (recogniser) => {
				const session = await providerAt(recogniser, version).open(wishes(), never());
				const heard = listen(session);
				await feed(session, SPEECH, 100);
				await session.finish();
				assert.equal(await heard.end, undefined);
				const utterance = ['speech-started', 'partial', 'end-of-utterance', 'final'];
				assert.deepEqual(gist(heard.events), [...utterance, ...utterance]);
				const [first, second] = heard.results('final') as [SttResult, SttResult];
				assert.deepEqual(line(first), [numberedText(4), 10, 390, 400]);
				assert.deepEqual(line(second), [numberedText(3, 50), 1410, 1690, 1700]);
				assert.deepEqual([second.language, second.confidence], ['en-US', 0.9]);
				assert.deepEqual(
					second.words,
					[50, 51, 52].map((number, index) => ({
						text: String(number),
						startMs: 1410 + index * 100,
						endMs: 1490 + index * 100,
						confidence: 0.9,
					})),
				);
				// Stable part and the rest are one text.
				assert.deepEqual(
					heard.results('partial').map(({ text }) => text),
					[1, 2, 3, 4].map((count) => numberedText(count)).concat([1, 2, 3].map((n) => numberedText(n, 50))),
				);
				assert.ok(heard.events.some((event) => event.type === 'speech-started' && event.atMs === 1410));
				const details = heard.events.flatMap((event) => (event.type === 'status' ? [event.detail] : []));
				assert.equal(details.length, version === 'v2' ? 1 : 0);
				if (version === 'v2') assert.match(String(details[0]), /^request [\da-f-]{36}$/);
			}));

		for (const sampleRate of [8000, 16_000, 44_100, 48_000])
			it(`delivers every sample at ${sampleRate} Hz, and ends a session as the protocol says`, () =>
				withRecogniser({}, async (recogniser) => {
					const provider = providerAt(recogniser, version);
					assert.ok(provider.capabilities.sampleRates.includes(sampleRate));
					const pcm = noise(sampleRate);
					const { session, outcome } = beginStream(provider, { format: { sampleRate, channels: 1 } });
					session.write(pcm);
					session.end();
					assert.equal((await outcome.closed).code, undefined);
					assert.ok(recogniser.audio().equals(pcm));
					const [record] = recogniser.records;
					assert.deepEqual(record?.closed, { by: 'recogniser', code: 0, reason: '' });
					assert.match(
						JSON.stringify(record?.controls[0]?.message),
						new RegExp(`"sample_rate_hertz":${sampleRate}\\b`),
					);
					const largest = Math.max(...(record?.arrivals.map(({ bytes }) => bytes) ?? []));
					assert.ok(largest <= (version === 'v1' ? 25_600 : 15_360), `${largest} bytes at once`);
				}));

		it('tells a final and what was understood after it, from one response', async () => {
			const events = await said(version, {
				results: [
					{
						alternatives: [
							{ transcript: ' turn on', confidence: 0.75, words: words('turn', 'on') },
							{ transcript: ' burn on' },
							{ transcript: ' ' },
						],
						is_final: true,
						[named('result_end')]: at(2100),
						language_code: 'zh-hans-cn',
					},
					{ alternatives: [{ transcript: ' the' }], stability: 0.9, [named('result_end')]: at(2500) },
					{ alternatives: [{ transcript: ' light' }], stability: 0.01, [named('result_end')]: at(2900) },
				],
			});
			assert.deepEqual(events, [
				{
					type: 'final',
					text: 'turn on',
					startMs: 0,
					endMs: 2000,
					settledMs: 2100,
					language: 'zh-Hans-CN',
					confidence: 0.75,
					words: [
						{ text: 'turn', startMs: 0, endMs: 900 },
						{ text: 'on', startMs: 1100, endMs: 2000, confidence: 0.5 },
					],
					alternatives: [{ text: 'burn on' }],
				},
				{ type: 'partial', text: 'the light', endMs: 2900 },
			]);
		});

		it('bears results without times, words, texts or alternatives', async () => {
			const final = (alternatives: object[]) => ({ results: [{ is_final: true, alternatives }] });
			const timeless = words('one').map(({ word }) => ({ word }));
			const events = await said(
				version,
				{},
				{ results: [] },
				{ results: [{ alternatives: [] }] },
				{ results: [{ alternatives: [{ transcript: ' ' }] }] },
				final([]),
				final([{ transcript: '' }]),
				final([{ transcript: 'one', confidence: 0, words: timeless }]),
				{ results: [{ alternatives: [{ transcript: '点' }] }, { alternatives: [{ transcript: '灯' }] }] },
			);
			assert.deepEqual(events, [
				{ type: 'final', text: 'one' },
				{ type: 'partial', text: '点灯' },
			]);
		});

		it('passes on events of voice activity, and no others', async () => {
			const event = (name: string) => ({ speech_event_type: name, [named('speech_event')]: at(1500) });
			const events = await said(
				version,
				event('SPEECH_ACTIVITY_BEGIN'),
				event('SPEECH_ACTIVITY_END'),
				event('END_OF_SINGLE_UTTERANCE'),
				...(version === 'v1' ? [event('SPEECH_ACTIVITY_TIMEOUT')] : []),
			);
			assert.deepEqual(events, [
				{ type: 'speech-started', atMs: 1500 },
				{ type: 'end-of-utterance', atMs: 1500 },
				{ type: 'end-of-utterance', atMs: 1500 },
			]);
		});

		it('has a last final that comes late, and opens however long that takes', () =>
			withRecogniser(
				{ script: { acceptDelayMs: 300, beginDelayMs: 300, finishDelayMs: 300, finalDelayMs: 300 } },
				async (recogniser) => {
					const session = await providerAt(recogniser, version).open(wishes(), never());
					const heard = listen(session);
					await feed(session, numberedAudio(5));
					await session.finish();
					assert.equal(heard.text, numberedText(5));
				},
			));

		it('makes a connection ahead if it is asked to, and begins no session on it, which would cost', async () => {
			const server = await startServer();
			const provider = createProvider('google', {
				endpoint: `grpc://localhost:${server.relay.port}`,
				caFile: '',
				model: '',
				options: { apiVersion: version, project: 'p' },
				credentials: { apiKey: 'key', token: '', serviceAccount: '' },
			});
			const over = provider.warm?.(never());
			assert.ok(over);
			await server.until('the connection', () => server.sessions.size === 1);
			assert.equal(server.calls.length, 0);
			const session = await provider.open(wishes(), never());
			await over;
			const { headers } = await server.call();
			assert.equal(headers[':path'], `/google.cloud.speech.${version}.Speech/StreamingRecognize`);
			assert.equal(server.relay.count, 1);
			session.abort();
			await session.finish();
		});

		it('asks the writer to wait while the recogniser reads nothing, and goes on with nothing lost', () =>
			withRecogniser({ limits: { idleMs: 60_000 } }, async (recogniser) => {
				const session = await providerAt(recogniser, version).open(wishes(), never());
				const heard = listen(session);
				session.write(silence(100));
				const record = await recogniser.until('audio', () =>
					recogniser.records.find(({ bytes }) => bytes > 0),
				);
				recogniser.call(record).act({ do: 'stall' });
				const pieces = Array.from({ length: 100 }, (_, index) => noise(6400, index + 1));
				let taken = 0;
				while (taken < pieces.length && session.write(pieces[taken++] as Buffer));
				assert.ok(taken < 20, `${taken} pieces of 12.8 kB before it asked to wait`);
				recogniser.call(record).resume();
				await until('a drain', () => heard.events.some(({ type }) => type === 'drain'));
				for (const piece of pieces.slice(taken)) await feed(session, piece, 200);
				await session.finish();
				assert.equal(await heard.end, undefined);
				assert.ok(recogniser.audio().equals(Buffer.concat([silence(100), ...pieces])));
			}));
	});

describe('Google v1: an error inside a response', () => {
	it('ends the session with what it means, and is not the text of a result', () =>
		withRecogniser(
			{
				script: {
					cues: [
						{
							at: { audioMs: 100 },
							do: 'send',
							message: { error: { code: 11, message: 'Audio Timeout Error' } },
						},
					],
				},
			},
			async (recogniser) => {
				const session = await providerAt(recogniser).open(wishes(), never());
				const heard = listen(session);
				session.write(silence(200));
				const error = await heard.end;
				assert.deepEqual([error?.code, error?.retryable], ['STT_TIMEOUT', true], error?.message);
				assert.match(error?.message ?? '', /OUT_OF_RANGE: Audio Timeout Error/);
				await session.finish();
				await recogniser.until('the end', () => recogniser.open === 0);
			},
		));
});
