import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
	type SttProvider,
	type SttSession,
	VoiceError,
} from '../../../../nodes/stt-stream/providers/provider.ts';
import { wordErrorRate } from '../../../lab/speech.ts';
import {
	beginStream,
	feed as feedPieces,
	type Heard,
	listen,
	openOptions,
	pieceMs,
	SAFETY_MS,
	silence,
} from '../helpers.ts';

/** Speech that the recogniser under test understands. */
export interface Utterance {
	/** Mono s16le at 16 kHz, without silence around it. */
	readonly pcm: Buffer;
	readonly text: string;
}

export interface ContractTarget {
	readonly name: string;
	readonly skip: false | string;
	provider(): SttProvider;
	/** At least two, with different words. */
	utterances(): Promise<readonly Utterance[]>;
	readonly maxWordErrorRate: number;
	/** Breaks every open session as only an accident does. */
	breakOff(): Promise<void> | void;
	/** Resolves when nothing of the closed sessions is left: processes, connections. */
	nothingLeft(): Promise<void>;
}

/** What every adapter must do, whatever its protocol. */
export function contract(target: ContractTarget): void {
	const { maxWordErrorRate } = target;
	const options = { timeout: SAFETY_MS };

	describe(`contract: ${target.name}`, { skip: target.skip }, () => {
		let provider: SttProvider;
		let one: Utterance;
		let two: Utterance;

		before(async () => {
			[one, two] = (await target.utterances()) as [Utterance, Utterance];
			provider = target.provider();
			await provider.prepare?.();
		});
		after(() => target.nothingLeft());

		const never = () => new AbortController().signal;
		const open = async (): Promise<{ session: SttSession; heard: Heard }> => {
			const session = await provider.open(openOptions, never());
			return { session, heard: listen(session) };
		};
		/** In pieces that the recogniser takes. */
		const feed = (session: SttSession, pcm: Buffer, ms = Math.max(64, provider.capabilities.chunkMs.min)) =>
			feedPieces(session, pcm, ms);
		const understood = (heard: string, said: string) => {
			const rate = wordErrorRate(said, heard);
			assert.ok(rate <= maxWordErrorRate, `"${heard}" for "${said}": word error rate ${rate}`);
		};

		it('states capabilities that make sense', () => {
			const { sampleRates, chunkMs, chunkMaxBytes, pace, sessionLimit, idleLimitMs } = provider.capabilities;
			assert.ok(sampleRates.length > 0 && sampleRates.every((rate) => rate >= 8000));
			assert.ok(chunkMs.min >= 0 && chunkMs.min < chunkMs.max);
			assert.ok(chunkMaxBytes >= 2 && pace >= 1 && idleLimitMs > 0);
			assert.ok(sessionLimit.ms > 0 && sessionLimit.bytes > 0);
		});

		it(
			'recognises, with partials before the final where it has them, and times within the audio',
			options,
			async () => {
				const { session, heard } = await open();
				await feed(session, Buffer.concat([silence(500), one.pcm, silence(1000)]));
				await session.finish();
				assert.equal(await heard.end, undefined);
				understood(heard.text, one.text);

				const { partials, words } = provider.capabilities;
				const kinds = heard.events
					.map(({ type }) => type)
					.filter((type) => type === 'partial' || type === 'final');
				assert.equal(kinds.at(-1), 'final');
				assert.equal(kinds[0], partials ? 'partial' : 'final');
				const [final] = heard.results('final');
				assert.ok(final);
				const length = 500 + one.pcm.length / 32;
				if (final.startMs !== undefined)
					assert.ok(final.startMs >= 400 && final.startMs < 1000, `${final.startMs}`);
				if (final.endMs !== undefined)
					assert.ok(final.endMs > length - 600 && final.endMs <= length + 300, `${final.endMs}`);
				if (!words) return;
				assert.equal(final.words?.map(({ text }) => text).join(' '), final.text);
				let last = final.startMs ?? 0;
				for (const { startMs, endMs } of final.words ?? []) {
					assert.ok(startMs >= last && endMs > startMs, `${startMs} to ${endMs} after ${last}`);
					last = startMs;
				}
			},
		);

		it('gives each utterance its own final, at the pause and not at the end', options, async () => {
			const { session, heard } = await open();
			await feed(session, Buffer.concat([silence(300), one.pcm, silence(2000)]));
			let ended = false;
			void heard.end.then(() => {
				ended = true;
			});
			// Recognisers in real time answer while the audio goes on.
			while (!heard.results('final').length && !ended) {
				await feed(session, silence(100));
				await sleep(10);
			}
			await feed(session, Buffer.concat([two.pcm, silence(1000)]));
			await session.finish();
			assert.equal(await heard.end, undefined);
			const finals = heard.results('final');
			assert.equal(finals.length, 2, finals.map(({ text }) => text).join(' | '));
			understood(finals[0]?.text ?? '', one.text);
			understood(finals[1]?.text ?? '', two.text);
			assert.ok((finals[1]?.startMs ?? 1) >= (finals[0]?.endMs ?? 0));
		});

		it('returns the last final when it is stopped in the last word', options, async () => {
			const { session, heard } = await open();
			await feed(session, one.pcm.subarray(0, Math.floor((one.pcm.length * 0.9) / 2) * 2));
			await session.finish();
			assert.equal(await heard.end, undefined);
			const words = heard.text.split(' ').filter(Boolean).length;
			assert.ok(words >= one.text.split(' ').length - 1, heard.text);
		});

		it('hears words that begin with the first sample and end with the last', options, async () => {
			const { session, heard } = await open();
			await feed(session, one.pcm);
			await session.finish();
			await heard.end;
			understood(heard.text, one.text);
		});

		it('ends without a result when it is stopped at once after opening', options, async () => {
			const { session, heard } = await open();
			await session.finish();
			assert.equal(await heard.end, undefined);
			assert.deepEqual(heard.results('final'), []);
		});

		it('ends without a result after silence', options, async () => {
			const { session, heard } = await open();
			await feed(session, silence(3000));
			await session.finish();
			assert.equal(await heard.end, undefined);
			assert.deepEqual(heard.results('final'), []);
		});

		it('says nothing after its end, and bears further calls', options, async () => {
			const { session, heard } = await open();
			await feed(session, one.pcm);
			await Promise.all([session.finish(), session.finish()]);
			await heard.end;
			const count = heard.events.length;
			session.write(silence(100));
			session.abort(new Error('too late'));
			await session.finish();
			assert.equal(heard.events.length, count);
		});

		it('ends at once when it is aborted, with the reason if there is one', options, async () => {
			const reason = new VoiceError('STT_TIMEOUT', 'a test', 'none');
			for (const given of [undefined, reason]) {
				const { session, heard } = await open();
				await feed(session, one.pcm);
				session.abort(given);
				assert.equal(await heard.end, given);
				assert.deepEqual(heard.results('final'), []);
				await session.finish();
			}
		});

		it('takes the shortest and the longest pieces', options, async () => {
			const pcm = Buffer.concat([silence(300), one.pcm, silence(700)]);
			const { shortest, longest } = pieceMs(provider.capabilities);
			for (const ms of [shortest, longest]) {
				const { session, heard } = await open();
				await feed(session, pcm, ms);
				await session.finish();
				await heard.end;
				understood(heard.text, one.text);
			}
		});

		it('keeps two sessions apart', options, async () => {
			const [a, b] = await Promise.all([open(), open()]);
			const [first, second] = [one, two].map(({ pcm }) => Buffer.concat([pcm, silence(500)])) as [
				Buffer,
				Buffer,
			];
			for (let at = 0; at < Math.max(first.length, second.length); at += 3200) {
				await feed(a.session, first.subarray(at, at + 3200), 100);
				await feed(b.session, second.subarray(at, at + 3200), 100);
			}
			await Promise.all([a.session.finish(), b.session.finish()]);
			understood(a.heard.text, one.text);
			understood(b.heard.text, two.text);
		});

		it('fails with a VoiceError that may be retried when the recogniser is gone', options, async () => {
			const { session, heard } = await open();
			await feed(session, one.pcm.subarray(0, 16_000));
			await target.breakOff();
			const error = await heard.end;
			assert.ok(error instanceof VoiceError, String(error));
			assert.equal(error.retryable, true);
			assert.match(error.code, /^STT_/);
			session.write(silence(100));
			await session.finish();
		});

		it('abandons an opening', options, async () => {
			const early = new AbortController();
			early.abort();
			await assert.rejects(provider.open(openOptions, early.signal));
			const late = new AbortController();
			const opening = provider.open(openOptions, late.signal);
			late.abort();
			await assert.rejects(opening);
			await target.nothingLeft();
		});

		for (const [what, size] of [
			['2 bytes', 2],
			['322 bytes', 322],
			['10 s', 320_000],
		] as const)
			it(`gives the same through a session in pieces of ${what}`, options, async () => {
				const { session, outcome } = beginStream(provider);
				const pcm = Buffer.concat([silence(300), one.pcm, silence(700)]);
				for (let at = 0; at < pcm.length; at += size) session.write(pcm.subarray(at, at + size));
				session.end();
				const closed = await outcome.closed;
				assert.equal(closed.code, undefined);
				assert.ok(Math.abs(closed.audioMs - pcm.length / 32) <= provider.capabilities.chunkMs.min + 1);
				understood(closed.text ?? '', one.text);
				assert.equal(outcome.finals().join(' '), closed.text);
			});
	});
}
