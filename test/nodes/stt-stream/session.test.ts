import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VoiceError } from '../../../nodes/stt-stream/providers/provider.ts';
import { noise, sine } from '../../lab/signals.ts';
import { beginStream, MONO, SAFETY_MS, until } from './helpers.ts';
import { final, partial, ScriptedProvider, type ScriptedSession } from './scripted-provider.ts';

const options = { timeout: SAFETY_MS };

/** `ms` of sound at 16 kHz that never repeats. */
const sound = (ms: number, seed = 1) => noise(ms * 16, seed);

async function opened(provider: ScriptedProvider, index = 0): Promise<ScriptedSession> {
	return until('the opening', () => provider.sessions[index]);
}

describe('session: audio', () => {
	it(
		'hands every sample from the first on to the recogniser, in order, also those from before it is open',
		options,
		async () => {
			const provider = new ScriptedProvider();
			const release = provider.hold();
			const { session, outcome } = beginStream(provider);
			const pieces = [1, 37, 64, 500, 2].map((ms, index) => sound(ms, index + 1));
			for (const piece of pieces.slice(0, 3)) session.write(piece);
			await until('the request', () => provider.asked[0]);
			assert.equal(session.state, 'connecting');
			release();
			const scripted = await opened(provider);
			for (const piece of pieces.slice(3)) session.write(piece);
			session.end();
			session.write(sound(10));
			const { audioMs, droppedMs } = await outcome.closed;
			assert.ok(scripted.pcm.equals(Buffer.concat(pieces)));
			assert.equal(audioMs, 604);
			assert.equal(droppedMs, 0);
			assert.ok(scripted.finished);
		},
	);

	it('resamples and mixes to what the recogniser takes', options, async () => {
		for (const [format, offered, asked] of [
			[{ sampleRate: 44_100, channels: 2 }, [16_000], 16_000],
			[{ sampleRate: 8000, channels: 1 }, [16_000, 8000], 8000],
			[{ sampleRate: 22_050, channels: 1 }, [16_000, 48_000], 48_000],
			[{ sampleRate: 96_000, channels: 1 }, [16_000, 48_000], 48_000],
		] as const) {
			const provider = new ScriptedProvider({ sampleRates: offered });
			const { session, outcome } = beginStream(provider, { format });
			const mono = sine(format.sampleRate, 440, format.sampleRate);
			const pcm = Buffer.alloc(mono.length * format.channels);
			for (let i = 0; i < format.sampleRate * format.channels; i++)
				mono.copy(pcm, i * 2, Math.floor(i / format.channels) * 2, Math.floor(i / format.channels) * 2 + 2);
			const step = 441 * 2 * format.channels;
			for (let at = 0; at < pcm.length; at += step) session.write(pcm.subarray(at, at + step));
			session.end();
			await outcome.closed;
			assert.equal(provider.asked[0]?.sampleRate, asked);
			const heard = provider.sessions[0]?.pcm ?? Buffer.alloc(0);
			assert.equal(heard.length, asked * 2);
			const wanted = sine(asked, 440, asked);
			// Not at the edges, where the filter sees the sound begin and end.
			for (let at = 2000; at < heard.length - 2000; at += 2)
				assert.ok(Math.abs(heard.readInt16LE(at) - wanted.readInt16LE(at)) < 100, `sample ${at / 2}`);
		}
	});

	it('cuts and joins to the sizes that the recogniser takes, and fills up the last', options, async () => {
		const provider = new ScriptedProvider({ chunkMs: { min: 50, max: 100 }, chunkMaxBytes: 3000 });
		const { session, outcome } = beginStream(provider);
		const pieces = [1, 2, 30, 400, 49].map((ms, index) => sound(ms, index + 1));
		for (const piece of pieces) session.write(piece);
		session.end();
		await outcome.closed;
		const [scripted] = provider.sessions;
		const sizes = scripted?.pieces.map(({ length }) => length) ?? [];
		assert.ok(
			sizes.every((size) => size >= 1600 && size <= 3000),
			String(sizes),
		);
		const sent = Buffer.concat(pieces);
		assert.ok(scripted?.pcm.subarray(0, sent.length).equals(sent));
		assert.ok(scripted?.pcm.subarray(sent.length).every((byte) => byte === 0));
	});

	it('waits while the recogniser is busy, and loses nothing', options, async () => {
		const provider = new ScriptedProvider();
		const release = provider.hold();
		const { session, outcome } = beginStream(provider);
		const pcm = sound(5000);
		session.write(pcm);
		session.end();
		provider.room = 1;
		release();
		const scripted = await opened(provider);
		for (let taken = 1; taken <= 20; taken++) {
			await until('a piece', () => scripted.pieces.length === taken);
			assert.equal(scripted.finished, 0);
			scripted.drain(1);
		}
		await outcome.closed;
		assert.ok(scripted.pcm.equals(pcm));
	});

	it(
		'drops the oldest when the buffer is full, counts and announces it, and keeps the times of the stream',
		options,
		async () => {
			const provider = new ScriptedProvider();
			const release = provider.hold();
			const { session, outcome } = beginStream(provider, { settings: { maxBufferMs: 1000 } });
			const pieces = Array.from({ length: 30 }, (_, index) => sound(100, index + 1));
			for (const piece of pieces) session.write(piece);
			release();
			const scripted = await opened(provider);
			await until('the audio', () => scripted.pcm.length === 32_000);
			assert.ok(scripted.pcm.equals(Buffer.concat(pieces.slice(20))));
			scripted.say(final('late', 500, 900));
			session.end();
			const closed = await outcome.closed;
			assert.equal(closed.droppedMs, 2000);
			assert.equal(closed.audioMs, 1000);
			const announced = outcome.events.filter(({ name }) => name === 'dropped-audio');
			assert.ok(announced.length >= 2 && announced.length <= 3, String(announced.length));
			const [transcript] = outcome.transcripts;
			assert.deepEqual([transcript?.startMs, transcript?.endMs], [2500, 2900]);
		},
	);

	it('keeps a recording that alone is longer than the buffer', options, async () => {
		const provider = new ScriptedProvider();
		const { session, outcome } = beginStream(provider, { settings: { maxBufferMs: 1000 } });
		const recording = sound(20_000);
		session.write(recording);
		session.write(sound(500, 2));
		session.end();
		assert.equal((await outcome.closed).droppedMs, 0);
		assert.ok(provider.sessions[0]?.pcm.equals(Buffer.concat([recording, sound(500, 2)])));
	});

	it('does not hold up the process with a long recording', options, async () => {
		const provider = new ScriptedProvider();
		const { session, outcome } = beginStream(provider, { format: { sampleRate: 48_000, channels: 1 } });
		session.write(sine(48_000 * 60, 440, 48_000));
		session.end();
		const scripted = await opened(provider);
		let turns = 0;
		while (!scripted.finished) {
			turns++;
			await new Promise((resolve) => setImmediate(resolve));
		}
		await outcome.closed;
		assert.ok(turns > 20, `${turns} turns of the event loop`);
	});
});

