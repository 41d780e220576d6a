import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Behaviour, FlakyProvider, lost } from './flaky-provider.ts';
import { textOf, words } from './numbered-speech.ts';
import { options, seeded, VirtualStream } from './stream.ts';
import { settled, VirtualClock } from './virtual-clock.ts';

const NONE = Number.POSITIVE_INFINITY;

/** Utterances of five words with pauses of 400 ms. */
function sentences(count: number): Buffer {
	const pause = Buffer.alloc(400 * 32);
	return Buffer.concat(Array.from({ length: count }, (_, index) => [words(5, index * 5), pause]).flat());
}

describe('rotation', () => {
	for (const [limit, behaviour] of [
		['time', { capabilities: { sessionLimit: { ms: 2000, bytes: NONE } } }],
		['bytes', { capabilities: { sessionLimit: { ms: NONE, bytes: 64_000 } } }],
		['the time that the server told', { expiresInMs: 2000 }],
	] as [string, Behaviour][])
		it(
			`replaces each session before its limit in ${limit}, for a minute without a pause`,
			options,
			async () => {
				const clock = new VirtualClock();
				const provider = new FlakyProvider(clock, { ...behaviour, openMs: 60, lagMs: 120, finalLagMs: 300 });
				const stream = new VirtualStream(provider);
				await stream.speak(words(600));
				const closed = await stream.end();
				assert.equal(stream.text, textOf(600));
				assert.deepEqual([closed.reconnects, closed.droppedMs, closed.audioMs], [0, 0, 60_000]);
				assert.ok(stream.named('rotated').length >= 29);
				assert.equal(provider.sessions.length, stream.named('rotated').length + 1);
				assert.equal(stream.named('open').length, 1);
				for (const { words: said = [] } of stream.finals)
					for (const { text, startMs } of said) assert.equal(startMs, Number(text) * 100);
				stream.check();
			},
		);

	it('moves the feed at one sample where there is a pause: each is sent once', options, async () => {
		const clock = new VirtualClock();
		const capabilities = { sessionLimit: { ms: 6000, bytes: NONE } };
		const provider = new FlakyProvider(clock, { capabilities, openMs: 40, finalLagMs: 1000 });
		const stream = new VirtualStream(provider);
		const sent = sentences(60);
		await stream.speak(sent);
		await stream.end();
		assert.equal(stream.text, textOf(300));
		assert.ok(stream.named('rotated').length >= 8);
		assert.ok(Buffer.concat(provider.sessions.map(({ pcm }) => pcm)).equals(sent));
		stream.check();
	});

	it('waits for a pause in the last part of a session, and no longer than it may', options, async () => {
		for (const [utterance, earliest, latest] of [
			[5, 7900, 8700],
			[1000, 8900, 9200],
		] as const) {
			const clock = new VirtualClock();
			const capabilities = { sessionLimit: { ms: 10_000, bytes: NONE } };
			const provider = new FlakyProvider(clock, { capabilities, utterance });
			const stream = new VirtualStream(provider);
			await stream.speak(words(95));
			const at = stream.events.find(({ name }) => name === 'rotated')?.at ?? 0;
			assert.ok(at >= earliest && at <= latest, `rotated at ${at} ms`);
			await stream.end();
			// An utterance of a whole session is cut where it falls, between two words here or within one.
			const said = stream.text.split(' ').map(Number);
			assert.equal(new Set(said).size, said.length);
			assert.ok(said.length >= 94);
			stream.check();
		}
	});

	it(
		'gives the transcripts in the order of the stream, also when the old session takes its time',
		options,
		async () => {
			const clock = new VirtualClock();
			const capabilities = { sessionLimit: { ms: 5000, bytes: NONE } };
			const provider = new FlakyProvider(clock, { capabilities, lagMs: 10, finalLagMs: 1500 });
			const stream = new VirtualStream(provider);
			await stream.speak(words(200));
			await stream.end();
			assert.equal(stream.text, textOf(200));
			stream.check();
		},
	);

	it('says a whisper again, which only the recogniser hears', options, async () => {
		for (const whispers of [true, false]) {
			const clock = new VirtualClock();
			const capabilities = { sessionLimit: { ms: 10_000, bytes: NONE } };
			const provider = new FlakyProvider(clock, { capabilities });
			const stream = new VirtualStream(provider);
			await stream.speak(words(50));
			await stream.speak(Buffer.alloc(3500 * 32));
			if (whispers) provider.sessions[0]?.say({ type: 'partial', text: 'hush' });
			await stream.speak(Buffer.alloc(1000 * 32));
			await stream.end();
			const received = provider.sessions.map(({ receivedMs }) => receivedMs);
			assert.equal(stream.named('rotated').length, 1);
			assert.equal(received[0], 9000);
			assert.equal(received[1], whispers ? 4500 : 500);
			stream.check();
		}
	});

	it('keeps the old session while its successor cannot be opened', options, async () => {
		const clock = new VirtualClock();
		const capabilities = { sessionLimit: { ms: 20_000, bytes: NONE } };
		const refuse = (opening: number) => (opening === 1 || opening === 2 ? lost() : undefined);
		const provider = new FlakyProvider(clock, { capabilities, refuse });
		const stream = new VirtualStream(provider);
		await stream.speak(words(300));
		const closed = await stream.end();
		assert.equal(stream.text, textOf(300));
		assert.equal(closed.reconnects, 0);
		stream.check();
	});

	it('also of a recording that comes all at once, as fast as it may be sent', options, async () => {
		const clock = new VirtualClock();
		const capabilities = { sessionLimit: { ms: 5000, bytes: NONE }, pace: 2 };
		const provider = new FlakyProvider(clock, { capabilities, openMs: 50 });
		const stream = new VirtualStream(provider);
		stream.session.write(words(400));
		const closed = await stream.end();
		assert.equal(closed.text, textOf(400));
		assert.deepEqual([closed.reconnects, closed.droppedMs], [0, 0]);
		stream.check();
	});

	it('ends with the stream, also when that ends while a successor is being opened', options, async () => {
		const clock = new VirtualClock();
		const capabilities = { sessionLimit: { ms: 5000, bytes: NONE } };
		const provider = new FlakyProvider(clock, { capabilities, openMs: 400 });
		const stream = new VirtualStream(provider);
		await stream.speak(words(46));
		assert.equal(provider.openings.length, 2);
		await stream.end();
		assert.equal(stream.text, textOf(46));
		await clock.pass(1000);
		stream.check();
	});
});

