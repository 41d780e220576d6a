import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VoiceError } from '../../../../nodes/stt-stream/providers/provider.ts';
import { OLDER, type Row, STATUSES, V3 } from '../failures/assemblyai-rows.ts';
import { silence } from '../helpers.ts';
import { open, recogniser, start } from './assemblyai-bench.ts';
import type { Version } from './assemblyai-helpers.ts';

// Every close code and HTTP status that is known of AssemblyAI, and what a user is told.

const KEY = 'lab-api-key';

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
