import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
	type ProviderConfig,
	type SttProvider,
	VoiceError,
} from '../../../../nodes/stt-stream/providers/provider.ts';
import { createAuthority } from '../../../lab/certificates.ts';
import type { Moment } from '../../../lab/recognisers/script.ts';
import { ROWS } from '../failures/google-rows.ts';
import { beginStream, listen, never, silence, wishes } from '../helpers.ts';
import { providerAt, VERSIONS, withRecogniser } from './google-helpers.ts';

// Every status of gRPC, and everything else that can go wrong, and what a user is told.

const KEY = 'AIza-secret-lab-key';

const MOMENTS: Record<string, Moment> = {
	'at the beginning': 'open',
	'in the middle': { audioMs: 200 },
	'at the end': 'finish',
};

const credentials = { apiKey: KEY, token: '', serviceAccount: '' };

/** The error of a session that gets 400 ms of audio and is finished. */
async function failure(provider: SttProvider): Promise<VoiceError> {
	const session = await provider.open(wishes(), never());
	const heard = listen(session);
	for (let piece = 0; piece < 4; piece++) session.write(silence(100));
	await session.finish();
	const error = await heard.end;
	assert.ok(error instanceof VoiceError, String(error));
	assertFit(error);
	return error;
}

/** Fit for a log, and of use to somebody. */
function assertFit(error: VoiceError): void {
	const all = JSON.stringify({ ...error, message: error.message, stack: error.stack, cause: error.cause });
	assert.doesNotMatch(all, /secret-lab/);
	assert.doesNotMatch(error.message, /[\n\r]/);
	assert.match(error.problem, /^Google Speech-to-Text at [\w.:-]+ /);
	assert.ok(error.remedy.length > 5);
}

async function refusal(opening: Promise<unknown>): Promise<VoiceError> {
	const error = await opening.then(
		() => assert.fail('it opened'),
		(thrown: unknown) => thrown,
	);
	assert.ok(error instanceof VoiceError, String(error));
	assertFit(error);
	return error;
}

/** What shall be in the remedy. */
const REMEDIES: readonly [text: RegExp, remedy: RegExp][] = [
	[/has not been used/, /enable the "Cloud Speech-to-Text API"/],
	[/are blocked/, /restrictions of the key/],
	[/billing/, /billing account/],
	[/recognizers\.recognize/, /roles\/speech\.client/],
	[/end user credentials/, /quotaProject/],
	[/does not support feature/, /enableWordConfidence/],
	[/location named/, /options location and recognizer/],
	[/find Recognizer/, /options project, location and recognizer/],
	[/API keys are not supported/, /"apiVersion": "v1"/],
	[/API key (not valid|expired)/, /"Credentials"/],
	[/invalid authentication/, /date of this machine/],
];

describe('Google: what goes wrong', () => {
	for (const [status, name, text, expected, retryable] of ROWS)
		it(`${name} ${text}`, async () => {
			for (const [when, at] of Object.entries(MOMENTS)) {
				const reason = text && `${text}\nof ${KEY}`;
				const script = { cues: [{ at, do: 'close', code: status, reason } as const] };
				await withRecogniser({ apiKey: KEY, script }, async (recogniser) => {
					const error = await failure(providerAt(recogniser, 'v1', { credentials }));
					assert.equal(error.code, expected, `${when}: ${error.message}`);
					assert.equal(error.retryable, retryable, `${when}: ${error.message}`);
					const details = text ? `${name}: ${text} of [secret]` : name;
					assert.ok(error.problem.endsWith(`(${details})`), error.problem);
					assert.equal(recogniser.records.length, 1, when);
					const [, remedy] = REMEDIES.find(([pattern]) => pattern.test(text)) ?? [];
					if (remedy) assert.match(error.remedy, remedy);
				});
			}
		});

	for (const version of VERSIONS) {
		it(`${version}: a connection that is cut may be tried again`, async () => {
			for (const at of Object.values(MOMENTS))
				await withRecogniser({ script: { cues: [{ at, do: 'drop' }] } }, async (recogniser) => {
					const error = await failure(providerAt(recogniser, version));
					assert.deepEqual([error.code, error.retryable], ['STT_CONNECT', true], error.message);
					await recogniser.until('the end of the connection', () => recogniser.open === 0);
				});
		});

		it(`${version}: a session without audio ends, as one that is too long, and may be tried again`, async () => {
			for (const limits of [{ idleMs: 100 }, { sessionMs: 300 }])
				await withRecogniser({ limits }, async (recogniser) => {
					const session = await providerAt(recogniser, version).open(wishes(), never());
					const heard = listen(session);
					session.write(silence(350));
					const error = await heard.end;
					assert.deepEqual([error?.code, error?.retryable], ['STT_TIMEOUT', true], error?.message);
					assert.match(error?.message ?? '', 'idleMs' in limits ? /nothing happened/ : /reached its limit/);
				});
		});

		for (const [kind, secrets, text] of [
			['API key', { apiKey: `${KEY}-wrong`, token: '', serviceAccount: '' }, /API key not valid/],
			['token', { apiKey: '', token: 'ya29.secret-lab-token', serviceAccount: '' }, /invalid authentication/],
		] as const)
			it(`${version}: a wrong ${kind} is tried once, and not said`, () =>
				withRecogniser({ apiKey: KEY }, async (recogniser) => {
					const provider = providerAt(recogniser, version, { credentials: secrets });
					const { session, outcome } = beginStream(provider, { settings: { reconnectMs: 60_000 } });
					session.write(silence(500));
					const closed = await outcome.closed;
					assert.equal(closed.code, 'STT_AUTH');
					assert.equal(outcome.errors.length, 1);
					assertFit(outcome.errors[0] as VoiceError);
					assert.match(outcome.errors[0]?.message ?? '', text);
					assert.doesNotMatch(JSON.stringify(outcome.events), /secret-lab/);
					assert.deepEqual([recogniser.records.length, recogniser.relay.count], [1, 1]);
					await recogniser.until('the end of the connection', () => recogniser.open === 0);
				}));
	}

	it('v2: an API key alone, another project and what the model cannot do: the error names what would help', () =>
		withRecogniser({}, async (recogniser) => {
			const apiKey = { apiKey: 'lab-api-key', token: '', serviceAccount: '' };
			const key = await failure(providerAt(recogniser, 'v2', { credentials: apiKey }));
			assert.equal(key.code, 'STT_AUTH');
			assert.match(key.remedy, /roles\/speech\.client.*API key alone is not enough/);
			const other = await failure(providerAt(recogniser, 'v2', { options: { project: 'other' } }));
			assert.equal(other.code, 'STT_AUTH');
			const options = { enableWordConfidence: true };
			const feature = await failure(providerAt(recogniser, 'v2', { model: 'chirp_3', options }));
			assert.deepEqual([feature.code, feature.retryable], ['STT_CONFIG', false]);
			assert.match(feature.remedy, /enableWordConfidence/);
		}));
});

