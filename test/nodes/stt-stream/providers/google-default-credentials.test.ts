import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { ProviderConfig } from '../../../../nodes/stt-stream/providers/provider.ts';
import { type LoopbackGoogle, startGoogle } from '../../../lab/recognisers/google.ts';
import {
	type LoopbackGoogleTokens,
	startGoogleTokens,
	type TokenSettings,
} from '../../../lab/recognisers/google-tokens.ts';
import { never, wishes } from '../helpers.ts';
import { assertSecret, bearer, NONE, refusal, speak } from './google-credentials.ts';
import { providerAt, VERSIONS, type Version } from './google-helpers.ts';

// The credentials that a machine has: what becomes of them, and what when there are none, or they are not liked.

const ADC = { options: { applicationDefaultCredentials: true }, credentials: NONE };

/** What the vendor's library looks at. */
const VARIABLES = [
	'GOOGLE_APPLICATION_CREDENTIALS',
	'CLOUDSDK_CONFIG',
	'GCE_METADATA_HOST',
	'METADATA_SERVER_DETECTION',
	'GOOGLE_CLOUD_PROJECT',
	'GOOGLE_CLOUD_QUOTA_PROJECT',
];

describe('Google: application default credentials', () => {
	const saved = new Map(VARIABLES.map((name) => [name, process.env[name]]));
	let folder: string;
	let recogniser: LoopbackGoogle;
	const sources: LoopbackGoogleTokens[] = [];

	before(async () => {
		folder = await mkdtemp(join(tmpdir(), 'voice-adc-'));
		recogniser = await startGoogle({ tokens: () => sources.flatMap(({ tokens }) => tokens) });
	});
	beforeEach(async () => {
		for (const source of sources.splice(0)) await source.stop();
		for (const name of VARIABLES) delete process.env[name];
		// Nothing of whoever runs the tests, and no network.
		process.env['CLOUDSDK_CONFIG'] = folder;
		process.env['METADATA_SERVER_DETECTION'] = 'none';
		recogniser.records.length = 0;
	});
	after(async () => {
		for (const [name, value] of saved)
			if (value === undefined) delete process.env[name];
			else process.env[name] = value;
		for (const source of sources) await source.stop();
		await recogniser.stop();
		await rm(folder, { recursive: true, force: true });
	});

	async function source(settings: TokenSettings = {}): Promise<LoopbackGoogleTokens> {
		const tokens = await startGoogleTokens(settings);
		sources.push(tokens);
		return tokens;
	}

	/** This is a machine of Google's. */
	async function machine(settings: TokenSettings = {}): Promise<LoopbackGoogleTokens> {
		const tokens = await source(settings);
		process.env['METADATA_SERVER_DETECTION'] = 'assume-present';
		process.env['GCE_METADATA_HOST'] = tokens.host;
		return tokens;
	}

	/** This is a machine in another cloud, whose tokens are exchanged. */
	async function foreigner(settings: TokenSettings = {}): Promise<LoopbackGoogleTokens> {
		const tokens = await source(settings);
		await writeFile(join(folder, 'subject'), 'token-of-another-cloud');
		await file('external.json', tokens.externalAccount(join(folder, 'subject')));
		return tokens;
	}

	/** A file that the machine's variable names. */
	async function file(name: string, content: string): Promise<void> {
		const path = join(folder, name);
		await writeFile(path, content);
		process.env['GOOGLE_APPLICATION_CREDENTIALS'] = path;
	}

	const provider = (version: Version = 'v1', more: Partial<ProviderConfig> = {}) =>
		providerAt(recogniser, version, { ...ADC, ...more });

	it('are not used without being asked for', () => {
		process.env['GOOGLE_APPLICATION_CREDENTIALS'] = join(folder, 'account.json');
		assert.throws(() => providerAt(recogniser, 'v1', { endpoint: '', options: {}, credentials: NONE }), {
			code: 'STT_CONFIG',
			message: /applicationDefaultCredentials/,
		});
	});

	for (const version of VERSIONS)
		it(`${version}: those in a file of a service account sign for sessions`, async () => {
			const { account } = recogniser;
			await file('account.json', account.json);
			assert.equal(await speak(provider(version, { options: { ...ADC.options, project: '' } })), undefined);
			assert.equal(account.problemWith(bearer(recogniser)[0] ?? ''), undefined);
		});

	it('those of a machine of Google’s are asked for once for many sessions', async () => {
		const tokens = await machine({ delayMs: 50 });
		const one = provider();
		const errors = await Promise.all(Array.from({ length: 10 }, () => speak(one)));
		assert.deepEqual([...new Set(errors)], [undefined]);
		assert.equal(await speak(one), undefined);
		assert.equal(tokens.requests.length, 1);
		assert.deepEqual([...new Set(bearer(recogniser))], tokens.tokens);
	});

	it('those of a machine of Google’s are asked for again before they end, and when they were refused', async () => {
		const tokens = await machine({ expiresIn: 200 });
		const one = provider();
		for (let count = 1; count <= 2; count++) {
			assert.equal(await speak(one), undefined);
			assert.equal(tokens.requests.length, count);
		}
		const lasting = await machine();
		const other = provider();
		assert.equal(await speak(other), undefined);
		lasting.tokens.length = 0;
		assert.equal((await speak(other))?.code, 'STT_AUTH');
		assert.equal(await speak(other), undefined);
		assert.equal(lasting.requests.length, 2);
	});

	it('the program gcloud is not run for them', async () => {
		const mark = join(folder, 'gcloud-was-run');
		await writeFile(join(folder, 'gcloud'), `#!/bin/sh\ntouch '${mark}'\n`, { mode: 0o755 });
		const { PATH } = process.env;
		process.env['PATH'] = `${folder}:${PATH}`;
		try {
			await machine();
			assert.equal(await speak(provider()), undefined);
			await file('account.json', recogniser.account.json);
			assert.equal(await speak(provider()), undefined);
			// It would have been run by now, and was there to be run.
			await assert.rejects(access(mark));
			await promisify(execFile)('gcloud');
			await access(mark);
		} finally {
			process.env['PATH'] = PATH;
		}
	});

	it('v2: the project is that of the machine’s variable, or must be said', async () => {
		await machine();
		const options = { ...ADC.options, project: '' };
		const error = await refusal(provider('v2', { options }).open(wishes(), never()));
		assert.deepEqual([error.code, error.retryable], ['STT_CONFIG', false], error.message);
		assert.match(error.message, /option project/);
		process.env['GOOGLE_CLOUD_PROJECT'] = 'lab-project';
		assert.equal(await speak(provider('v2', { options })), undefined);
	});

	it('those of another cloud are exchanged', async () => {
		const tokens = await foreigner();
		assert.equal(await speak(provider()), undefined);
		assert.match(tokens.requests[0] ?? '', /subject_token=token-of-another-cloud/);
		assert.deepEqual(bearer(recogniser), tokens.tokens);
	});

	it('that are not there, or cannot be read, are told with what would help', async () => {
		const none = await refusal(provider().open(wishes(), never()));
		assert.deepEqual([none.code, none.retryable], ['STT_CONFIG', false], none.message);
		assert.match(none.message, /on this machine: run "gcloud auth application-default login"/);
		const secret = 'a-secret-that-somebody-has-put-into-it';
		for (const content of [secret, `{"private_key":"${secret}"`, '{}', `{"private_key":"${secret}"}`]) {
			await file('broken.json', content);
			const error = await refusal(provider().open(wishes(), never()));
			assert.deepEqual([error.code, error.retryable], ['STT_CONFIG', false], error.message);
			assertSecret([secret, secret.slice(0, 21)], error);
			assert.doesNotMatch(error.message, /a-secret/);
		}
		process.env['GOOGLE_APPLICATION_CREDENTIALS'] = join(folder, 'missing.json');
		const missing = await refusal(provider().open(wishes(), never()));
		assert.deepEqual([missing.code, missing.retryable], ['STT_CONFIG', false], missing.message);
		assert.match(missing.message, /missing\.json/);
	});

	for (const [status, body, code, retryable] of [
		[
			400,
			'{"error":"invalid_grant","error_description":"Token has been revoked: SUBJECT"}',
			'STT_AUTH',
			false,
		],
		[401, '', 'STT_AUTH', false],
		[403, '{"error":"access_denied"}', 'STT_AUTH', false],
		[503, '{"error":"later"}', 'STT_CONNECT', true],
	] as const)
		it(`an exchange that answers ${status}: ${code}`, async () => {
			await foreigner({
				answer: () => ({ status, body: body.replace('SUBJECT', 'token-of-another-cloud') }),
			});
			const error = await refusal(provider().open(wishes(), never()));
			assert.deepEqual([error.code, error.retryable], [code, retryable], error.message);
			assert.match(error.problem, new RegExp(`HTTP status ${status}`));
			assertSecret(['token-of-another-cloud'], error);
			assert.equal(recogniser.records.length, 0);
		});

	it('nobody there: it may be tried again', async () => {
		await machine();
		await sources.pop()?.stop();
		const error = await refusal(provider().open(wishes(), never()));
		assert.deepEqual([error.code, error.retryable], ['STT_CONNECT', true], error.message);
		assert.match(error.message, /ECONNREFUSED/);
	});

	it('an answer that does not come is waited for by nobody who has given up', async () => {
		await machine({ delayMs: 600_000 });
		const giveUp = new AbortController();
		const reason = new Error('given up');
		const one = provider();
		const opening = one.open(wishes(), giveUp.signal);
		giveUp.abort(reason);
		await assert.rejects(opening, reason);
		await assert.rejects(one.open(wishes(), AbortSignal.abort(reason)), reason);
		assert.equal(recogniser.records.length, 0);
	});
});
