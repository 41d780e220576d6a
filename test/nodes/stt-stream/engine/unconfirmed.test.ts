import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UnconfirmedEnd } from '../../../../nodes/stt-stream/providers/provider.ts';
import type { SessionSettings } from '../../../../nodes/stt-stream/session.ts';
import { FlakyProvider } from './flaky-provider.ts';
import { textOf, words } from './numbered-speech.ts';
import { options, VirtualStream } from './stream.ts';
import { VirtualClock } from './virtual-clock.ts';

/** Through a recogniser that does not confirm the ends of sessions, and then keeps back its last final. */
async function speak(
	pcm: Buffer,
	unconfirmed: (opening: number) => boolean,
	settings: Partial<SessionSettings> = {},
) {
	const failure = new UnconfirmedEnd('The recogniser');
	const provider = new FlakyProvider(new VirtualClock(), { failure, failAtFinish: unconfirmed });
	const stream = new VirtualStream(provider, settings);
	await stream.speak(pcm, 100);
	const closed = await stream.end();
	stream.check();
	assert.equal(stream.errors.length, 0);
	assert.equal(closed.code, undefined);
	return { stream, closed, openings: provider.openings.length };
}

describe('an end that the recogniser does not confirm', () => {
	it('is not believed at once: what had no final is said again', options, async () => {
		const { stream, closed, openings } = await speak(words(8), (opening) => opening === 0);
		assert.equal(closed.text, textOf(8));
		assert.deepEqual([openings, closed.reconnects, closed.droppedMs], [2, 1, 0]);
		assert.match(String(stream.named('reconnecting')[0]?.detail), /did not confirm/);
	});

	it(
		'is believed the second time: what is left without a final is counted and announced',
		options,
		async () => {
			const { stream, closed, openings } = await speak(words(8), () => true);
			assert.equal(closed.text, textOf(5));
			assert.deepEqual([openings, closed.reconnects, closed.droppedMs], [2, 1, 300]);
			assert.equal(stream.named('dropped-audio').at(-1)?.droppedMs, 300);
		},
	);

	it('is believed where nothing but quiet came since the last final', options, async () => {
		for (const pcm of [
			Buffer.concat([words(5), Buffer.alloc(32_000)]),
			Buffer.alloc(32_000),
			Buffer.alloc(0),
		]) {
			const { closed, openings } = await speak(pcm, () => true);
			assert.equal(closed.text, pcm.length > 32_000 ? textOf(5) : '');
			assert.deepEqual([openings, closed.reconnects, closed.droppedMs], [1, 0, 0]);
		}
	});

	it('is believed, counted and announced where nothing is to be said again', options, async () => {
		const { stream, closed, openings } = await speak(words(8), () => true, { reconnectMs: 0 });
		assert.equal(closed.text, textOf(5));
		assert.deepEqual([openings, closed.droppedMs], [1, 300]);
		assert.equal(stream.named('dropped-audio').length, 1);
	});

	it('counts audio once, also what was gone before', options, async () => {
		const { closed } = await speak(words(8), () => true, { maxBufferMs: 200 });
		assert.equal(closed.text, textOf(5));
		assert.equal(closed.droppedMs, 300);
	});
});
