import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UnconfirmedEnd } from '../../../../nodes/stt-stream/providers/provider.ts';
import { scripted } from '../../../lab/recognisers/hearing.ts';
import { numberedAudio, numberedText } from '../../../lab/recognisers/numbered-audio.ts';
import { noise } from '../../../lab/signals.ts';
import { feed, SAFETY_MS, silence, until, wishes } from '../helpers.ts';
import { open, recogniser, start } from './assemblyai-bench.ts';
import { providerAt } from './assemblyai-helpers.ts';

for (const version of ['assemblyai', 'assemblyai-v2'] as const)
	describe(`${version}: the beginning and the end of a session`, () => {
		it('tells how long a session may last, also if this machine’s clock is wrong', async () => {
			await start({ limits: { sessionMs: 600_000 } });
			const right = await open({ version });
			assert.ok(right.session.expiresInMs);
			assert.ok(right.session.expiresInMs > 500_000 && right.session.expiresInMs <= 600_000);
			await right.session.finish();
			await start({ limits: { sessionMs: 600_000 }, clockAheadMs: -7_200_000 });
			const wrong = await open({ version });
			assert.ok(wrong.session.expiresInMs);
			assert.ok(wrong.session.expiresInMs > 500_000 && wrong.session.expiresInMs <= 600_000);
			await wrong.session.finish();
		});

		it('does not tell an end that has passed, or that no session can reach', async () => {
			for (const sessionMs of [-60_000, 30 * 3_600_000]) {
				await start({ limits: { sessionMs }, ears: scripted([]) });
				const { session } = await open({ version });
				assert.equal(session.expiresInMs, undefined);
				session.abort();
				await session.finish();
			}
		});

		it('waits for the last final, however late it comes', async () => {
			await start({ script: { finishDelayMs: 300, finalDelayMs: 200 } });
			const { session, heard } = await open({ version });
			await feed(session, numberedAudio(3), 100);
			const begin = performance.now();
			await session.finish();
			assert.ok(performance.now() - begin >= 490);
			assert.equal(await heard.end, undefined);
			assert.equal(heard.text.replace('.', ''), numberedText(3));
		});

		it('tells an end that is not confirmed, as by a plain close, from one that is', async () => {
			await start({ script: { cues: [{ at: 'finish', do: 'close', code: 1000 }] } });
			const plain = await open({ version });
			await plain.session.finish();
			assert.ok((await plain.heard.end) instanceof UnconfirmedEnd);
			await start({ script: { cues: [{ at: 'finish', do: 'drop' }] } });
			const dropped = await open({ version });
			await dropped.session.finish();
			assert.equal((await dropped.heard.end)?.code, 'STT_CONNECT');
		});

		it('terminates a session that it aborts: an open one costs money', async () => {
			const { session, heard } = await open({ version });
			session.write(numberedAudio(1));
			session.abort();
			assert.equal(await heard.end, undefined);
			await session.finish();
			const record = recogniser?.records[0];
			await recogniser?.until('the end marker', () => record?.controls.length === 1);
			const marker = version === 'assemblyai' ? { type: 'Terminate' } : { terminate_session: true };
			assert.deepEqual(record?.controls[0]?.message, marker);
		});

		it('abandons an opening wherever it has got to', { timeout: SAFETY_MS }, async () => {
			for (const script of [{ acceptDelayMs: 10 * SAFETY_MS }, { beginDelayMs: 10 * SAFETY_MS }]) {
				const lab = await start({ script });
				const controller = new AbortController();
				const reason = new Error('changed my mind');
				const opening = providerAt(lab, version).open(wishes(), controller.signal);
				await lab.until('the request', () => lab.records.length === 1);
				controller.abort(reason);
				await assert.rejects(opening, reason);
				await lab.until('the end of the connection', () => lab.open === 0);
			}
		});

		it('fails if the recogniser closes before the session has begun', async () => {
			for (const code of [1000, 1011])
				await start({ script: { cues: [{ at: 'open', do: 'close', code }] } }).then(async () => {
					await assert.rejects(open({ version }), { retryable: true });
				});
			await start({ script: { cues: [{ at: 'open', do: 'drop' }] } });
			await assert.rejects(open({ version }), { code: 'STT_CONNECT', retryable: true });
		});

		it('fails if the connection ends in the middle of a message', async () => {
			const message = '{"type":"Turn","message_type":"FinalTranscript"';
			await start({ script: { cues: [{ at: { audioMs: 100 }, do: 'half', message }] } });
			const { session, heard } = await open({ version });
			session.write(silence(100));
			assert.equal((await heard.end)?.code, 'STT_CONNECT');
			await session.finish();
		});

		it('makes the writer wait while the recogniser is busy, and loses nothing', async () => {
			const lab = await start({ ears: scripted([]), limits: { pace: Number.POSITIVE_INFINITY } });
			const { session, heard } = await open({ version });
			const pcm = noise(16_000 * 600);
			let at = 0;
			const write = () => {
				while (at < pcm.length) {
					const isFree = session.write(pcm.subarray(at, at + 32_000));
					at += 32_000;
					if (!isFree) return;
				}
			};
			const record = lab.records[0];
			assert.ok(record);
			lab.connection(record).act({ do: 'stall' });
			write();
			// The kernel takes a few megabytes; what does not fit there must not pile up here.
			assert.ok(at < pcm.length, `${at} bytes went off at once`);
			let drains = 0;
			const pump = setInterval(() => {
				const seen = heard.events.filter(({ type }) => type === 'drain').length;
				if (seen > drains) {
					drains = seen;
					write();
				}
			}, 1);
			lab.connection(record).resume();
			await until('everything sent', () => at >= pcm.length);
			await until('the last drain', () => heard.events.at(-1)?.type === 'drain');
			clearInterval(pump);
			const more = noise(16_000, 2);
			assert.equal(session.write(more), true);
			await session.finish();
			assert.ok(drains > 0);
			assert.ok(lab.audio().equals(Buffer.concat([pcm, more])));
		});

		it('opens exactly one connection with a wrong key, whichever way it is refused', async () => {
			for (const refuseKeys of ['http', 'close'] as const) {
				const lab = await start({ refuseKeys });
				const credentials = { apiKey: 'a-wrong-key', token: '', serviceAccount: '' };
				await assert.rejects(open({ version, credentials }), (error: Error) => {
					assert.equal((error as { code?: string }).code, 'STT_AUTH');
					assert.equal((error as { retryable?: boolean }).retryable, false);
					assert.doesNotMatch(error.message, /a-wrong-key/);
					return true;
				});
				assert.equal(lab.records.length, 1);
			}
		});
	});
