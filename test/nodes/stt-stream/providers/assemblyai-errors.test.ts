import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VoiceError } from '../../../../nodes/stt-stream/providers/provider.ts';
import { silence } from '../helpers.ts';
import { open, recogniser, start } from './assemblyai-bench.ts';
import type { Version } from './assemblyai-helpers.ts';

// Every close code and HTTP status that is known of AssemblyAI, and what a user is told.

type Row = [code: number, text: string, expected: string, retryable: boolean];

const KEY = 'lab-api-key';

/** Close codes of v3, with the vendor's own texts. The last ones are what older servers sent. */
const V3: readonly Row[] = [
	[1001, '', 'STT_CONNECT', true],
	[1002, '', 'STT_PROTOCOL', true],
	[1003, '', 'STT_PROTOCOL', false],
	[1007, '', 'STT_PROTOCOL', true],
	[1008, 'Unauthorized Connection: Missing Authorization header', 'STT_AUTH', false],
	[1008, '', 'STT_AUTH', false],
	[1008, 'Unauthorized Connection: insufficient account balance', 'STT_QUOTA', false],
	[1008, 'Unauthorized Connection: account temporarily disabled', 'STT_QUOTA', false],
	[1008, 'Unauthorized Connection: Too many concurrent sessions', 'STT_QUOTA', true],
	[1009, '', 'STT_PROTOCOL', false],
	[1010, '', 'STT_PROTOCOL', true],
	[1011, '', 'STT_ENGINE', true],
	[1012, '', 'STT_CONNECT', true],
	[1013, '', 'STT_CONNECT', true],
	[1014, '', 'STT_CONNECT', true],
	[3005, 'Session Cancelled: An error occurred', 'STT_ENGINE', true],
	[3006, 'Invalid Message Type: Begin', 'STT_PROTOCOL', false],
	[3006, 'Invalid JSON: {', 'STT_PROTOCOL', false],
	[3006, 'Invalid Message: []', 'STT_PROTOCOL', false],
	[3007, 'Input duration violation: 20 ms. Expected between 50 and 1000 ms', 'STT_PROTOCOL', true],
	[3007, 'Audio Transmission Rate Exceeded: Received 9 sec. audio in 1 sec', 'STT_PROTOCOL', true],
	[3008, 'Session Expired: Maximum session duration exceeded', 'STT_TIMEOUT', true],
	[3009, 'Unauthorized Connection: Too many concurrent sessions', 'STT_QUOTA', true],
	[3005, 'Session Expired: Maximum session duration exceeded', 'STT_TIMEOUT', true],
	[3005, 'Input duration violation: 20 ms. Expected between 50 and 1000 ms', 'STT_PROTOCOL', true],
	[3005, 'Audio Transmission Rate Exceeded: Received 9 sec. audio in 1 sec', 'STT_PROTOCOL', true],
	[3005, 'Invalid JSON: {', 'STT_PROTOCOL', false],
	[3005, 'Unauthorized Connection: Too many concurrent sessions', 'STT_QUOTA', true],
	[3005, 'Model deprecated. See docs', 'STT_CONFIG', false],
	[3999, 'what nobody knows yet', 'STT_PROTOCOL', true],
];

/** The SDK's table of older codes; v2's own, and kept for v3. */
const OLDER: readonly Row[] = [
	[1013, 'Temporary server condition forced blocking client’s request', 'STT_CONNECT', true],
	[4000, 'Sample rate must be a positive integer', 'STT_AUDIO_FORMAT', false],
	[4001, 'Not Authorized', 'STT_AUTH', false],
	[4002, 'Insufficient Funds', 'STT_QUOTA', false],
	[4003, 'This feature is paid-only and requires you to add a credit card.', 'STT_QUOTA', false],
	[4004, 'Session Not Found', 'STT_PROTOCOL', true],
	[4008, 'Session Expired', 'STT_TIMEOUT', true],
	[4010, 'Session Previously Closed', 'STT_PROTOCOL', true],
	[4029, 'Client sent audio too fast', 'STT_PROTOCOL', true],
	[4030, 'Session is handled by another websocket', 'STT_PROTOCOL', true],
	[4031, 'Session idle for too long', 'STT_TIMEOUT', true],
	[4032, 'Audio duration is too short', 'STT_PROTOCOL', true],
	[4033, 'Audio duration is too long', 'STT_PROTOCOL', true],
	[4034, 'Audio too small to transcode', 'STT_PROTOCOL', true],
	[4100, 'Endpoint received invalid JSON', 'STT_PROTOCOL', false],
	[4101, 'Endpoint received a message with an invalid schema', 'STT_PROTOCOL', false],
	[4102, 'This account has exceeded the number of allowed streams', 'STT_QUOTA', true],
	[4103, 'The session has been reconnected. This websocket is no longer valid.', 'STT_PROTOCOL', true],
	[4104, 'Could not parse word boost parameter', 'STT_CONFIG', false],
	[4999, 'what nobody knows yet', 'STT_PROTOCOL', true],
];

/** HTTP statuses in place of the upgrade. */
const STATUSES: readonly Row[] = [
	[200, 'hello', 'STT_CONFIG', false],
	[301, '', 'STT_CONFIG', false],
	[302, '', 'STT_CONFIG', false],
	[400, '{"error":"bad parameter"}', 'STT_CONFIG', false],
	[401, '{"error":"Invalid API key"}', 'STT_AUTH', false],
	[401, '{"error":"Model deprecated. See docs"}', 'STT_CONFIG', false],
	[402, '{"error":"Insufficient funds"}', 'STT_QUOTA', false],
	[403, '<html><body>Forbidden</body></html>', 'STT_AUTH', false],
	[404, '', 'STT_CONFIG', false],
	[405, '', 'STT_CONFIG', false],
	[408, '', 'STT_TIMEOUT', true],
	[410, '', 'STT_CONFIG', false],
	[418, '', 'STT_CONFIG', false],
	[422, '{"detail":"speech_model"}', 'STT_CONFIG', false],
	[426, '', 'STT_CONFIG', false],
	[429, '{"error":"Too many requests"}', 'STT_QUOTA', true],
	[500, '', 'STT_CONNECT', true],
	[502, '<html></html>', 'STT_CONNECT', true],
	[503, '{"message":"overloaded"}', 'STT_CONNECT', true],
	[504, '', 'STT_CONNECT', true],
];

