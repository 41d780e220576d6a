import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { status } from '@grpc/grpc-js';
import { Session } from '@yandex-cloud/nodejs-sdk';
import { stt, sttService } from '@yandex-cloud/nodejs-sdk/ai-stt-v3';
import { createJwt, readServiceAccountKey } from '../../../../nodes/stt-stream/providers/yandex/iam.ts';
import { createAuthority } from '../../../lab/certificates.ts';
import { startIam } from '../../../lab/recognisers/iam.ts';
import { numberedAudio, numberedText } from '../../../lab/recognisers/numbered-audio.ts';
import type { LoopbackYandex, YandexSettings } from '../../../lab/recognisers/yandex.ts';
import { silence } from '../helpers.ts';
import { withRecogniser as withYandex } from './yandex-helpers.ts';

// The loopback recogniser is as good as what the vendor's own client makes of it.

const authority = createAuthority();
const tls = authority.issue('localhost');

const SPEECH = Buffer.concat([numberedAudio(4), silence(1000), numberedAudio(3, 16_000, 50)]);

const PATH = sttService.RecognizerService.recognizeStreaming.path;

const request = stt.StreamingRequest.fromPartial;

const options = (more: Partial<stt.StreamingOptions> = {}) =>
	request({
		sessionOptions: {
			recognitionModel: {
				model: 'general',
				audioFormat: {
					rawAudio: {
						audioEncoding: stt.RawAudio_AudioEncoding.LINEAR16_PCM,
						sampleRateHertz: 16_000,
						audioChannelCount: 1,
					},
				},
				textNormalization: {
					textNormalization: stt.TextNormalizationOptions_TextNormalization.TEXT_NORMALIZATION_ENABLED,
				},
				audioProcessingType: stt.RecognitionModelOptions_AudioProcessingType.REAL_TIME,
			},
			...more,
		},
	});

const chunks = (pcm: Buffer) =>
	Array.from({ length: Math.ceil(pcm.length / 3200) }, (_, index) =>
		request({ chunk: { data: pcm.subarray(index * 3200, (index + 1) * 3200) } }),
	);

/** One session of the SDK's, or its `first` response only; rejects with its error. */
async function run(
	recogniser: LoopbackYandex,
	requests: readonly stt.StreamingRequest[],
	{ iamToken = 'lab-iam-token', headers = { 'x-folder-id': 'lab-folder' }, first = false } = {},
	responses: stt.StreamingResponse[] = [],
): Promise<stt.StreamingResponse[]> {
	const session = new Session({ iamToken, headers, ssl: { rootCerts: Buffer.from(authority.ca) } });
	const client = session.client(sttService.RecognizerClient, recogniser.host);
	for await (const response of client.recognizeStreaming(send(requests, first))) {
		responses.push(response);
		if (first) break;
	}
	return responses;
}

/** @param open ends only with the call */
async function* send(requests: readonly stt.StreamingRequest[], open: boolean) {
	yield* requests;
	if (open) await new Promise(() => {});
}

/** The SDK speaks nothing but TLS. */
const withRecogniser = (settings: YandexSettings, use: (recogniser: LoopbackYandex) => Promise<void>) =>
	withYandex({ tls, ...settings }, use);

/** The one event in a response. */
function kind(response: stt.StreamingResponse): string {
	const { partial, final, eouUpdate, finalRefinement, statusCode } = response;
	if (partial) return partial.alternatives.length ? 'partial' : 'empty';
	if (final) return 'final';
	if (finalRefinement) return 'refinement';
	return eouUpdate ? 'eou' : statusCode ? 'status' : 'unknown';
}

/** Of several equal ones in a row, one. */
const inOrder = (responses: readonly stt.StreamingResponse[]) =>
	responses.map(kind).filter((name, index, all) => name !== all[index - 1]);

