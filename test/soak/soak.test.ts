import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noise, silence } from '../lab/signals.ts';
import { AccountedStream, Trace } from './account.ts';
import { soakInCompressedTime } from './day.ts';
import { Drift } from './drift.ts';
import { judge, type Outcome } from './report.ts';
import { fitLine } from './statistics.ts';
import type { Sample } from './vitals.ts';

// A bounded part of the soak; `npm run soak -- --hour` and `-- --day` are the long ones.

describe('the account of samples', () => {
	const sound = noise(20_000, 5);
	const piece = (from: number, to: number) => sound.subarray(from * 2, to * 2);

	/** What a stream's books say when a recogniser got these pieces of it. */
	function heard(...connections: Buffer[][]) {
		const stream = new AccountedStream('stream', 'mic');
		for (let at = 0; at < sound.length; at += 640) stream.sent.push(sound.subarray(at, at + 640));
		stream.isOver = true;
		for (const pieces of connections) {
			const trace = new Trace('stt');
			for (const one of pieces) {
				trace.push(one);
				trace.settle([stream]);
			}
			assert.ok(trace.idle);
		}
		const { bytes, again, padding, foreign } = stream.heardBy('stt');
		return { frames: bytes / 2, again: again / 2, padding: padding / 2, foreign: foreign / 2 };
	}

	it('of a stream that was heard whole is even', () => {
		const all = { frames: 20_000, again: 0, padding: 0, foreign: 0 };
		assert.deepEqual(heard([piece(0, 4000), piece(4000, 20_000)]), all);
		assert.deepEqual(heard([piece(0, 7001)], [piece(7001, 20_000)]), all);
	});

	it('sees a gap, a repetition, silence that fills up and what nobody said', () => {
		assert.equal(heard([piece(0, 4000), piece(4001, 20_000)]).frames, 19_999);
		assert.equal(heard([piece(0, 19_999)]).frames, 19_999);
		assert.deepEqual(heard([piece(0, 9000)], [piece(8000, 20_000)]), {
			frames: 20_000,
			again: 1000,
			padding: 0,
			foreign: 0,
		});
		assert.deepEqual(heard([piece(0, 9000), silence(100), piece(9000, 20_000), silence(7)]), {
			frames: 20_000,
			again: 0,
			padding: 107,
			foreign: 0,
		});
		assert.equal(heard([piece(0, 9000), noise(50, 9), piece(9000, 20_000)]).foreign, 50);
	});

	it('gives a connection to the stream that begins so, where another microphone hears the same', () => {
		const [open, burst] = [new AccountedStream('open', 'a'), new AccountedStream('burst', 'b')];
		open.sent.push(sound);
		burst.sent.push(piece(9000, 12_000));
		for (const audio of [piece(0, 10_000), piece(9000, 12_000), piece(10_000, 20_000)]) {
			const trace = new Trace('stt');
			trace.push(audio);
			trace.settle([open, burst]);
		}
		assert.equal(open.heardBy('stt').bytes, sound.length);
		assert.equal(burst.heardBy('stt').bytes, 6000);
		assert.equal(open.heardBy('stt').again, 0);
	});
});

describe('what a soak makes of its figures', () => {
	const sample = (minute: number, more: Partial<Sample> = {}): Sample => ({
		seconds: minute * 60,
		audioSeconds: minute * 60,
		rss: 120e6 + (minute % 3) * 1e6,
		heap: 40e6 + (minute % 2) * 2e5,
		descriptors: 40 + (minute % 2),
		handles: 40,
		listeners: 60,
		emitters: 300,
		children: 9,
		childrenRss: 200e6,
		childrenDescriptors: 95,
		...more,
	});
	const outcome = (of: (minute: number) => Partial<Sample>): Outcome => ({
		kind: 'hour',
		samples: Array.from({ length: 60 }, (_, minute) => sample(minute, of(minute))),
		details: [],
		sums: {},
		errors: [],
		toPlay: 0,
		playbacks: 0,
		underruns: 0,
		open: [],
		log: [],
	});

	it('is content with what comes and goes', () => {
		assert.deepEqual(judge(outcome(() => ({}))).wrong, []);
	});

	it('sees memory that grows, a descriptor, a listener and a child too many', () => {
		for (const [grown, words] of [
			[(minute: number) => ({ rss: 120e6 + minute * 2e5 }), /^rss grows by 12\.00 MB/],
			[(minute: number) => ({ heap: 40e6 + minute * 1e5 }), /^heap grows by 6\.00 MB/],
			[(minute: number) => ({ descriptors: 40 + Math.floor(minute / 25) }), /^descriptors: 40 became 4/],
			[(minute: number) => ({ listeners: minute > 30 ? 61 : 60 }), /^listeners: 60 became 61/],
			[(minute: number) => ({ children: minute > 30 ? 10 : 9 }), /^children: 9 became 10/],
		] as const)
			assert.match(judge(outcome(grown)).wrong.join(), words);
	});

	it('fits lines and knows how sure they are', () => {
		const points = Array.from({ length: 100 }, (_, x) => [x, 3 * x + (x % 2 ? 1 : -1)] as const);
		const { slope, error } = fitLine(points);
		assert.ok(Math.abs(slope - 3) < 2 * error && error < 0.01, `${slope} ± ${error}`);
	});

	it('tells drift from lateness that changes', () => {
		const drift = new Drift(30_000);
		// 100 ppm slow, in bursts that come up to 200 ms late.
		for (let at = 0; at < 600_000; at += 64) drift.observe(at * (1 - 100e-6), at + (at % 200) + 20);
		const { slope, error } = drift.ppm;
		assert.ok(Math.abs(slope + 100) < 2 + 2 * error, `${slope} ± ${error}`);
		assert.ok(Math.abs(drift.ms + 57) < 5, `${drift.ms} ms`);
	});
});

describe('minutes of audio in seconds', { concurrency: true }, () => {
	const tell = () => {};

	it('are heard and played whole, through several sessions, and leave nothing behind', async (t) => {
		const outcome = await soakInCompressedTime({ hours: 0.12, everyHours: 0.01, tell });
		const { sums } = outcome;
		t.diagnostic(JSON.stringify(sums));
		assert.deepEqual(judge(outcome).wrong, []);
		assert.equal(outcome.samples.length, 12);
		for (const name of ['stt-assemblyai', 'stt-yandex']) {
			const { sentMs, heardMs, words } = sums[name] ?? assert.fail();
			assert.ok(sentMs > 420_000 && words > 4000, `${sentMs} ms, ${words} words`);
			assert.equal(heardMs, sentMs);
		}
		const yandex = sums['stt-yandex'] ?? assert.fail();
		assert.ok(yandex.rotations >= 1 && yandex.longestMs <= 300_000, JSON.stringify(yandex));
	});

	it('show what leaks', async () => {
		const imports = [new URL('./leak.js', import.meta.url).href];
		const { wrong } = judge(await soakInCompressedTime({ hours: 0.03, everyHours: 0.005, tell, imports }));
		for (const what of ['descriptors', 'listeners'])
			assert.ok(
				wrong.some((one) => one.startsWith(`${what}: `)),
				wrong.join('\n'),
			);
	});
});
