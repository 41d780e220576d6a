import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type SttProvider, VoiceError } from '../../../../nodes/stt-stream/providers/provider.ts';
import { Warm } from '../../../../nodes/stt-stream/session/warm.ts';
import { type Behaviour, FlakyProvider, lost } from './flaky-provider.ts';
import { textOf, words } from './numbered-speech.ts';
import { options, VirtualStream } from './stream.ts';
import { VirtualClock } from './virtual-clock.ts';

const NONE = Number.POSITIVE_INFINITY;

function warmed(behaviour: Behaviour = {}) {
	const clock = new VirtualClock();
	const provider = new FlakyProvider(clock, behaviour);
	const asked = { language: '', partials: true, refined: false };
	const refusals: unknown[] = [];
	const onRefused = (error: unknown) => void refusals.push(error);
	const warm = new Warm({ provider, clock, asked, connectTimeoutMs: 10_000, onRefused });
	warm.ready();
	const stream = () => new VirtualStream(provider, {}, { open: warm.open });
	return { clock, provider, warm, stream, refusals };
}

describe('warm', () => {
	it('opens before the first audio, and the stream takes that session', options, async () => {
		const { clock, provider, warm, stream } = warmed({ openMs: 3000 });
		await clock.pass(60_000);
		assert.deepEqual(provider.openings, [0]);
		const first = stream();
		first.session.write(words(3));
		await clock.pass(0);
		assert.equal(provider.sessions[0]?.receivedMs, 300);
		assert.equal((await first.end()).text, textOf(3));
		assert.equal(provider.openings.length, 1);
		// The next one is opened when it is asked for.
		warm.ready();
		await clock.pass(5000);
		assert.equal(provider.openings.length, 2);
		await warm.close();
		first.check();
	});

	it('replaces a session that ended while it waited, not in haste', options, async () => {
		const { clock, provider, warm, stream } = warmed({ capabilities: { idleLimitMs: 5000 }, failure: null });
		await clock.pass(300_000);
		assert.ok(provider.openings.length > 3 && provider.openings.length < 12, `${provider.openings.length}`);
		const late = stream();
		await late.speak(words(3));
		assert.equal((await late.end()).text, textOf(3));
		await warm.close();
		assert.equal(provider.openNow, 0);
	});

	it('holds it open by messages, and leaves the stream enough of its time', options, async () => {
		const { clock, provider, warm, stream } = warmed({
			capabilities: {
				idleLimitMs: 5000,
				keepAlive: 'message',
				sessionLimit: { ms: 100_000, bytes: NONE },
			},
		});
		await clock.pass(130_000);
		assert.equal(provider.openings.length, 3);
		const long = stream();
		await long.speak(words(1200));
		assert.equal((await long.end()).text, textOf(1200));
		assert.ok(long.named('rotated').length >= 1);
		await warm.close();
		long.check();
	});

	it('is closed also where the preparation hangs', options, async () => {
		const clock = new VirtualClock();
		const provider: SttProvider = new FlakyProvider(clock, {});
		provider.prepare = () => new Promise<void>(() => {});
		const asked = { language: '', partials: true, refined: false };
		const warm = new Warm({ provider, clock, asked, connectTimeoutMs: 10_000 });
		warm.ready();
		await warm.close();
	});

	it('tries again after a failure, but not after one that no retry can mend', options, async () => {
		const quota = new VoiceError('STT_QUOTA', 'The account is empty', 'pay');
		const refuse = (opening: number) => (opening < 2 ? lost() : quota);
		const { clock, provider, warm, stream } = warmed({ refuse });
		await clock.pass(120_000);
		assert.equal(provider.openings.length, 3);
		const refused = stream();
		assert.equal((await refused.closed()).code, 'STT_QUOTA');
		await warm.close();
		refused.check();
	});

	for (const where of ['at its opening', 'while it waits'])
		it(`says once that it was refused, and waits for a stream that is not: ${where}`, options, async () => {
			const wrong = new VoiceError('STT_AUTH', 'The key is wrong', 'check it');
			const isFirst = (opening: number) => where === 'at its opening' && opening === 0;
			const { clock, provider, warm, stream, refusals } = warmed({
				refuse: (opening) => (isFirst(opening) ? wrong : undefined),
			});
			await clock.pass(10_000);
			provider.sessions[0]?.fail(wrong);
			for (let hour = 0; hour < 3; hour++) {
				await clock.pass(3_600_000);
				warm.ready();
			}
			assert.deepEqual([provider.openings.length, refusals], [1, [wrong]]);
			const accepted = stream();
			await accepted.speak(words(3));
			assert.equal((await accepted.end()).text, textOf(3));
			warm.ready();
			await clock.pass(1000);
			assert.deepEqual([provider.openings.length, refusals.length], [3, 1]);
			await warm.close();
			assert.equal(refusals.length, 1);
			accepted.check();
		});

	it('is gone when it is closed, at every stage', options, async () => {
		for (const passed of [0, 1000, 5000]) {
			const { clock, provider, warm } = warmed({ openMs: 3000 });
			await clock.pass(passed);
			await warm.close();
			assert.equal(provider.openNow, 0);
			warm.ready();
			await clock.pass(10_000);
			assert.ok(provider.openings.length <= 1);
			assert.equal(clock.pending, 0);
		}
	});
});
