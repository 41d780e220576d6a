import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createProvider } from '../../../../nodes/stt-stream/providers/index.ts';
import {
	type ProviderConfig,
	type SttProvider,
	VoiceError,
} from '../../../../nodes/stt-stream/providers/provider.ts';
import { createAuthority } from '../../../lab/certificates.ts';
import type { Moment } from '../../../lab/recognisers/script.ts';
import { ROWS } from '../failures/yandex-rows.ts';
import { beginStream, listen, never, silence, wishes } from '../helpers.ts';
import { providerAt, withRecogniser } from './yandex-helpers.ts';

// Every status of gRPC, and everything else that can go wrong, and what a user is told.

const KEY = 'AQVN-secret-lab-key';

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
	assert.match(error.problem, /^Yandex SpeechKit at [\w.:-]+ /);
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

describe('Yandex: what goes wrong', () => {
	for (const [status, name, text, expected, retryable] of ROWS)
		it(`${name} ${text}`, async () => {
			for (const [when, at] of Object.entries(MOMENTS)) {
				const reason = text && `${text}\nof ${KEY}`;
				const script = { cues: [{ at, do: 'close', code: status, reason } as const] };
				await withRecogniser({ apiKey: KEY, script }, async (recogniser) => {
					const error = await failure(providerAt(recogniser, { credentials }));
					assert.equal(error.code, expected, `${when}: ${error.message}`);
					assert.equal(error.retryable, retryable, `${when}: ${error.message}`);
					const details = text ? `${name}: ${text} of [secret]` : name;
					assert.ok(error.problem.endsWith(`(${details})`), error.problem);
					assert.equal(recogniser.records.length, 1, when);
				});
			}
		});

	it('a connection that is cut may be tried again', async () => {
		for (const at of Object.values(MOMENTS))
			await withRecogniser({ apiKey: KEY, script: { cues: [{ at, do: 'drop' }] } }, async (recogniser) => {
				const error = await failure(providerAt(recogniser, { credentials }));
				assert.equal(error.code, 'STT_CONNECT', error.message);
				assert.equal(error.retryable, true);
				await recogniser.until('the end of the connection', () => recogniser.open === 0);
			});
	});

	it('a session without a sign of life from the client ends, and may be tried again', () =>
		withRecogniser({ apiKey: KEY, limits: { idleMs: 100 } }, async (recogniser) => {
			const session = await providerAt(recogniser, { credentials }).open(wishes(), never());
			const error = await listen(session).end;
			assert.equal(error?.code, 'STT_TIMEOUT');
			assert.equal(error?.retryable, true);
		}));

	for (const [kind, secrets] of [
		['API key', { apiKey: `${KEY}-wrong`, token: '', serviceAccount: '' }],
		['IAM token', { apiKey: '', token: 't1.secret-lab-token', serviceAccount: '' }],
	] as const)
		it(`a wrong ${kind} is tried once, and not said`, () =>
			withRecogniser({ apiKey: KEY }, async (recogniser) => {
				const { session, outcome } = beginStream(providerAt(recogniser, { credentials: secrets }), {
					settings: { reconnectMs: 60_000 },
				});
				session.write(silence(500));
				const closed = await outcome.closed;
				assert.equal(closed.code, 'STT_AUTH');
				assert.equal(outcome.errors.length, 1);
				assertFit(outcome.errors[0] as VoiceError);
				assert.doesNotMatch(JSON.stringify(outcome.events), /secret-lab/);
				assert.equal(recogniser.records.length, 1);
				assert.equal(recogniser.relay.count, 1);
				await recogniser.until('the end of the connection', () => recogniser.open === 0);
			}));

	it('a folder that is not the account’s: the role and the folder are to be checked', () =>
		withRecogniser({ apiKey: KEY }, async (recogniser) => {
			const options = { folderId: 'elsewhere' };
			const error = await failure(providerAt(recogniser, { credentials, options }));
			assert.equal(error.code, 'STT_AUTH');
			assert.match(error.remedy, /ai\.speechkit-stt\.user.*folderId/);
		}));
});

