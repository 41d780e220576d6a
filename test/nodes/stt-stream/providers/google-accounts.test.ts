import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { readServiceAccountKey } from '../../../../nodes/stt-stream/providers/google/credentials.ts';
import type { ProviderConfig, VoiceError } from '../../../../nodes/stt-stream/providers/provider.ts';
import { LoopbackAccount } from '../../../lab/recognisers/google-account.ts';
import { numberedAudio, numberedText } from '../../../lab/recognisers/numbered-audio.ts';
import { beginStream, silence } from '../helpers.ts';
import { assertSecret, bearer, NONE, speak } from './google-credentials.ts';
import { providerAt, VERSIONS, withRecogniser } from './google-helpers.ts';

// The key of a service account: it signs for sessions, and nobody is asked.

const withKey = (serviceAccount: string): Partial<ProviderConfig> => ({
	credentials: { ...NONE, serviceAccount },
});

for (const version of VERSIONS)
	describe(`Google ${version}: the key of a service account`, () => {
		it('signs for sessions itself, and asks nobody, by which a stream is recognised', () =>
			withRecogniser({}, async (recogniser) => {
				const { account } = recogniser;
				// The project stands in the key.
				const provider = providerAt(recogniser, version, {
					...withKey(account.json),
					options: { project: '' },
				});
				const { session, outcome } = beginStream(provider, { settings: { reconnectMs: 60_000 } });
				session.write(numberedAudio(5));
				session.end();
				const closed = await outcome.closed;
				assert.deepEqual([closed.code, closed.text], [undefined, numberedText(5)]);
				const [jwt = ''] = bearer(recogniser);
				assert.equal(account.problemWith(jwt), undefined);
				const { private_key } = JSON.parse(account.json);
				assertSecret([jwt, private_key], outcome.events, outcome.transcripts, outcome.errors);
				await Promise.all(Array.from({ length: 10 }, () => speak(provider)));
				assert.deepEqual([...new Set(bearer(recogniser))], [jwt]);
			}));

		it('of another account is refused, once, and not shown', () =>
			withRecogniser({}, async (recogniser) => {
				const { json } = new LoopbackAccount('lab-project');
				assert.ok(recogniser.account);
				const { session, outcome } = beginStream(providerAt(recogniser, version, withKey(json)), {
					settings: { reconnectMs: 60_000 },
				});
				session.write(silence(500));
				assert.equal((await outcome.closed).code, 'STT_AUTH');
				assert.equal(recogniser.records.length, 1);
				const { private_key } = JSON.parse(json);
				assertSecret([...bearer(recogniser), private_key], outcome.events, outcome.errors);
			}));
	});

describe('Google: a key that is none', () => {
	it('is refused at once, and not shown', () => {
		const pair = (type: 'rsa' | 'ec') =>
			generateKeyPairSync(
				type as 'rsa',
				{
					...(type === 'rsa' ? { modulusLength: 2048 } : ({ namedCurve: 'P-256' } as never)),
					publicKeyEncoding: { type: 'spki', format: 'pem' },
					privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
				} as never,
			).privateKey as unknown as string;
		const whole = {
			type: 'service_account',
			project_id: 'project-of-mine',
			client_email: 'account-of-mine',
			private_key: pair('rsa'),
		};
		assert.equal(readServiceAccountKey(JSON.stringify(whole)).client_email, 'account-of-mine');
		for (const key of [
			'nonsense of-mine',
			'/path/of-mine.json',
			'null',
			'[]',
			'{}',
			JSON.stringify({ ...whole, private_key: pair('ec') }),
			JSON.stringify({ ...whole, private_key: '-----BEGIN PRIVATE KEY-----\nof-mine\n' }),
			JSON.stringify({ ...whole, private_key: undefined }),
			JSON.stringify({ ...whole, client_email: 7 }),
			// They could name any address, and any program.
			JSON.stringify({ ...whole, type: 'external_account', token_url: 'http://127.0.0.1/of-mine' }),
			JSON.stringify({ ...whole, type: 'authorized_user' }),
			JSON.stringify({ ...whole, type: undefined }),
		])
			assert.throws(
				() => readServiceAccountKey(key),
				(error: VoiceError) => {
					assert.deepEqual([error.code, error.retryable], ['STT_CONFIG', false], key.slice(0, 60));
					assert.match(error.message, /"type": "service_account"/);
					assert.doesNotMatch(`${error.stack} ${String(error.cause)}`, /of-mine/);
					return true;
				},
			);
	});
});