describe('the vendor’s SDK and the loopback recogniser', () => {
	it('agree about a session: the events in their order, their numbers and times, every sample', () =>
		withRecogniser({}, async (recogniser) => {
			const responses = await run(recogniser, [options(), ...chunks(SPEECH)]);
			const utterance = ['partial', 'final', 'refinement', 'eou', 'empty'];
			assert.deepEqual(inOrder(responses), ['status', 'empty', ...utterance, ...utterance]);

			assert.equal(responses[0]?.statusCode?.codeType, stt.CodeType.WORKING);
			const finals = responses.filter(({ final }) => final);
			assert.deepEqual(
				finals.map(({ final, audioCursors }) => [
					final?.alternatives[0]?.text,
					audioCursors?.finalIndex,
					audioCursors?.finalTimeMs,
				]),
				[
					[numberedText(4), 0, 390],
					[numberedText(3, 50), 1, 1690],
				],
			);
			assert.deepEqual(
				responses.flatMap(({ finalRefinement }) =>
					finalRefinement
						? [[finalRefinement.finalIndex, finalRefinement.normalizedText?.alternatives[0]?.text]]
						: [],
				),
				[
					[0, `${numberedText(4)}.`],
					[1, `${numberedText(3, 50)}.`],
				],
			);
			assert.deepEqual(
				responses.flatMap(({ eouUpdate }) => (eouUpdate ? [eouUpdate.timeMs] : [])),
				[390, 1690],
			);
			const [best] = finals[1]?.final?.alternatives ?? [];
			assert.deepEqual(
				best?.words.map(({ text, startTimeMs, endTimeMs }) => [text, startTimeMs, endTimeMs]),
				[
					['50', 1410, 1490],
					['51', 1510, 1590],
					['52', 1610, 1690],
				],
			);
			assert.deepEqual([best?.startTimeMs, best?.endTimeMs], [1410, 1690]);
			assert.equal(best?.languages.find(({ probability }) => probability > 0.5)?.languageCode, 'ru-RU');

			const [record] = recogniser.records;
			assert.ok(recogniser.audio().equals(SPEECH));
			assert.equal(record?.path, PATH);
			assert.equal(record?.headers.authorization, 'Bearer lab-iam-token');
			assert.deepEqual(record?.closed, { by: 'recogniser', code: 0, reason: '' });
			const uuids = new Set(responses.map(({ sessionUuid }) => sessionUuid?.uuid));
			assert.equal(uuids.size, 1);
			assert.match([...uuids][0] ?? '', /^[0-9a-f-]{36}$/);
			const received = responses.at(-1)?.audioCursors?.receivedDataMs;
			assert.equal(received, SPEECH.length / 32);
		}));

	it('agree about silence, and about ends of utterances that the client tells', () =>
		withRecogniser({}, async (recogniser) => {
			const [one, two] = [numberedAudio(2), numberedAudio(2, 16_000, 9)];
			const pause = request({ silenceChunk: { durationMs: 900 } });
			const responses = await run(recogniser, [
				options({ eouClassifier: { externalClassifier: {} } }),
				...chunks(one),
				pause,
				request({ eou: {} }),
				...chunks(two),
			]);
			const finals = responses.flatMap(({ final }) => final?.alternatives ?? []);
			assert.deepEqual(
				finals.map(({ text, startTimeMs }) => [text, startTimeMs]),
				[
					[numberedText(2), 10],
					[numberedText(2, 9), 1110],
				],
			);
			assert.ok(recogniser.audio().equals(Buffer.concat([one, two])));
		}));

	it('agree about what is refused', () =>
		withRecogniser({}, async (recogniser) => {
			const wrongFolder = { headers: { 'x-folder-id': 'elsewhere' } };
			const unformatted = stt.RecognitionModelOptions.fromPartial({ model: 'general' });
			const cases: [what: string, () => Promise<unknown>, RegExp][] = [
				['a token', () => run(recogniser, [options()], { iamToken: 'wrong' }), /UNAUTHENTICATED/],
				['a folder', () => run(recogniser, [options()], wrongFolder), /PERMISSION_DENIED/],
				['no options', () => run(recogniser, chunks(silence(100))), /INVALID_ARGUMENT.*options/],
				['nothing', () => run(recogniser, []), /INVALID_ARGUMENT.*options/],
				['options twice', () => run(recogniser, [options(), options()]), /INVALID_ARGUMENT/],
				[
					'no audio format',
					() => run(recogniser, [options({ recognitionModel: unformatted })]),
					/INVALID_ARGUMENT.*raw_audio/,
				],
			];
			for (const [what, session, pattern] of cases) await assert.rejects(session, pattern, what);
		}));

	it('agree about every way a session can fail, also after results', async () => {
		for (const code of [1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])
			for (const at of [{ audioMs: 1000 }, 'finish'] as const) {
				const script = { cues: [{ at, do: 'close', code, reason: `trouble ${code}` } as const] };
				await withRecogniser({ script }, async (recogniser) => {
					const responses: stt.StreamingResponse[] = [];
					const requests = [options(), ...chunks(numberedAudio(10))];
					await assert.rejects(run(recogniser, requests, {}, responses), {
						message: `${PATH} ${status[code]}: trouble ${code}`,
					});
					assert.ok(responses.some(({ partial }) => partial?.alternatives.length));
					assert.deepEqual(recogniser.records[0]?.closed, {
						by: 'recogniser',
						code,
						reason: `trouble ${code}`,
					});
				});
			}
	});

	it('agree about a connection that is cut, and about a client that cancels', () =>
		withRecogniser({}, async (recogniser) => {
			recogniser.script = [{ cues: [{ at: { audioMs: 300 }, do: 'drop' }] }, {}];
			const cut = run(recogniser, [options(), ...chunks(numberedAudio(10))]);
			await assert.rejects(cut, /UNAVAILABLE/);

			// Leaving the loop over the responses is how this client cancels.
			await run(recogniser, [options(), ...chunks(numberedAudio(10))], { first: true });
			const [, second] = recogniser.records;
			await recogniser.until('the end', () => second?.closed);
			assert.deepEqual(second?.closed, { by: 'client', code: 1, reason: 'cancelled' });
		}));

	it('agree about the limits of a session', async () => {
		const limits = [{ sessionMs: 500 }, { bytes: 16_000 }];
		for (const limit of limits)
			await withRecogniser({ limits: limit }, (recogniser) =>
				assert.rejects(
					run(recogniser, [options(), ...chunks(silence(600))]),
					/OUT_OF_RANGE.*Exceeded maximum/,
				),
			);
	});
});

