import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
	type ProviderConfig,
	type SttProvider,
	VoiceError,
} from '../../../../nodes/stt-stream/providers/provider.ts';
import { IamTokens, readServiceAccountKey } from '../../../../nodes/stt-stream/providers/yandex/iam.ts';
import { createAuthority } from '../../../lab/certificates.ts';
import { type IamSettings, type LoopbackIam, startIam } from '../../../lab/recognisers/iam.ts';
import { numberedAudio, numberedText } from '../../../lab/recognisers/numbered-audio.ts';
import type { LoopbackYandex, YandexSettings } from '../../../lab/recognisers/yandex.ts';
import { beginStream, listen, never, silence, wishes } from '../helpers.ts';
import { providerAt, withRecogniser } from './yandex-helpers.ts';

// The key of a service account: what becomes of it, and what when the tokens are not to be had or not liked.

interface Lab {
	iam: LoopbackIam;
	recogniser: LoopbackYandex;
	provider: SttProvider;
}

interface LabSettings extends YandexSettings {
	config?: Partial<ProviderConfig>;
	/** Which of the tokens that were given are good. Default: all. */
	good?: (tokens: readonly string[]) => readonly string[];
}

/** A recogniser that takes the tokens of a loopback IAM, and a provider that has only the key to get them by. */
async function lab(
	use: (lab: Lab) => Promise<void>,
	settings: IamSettings = {},
	more: LabSettings = {},
): Promise<void> {
	const { config, good = () => iam.tokens, ...yandex } = more;
	const iam = await startIam(settings);
	try {
		await withRecogniser({ tokens: () => good(iam.tokens), ...yandex }, (recogniser) =>
			use({ iam, recogniser, provider: providerAt(recogniser, { ...configFor(iam), ...config }) }),
		);
	} finally {
		await iam.stop();
	}
}

const configFor = ({ url, serviceAccount }: LoopbackIam) => ({
	options: { iamEndpoint: url },
	credentials: { apiKey: '', token: '', serviceAccount },
});

/** A whole session; its error, if it has one. */
async function speak(provider: SttProvider): Promise<VoiceError | undefined> {
	const session = await provider.open(wishes(), never());
	const heard = listen(session);
	session.write(silence(100));
	await session.finish();
	return heard.end;
}

async function refusal(opening: Promise<unknown>): Promise<VoiceError> {
	const error = await opening.then(
		() => assert.fail('it opened'),
		(thrown: unknown) => thrown,
	);
	assert.ok(error instanceof VoiceError, String(error));
	return error;
}

/** Nothing of the key, of a JWT or of a token. */
function assertSecret({ iam }: Pick<Lab, 'iam'>, ...shown: unknown[]): void {
	const text = shown
		.map((one) => (one instanceof Error ? `${one.stack} ${String(one.cause)} ${JSON.stringify(one)}` : one))
		.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)))
		.join(' ');
	const { private_key: pem } = JSON.parse(iam.serviceAccount) as { private_key: string };
	const secrets = [...iam.tokens, ...iam.requests, ...iam.requests.map((jwt) => jwt.split('.')[2] ?? '?')];
	for (const secret of [...secrets, ...pem.split('\n').filter((line) => line.length > 50)])
		assert.ok(!text.includes(secret), `${secret.slice(0, 10)}… is in ${text}`);
}

const bearer = ({ records }: LoopbackYandex) => records.map(({ headers }) => headers.authorization);