describe('an hour through a recogniser that breaks often and whose sessions are short', () => {
	it('loses no word, and needs no more memory than in the first minutes', options, async () => {
		const clock = new VirtualClock();
		const random = seeded(60);
		const breaks: number[] = [];
		const dropAfterMs = (opening: number) => {
			breaks[opening] ??= random() < 0.3 ? 1000 + random() * 50_000 : NONE;
			return breaks[opening];
		};
		const refuse = () => (random() < 0.1 ? lost() : undefined);
		const capabilities = { sessionLimit: { ms: 60_000, bytes: NONE }, pace: 2 };
		const provider = new FlakyProvider(clock, {
			capabilities,
			dropAfterMs,
			refuse,
			lagMs: 100,
			openMs: 100,
			utterance: 20,
			record: false,
		});
		const stream = new VirtualStream(provider, { partials: false }, { random });
		setFlagsFromString('--expose-gc');
		const gc: () => void = runInNewContext('gc');
		const used = async () => {
			gc();
			await settled();
			const { heapUsed, arrayBuffers } = process.memoryUsage();
			return (heapUsed + arrayBuffers) / 1e6;
		};
		const MINUTES = 60;
		let early = 0;
		let late = 0;
		for (let minute = 0; minute < MINUTES; minute++) {
			await stream.speak(words(600, minute * 600), 100);
			// What the test itself remembers.
			for (const session of provider.sessions) session.writes.length = 0;
			if (minute === 7) early = await used();
			if (minute === MINUTES - 1) late = await used();
		}
		const closed = await stream.end();
		assert.ok(stream.text === textOf(MINUTES * 600), 'words are missing or doubled');
		assert.equal(closed.droppedMs, 0);
		assert.equal(closed.audioMs, MINUTES * 60_000);
		assert.ok(closed.reconnects > 10, `${closed.reconnects} reconnects`);
		assert.ok(stream.named('rotated').length > 20);
		// 52 minutes of audio are 100 MB; the transcripts themselves are some MB.
		assert.ok(late - early < 25, `${early.toFixed(1)} MB became ${late.toFixed(1)} MB`);
		stream.check();
	});
});
