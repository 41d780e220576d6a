import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { beginStream, listen, never, openOptions, pieceMs, RATE, silence } from '../helpers.ts';
import type { ContractBench } from './contract-bench.ts';

/** Every word of the speech, once, in time and whatever the pieces. */
export function hearsSpeech(bench: ContractBench, options: { timeout: number }): void {
	it('states capabilities that make sense', () => {
		const { sampleRates, chunkMs, chunkMaxBytes, pace, sessionLimit, idleLimitMs } =
			bench.provider.capabilities;
		assert.ok(sampleRates.length > 0 && sampleRates.every((rate) => rate >= 8000));
		assert.ok(chunkMs.min >= 0 && chunkMs.min < chunkMs.max);
		assert.ok(chunkMaxBytes >= 2 && pace >= 1 && idleLimitMs > 0);
		assert.ok(sessionLimit.ms > 0 && sessionLimit.bytes > 0);
	});

	it(
		'recognises, with partials before the final where it has them, and times within the audio',
		options,
		async () => {
			const { session, heard } = await bench.open();
			await bench.feed(session, Buffer.concat([silence(500), bench.one.pcm, silence(1000)]));
			await session.finish();
			assert.equal(await heard.end, undefined);
			bench.understood(heard.text, bench.one.text);

			const { partials, words } = bench.provider.capabilities;
			const kinds = heard.events
				.map(({ type }) => type)
				.filter((type) => type === 'partial' || type === 'final');
			assert.equal(kinds.at(-1), 'final');
			assert.equal(kinds[0], partials ? 'partial' : 'final');
			const [final] = heard.results('final');
			assert.ok(final);
			const length = 500 + bench.one.pcm.length / 32;
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
		const { session, heard } = await bench.open();
		await bench.feed(session, Buffer.concat([silence(300), bench.one.pcm, silence(2000)]));
		let ended = false;
		void heard.end.then(() => {
			ended = true;
		});
		// Recognisers in real time answer while the audio goes on.
		while (!heard.results('final').length && !ended) {
			await bench.feed(session, silence(100));
			await sleep(10);
		}
		await bench.feed(session, Buffer.concat([bench.two.pcm, silence(1000)]));
		await session.finish();
		assert.equal(await heard.end, undefined);
		const finals = heard.results('final');
		assert.equal(finals.length, 2, finals.map(({ text }) => text).join(' | '));
		bench.understood(finals[0]?.text ?? '', bench.one.text);
		bench.understood(finals[1]?.text ?? '', bench.two.text);
		assert.ok((finals[1]?.startMs ?? 1) >= (finals[0]?.endMs ?? 0));
	});

	it('returns the last final when it is stopped in the last word', options, async () => {
		const { session, heard } = await bench.open();
		await bench.feed(session, bench.one.pcm.subarray(0, Math.floor((bench.one.pcm.length * 0.9) / 2) * 2));
		await session.finish();
		assert.equal(await heard.end, undefined);
		const words = heard.text.split(' ').filter(Boolean).length;
		assert.ok(words >= bench.one.text.split(' ').length - 1, heard.text);
	});

	it('hears words that begin with the first sample and end with the last', options, async () => {
		const { session, heard } = await bench.open();
		const pcm = Buffer.from(bench.one.pcm);
		await bench.feed(session, pcm);
		await session.finish();
		assert.equal(await heard.end, undefined);
		bench.understood(heard.text, bench.one.text);
		assert.ok(pcm.equals(bench.one.pcm), 'it has written into the audio that it was given');
	});

	it('keeps what it hears until somebody listens', options, async () => {
		const session = await bench.provider.open(openOptions, never());
		const size = Math.ceil((bench.pieceMs * RATE) / 1000) * 2;
		const pcm = Buffer.concat([bench.one.pcm, Buffer.alloc(size - (bench.one.pcm.length % size))]);
		// It takes them whether or not it asks to wait.
		for (let at = 0; at < pcm.length; at += size) session.write(pcm.subarray(at, at + size));
		await session.finish();
		const heard = listen(session);
		assert.equal(await heard.end, undefined);
		bench.understood(heard.text, bench.one.text);
	});

	it('holds a session open without audio where there is a message for that', options, async () => {
		const { session, heard } = await bench.open();
		const { keepAlive } = bench.provider.capabilities;
		assert.equal(typeof session.keepAlive === 'function', keepAlive === 'message');
		session.keepAlive?.();
		await bench.feed(session, bench.one.pcm);
		session.keepAlive?.();
		await session.finish();
		assert.equal(await heard.end, undefined);
		bench.understood(heard.text, bench.one.text);
		session.keepAlive?.();
		if (session.expiresInMs !== undefined) assert.ok(session.expiresInMs > 0, `${session.expiresInMs}`);
	});

	it('ends without a result when it is stopped at once after opening', options, async () => {
		const { session, heard } = await bench.open();
		await session.finish();
		assert.equal(await heard.end, undefined);
		assert.deepEqual(heard.results('final'), []);
	});

	it('ends without a result after silence', options, async () => {
		const { session, heard } = await bench.open();
		await bench.feed(session, silence(3000));
		await session.finish();
		assert.equal(await heard.end, undefined);
		assert.deepEqual(heard.results('final'), []);
	});

	it('takes the shortest and the longest pieces', options, async () => {
		const pcm = Buffer.concat([silence(300), bench.one.pcm, silence(700)]);
		const { shortest, longest } = pieceMs(bench.provider.capabilities);
		for (const ms of [shortest, longest]) {
			const { session, heard } = await bench.open();
			await bench.feed(session, pcm, ms);
			await session.finish();
			assert.equal(await heard.end, undefined);
			bench.understood(heard.text, bench.one.text);
		}
	});

	it('keeps two sessions apart', options, async () => {
		const [a, b] = await Promise.all([bench.open(), bench.open()]);
		const [first, second] = [bench.one, bench.two].map(({ pcm }) => Buffer.concat([pcm, silence(500)])) as [
			Buffer,
			Buffer,
		];
		for (let at = 0; at < Math.max(first.length, second.length); at += 3200) {
			await bench.feed(a.session, first.subarray(at, at + 3200), 100);
			await bench.feed(b.session, second.subarray(at, at + 3200), 100);
		}
		await Promise.all([a.session.finish(), b.session.finish()]);
		await Promise.all([a.heard.end, b.heard.end]);
		bench.understood(a.heard.text, bench.one.text);
		bench.understood(b.heard.text, bench.two.text);
	});

	for (const [what, size] of [
		['2 bytes', 2],
		['322 bytes', 322],
		['10 s', 320_000],
	] as const)
		it(`gives the same through a session in pieces of ${what}`, options, async () => {
			const { session, outcome } = beginStream(bench.provider);
			const pcm = Buffer.concat([silence(300), bench.one.pcm, silence(700)]);
			for (let at = 0; at < pcm.length; at += size) session.write(pcm.subarray(at, at + size));
			session.end();
			const closed = await outcome.closed;
			assert.equal(closed.code, undefined);
			assert.ok(Math.abs(closed.audioMs - pcm.length / 32) <= bench.provider.capabilities.chunkMs.min + 1);
			bench.understood(closed.text ?? '', bench.one.text);
			assert.equal(outcome.finals().join(' '), closed.text);
		});
}