describe('Yandex: the key of a service account', () => {
	it('is exchanged for a token, by which a stream is recognised', () =>
		lab(async ({ iam, recogniser, provider }) => {
			const { session, outcome } = beginStream(provider, { settings: { reconnectMs: 60_000 } });
			session.write(numberedAudio(5));
			session.end();
			const closed = await outcome.closed;
			assert.deepEqual([closed.code, closed.text], [undefined, numberedText(5)]);
			assert.equal(iam.requests.length, 1);
			assert.equal(iam.problemWith(iam.requests[0] ?? ''), undefined);
			assert.deepEqual(bearer(recogniser), [`Bearer ${iam.tokens[0]}`]);
			assertSecret({ iam }, outcome.events, outcome.transcripts, outcome.errors);
		}));

	it('is exchanged once for twenty streams at the same time, and for those soon after', () =>
		lab(
			async ({ iam, recogniser, provider }) => {
				await Promise.all(Array.from({ length: 20 }, () => speak(provider)));
				await speak(provider);
				assert.equal(iam.requests.length, 1);
				assert.equal(recogniser.records.length, 21);
				assert.deepEqual([...new Set(bearer(recogniser))], [`Bearer ${iam.tokens[0]}`]);
			},
			{ delayMs: 100 },
		));

	it('is exchanged again before an opening where the token is some minutes old', (context) =>
		lab(async ({ iam, recogniser, provider }) => {
			let ahead = 0;
			const { performance } = globalThis;
			const now = performance.now.bind(performance);
			context.mock.method(performance, 'now', () => now() + ahead);
			for (const minutes of [0, 4, 5.1, 9, 10.5]) {
				ahead = minutes * 60_000;
				assert.equal(await speak(provider), undefined);
			}
			const [first, second, third] = iam.tokens.map((token) => `Bearer ${token}`);
			assert.deepEqual(bearer(recogniser), [first, first, second, second, third]);
			assert.equal(iam.requests.length, 3);
		}));

	it('is exchanged again where the token is about to end', () =>
		lab(async ({ iam, recogniser, provider }) => {
			const given: string[] = [];
			const lasting = (ms: number | undefined) => {
				const iamToken = `t1.lab-${given.length}`;
				given.push(iamToken);
				iam.tokens.push(iamToken);
				const expiresAt = ms && { expiresAt: new Date(Date.now() + ms).toISOString() };
				return { status: 200, body: JSON.stringify({ iamToken, ...expiresAt }) };
			};
			const lifetimes = [30_000, 59_000, 3_600_000];
			iam.answer = (index) => lasting(lifetimes[index]);
			for (let index = 0; index < 4; index++) assert.equal(await speak(provider), undefined);
			assert.deepEqual(
				bearer(recogniser),
				[0, 1, 2, 2].map((index) => `Bearer t1.lab-${index}`),
			);
			// One that does not say how long it lasts is as good as any.
			iam.answer = () => lasting(undefined);
			const another = providerAt(recogniser, configFor(iam));
			for (let index = 0; index < 2; index++) assert.equal(await speak(another), undefined);
			assert.equal(iam.requests.length, 4);
		}));

	it('gets another token where one is refused, but not a third', async () => {
		const words = async ({ iam, provider }: Lab) => {
			const { session, outcome } = beginStream(provider, { settings: { reconnectMs: 60_000 } });
			session.write(numberedAudio(3));
			session.end();
			const closed = await outcome.closed;
			assertSecret({ iam }, outcome.events, outcome.errors);
			return closed;
		};
		// Revoked before its time.
		const good = (tokens: readonly string[]) => tokens.slice(1);
		await lab(
			async (all) => {
				const closed = await words(all);
				assert.deepEqual([closed.code, closed.text], [undefined, numberedText(3)]);
				assert.deepEqual(
					bearer(all.recogniser),
					all.iam.tokens.map((token) => `Bearer ${token}`),
				);
				assert.equal(all.iam.tokens.length, 2);
			},
			{},
			{ good },
		);
		// The account itself is not wanted any more.
		await lab(
			async (all) => {
				assert.equal((await words(all)).code, 'STT_AUTH');
				assert.deepEqual([all.iam.requests.length, all.recogniser.records.length], [2, 2]);
			},
			{},
			{ good: () => [] },
		);
	});

	it('is sent to an IAM of one’s own, by TLS that the authority in caFile vouches for', async () => {
		const folder = await mkdtemp(join(tmpdir(), 'voice-iam-'));
		try {
			const authority = createAuthority();
			const caFile = join(folder, 'ca.pem');
			const other = join(folder, 'other.pem');
			await writeFile(caFile, authority.ca);
			await writeFile(other, createAuthority().ca);
			const tls = authority.issue('localhost');
			await lab(
				async ({ iam, recogniser, provider }) => {
					assert.match(iam.url, /^https:/);
					assert.equal(await speak(provider), undefined);
					for (const file of ['', other]) {
						const stranger = providerAt(recogniser, { ...configFor(iam), caFile: file });
						const error = await refusal(stranger.open(wishes(), never()));
						assert.deepEqual([error.code, error.retryable], ['STT_CONNECT', false], error.message);
						assert.match(error.message, /^Yandex IAM at localhost:\d+ .*not trusted/);
					}
					assert.deepEqual([iam.requests.length, recogniser.relay.count], [1, 1]);
				},
				{ tls },
				{ tls, config: { caFile } },
			);
		} finally {
			await rm(folder, { recursive: true, force: true });
		}
	});
});

