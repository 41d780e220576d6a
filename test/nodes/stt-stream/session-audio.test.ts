import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noise, sine } from '../../lab/signals.ts';
import { beginStream, SAFETY_MS, until } from './helpers.ts';
import { final, ScriptedProvider, type ScriptedSession } from './scripted-provider.ts';

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
		for (let taken = 1; taken <= 5; taken++) {
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
