import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { type SttProvider, VoiceError } from '../../../../nodes/stt-stream/providers/provider.ts';
import { listen, never, openOptions, pieceMs, silence, until } from '../helpers.ts';
import type { ContractBench } from './contract-bench.ts';

/** More than the system itself holds back on the way to a recogniser that takes nothing. */
const FLOOD = 64 * 1024 * 1024;

const REASON = new VoiceError('STT_TIMEOUT', 'a test', 'none');

/** Ends, accidents, refusals and back-pressure: nothing hangs, nothing is hidden, nothing is left. */
export function endsWell(bench: ContractBench, options: { timeout: number }): void {
	/** A session that was served until now, and is not any more. */
	async function frozen() {
		const { session, heard } = await bench.open();
		await bench.feed(session, bench.one.pcm.subarray(0, 16_000));
		return { session, heard, thaw: await bench.target.freeze() };
	}

	it('says nothing after its end, leaves nothing, and bears further calls', options, async () => {
		const session = await bench.provider.open(openOptions, never());
		const iterator = session[Symbol.asyncIterator]();
		session.write(silence(bench.pieceMs));
		await Promise.all([session.finish(), session.finish()]);
		while (!(await iterator.next()).done);
		await bench.target.nothingLeft();
		session.write(silence(bench.pieceMs));
		session.abort(new Error('too late'));
		session.abort();
		await session.finish();
		assert.deepEqual(await iterator.next(), { done: true, value: undefined });
	});

	it(
		'ends at once when it is aborted, with the reason if there is one, and leaves nothing',
		options,
		async () => {
			for (const given of [undefined, REASON]) {
				const { session, heard } = await bench.open();
				await bench.feed(session, bench.one.pcm);
				session.abort(given);
				assert.equal(await heard.end, given);
				assert.deepEqual(heard.results('final'), []);
				session.abort(new Error('another'));
				session.write(silence(bench.pieceMs));
				await session.finish();
				await bench.target.nothingLeft();
			}
		},
	);

	for (const finishing of [false, true])
		it(
			`ends at once when it is aborted while ${
				finishing ? 'the last final is awaited' : 'the recogniser hangs'
			}`,
			options,
			async () => {
				const { session, heard, thaw } = await frozen();
				try {
					const over = finishing ? session.finish() : undefined;
					session.abort(REASON);
					assert.equal(await heard.end, REASON);
					await Promise.all([over, session.finish()]);
				} finally {
					thaw();
				}
				await bench.target.nothingLeft();
			},
		);

	it('fails with a VoiceError that may be retried when the recogniser is gone', options, async () => {
		const { session, heard } = await bench.open();
		await bench.feed(session, bench.one.pcm.subarray(0, 16_000));
		await bench.target.breakOff();
		assertAccident(await heard.end);
		session.write(silence(bench.pieceMs));
		session.abort();
		await session.finish();
	});

	it('fails so also when the recogniser is gone while the last final is awaited', options, async () => {
		const { session, heard, thaw } = await frozen();
		try {
			const over = session.finish();
			await bench.target.breakOff();
			assertAccident(await heard.end);
			await over;
		} finally {
			thaw();
		}
		await bench.target.nothingLeft();
	});

	it(
		'asks the writer to wait while the recogniser takes nothing, and tells when it goes on',
		options,
		async () => {
			const { session, heard, thaw } = await frozen();
			const isDrained = () => heard.events.some(({ type }) => type === 'drain');
			let over: VoiceError | undefined | 'no' = 'no';
			void heard.end.then((error) => {
				over = error;
			});
			try {
				const piece = silence(pieceMs(bench.provider.capabilities).longest);
				for (let bytes = 0; session.write(piece); bytes += piece.length) {
					assert.ok(bytes < FLOOD, 'it takes more and more and never asks to wait');
					await turn();
				}
				assert.equal(isDrained(), false);
			} finally {
				thaw();
			}
			await until('a drain', () => isDrained() || over !== 'no');
			assert.ok(isDrained(), String(over));
			session.abort();
			await session.finish();
		},
	);

	it('abandons an opening, and leaves nothing; an open session does not mind', options, async () => {
		const reason = new Error('given up');
		await assert.rejects(bench.provider.open(openOptions, AbortSignal.abort(reason)), reason);
		const late = new AbortController();
		const opening = bench.provider.open(openOptions, late.signal);
		late.abort(reason);
		await assert.rejects(opening, reason);
		await bench.target.nothingLeft();

		const later = new AbortController();
		const session = await bench.provider.open(openOptions, later.signal);
		const heard = listen(session);
		later.abort(reason);
		await bench.feed(session, bench.one.pcm);
		await session.finish();
		assert.equal(await heard.end, undefined);
		bench.understood(heard.text, bench.one.text);
	});

	it('fails for good where no attempt can help, every time, and says what would', options, async () => {
		const provider = bench.target.hopeless();
		for (let attempt = 0; attempt < 2; attempt++) {
			const error = await failure(provider);
			assert.ok(error instanceof VoiceError, String(error));
			assert.equal(error.retryable, false, error.message);
			assert.match(error.code, /^STT_/);
			assert.ok(error.remedy.length > 5);
			await bench.target.nothingLeft();
		}
	});

	it('rejects and does not throw, whatever it is asked for', options, async () => {
		for (const language of ['?!', 'x'.repeat(1000), '\0']) {
			// What this call throws is not caught.
			const opening = bench.provider.open({ ...openOptions, language }, never());
			const session = await opening.catch((error) => {
				assert.ok(error instanceof VoiceError, String(error));
			});
			session?.abort();
			await session?.finish();
		}
	});

	it('keeps a connection ready where it can, until it is used or not wanted any more', options, async () => {
		const { provider } = bench;
		if (!provider.warm) return;
		const giveUp = new AbortController();
		const over = provider.warm(giveUp.signal);
		const { session, heard } = await bench.open();
		await bench.feed(session, bench.one.pcm);
		await session.finish();
		bench.understood(heard.text, bench.one.text);
		giveUp.abort();
		await over;
		await provider.warm(AbortSignal.abort());
		await bench.target.nothingLeft();
	});
}

function assertAccident(error: unknown): void {
	assert.ok(error instanceof VoiceError, String(error));
	assert.equal(error.retryable, true, error.message);
	assert.match(error.code, /^STT_/);
}

/** Why a provider gives no session, or none that ends well. */
async function failure(provider: SttProvider): Promise<unknown> {
	try {
		await provider.prepare?.();
		const session = await provider.open(openOptions, never());
		const heard = listen(session);
		session.write(silence(100));
		await session.finish();
		return await heard.end;
	} catch (error) {
		return error;
	}
}
