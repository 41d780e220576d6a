import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type protos, v1, v2 } from '@google-cloud/speech';
import { status } from '@grpc/grpc-js';
import { readCredentials } from '../../../../nodes/stt-stream/providers/google/credentials.ts';
import type { GoogleSettings, LoopbackGoogle } from '../../../lab/recognisers/google.ts';
import { LoopbackAccount } from '../../../lab/recognisers/google-account.ts';
import { numberedAudio, numberedText } from '../../../lab/recognisers/numbered-audio.ts';
import { never, silence } from '../helpers.ts';
import { VERSIONS, withRecogniser } from './google-helpers.ts';
import {
	type Asked,
	clientFor,
	HEADERS,
	RECOGNIZER,
	type Response,
	type ResponseV1,
	run,
	tls,
} from './google-sdk.ts';

// The loopback recogniser is as good as what the vendor's own clients make of it.

const SPEECH = Buffer.concat([numberedAudio(4), silence(1000), numberedAudio(3, 16_000, 50)]);

const milliseconds = (time?: protos.google.protobuf.IDuration | null) =>
	Number(time?.seconds) * 1000 + Number(time?.nanos) / 1e6;

/** Of several equal ones in a row, one. */
function inOrder(responses: readonly Response[]): string[] {
	const kinds = responses.map(({ results, speechEventType }) => {
		if (results?.length) return results[0]?.isFinal ? 'final' : 'interim';
		return String(speechEventType);
	});
	return kinds.filter((kind, index) => kind !== kinds[index - 1]);
}

before(() => {
	// It would ask the network whether this is a machine of Google's.
	process.env['METADATA_SERVER_DETECTION'] = 'none';
});