function check(error: unknown, [code, text, expected, retryable]: Row): VoiceError {
	assert.ok(error instanceof VoiceError, String(error));
	assert.equal(error.code, expected, `${code} ${text}: ${error.message}`);
	assert.equal(error.retryable, retryable, `${code} ${text}: ${error.message}`);
	assert.match(error.problem, /^AssemblyAI at 127\.0\.0\.1:\d+ /);
	assert.ok(error.problem.includes(String(code)), error.problem);
	assert.ok(error.remedy.length > 5);
	assert.doesNotMatch(JSON.stringify({ ...error, message: error.message }), /lab-api-key|\n/);
	return error;
}

/** The error of a session that the recogniser closes after the first audio. */
async function failure(version: Version, close: { code: number; error?: string; reason?: string }) {
	const lab = await start({ script: { cues: [{ at: { audioMs: 100 }, do: 'close', ...close }] } });
	const { session, heard } = await open({ version });
	session.write(silence(100));
	const error = await heard.end;
	await session.finish();
	assert.equal(lab.records.length, 1);
	return error;
}

for (const [version, rows] of [
	['assemblyai', [...V3, ...OLDER]],
	['assemblyai-v2', OLDER],
] as const)
	describe(`${version}: what goes wrong`, () => {
		for (const row of rows) {
			const [code, text] = row;
			it(`close code ${code}${text && `, ${text}`}`, async () => {
				const asMessage = check(await failure(version, { code, error: `${text} ${KEY}` }), row);
				if (text) assert.ok(asMessage.problem.includes(text.slice(0, 40)), asMessage.problem);
				assert.ok(asMessage.problem.includes('[secret]'));
				check(await failure(version, { code, reason: text }), row);
			});
		}

		for (const row of STATUSES) {
			const [status, text] = row;
			it(`HTTP status ${status} ${text}`, async () => {
				const lab = await start({ script: { refuse: { status, body: text } } });
				const error = await open({ version }).then(
					() => undefined,
					(thrown) => thrown,
				);
				check(error, row);
				assert.doesNotMatch(String(error), /[<{]/);
				assert.equal(lab.records.length, 1);
			});
		}

		it('a lost connection', async () => {
			await start({ script: { cues: [{ at: { audioMs: 100 }, do: 'drop' }] } });
			const { session, heard } = await open({ version });
			session.write(silence(100));
			check(await heard.end, [1006, '', 'STT_CONNECT', true]);
		});

		it('an error without a code is known by its text, and ends the session', async () => {
			for (const [text, expected, retryable] of [
				['Not authorized', 'STT_AUTH', false],
				['Session has expired', 'STT_TIMEOUT', true],
				['Rate limited', 'STT_PROTOCOL', true],
				['Sample rate must be a positive integer', 'STT_AUDIO_FORMAT', false],
				['Something else', 'STT_PROTOCOL', true],
			] as const) {
				const message = { error: text };
				await start({ script: { cues: [{ at: { audioMs: 100 }, do: 'send', message }] } });
				const { session, heard } = await open({ version });
				session.write(silence(100));
				const error = await heard.end;
				assert.deepEqual([error?.code, error?.retryable], [expected, retryable], String(error));
				assert.ok(error?.message.includes(text));
				await session.finish();
			}
		});

		it('a setting that the service refuses at the beginning is the user’s to change', async () => {
			const refusals = {
				assemblyai: [3006, 'Invalid model'],
				'assemblyai-v2': [4104, 'Bad word boost'],
			} as const;
			const [code, error] = refusals[version];
			const lab = await start({ script: { cues: [{ at: 'open', do: 'close', code, error }] } });
			await assert.rejects(open({ version }), { code: 'STT_CONFIG', retryable: false });
			assert.equal(lab.records.length, 1);
		});
	});

describe('assemblyai-v2 at the vendor’s, who has retired it', () => {
	for (const deprecated of ['http', 'socket'] as const)
		it(`is told to use v3 (${deprecated})`, async () => {
			const lab = await start({ deprecated });
			await assert.rejects(open({ version: 'assemblyai-v2' }), (error) => {
				assert.ok(error instanceof VoiceError);
				assert.deepEqual([error.code, error.retryable], ['STT_CONFIG', false]);
				assert.match(error.remedy, /"assemblyai" \(v3\)/);
				return true;
			});
			assert.equal(lab.records.length, 1);
		});
});

it('a secret that comes back does not get into an error, however it is written', async () => {
	const apiKey = 'k/e y+1'.replace(' ', '_');
	await start({
		apiKey,
		script: { refuse: { status: 401, body: `no ${apiKey} and no ${encodeURIComponent(apiKey)}` } },
	});
	await assert.rejects(open(), (error: Error) => {
		assert.match(error.message, /no \[secret\] and no \[secret\]/);
		return true;
	});
	const options = { webhook_auth_header_value: 'hook-secret' };
	await start({ script: { refuse: { status: 400, body: 'webhook_auth_header_value=hook-secret' } } });
	await assert.rejects(open({ options }), (error: Error) => !error.message.includes('hook-secret'));
	assert.equal(recogniser?.records.length, 1);
});