describe('Yandex: a service account without a token', () => {
	for (const [status, body, code, retryable] of [
		[400, '{"code":3,"message":"malformed"}', 'STT_AUTH', false],
		[401, '{"code":16,"message":"The service account is not there: JWT"}', 'STT_AUTH', false],
		[403, '', 'STT_AUTH', false],
		[404, '<html>not here</html>', 'STT_CONFIG', false],
		[302, '', 'STT_CONFIG', false],
		[200, '{}', 'STT_CONFIG', false],
		[200, '{"iamToken":"two words"}', 'STT_CONFIG', false],
		[200, 'null', 'STT_CONFIG', false],
		[200, '[', 'STT_CONFIG', false],
		[429, '{"message":"slowly"}', 'STT_CONNECT', true],
		[500, '{"message":null}', 'STT_CONNECT', true],
		[503, 'upstream', 'STT_CONNECT', true],
		[200, 'x'.repeat(100_000), 'STT_CONNECT', true],
	] as const)
		it(`${status} ${body.slice(0, 40)}: ${code}${retryable ? ', and the next attempt may succeed' : ''}`, () =>
			lab(async ({ iam, recogniser, provider }) => {
				iam.answer = (index) =>
					index ? undefined : { status, body: body.replace('JWT', String(iam.requests[0])) };
				const error = await refusal(provider.open(wishes(), never()));
				assert.deepEqual([error.code, error.retryable], [code, retryable], error.message);
				assert.match(error.problem, /^Yandex IAM at localhost:\d+ /);
				assertSecret({ iam }, error);
				assert.equal(recogniser.relay.count, 0);
				assert.equal(await speak(provider), undefined);
			}));

	it('a stream goes on when the IAM does, and stops at once when it never will', async () => {
		await lab(async ({ iam, provider }) => {
			iam.answer = (index) => (index < 2 ? { status: 503, body: '' } : undefined);
			const { session, outcome } = beginStream(provider, { settings: { reconnectMs: 60_000 } });
			session.write(numberedAudio(3));
			session.end();
			const closed = await outcome.closed;
			assert.deepEqual([closed.code, closed.text], [undefined, numberedText(3)]);
			assert.equal(iam.requests.length, 3);
		});
		await lab(async ({ iam, recogniser, provider }) => {
			iam.answer = () => ({ status: 401, body: '{"message":"Key not found"}' });
			const { session, outcome } = beginStream(provider, { settings: { reconnectMs: 60_000 } });
			session.write(silence(500));
			assert.equal((await outcome.closed).code, 'STT_AUTH');
			assert.deepEqual([iam.requests.length, recogniser.relay.count], [1, 0]);
			assert.match(outcome.errors[0]?.message ?? '', /HTTP status 401: Key not found/);
		});
	});

	it('nobody there', () =>
		lab(async ({ iam, provider }) => {
			await iam.stop();
			const error = await refusal(provider.open(wishes(), never()));
			assert.deepEqual([error.code, error.retryable], ['STT_CONNECT', true], error.message);
			assert.match(error.message, /refused the connection \(ECONNREFUSED\)/);
		}));

	it('an answer that does not come is waited for a while, and by nobody who has given up', () =>
		lab(
			async ({ iam, recogniser, provider }) => {
				const giveUp = new AbortController();
				const reason = new Error('given up');
				const opening = provider.open(wishes(), giveUp.signal);
				const other = provider.open(wishes(), never());
				other.catch(() => {});
				giveUp.abort(reason);
				await assert.rejects(opening, reason);
				assert.equal(recogniser.relay.count, 0);

				const key = readServiceAccountKey(iam.serviceAccount);
				const tokens = new IamTokens(key, new URL(iam.url), '', 200);
				const error = await refusal(tokens.get(never()));
				assert.deepEqual([error.code, error.retryable], ['STT_CONNECT', true], error.message);
				assert.match(error.message, /\(ETIMEDOUT\)/);
				// Whoever else waits learns of its end.
				await iam.stop();
				assert.equal((await refusal(other)).code, 'STT_CONNECT');
			},
			{ delayMs: 600_000 },
		));

	it('a key that is none is refused at once, and not shown', () => {
		const ec = generateKeyPairSync('ec', {
			namedCurve: 'P-256',
			publicKeyEncoding: { type: 'spki', format: 'pem' },
			privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
		}).privateKey;
		const whole = { id: 'key-of-mine', service_account_id: 'account-of-mine', private_key: ec };
		for (const key of [
			'nonsense of-mine',
			'null',
			'[]',
			'{}',
			JSON.stringify(whole),
			JSON.stringify({ ...whole, private_key: '-----BEGIN PRIVATE KEY-----\nof-mine\n' }),
			JSON.stringify({ ...whole, private_key: undefined }),
			JSON.stringify({ ...whole, id: 7 }),
		])
			assert.throws(
				() => readServiceAccountKey(key),
				(error: VoiceError) => {
					assert.deepEqual([error.code, error.retryable], ['STT_CONFIG', false]);
					assert.match(error.message, /yc iam key create/);
					assert.doesNotMatch(`${error.stack} ${String(error.cause)}`, /of-mine/);
					return true;
				},
			);
	});
});