for (const version of VERSIONS)
	describe(`the vendor’s SDK and the loopback recogniser: ${version}`, () => {
		const within = (settings: GoogleSettings, use: (recogniser: LoopbackGoogle) => Promise<void>) =>
			withRecogniser(settings, use);

		it('agree about a session: the responses in their order, their texts and times, every sample', () =>
			within({}, async (recogniser) => {
				const { responses, error } = await run(version, recogniser, SPEECH);
				assert.equal(error, undefined);
				const utterance = ['SPEECH_ACTIVITY_BEGIN', 'interim', 'SPEECH_ACTIVITY_END', 'final'];
				const last = version === 'v1' ? 'SPEECH_EVENT_UNSPECIFIED' : 'SPEECH_EVENT_TYPE_UNSPECIFIED';
				assert.deepEqual(inOrder(responses), [...utterance, ...utterance, last]);

				const finals = responses.flatMap(({ results }) => results?.filter(({ isFinal }) => isFinal) ?? []);
				assert.deepEqual(
					finals.map(({ alternatives }) => alternatives?.map(({ transcript }) => transcript)),
					[
						[numberedText(4), '0 1 2'],
						[` ${numberedText(3, 50)}`, ' 50 51'],
					],
				);
				const [best, other] = finals[1]?.alternatives ?? [];
				assert.ok(Math.abs((best?.confidence ?? 0) - 0.9) < 1e-6);
				assert.deepEqual([other?.confidence, other?.words], [0, []]);
				const end = finals[1] as { resultEndTime?: object; resultEndOffset?: object };
				assert.equal(milliseconds(end.resultEndTime ?? end.resultEndOffset), 1700);
				assert.equal(finals[1]?.languageCode, 'en-us');
				type Word = { word?: string; startTime?: object; startOffset?: object; confidence?: number };
				assert.deepEqual(
					((best?.words ?? []) as Word[]).map(({ word, startTime, startOffset }) => [
						word,
						milliseconds(startTime ?? startOffset),
					]),
					[
						['50', 1410],
						['51', 1510],
						['52', 1610],
					],
				);

				const interim = responses.flatMap(({ results }) => (results?.length === 2 ? [results] : []));
				assert.ok(interim.length > 0);
				for (const [stable, unstable] of interim) {
					assert.ok((stable?.stability ?? 0) > 0.8 && (unstable?.stability ?? 1) < 0.1);
					assert.match(unstable?.alternatives?.[0]?.transcript ?? '', /^ \d+$/);
				}
				const [record] = recogniser.records;
				assert.ok(recogniser.audio().equals(SPEECH));
				assert.equal(record?.path, `/google.cloud.speech.${version}.Speech/StreamingRecognize`);
				assert.deepEqual(record?.closed, { by: 'recogniser', code: 0, reason: '' });
				const tail = responses.at(-1);
				const billed = version === 'v1' ? tail?.totalBilledTime : tail?.metadata?.totalBilledDuration;
				assert.equal(milliseconds(billed), 2000);
			}));

		it('agree by TLS, and about nothing to be said', () =>
			within({ tls }, async (recogniser) => {
				const { responses, error } = await run(version, recogniser, silence(500), {}, { isTls: true });
				assert.deepEqual([responses, error], [[], undefined]);
				assert.equal(recogniser.records[0]?.bytes, 16_000);
			}));

		it('agree about what is not asked for', () =>
			within({}, async (recogniser) => {
				const config = { features: {}, enableWordTimeOffsets: false, enableWordConfidence: false };
				const streaming = { interimResults: false, enableVoiceActivityEvents: false };
				const only = version === 'v1' ? { ...config, features: undefined } : { features: {} };
				const { responses } = await run(version, recogniser, SPEECH, { config: only, streaming });
				assert.equal(inOrder(responses)[0], 'final');
				assert.deepEqual(responses[0]?.results?.[0]?.alternatives?.[0]?.words, []);
			}));

		it('agree about what is refused', () =>
			within({}, async (recogniser) => {
				const key = { 'x-goog-api-key': 'wrong' };
				const bad = version === 'v1' ? { sampleRateHertz: 4000 } : { model: 'default' };
				const cases: [Asked, code: number, text: RegExp][] = [
					[{ headers: key }, status.INVALID_ARGUMENT, /API key not valid/],
					[{ headers: { authorization: 'Bearer wrong' } }, status.UNAUTHENTICATED, /credentials/],
					[{ headers: {} }, status.PERMISSION_DENIED, /missing a valid API key/],
					[
						{ headers: { ...HEADERS[version], 'x-goog-user-project': 'other' } },
						status.PERMISSION_DENIED,
						/roles\/serviceusage/,
					],
					[{ config: bad }, status.INVALID_ARGUMENT, /./],
					[{ bare: true }, status.INVALID_ARGUMENT, /streaming_config/],
					[{ chunkBytes: 25_602 }, status.INVALID_ARGUMENT, /Audio chunk can be/],
				];
				for (const [asked, code, text] of cases) {
					const { error } = await run(version, recogniser, silence(1000), asked);
					assert.equal(error?.code, code, error?.message);
					assert.match(error?.message ?? '', text);
				}
			}));

		it('agree about every way a session can fail, also after results', async () => {
			for (const code of [1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])
				for (const at of [{ audioMs: 300 }, 'finish'] as const) {
					const script = { cues: [{ at, do: 'close', code, reason: `trouble ${code}` } as const] };
					await within({ script }, async (recogniser) => {
						const { responses, error } = await run(version, recogniser, numberedAudio(3));
						assert.equal(error?.message, `${code} ${status[code]}: trouble ${code}`);
						assert.ok(responses.length > 0);
					});
				}
		});

		it('agree about a connection that is cut, and about a client that cancels', () =>
			within({}, async (recogniser) => {
				recogniser.script = [{ cues: [{ at: { audioMs: 300 }, do: 'drop' }] }, {}];
				const cut = await run(version, recogniser, numberedAudio(10));
				assert.equal(cut.error?.code, status.UNAVAILABLE);
				const { error } = await run(
					version,
					recogniser,
					numberedAudio(2),
					{},
					{
						async act(stream) {
							await recogniser.until('audio', () => recogniser.records[1]?.bytes === 6400);
							(stream as Duplex & { cancel(): void }).cancel();
						},
					},
				);
				assert.equal(error?.code, status.CANCELLED);
				await recogniser.until('the end', () => recogniser.records[1]?.closed);
				assert.deepEqual(recogniser.records[1]?.closed, { by: 'client', code: 1, reason: 'cancelled' });
			}));

		it('agree about the limits of a session', async () => {
			await within({ limits: { sessionMs: 500 } }, async (recogniser) => {
				const { error } = await run(version, recogniser, silence(600));
				const [code, text] = version === 'v1' ? [11, /305 seconds/] : [10, /5 minutes/];
				assert.equal(error?.code, code);
				assert.match(error?.message ?? '', text);
			});
			for (const pcm of [silence(0), silence(200)])
				await within({ limits: { idleMs: 100 } }, async (recogniser) => {
					const act = async () => {
						await recogniser.until('the end', () => recogniser.records[0]?.closed);
						await sleep(10);
					};
					const { error } = await run(version, recogniser, pcm, {}, { act });
					assert.match(error?.message ?? '', pcm.length || version === 'v1' ? /Timeout Error/ : /timed out/);
				});
		});
	});

