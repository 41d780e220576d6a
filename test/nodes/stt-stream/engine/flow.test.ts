import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AudioStreams } from '../../../../lib/node/audio-streams.ts';
import { FlakyProvider } from './flaky-provider.ts';
import { FORMAT, textOf, WORD_BYTES, words } from './numbered-speech.ts';
import { options, seeded, VirtualStream } from './stream.ts';
import { VirtualClock } from './virtual-clock.ts';

describe('the flow of audio', () => {
	it('loses nothing of what comes while the opening takes 3 s', options, async () => {
		const clock = new VirtualClock();
		const provider = new FlakyProvider(clock, { openMs: 3000, finalLagMs: 2000 });
		const stream = new VirtualStream(provider);
		await stream.speak(words(50));
		const closed = await stream.end();
		assert.ok(provider.sessions[0]?.pcm.equals(words(50)));
		assert.equal(closed.text, textOf(50));
		assert.equal(closed.finalLatencyMs, 0);
		stream.check();
	});

	it(
		'gets the last final of a stream that ends 50 ms after its start, though that takes 2 s',
		options,
		async () => {
			for (const openMs of [0, 20, 3000]) {
				const clock = new VirtualClock();
				const provider = new FlakyProvider(clock, { openMs, finalLagMs: 2000 });
				const stream = new VirtualStream(provider);
				stream.session.write(words(3));
				await clock.pass(50);
				const closed = await stream.end();
				assert.equal(closed.text, textOf(3));
				assert.ok(provider.sessions[0]?.pcm.equals(words(3)));
				assert.deepEqual(
					stream.events.map(({ name }) => name),
					['open', 'closed'],
				);
				stream.check();
			}
		},
	);

	it('takes pieces of any size, also such that cut samples', options, async () => {
		const sent = words(120);
		for (const size of [1, 77, 3201, 320_000]) {
			const clock = new VirtualClock();
			const provider = new FlakyProvider(clock, { capabilities: { chunkMs: { min: 50, max: 200 } } });
			const stream = new VirtualStream(provider);
			const { session } = stream;
			const audio = { ...FORMAT };
			const settings = { rawSampleRate: 0, rawChannels: 1, streamIdleMs: 0 };
			const inputs = new AudioStreams(settings, {
				start: () => {},
				audio: (_, pcm) => session.write(pcm),
				end: () => session.end(),
				reset: () => {},
			});
			for (let at = 0; at < sent.length; at += size) {
				const payload = sent.subarray(at, at + size);
				inputs.accept({ payload, audio, topic: '', ...(at + size >= sent.length && { complete: true }) });
			}
			inputs.close();
			await stream.closed();
			const pcm = provider.sessions[0]?.pcm ?? Buffer.alloc(0);
			assert.ok(pcm.subarray(0, sent.length).equals(sent), `pieces of ${size} bytes`);
			// The last piece is filled up to the shortest that may be sent.
			assert.ok(pcm.subarray(sent.length).every((byte) => byte === 0));
			stream.check();
		}
	});

	it('waits for drain', options, async () => {
		const clock = new VirtualClock();
		const provider = new FlakyProvider(clock, { roomBytes: 8000, drainMs: 200 });
		const stream = new VirtualStream(provider);
		await stream.speak(words(50), 200);
		assert.equal((await stream.end()).text, textOf(50));
		assert.ok(provider.sessions[0]?.pcm.equals(words(50)));
		stream.check();
	});

	it('keeps real time where no more is allowed', options, async () => {
		const clock = new VirtualClock();
		const provider = new FlakyProvider(clock, { capabilities: { pace: 1 } });
		const stream = new VirtualStream(provider);
		stream.session.write(words(100));
		assert.equal((await stream.end()).text, textOf(100));
		const writes = provider.sessions[0]?.writes ?? [];
		assert.ok((writes.at(-1)?.at ?? 0) >= 8500);
		stream.check();
	});
});

describe('a stream that pauses', () => {
	const limits = { idleLimitMs: 5000, chunkMs: { min: 50, max: 1000 } };

	it('is held open by silence that is not in its times', options, async () => {
		const clock = new VirtualClock();
		const capabilities = { ...limits, keepAlive: 'silence' as const };
		const provider = new FlakyProvider(clock, { capabilities });
		const stream = new VirtualStream(provider);
		await stream.speak(words(7));
		await clock.pass(60_000);
		await stream.speak(words(7, 7));
		await clock.pass(12_000);
		await stream.speak(words(6, 14));
		const closed = await stream.end();
		assert.equal(provider.sessions.length, 1);
		assert.equal(stream.text, textOf(20));
		for (const { words: said = [] } of stream.finals)
			for (const { text, startMs, endMs } of said)
				assert.deepEqual([startMs, endMs], [Number(text) * 100, Number(text) * 100 + 100]);
		assert.equal(closed.audioMs, 2000);
		const received = provider.sessions[0]?.receivedMs ?? 0;
		assert.ok(received > 4000 && received < 8000, `${received} ms`);
		stream.check();
	});

	it('is held open by messages where there are such', options, async () => {
		const clock = new VirtualClock();
		const capabilities = { ...limits, keepAlive: 'message' as const };
		const provider = new FlakyProvider(clock, { capabilities });
		const stream = new VirtualStream(provider);
		await stream.speak(words(7));
		await clock.pass(60_000);
		await stream.speak(words(7, 7));
		await stream.end();
		assert.equal(stream.text, textOf(14));
		assert.ok((provider.sessions[0]?.keptAlive ?? 0) >= 20);
		// The last piece is filled up to the shortest that may be sent.
		assert.ok(provider.sessions[0]?.pcm.subarray(0, 14 * WORD_BYTES).equals(words(14)));
		stream.check();
	});

	it('comes back without a loss where nothing holds it open', options, async () => {
		const clock = new VirtualClock();
		const provider = new FlakyProvider(clock, { capabilities: limits });
		const stream = new VirtualStream(provider);
		await stream.speak(words(7));
		await clock.pass(6000);
		await stream.speak(words(7, 7));
		await stream.end();
		assert.equal(stream.text, textOf(14));
	});
});

describe('20 streams at once', () => {
	it('do not get into each other', options, async () => {
		const clock = new VirtualClock();
		const random = seeded(9);
		const capabilities = { sessionLimit: { ms: 4000, bytes: Number.POSITIVE_INFINITY } };
		const dropAfterMs = (opening: number) => (opening % 3 ? Number.POSITIVE_INFINITY : 500 + 137 * opening);
		const provider = new FlakyProvider(clock, { capabilities, dropAfterMs, openMs: 30, lagMs: 50 });
		const streams = Array.from(
			{ length: 20 },
			(_, index) => new VirtualStream(provider, {}, { random, id: `stream ${index}` }),
		);
		const speech = streams.map((_, index) => words(100, index * 1000));
		for (let at = 0; at < 100 * 3200; at += 1280) {
			for (const [index, { session }] of streams.entries())
				session.write(speech[index]?.subarray(at, at + 1280) as Buffer);
			await clock.pass(40);
		}
		for (const { session } of streams) session.end();
		for (const [index, stream] of streams.entries()) {
			assert.equal((await stream.closed()).text, textOf(100, index * 1000));
			assert.ok(stream.finals.every(({ stream: id }) => id === `stream ${index}`));
			assert.ok(stream.events.every(({ details }) => details.stream === `stream ${index}`));
		}
		for (const stream of streams) stream.check();
		assert.equal(provider.openNow, 0);
	});
});