describe('Google: no connection', () => {
	let folder: string;
	const authority = createAuthority();
	const tls = authority.issue('localhost');
	const caFile = () => join(folder, 'ca.pem');

	before(async () => {
		folder = await mkdtemp(join(tmpdir(), 'voice-google-'));
		await writeFile(caFile(), authority.ca);
		await writeFile(join(folder, 'other.pem'), createAuthority().ca);
		await writeFile(join(folder, 'none.pem'), 'no certificate');
	});
	after(() => rm(folder, { recursive: true, force: true }));

	it('TLS is trusted by the authority in caFile, and by that only', () =>
		withRecogniser({ tls }, async (recogniser) => {
			const at = (more: Partial<ProviderConfig>) =>
				providerAt(recogniser, 'v1', more).open(wishes(), never());
			const session = await at({ caFile: caFile() });
			const heard = listen(session);
			await session.finish();
			assert.equal(await heard.end, undefined);
			for (const file of ['', join(folder, 'other.pem')]) {
				const error = await refusal(at({ caFile: file }));
				assert.deepEqual([error.code, error.retryable], ['STT_CONNECT', false], error.message);
				assert.match(error.message, /not trusted/);
			}
			for (const file of ['none.pem', 'missing.pem']) {
				const error = await at({ caFile: join(folder, file) }).catch((thrown) => thrown);
				assert.deepEqual([error.code, error.retryable], ['STT_CONFIG', false], error.message);
			}
			assert.equal(recogniser.records.length, 1);
		}));

	it('TLS is never given up for plain text, nor the other way round', async () => {
		await withRecogniser({}, async (recogniser) => {
			const { host: endpoint } = recogniser;
			const error = await refusal(providerAt(recogniser, 'v1', { endpoint }).open(wishes(), never()));
			assert.equal(error.code, 'STT_CONNECT', error.message);
			assert.equal(recogniser.records.length, 0);
		});
		await withRecogniser({ tls }, async (recogniser) => {
			const endpoint = `grpc://${recogniser.host}`;
			const error = await refusal(providerAt(recogniser, 'v1', { endpoint }).open(wishes(), never()));
			assert.equal(error.code, 'STT_CONNECT', error.message);
			assert.equal(recogniser.records.length, 0);
		});
	});

	it('nobody there, and no such host', () =>
		withRecogniser({}, async (recogniser) => {
			const provider = providerAt(recogniser);
			const elsewhere = providerAt(recogniser, 'v1', { endpoint: 'grpc://no-such-host.invalid:1' });
			await recogniser.stop();
			const refused = await refusal(provider.open(wishes(), never()));
			assert.deepEqual([refused.code, refused.retryable], ['STT_CONNECT', true], refused.message);
			const unknown = await refusal(elsewhere.open(wishes(), never()));
			assert.deepEqual([unknown.code, unknown.retryable], ['STT_CONNECT', true], unknown.message);
			assert.match(unknown.message, /was not found/);
		}));
});