describe('the vendor’s SDK and the loopback recogniser: v1 by its own helper', () => {
	it('agree about a session', () =>
		withRecogniser({}, async (recogniser) => {
			const client = clientFor('v1', recogniser, false) as v1.SpeechClient;
			const config = { encoding: 'LINEAR16', sampleRateHertz: 16_000, languageCode: 'en-US' } as const;
			const headers = HEADERS.v1;
			const stream = client.streamingRecognize({ config }, { otherArgs: { headers } });
			const texts: string[] = [];
			stream.on('data', ({ results }: ResponseV1) =>
				texts.push(...(results ?? []).map((result) => String(result.alternatives?.[0]?.transcript))),
			);
			const over = new Promise((resolve, reject) => stream.once('end', resolve).once('error', reject));
			for (let at = 0; at < SPEECH.length; at += 3200) stream.write(SPEECH.subarray(at, at + 3200));
			stream.end();
			await over;
			await client.close();
			assert.equal(texts.join(''), `${numberedText(4)} ${numberedText(3, 50)}`);
			assert.ok(recogniser.audio().equals(SPEECH));
		}));
});

describe('the vendor’s SDK and this package', () => {
	it('v2: agree that an API key alone, and another project, are not let in', () =>
		withRecogniser({}, async (recogniser) => {
			for (const asked of [{ headers: HEADERS.v1 }, { recognizer: RECOGNIZER.replace('lab', 'other') }]) {
				const { error } = await run('v2', recogniser, silence(100), asked);
				assert.equal(error?.code, status.PERMISSION_DENIED);
				assert.match(error?.message ?? '', /speech\.recognizers\.recognize/);
			}
		}));

	it('sign the same with the key of a service account, and the loopback recogniser takes both', async () => {
		const account = new LoopbackAccount('lab-project');
		const { client_email, private_key } = JSON.parse(account.json);
		const ours = await readCredentials(configWith(account.json), false).get(never());
		for (const Client of [v1.SpeechClient, v2.SpeechClient]) {
			const client = new Client({ credentials: JSON.parse(account.json), projectId: 'lab-project' });
			await client.initialize();
			const signer = await client.auth.getClient();
			// As grpc-js asks for it, once for each call.
			const url = 'https://speech.googleapis.com/google.cloud.speech.v1.Speech';
			const theirs = await signer.getRequestHeaders(url);
			const bearer = theirs instanceof Headers ? theirs.get('authorization') : theirs['authorization'];
			const jwts = [ours.headers['authorization'], bearer].map((text) => String(text).slice(7)) as [
				string,
				string,
			];
			for (const jwt of jwts) assert.equal(account.problemWith(jwt), undefined);
			const [mine, other] = jwts.map((jwt) =>
				jwt.split('.', 2).map((part) => JSON.parse(String(Buffer.from(part, 'base64url')))),
			) as [Claims, Claims];
			assert.deepEqual(mine[0], other[0]);
			assert.deepEqual({ ...mine[1], iat: 0, exp: 0 }, { ...other[1], iat: 0, exp: 0 });
			assert.equal(mine[1].exp - mine[1].iat, other[1].exp - other[1].iat);
			await client.close();
		}
		assert.equal(ours.project, 'lab-project');
		assert.ok(ours.secrets.includes(private_key) && client_email);
	});
});

type Claims = [object, { iat: number; exp: number }];

const configWith = (serviceAccount: string) => ({
	endpoint: '',
	caFile: '',
	model: '',
	options: {},
	credentials: { apiKey: '', token: '', serviceAccount },
});
