import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VoiceError } from '../../../nodes/stt-stream/providers/provider.ts';
import { noise } from '../../lab/signals.ts';
import { beginStream, MONO, SAFETY_MS, until } from './helpers.ts';
import { final, partial, ScriptedProvider, type ScriptedSession } from './scripted-provider.ts';

const options = { timeout: SAFETY_MS };

/** `ms` of sound at 16 kHz that never repeats. */
const sound = (ms: number, seed = 1) => noise(ms * 16, seed);

async function opened(provider: ScriptedProvider, index = 0): Promise<ScriptedSession> {
	return until('the opening', () => provider.sessions[index]);
}

describe('session: its end', () => {
	const boom = new VoiceError('STT_ENGINE', 'It broke', 'mend it', { retryable: true });

	it('awaits the last final however long the recogniser is at work', options, async () => {
		const provider = new ScriptedProvider();
		const { session, outcome } = beginStream(provider, { settings: { finalTimeoutMs: 2000 } });
		const scripted = await opened(provider);
		scripted.atFinish = undefined;
		session.end();
		await until('the end marker', () => scripted.finished);
		// Each sign of life gives it the whole time again.
		for (let i = 0; i < 6; i++) {
			await new Promise((resolve) => setTimeout(resolve, 500));
			scripted.say(partial(`word ${i}`));
		}
		assert.deepEqual(outcome.errors, []);
		scripted.say(final('done', 0, 1));
		scripted.end();
		assert.equal((await outcome.closed).text, 'done');
	});

	it('gives up a recogniser that is silent after the end, with what was heard', options, async () => {
		const provider = new ScriptedProvider();
		const { session, outcome } = beginStream(provider, { settings: { finalTimeoutMs: 100 } });
		const scripted = await opened(provider);
		scripted.atFinish = undefined;
		scripted.say(final('so far', 0, 1));
		await until('the final', () => outcome.transcripts[0]);
		session.end();
		const closed = await outcome.closed;
		assert.equal(closed.code, 'STT_TIMEOUT');
		assert.equal(closed.text, 'so far');
		assert.deepEqual(
			outcome.errors.map(({ code, retryable }) => [code, retryable]),
			[['STT_TIMEOUT', true]],
		);
		assert.ok(scripted.aborted);
	});

	for (const [what, repeated] of [
		['it is at work', [{ type: 'status', detail: 'working' }]],
		['what it has said', [partial('the same'), { type: 'end-of-utterance', atMs: 10 }]],
	] as const)
		it(`also when all it says is ${what}, again and again`, options, async (t) => {
			const provider = new ScriptedProvider();
			const { session, outcome } = beginStream(provider, { settings: { finalTimeoutMs: 200 } });
			const scripted = await opened(provider);
			scripted.atFinish = undefined;
			session.end();
			await until('the end marker', () => scripted.finished);
			const working = setInterval(() => repeated.forEach((event) => void scripted.say(event)), 50);
			t.after(() => clearInterval(working));
			assert.equal((await outcome.closed).code, 'STT_TIMEOUT');
			assert.ok(scripted.aborted);
		});

	it('also when it does not take the last audio', options, async () => {
		const provider = new ScriptedProvider();
		const release = provider.hold();
		const { session, outcome } = beginStream(provider, { settings: { finalTimeoutMs: 100 } });
		session.write(sound(1000));
		session.end();
		provider.room = 1;
		release();
		const scripted = await opened(provider);
		assert.equal((await outcome.closed).code, 'STT_TIMEOUT');
		assert.equal(scripted.pieces.length, 1);
	});

	it(
		'gives up an opening that takes too long, and a session that then opens after all',
		options,
		async () => {
			const provider = new ScriptedProvider();
			const release = provider.hold();
			const { session, outcome } = beginStream(provider, { settings: { connectTimeoutMs: 100 } });
			session.write(sound(100));
			assert.equal((await outcome.closed).code, 'STT_TIMEOUT');
			assert.ok(provider.signals[0]?.aborted);
			release();
			const late = await opened(provider);
			await until('its end', () => late.aborted);
			assert.deepEqual(late.pieces, []);
			assert.deepEqual(outcome.order, ['failed', 'closed']);
		},
	);

	it('ends, when it is abandoned, also where the preparation hangs', options, async () => {
		const provider = new ScriptedProvider();
		provider.prepare = () => new Promise<void>(() => {});
		const { session, outcome } = beginStream(provider);
		session.write(sound(100));
		await session.abandon();
		await outcome.closed;
		assert.deepEqual(outcome.order, ['closed']);
	});

	it('fails with the error of the opening, or of the preparation', options, async () => {
		for (const where of ['refusal', 'unprepared'] as const) {
			const provider = new ScriptedProvider();
			provider[where] = boom;
			const { session, outcome } = beginStream(provider);
			session.write(sound(100));
			assert.equal((await outcome.closed).code, 'STT_ENGINE');
			assert.deepEqual(outcome.errors, [boom]);
			session.write(sound(100));
			session.end();
			await session.abandon();
			assert.deepEqual(outcome.order, ['failed', 'closed']);
		}
	});

	it('fails with the error of the recogniser, after what it said before', options, async () => {
		const provider = new ScriptedProvider();
		const { session, outcome } = beginStream(provider);
		const scripted = await opened(provider);
		session.write(sound(100));
		scripted.say(final('one', 0, 10));
		scripted.end(boom);
		const closed = await outcome.closed;
		assert.deepEqual([closed.code, closed.text], ['STT_ENGINE', 'one']);
		assert.deepEqual(outcome.order, ['open', 'final', 'failed', 'closed']);
	});

	it('takes an end that nobody asked for as a failure', options, async () => {
		const provider = new ScriptedProvider();
		const { outcome } = beginStream(provider);
		(await opened(provider)).end();
		assert.equal((await outcome.closed).code, 'STT_PROTOCOL');
		assert.equal(outcome.errors[0]?.retryable, true);
	});

	it('makes a VoiceError of whatever an adapter throws', options, async () => {
		const provider = new ScriptedProvider();
		const { outcome } = beginStream(provider);
		(await opened(provider)).end(new TypeError('oops'));
		assert.equal((await outcome.closed).code, 'STT_PROTOCOL');
		assert.ok(outcome.errors[0] instanceof VoiceError);
	});

	it(
		'fails instead of ending the process when an adapter throws while it is written to',
		options,
		async () => {
			const provider = new ScriptedProvider();
			const { session, outcome } = beginStream(provider);
			const scripted = await opened(provider);
			scripted.write = () => {
				throw new TypeError('oops');
			};
			session.write(sound(100));
			assert.ok((await outcome.closed).code?.startsWith('STT_'));
		},
	);

	it('closes at once when it is abandoned: opening, open, and finishing', options, async () => {
		for (const stage of ['new', 'opening', 'open', 'finishing'] as const) {
			const provider = new ScriptedProvider();
			const release = provider.hold();
			const { session, outcome } = beginStream(provider);
			if (stage !== 'new') await until('the request', () => provider.asked[0]);
			if (stage === 'open' || stage === 'finishing') {
				release();
				const scripted = await opened(provider);
				scripted.atFinish = undefined;
				await until('its opening', () => outcome.order.includes('open'));
				scripted.say(final('one', 0, 10));
				await until('the final', () => outcome.transcripts[0]);
			}
			if (stage === 'finishing') session.end();
			const gone = session.abandon();
			assert.equal(outcome.order.at(-1), 'closed');
			release();
			await gone;
			const closed = await outcome.closed;
			assert.equal(closed.code, undefined);
			assert.equal(closed.text, stage === 'new' || stage === 'opening' ? '' : 'one');
			assert.equal(outcome.order.filter((name) => name === 'closed').length, 1);
			for (const scripted of provider.sessions) assert.ok(scripted.aborted);
			if (stage === 'new') assert.deepEqual(provider.asked, []);
		}
	});

	it('reports nothing after closed', options, async () => {
		const provider = new ScriptedProvider();
		const { session, outcome } = beginStream(provider, { settings: { maxBufferMs: 100 } });
		const scripted = await opened(provider);
		await until('its opening', () => outcome.order.includes('open'));
		await session.abandon();
		scripted.say(final('late', 0, 1));
		for (let i = 0; i < 5; i++) session.write(sound(100));
		session.end();
		await new Promise((resolve) => setTimeout(resolve, 50));
		assert.deepEqual(outcome.order, ['open', 'closed']);
	});

	it('ends a stream that had no audio', options, async () => {
		const provider = new ScriptedProvider();
		const { session, outcome } = beginStream(provider, { format: MONO });
		session.end();
		assert.deepEqual([(await outcome.closed).text, (await outcome.closed).audioMs], ['', 0]);
	});
});
