import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AudioQueue } from '../../../../nodes/stt-stream/session/audio-queue.ts';
import { Timeline } from '../../../../nodes/stt-stream/session/timeline.ts';
import { Transcripts } from '../../../../nodes/stt-stream/session/transcripts.ts';
import { FORMAT, words } from './numbered-speech.ts';

const timed = (text: string, startMs: number) => ({ text, startMs, endMs: startMs + 100 });

describe('what a session says of audio that an earlier one had', () => {
	const later = (finals: 'first' | 'refined' = 'first') => {
		const timeline = new Timeline();
		timeline.mark(0, 800);
		const settings = { finals, partials: true, provider: 'p', stream: 's' } as const;
		return {
			transcripts: new Transcripts({ ...settings, refines: () => finals === 'refined' }),
			source: { timeline, heardMs: 2000, knownMs: 1000 },
		};
	};

	it('is no transcript when it lies wholly before the last final', () => {
		const { transcripts, source } = later();
		for (const type of ['partial', 'final'] as const)
			assert.deepEqual(transcripts.take({ type, text: 'again', startMs: 50, endMs: 200 }, source), []);
		assert.equal(transcripts.text, '');
	});

	it('is left out of a final word by word, by the middle of each', () => {
		const { transcripts, source } = later();
		const said = [timed('again', 50), timed('half', 160), timed('new', 260)];
		const result = { type: 'final', text: 'Again half new.', startMs: 50, endMs: 360, words: said } as const;
		const [transcript] = transcripts.take(result, source);
		assert.equal(transcript?.text, 'half new');
		assert.deepEqual(
			transcript?.words?.map(({ startMs }) => startMs),
			[960, 1060],
		);
	});

	it('is left out of its refinement, too', () => {
		const { transcripts, source } = later('refined');
		const times = { startMs: 50, endMs: 360, words: [timed('again', 50), timed('new', 260)] };
		assert.deepEqual(transcripts.take({ type: 'final', text: 'again new', ...times }, source), []);
		const words = [timed('Again,', 50), timed('new.', 260)];
		const refined = { type: 'refined', text: 'Again, new.', ...times, words } as const;
		assert.equal(transcripts.take(refined, source)[0]?.text, 'new.');
		assert.equal(transcripts.text, 'new.');
	});

	it('is not brought back by a refinement that tells no words', () => {
		const { transcripts, source } = later('refined');
		const times = { startMs: 50, endMs: 360 };
		const words = [timed('again', 50), timed('new', 260)];
		transcripts.take({ type: 'final', text: 'again new', ...times, words }, source);
		for (const more of [times, {}]) {
			const said = transcripts.take({ type: 'refined', text: 'Again, new.', ...more }, source);
			assert.deepEqual(
				said.map(({ text }) => text),
				more === times ? ['new'] : [],
			);
			assert.equal(transcripts.text, 'new');
		}
	});

	it('does not make the times go back', () => {
		const { transcripts, source } = later();
		const first = { timeline: new Timeline(), heardMs: 1000, knownMs: 0 };
		transcripts.take({ type: 'final', text: 'one', startMs: 900, endMs: 1000 }, first);
		const said = [timed('two', 170), timed('three', 300)];
		const result = { type: 'final', text: 'two three', startMs: 170, endMs: 400, words: said } as const;
		const [transcript] = transcripts.take(result, source);
		assert.deepEqual([transcript?.startMs, transcript?.endMs], [1000, 1200]);
		assert.deepEqual(
			transcript?.words?.map(({ startMs, endMs }) => [startMs, endMs]),
			[
				[1000, 1070],
				[1100, 1200],
			],
		);
	});

	it('leaves a final without repetition as the recogniser wrote it', () => {
		const { transcripts, source } = later();
		const result = {
			type: 'final',
			text: 'New.',
			startMs: 260,
			endMs: 360,
			words: [timed('New', 260)],
		} as const;
		assert.equal(transcripts.take(result, source)[0]?.text, 'New.');
	});
});

describe('audio that is to be read again', () => {
	const read = (queue: AudioQueue, ms: number) => {
		const parts: Buffer[] = [];
		for (let left = ms; left > 0; ) {
			const audio = queue.take(left);
			if (!audio) break;
			parts.push(audio.pcm);
			left -= audio.pcm.length / 32;
		}
		return Buffer.concat(parts);
	};

	it('is there from any position until it is released', () => {
		const queue = new AudioQueue(FORMAT, 10_000);
		const sent = words(30);
		for (let at = 0; at < sent.length; at += 1290) queue.push(sent.subarray(at, at + 1290));
		assert.ok(read(queue, 2000).equals(sent.subarray(0, 64_000)));
		assert.equal(queue.rewind(550), 0);
		assert.equal(queue.positionMs, 550);
		assert.ok(read(queue, 5000).equals(sent.subarray(550 * 32)));
		assert.equal(queue.readMs, 3000);
		queue.release(1000);
		assert.equal(queue.rewind(1000), 0);
		assert.ok(read(queue, 5000).equals(sent.subarray(32_000)));
	});

	it('is counted once where it is gone', () => {
		const queue = new AudioQueue(FORMAT, 1000);
		for (let word = 0; word < 20; word++) {
			assert.equal(queue.push(words(1, word)), 0);
			read(queue, 100);
		}
		assert.equal(queue.rewind(200), 800);
		assert.equal(queue.rewind(200), 0);
		// Nobody reads: what is dropped now was to be read again, or was never read.
		assert.equal(queue.push(words(3, 20)), 300);
		assert.ok(read(queue, 5000).equals(words(10, 13)));
		assert.equal(queue.rewind(500), 0);
	});
});

describe('silence that holds a session open', () => {
	it('takes no time in the stream', () => {
		const timeline = new Timeline();
		timeline.mark(0, 5000);
		timeline.pause(1000, 100);
		timeline.pause(1100, 100);
		assert.deepEqual(
			[900, 1000, 1050, 1150, 1200].map((ms) => timeline.toStream(ms)),
			[5900, 6000, 6000, 6000, 6000],
		);
		timeline.mark(1200, 6000);
		assert.equal(timeline.toStream(1300), 6100);
		timeline.mark(1400, 9000);
		assert.equal(timeline.toStream(1401), 9001);
	});
});
