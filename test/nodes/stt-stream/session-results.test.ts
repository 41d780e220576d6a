import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noise } from '../../lab/signals.ts';
import { beginStream, SAFETY_MS, until } from './helpers.ts';
import { final, partial, ScriptedProvider, type ScriptedSession } from './scripted-provider.ts';

const options = { timeout: SAFETY_MS };

/** `ms` of sound at 16 kHz that never repeats. */
const sound = (ms: number, seed = 1) => noise(ms * 16, seed);

async function opened(provider: ScriptedProvider, index = 0): Promise<ScriptedSession> {
	return until('the opening', () => provider.sessions[index]);
}

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

	it('takes no time for true that no audio has: those that follow go on', options, async () => {
		const provider = new ScriptedProvider();
		const { session, outcome } = beginStream(provider);
		const scripted = await opened(provider);
		session.write(sound(1000));
		await until('the audio', () => scripted.pcm.length >= 32_000);
		const words = [{ text: 'one', startMs: 9e15, endMs: -50 }];
		scripted.say({ type: 'speech-started', atMs: -5 }, { type: 'end-of-utterance', atMs: 9e15 });
		scripted.say({ type: 'final', text: 'one', startMs: -9e15, endMs: 9e15, words });
		await until('it', () => outcome.transcripts[0]);
		session.write(sound(500));
		await until('more audio', () => scripted.pcm.length >= 48_000);
		scripted.atFinish = [final('two', 1100, 1400)];
		session.end();
		await outcome.closed;
		assert.deepEqual(
			outcome.transcripts.map(({ startMs, endMs }) => [startMs, endMs]),
			[
				[0, 1000],
				[1100, 1400],
			],
		);
		assert.deepEqual(outcome.transcripts[0]?.words, [{ text: 'one', startMs: 1000, endMs: 1000 }]);
		assert.deepEqual(
			outcome.events.flatMap(({ details }) => details.atMs ?? []),
			[0, 1000],
		);
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