describe('session: results', () => {
	it('counts turns, joins the finals, and measures', options, async () => {
		const provider = new ScriptedProvider();
		const { session, outcome } = beginStream(provider, { id: 'mic-7' });
		const scripted = await opened(provider);
		session.write(sound(1000));
		scripted.say({ type: 'speech-started', atMs: 100 }, partial('turn'));
		await until('a partial', () => outcome.transcripts[0]);
		scripted.say(partial('turn on'), final(' turn on ', 100.4, 600), { type: 'end-of-utterance' });
		scripted.say(final('', 600, 700), { type: 'status', detail: 'slow' });
		scripted.atFinish = [final('the light', 650, 900)];
		session.end();
		const closed = await outcome.closed;
		assert.deepEqual(
			outcome.transcripts.map(({ kind, text, turn }) => [kind, text, turn]),
			[
				['partial', 'turn', 0],
				['partial', 'turn on', 0],
				['final', 'turn on', 0],
				['final', 'the light', 1],
			],
		);
		assert.equal(outcome.transcripts[2]?.stream, 'mic-7');
		assert.equal(outcome.transcripts[2]?.provider, 'scripted');
		assert.equal(outcome.transcripts[2]?.startMs, 100);
		assert.ok(!('confidence' in (outcome.transcripts[2] ?? {})));
		assert.deepEqual(outcome.order, [
			'open',
			'speech-started',
			'partial',
			'partial',
			'final',
			'end-of-utterance',
			'status',
			'final',
			'closed',
		]);
		assert.equal(outcome.events[1]?.details.atMs, 100);
		assert.equal(outcome.events[3]?.details.detail, 'slow');
		assert.equal(closed.text, 'turn on the light');
		assert.equal(closed.code, undefined);
		assert.ok(closed.firstPartialMs !== undefined && closed.finalLatencyMs !== undefined);
	});

	it('sends no partials where none are wanted, and asks for none', options, async () => {
		const provider = new ScriptedProvider();
		const { session, outcome } = beginStream(provider, { settings: { partials: false, language: 'ru' } });
		const scripted = await opened(provider);
		scripted.say(partial('turn'));
		scripted.atFinish = [final('turn on', 0, 10)];
		session.end();
		await outcome.closed;
		assert.deepEqual(outcome.order, ['open', 'final', 'closed']);
		assert.deepEqual(provider.asked[0], {
			sampleRate: 16_000,
			language: 'ru',
			partials: false,
			refined: false,
		});
	});

	for (const [finals, wanted] of [
		['first', ['final one', 'final two', 'final three']],
		['refined', ['refined One.', 'refined Two!', 'final three']],
		['both', ['final one', 'final two', 'refined One.', 'refined Two!', 'final three']],
	] as const)
		it(`chooses between finals and their refinements: ${finals}`, options, async () => {
			const provider = new ScriptedProvider({ refines: true });
			const { session, outcome } = beginStream(provider, { settings: { finals } });
			const scripted = await opened(provider);
			session.write(sound(1000));
			scripted.say(final('one', 0, 100, 1), final('two', 100, 200, 2));
			scripted.say(
				{ type: 'refined', text: 'One.', utterance: 1 },
				{ type: 'refined', text: 'Two!', utterance: 2 },
			);
			scripted.atFinish = [final('three', 300, 400, 3)];
			session.end();
			const closed = await outcome.closed;
			assert.deepEqual(
				outcome.transcripts.map(({ kind, text }) => `${kind} ${text}`),
				wanted,
			);
			const turns = outcome.transcripts.map(({ text, turn }) => [text.toLowerCase().replace(/\W/, ''), turn]);
			for (const [text, turn] of turns) assert.equal(turn, ['one', 'two', 'three'].indexOf(String(text)));
			assert.equal(closed.text, 'One. Two! three');
			const refined = outcome.transcripts.find(({ kind }) => kind === 'refined');
			if (refined) assert.deepEqual([refined.startMs, refined.endMs], [0, 100]);
		});

	it('passes finals on where refinements are wanted and the recogniser has none', options, async () => {
		const provider = new ScriptedProvider({ refines: false });
		const { session, outcome } = beginStream(provider, { settings: { finals: 'refined' } });
		const scripted = await opened(provider);
		scripted.say(final('one', 0, 100));
		await until('the final', () => outcome.transcripts[0]);
		session.end();
		await outcome.closed;
		assert.equal(outcome.transcripts.length, 1);
	});

	it('lets times only rise, and gives some to results that have none', options, async () => {
		const provider = new ScriptedProvider();
		const { session, outcome } = beginStream(provider);
		const scripted = await opened(provider);
		session.write(sound(1000));
		scripted.say(final('one', 0, 600), final('two', 500, 550), { type: 'final', text: 'three' });
		session.end();
		await outcome.closed;
		assert.deepEqual(
			outcome.transcripts.map(({ startMs, endMs }) => [startMs, endMs]),
			[
				[0, 600],
				[600, 600],
				[600, 1000],
			],
		);
	});
});

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