describe('the vendor’s SDK and this package', () => {
	it('make the same JWT of the key of a service account, and the loopback IAM takes both', async () => {
		const iam = await startIam();
		try {
			const key = readServiceAccountKey(iam.serviceAccount);
			const ours = createJwt(key, 'https://iam.api.cloud.yandex.net/iam/v1/tokens');
			const theirs = sdkJwt(iam.serviceAccount);
			assert.equal(iam.problemWith(ours), undefined);
			assert.equal(iam.problemWith(theirs), undefined);
			const [mine, other] = [ours, theirs].map((jwt) =>
				jwt.split('.', 2).map((part) => JSON.parse(String(Buffer.from(part, 'base64url')))),
			) as [Claims, Claims];
			assert.deepEqual(mine[0], other[0]);
			assert.deepEqual(Object.keys(mine[1]).sort(), Object.keys(other[1]).sort());
			assert.deepEqual([mine[1].iss, mine[1].aud], [other[1].iss, other[1].aud]);
			assert.equal(mine[1].exp - mine[1].iat, other[1].exp - other[1].iat);
		} finally {
			await iam.stop();
		}
	});
});

type Claims = [object, { iss: string; aud: string; iat: number; exp: number }];

/** The SDK sends its JWT only to the vendor: it is taken from where the SDK makes it. */
function sdkJwt(serviceAccount: string): string {
	const require = createRequire(import.meta.url);
	const folder = dirname(require.resolve('@yandex-cloud/nodejs-sdk'));
	const { IamTokenService } = require(join(folder, 'token-service/iam-token-service.js')) as {
		IamTokenService: new (key: object) => { getJwtRequest(): string };
	};
	const { id, service_account_id, private_key } = JSON.parse(serviceAccount);
	const privateKey = private_key.slice(private_key.indexOf('-----BEGIN'));
	return new IamTokenService({
		serviceAccountId: service_account_id,
		accessKeyId: id,
		privateKey,
	}).getJwtRequest();
}