describe('Yandex: no connection', () => {
	let folder: string;
	const authority = createAuthority();
	const tls = authority.issue('localhost');
	const caFile = () => join(folder, 'ca.pem');

	before(async () => {
		folder = await mkdtemp(join(tmpdir(), 'voice-yandex-'));
		await writeFile(caFile(), authority.ca);
		await writeFile(join(folder, 'other.pem'), createAuthority().ca);
		await writeFile(join(folder, 'none.pem'), 'no certificate');
	});
	after(() => rm(folder, { recursive: true, force: true }));

	const speaks = async (provider: SttProvider) => {
		const session = await provider.open(wishes(), never());
		const heard = listen(session);
		session.write(silence(100));
		await session.finish();
		assert.equal(await heard.end, undefined);
	};

	it('TLS is trusted by the authority in caFile, and by that only', () =>
		withRecogniser({ tls }, async (recogniser) => {
			const at = (more: Partial<ProviderConfig>) => providerAt(recogniser, more).open(wishes(), never());
			await speaks(providerAt(recogniser, { caFile: caFile() }));

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

	it('a certificate for another name is not trusted, whatever NODE_TLS_REJECT_UNAUTHORIZED says', () =>
		withRecogniser({ tls: authority.issue('elsewhere.example') }, async (recogniser) => {
			const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
			process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
			try {
				const error = await refusal(providerAt(recogniser, { caFile: caFile() }).open(wishes(), never()));
				assert.deepEqual([error.code, error.retryable], ['STT_CONNECT', false], error.message);
				assert.match(error.message, /not trusted/);
			} finally {
				if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
				else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
			}
			assert.equal(recogniser.records.length, 0);
		}));

	it('TLS is never given up for plain text, nor the other way round', async () => {
		await withRecogniser({}, async (recogniser) => {
			const error = await refusal(
				providerAt(recogniser, { endpoint: recogniser.host }).open(wishes(), never()),
			);
			assert.equal(error.code, 'STT_CONNECT', error.message);
			assert.equal(recogniser.records.length, 0);
		});
		await withRecogniser({ tls }, async (recogniser) => {
			const error = await refusal(
				providerAt(recogniser, { endpoint: `grpc://${recogniser.host}` }).open(wishes(), never()),
			);
			assert.equal(error.code, 'STT_CONNECT', error.message);
			assert.equal(recogniser.records.length, 0);
		});
	});

	it('nobody there, and no such host', () =>
		withRecogniser({}, async (recogniser) => {
			const provider = providerAt(recogniser);
			const elsewhere = providerAt(recogniser, { endpoint: 'grpc://no-such-host.invalid:1' });
			await recogniser.stop();
			const refused = await refusal(provider.open(wishes(), never()));
			assert.deepEqual([refused.code, refused.retryable], ['STT_CONNECT', true], refused.message);
			assert.match(refused.message, /refused the connection \(ECONNREFUSED\)/);

			const unknown = await refusal(elsewhere.open(wishes(), never()));
			assert.deepEqual([unknown.code, unknown.retryable], ['STT_CONNECT', true], unknown.message);
			assert.match(unknown.message, /was not found/);
		}));

	it('a server that is none of gRPC, and one that hangs up', async () => {
		const page = createServer((_request, response) => response.writeHead(200).end('hello'));
		const mute = createTcpServer((socket) => socket.destroy());
		for (const server of [page, mute]) {
			await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
			const { port } = server.address() as AddressInfo;
			for (const endpoint of [`grpc://localhost:${port}`, `localhost:${port}`]) {
				const more = { endpoint, caFile: '', model: '', options: {}, credentials };
				const error = await refusal(createProvider('yandex', more).open(wishes(), never()));
				assert.equal(error.code, 'STT_CONNECT', error.message);
				// An outage looks like this.
				if (server === mute) assert.equal(error.retryable, true, error.message);
				assert.doesNotMatch(error.message, /Resolution note|undefined/);
			}
			await new Promise((resolve) => server.close(resolve));
		}
	});
});
