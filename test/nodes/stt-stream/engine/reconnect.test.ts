import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VoiceError } from '../../../../nodes/stt-stream/providers/provider.ts';
import { FlakyProvider, lost } from './flaky-provider.ts';
import { textOf, WORD_BYTES, words } from './numbered-speech.ts';
import { options, seeded, VirtualStream } from './stream.ts';
import { VirtualClock } from './virtual-clock.ts';

const quota = () => new VoiceError('STT_QUOTA', 'The account is empty', 'pay');

/** Every session's audio is a run of the stream's; each begins within the last, at the end of a final. */
function checkRuns(provider: FlakyProvider, sent: Buffer): void {
	let covered = 0;
	for (const { pcm } of provider.sessions) {
		if (!pcm.length) continue;
		const start = sent.indexOf(pcm.subarray(0, WORD_BYTES));
		assert.ok(start >= 0 && sent.subarray(start, start + pcm.length).equals(pcm), 'not a run of the stream');
		assert.ok(start <= covered, `audio from ${covered / 32} to ${start / 32} ms is missing`);
		covered = Math.max(covered, start + pcm.length);
	}
	assert.equal(covered, sent.length);
}

describe('reconnecting', () => {
	it('loses and doubles no word wherever the connection breaks', options, async () => {
		const random = seeded(20);
		for (let point = 0; point < 20; point++) {
			const breakMs = Math.round(random() * 5900);
			for (const times of [true, false]) {
				const clock = new VirtualClock();
				const dropAfterMs = (opening: number) => (opening ? Number.POSITIVE_INFINITY : breakMs);
				const provider = new FlakyProvider(clock, { dropAfterMs, times, openMs: 80, lagMs: times ? 150 : 0 });
				const stream = new VirtualStream(provider, {}, { random });
				const sent = words(60);
				await stream.speak(sent);
				const closed = await stream.end();
				assert.equal(stream.text, textOf(60), `broken at ${breakMs} ms`);
				assert.equal(closed.text, textOf(60));
				assert.deepEqual([closed.reconnects, closed.droppedMs, closed.audioMs], [1, 0, 6000]);
				assert.deepEqual(
					stream.events.map(({ name }) => name),
					['open', 'reconnecting', 'open', 'closed'],
				);
				for (const { words: said = [] } of stream.finals)
					for (const { text, startMs, endMs } of said)
						assert.deepEqual([startMs, endMs], [Number(text) * 100, Number(text) * 100 + 100]);
				checkRuns(provider, sent);
				stream.check();
			}
		}
	});

	it('waits longer after each failure in a row, by chance but within bounds', options, async () => {
		const clock = new VirtualClock();
		const provider = new FlakyProvider(clock, { refuse: lost });
		const stream = new VirtualStream(provider, { maxBufferMs: 1000 }, { random: () => 1 });
		const closed = await stream.closed(120_000);
		const waits = provider.openings.slice(1).map((at, index) => at - (provider.openings[index] ?? 0));
		assert.deepEqual(waits.slice(0, 7), [250, 500, 1000, 2000, 4000, 8000, 10_000]);
		assert.ok(waits.every((ms) => ms <= 10_000));
		assert.equal(closed.code, 'STT_CONNECT');
		assert.ok(clock.now() <= 60_000);
		assert.equal(closed.reconnects, provider.openings.length - 1);
		assert.equal(stream.errors.length, 1);
		assert.equal(stream.errors[0]?.remedy, 'check the network');
		stream.check();
	});

	it('begins with short waits again once a connection has worked', options, async () => {
		const clock = new VirtualClock();
		const refuse = (opening: number) => (opening % 4 ? lost() : undefined);
		const provider = new FlakyProvider(clock, { refuse, dropAfterMs: () => 3000 });
		const stream = new VirtualStream(provider, {}, { random: () => 1 });
		await stream.speak(words(200));
		assert.equal((await stream.end()).text, textOf(200));
		const [, ...later] = provider.sessions;
		assert.ok(later.length > 3);
		const waits = provider.openings.slice(1).map((at, index) => at - (provider.openings[index] ?? 0));
		assert.deepEqual([waits[1], waits[2], waits[3]], [500, 1000, 2000]);
		assert.deepEqual([waits[5], waits[6], waits[7]], [500, 1000, 2000]);
		stream.check();
	});

	it(
		'counts from the last working connection, also if its successor by rotation fails at once',
		options,
		async () => {
			const clock = new VirtualClock();
			// The first breaks, the second rotates after long, the third breaks before it has said anything.
			const dropAfterMs = (opening: number) => [1000, Number.POSITIVE_INFINITY, 50][opening] ?? 1e9;
			const capabilities = { sessionLimit: { ms: 90_000, bytes: Number.POSITIVE_INFINITY } };
			const provider = new FlakyProvider(clock, { dropAfterMs, capabilities });
			const stream = new VirtualStream(provider, { reconnectMs: 60_000 });
			await stream.speak(words(1000), 100);
			const closed = await stream.end();
			assert.equal(closed.text, textOf(1000));
			assert.deepEqual([closed.reconnects, closed.code], [2, undefined]);
			assert.equal(stream.named('rotated').length, 1);
			stream.check();
		},
	);

	it('retries an opening that times out', options, async () => {
		const clock = new VirtualClock();
		const provider = new FlakyProvider(clock, { openMs: 500 });
		const stream = new VirtualStream(provider, { connectTimeoutMs: 400, reconnectMs: 2000 });
		stream.session.write(words(3));
		const closed = await stream.closed();
		assert.equal(closed.code, 'STT_TIMEOUT');
		assert.ok(provider.openings.length > 2);
		await clock.pass(1000);
		stream.check();
	});

	it('does not retry what no retry can mend', options, async () => {
		for (const behaviour of [{ refuse: quota }, { failure: quota(), dropAfterMs: () => 500 }]) {
			const clock = new VirtualClock();
			const provider = new FlakyProvider(clock, behaviour);
			const stream = new VirtualStream(provider);
			stream.session.write(words(10));
			await clock.pass(0);
			assert.equal(stream.session.state, 'closed');
			assert.equal(provider.openings.length, 1);
			assert.equal((await stream.closed()).code, 'STT_QUOTA');
			assert.equal(stream.errors[0]?.message, 'The account is empty: pay');
			assert.deepEqual(stream.named('reconnecting'), []);
			stream.check();
		}
	});

	it('takes three early ends without a reason in a row as permanent', options, async () => {
		const clock = new VirtualClock();
		const provider = new FlakyProvider(clock, { failure: null, dropAfterMs: () => 20 });
		const stream = new VirtualStream(provider);
		stream.session.write(Buffer.alloc(32_000));
		const closed = await stream.closed();
		assert.equal(provider.openings.length, 3);
		assert.equal(closed.code, 'STT_PROTOCOL');
		assert.equal(stream.errors[0]?.retryable, false);
		assert.match(stream.errors[0]?.remedy ?? '', /endpoint/);
		stream.check();
	});

	it('but not ends that come after results', options, async () => {
		const clock = new VirtualClock();
		const provider = new FlakyProvider(clock, { failure: null, dropAfterMs: () => 1200 });
		const stream = new VirtualStream(provider);
		await stream.speak(words(100));
		assert.equal((await stream.end()).text, textOf(100));
		assert.ok(provider.openings.length > 5);
		stream.check();
	});

	it('drops the oldest of what is too much to say again, counts and announces it', options, async () => {
		const clock = new VirtualClock();
		// The second opening comes after 8 s of outage.
		const refuse = (opening: number) => (opening && clock.now() < 9000 ? lost() : undefined);
		const dropAfterMs = (opening: number) => (opening ? Number.POSITIVE_INFINITY : 1000);
		const provider = new FlakyProvider(clock, { refuse, dropAfterMs, utterance: 5 });
		const stream = new VirtualStream(provider, { maxBufferMs: 3000 });
		await stream.speak(words(150), 100);
		const closed = await stream.end();
		const said = stream.text.split(' ').map(Number);
		assert.deepEqual(said.slice(0, 10), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
		const first = said[10] ?? 0;
		assert.ok(first > 40, `resumed at ${first}`);
		assert.deepEqual(
			said.slice(10),
			Array.from({ length: 150 - first }, (_, index) => first + index),
		);
		assert.equal(closed.droppedMs, first * 100 - 1000);
		assert.ok(stream.named('dropped-audio').length > 1);
		// Also what follows a gap is where it was spoken.
		for (const { words: heard = [] } of stream.finals)
			for (const { text, startMs } of heard) assert.equal(startMs, Number(text) * 100);
		stream.check();
	});

	it('counts what a dead connection took and is gone, unless it was quiet', options, async () => {
		const dropped: number[] = [];
		for (const pcm of [Buffer.alloc(words(50).length), words(50)]) {
			const clock = new VirtualClock();
			const dropAfterMs = (opening: number) => (opening ? Number.POSITIVE_INFINITY : 3000);
			const provider = new FlakyProvider(clock, { dropAfterMs, lagMs: 60_000 });
			const stream = new VirtualStream(provider, { maxBufferMs: 1000 }, { random: () => 0.5 });
			await stream.speak(pcm, 100);
			dropped.push((await stream.end()).droppedMs);
		}
		// Both lose what nobody had read while there was no connection.
		const [quiet = 0, loud = 0] = dropped;
		assert.ok(quiet < 500, `${quiet} ms`);
		assert.equal(loud - quiet, 2000);
	});

	it('sends a backlog no faster than the recogniser allows', options, async () => {
		const clock = new VirtualClock();
		const dropAfterMs = (opening: number) => (opening ? Number.POSITIVE_INFINITY : 2300);
		const refuse = (opening: number) => (opening && clock.now() < 12_000 ? lost() : undefined);
		const provider = new FlakyProvider(clock, { refuse, dropAfterMs, capabilities: { pace: 1.5 } });
		const stream = new VirtualStream(provider);
		await stream.speak(words(400));
		assert.equal((await stream.end()).text, textOf(400));
		const writes = provider.sessions[1]?.writes ?? [];
		assert.ok(writes.length > 100);
		const start = writes[0]?.at ?? 0;
		let sentMs = 0;
		for (const { at, ms } of writes) {
			assert.ok(sentMs <= (at - start) * 1.5 + 1500 + 1, `${sentMs} ms were sent in ${at - start} ms`);
			sentMs += ms;
		}
		stream.check();
	});
});

describe('the end of a stream whose connection fails', () => {
	it('is awaited in a new session when the first fails while it finishes', options, async () => {
		const clock = new VirtualClock();
		const provider = new FlakyProvider(clock, { failAtFinish: (opening) => opening < 2, finalLagMs: 2000 });
		const stream = new VirtualStream(provider);
		await stream.speak(words(13));
		const closed = await stream.end();
		assert.equal(closed.text, textOf(13));
		assert.equal(closed.code, undefined);
		assert.equal(closed.reconnects, 2);
		assert.ok((closed.finalLatencyMs ?? 0) >= 2000);
		// Only what had no final yet was said again.
		assert.equal(provider.sessions[2]?.receivedMs, 300);
		stream.check();
	});

	it('is given up with its error when no session comes within the limit', options, async () => {
		const clock = new VirtualClock();
		const refuse = (opening: number) => (opening ? lost() : undefined);
		const provider = new FlakyProvider(clock, { refuse, failAtFinish: () => true });
		const stream = new VirtualStream(provider, { finalTimeoutMs: 5000 });
		await stream.speak(words(13));
		const endedAt = clock.now();
		const closed = await stream.end();
		assert.deepEqual([closed.code, closed.text], ['STT_CONNECT', textOf(10)]);
		assert.ok(clock.now() - endedAt <= 5100);
		stream.check();
	});

	it('is given up when every session fails at its end, however long it lasted', options, async () => {
		const clock = new VirtualClock();
		const capabilities = { pace: 1 };
		const provider = new FlakyProvider(clock, { failAtFinish: () => true, utterance: 1000, capabilities });
		const stream = new VirtualStream(provider, { reconnectMs: 60_000 });
		await stream.speak(words(150));
		const closed = await stream.end(200_000);
		assert.equal(closed.code, 'STT_CONNECT');
		// Each says the 15 s of audio again.
		assert.ok(provider.sessions.length > 3 && provider.sessions.length < 7, `${provider.sessions.length}`);
		stream.check();
	});

	it('is given up, too, when it ends during an outage that does not', options, async () => {
		const clock = new VirtualClock();
		const refuse = (opening: number) => (opening ? lost() : undefined);
		const provider = new FlakyProvider(clock, { refuse, dropAfterMs: () => 700 });
		const stream = new VirtualStream(provider, { finalTimeoutMs: 5000 });
		await stream.speak(words(20));
		const endedAt = clock.now();
		const closed = await stream.end();
		assert.deepEqual([closed.code, closed.text], ['STT_CONNECT', textOf(5)]);
		assert.ok(clock.now() - endedAt <= 5100, `${clock.now() - endedAt} ms`);
		stream.check();
	});

	it('comes when it ends during an outage', options, async () => {
		const clock = new VirtualClock();
		const dropAfterMs = (opening: number) => (opening ? Number.POSITIVE_INFINITY : 700);
		const refuse = (opening: number) => (opening && clock.now() < 3000 ? lost() : undefined);
		const provider = new FlakyProvider(clock, { refuse, dropAfterMs });
		const stream = new VirtualStream(provider);
		await stream.speak(words(20));
		assert.equal((await stream.end()).text, textOf(20));
		stream.check();
	});
});
