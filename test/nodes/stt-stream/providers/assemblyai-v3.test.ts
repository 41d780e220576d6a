import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { scripted, sentence } from '../../../lab/recognisers/hearing.ts';
import { numberedAudio } from '../../../lab/recognisers/numbered-audio.ts';
import { noise } from '../../../lab/signals.ts';
import { feed, type Heard, silence, until } from '../helpers.ts';
import { type Ask, converse, kinds, open, recogniser, SPEECH, start } from './assemblyai-bench.ts';
import { providerAt } from './assemblyai-helpers.ts';

const statuses = ({ events }: Heard) =>
	events.flatMap((event) => (event.type === 'status' ? [event.detail] : []));

describe('AssemblyAI v3', () => {
	it('sends every sample, in whatever pieces and at either rate', async () => {
		for (const [sampleRate, ms] of [
			[16_000, 50],
			[16_000, 1000],
			[16_000, 61.5],
			[8000, 100],
		] as const) {
			const lab = await start({ ears: scripted([]) });
			const { session } = await open({ wish: { sampleRate } });
			const pcm = noise(sampleRate * 5);
			const size = Math.round((ms * sampleRate) / 1000) * 2;
			for (let at = 0; pcm.length - at >= size; at += size) session.write(pcm.subarray(at, at + size));
			await session.finish();
			const whole = pcm.length - (pcm.length % size);
			assert.ok(lab.audio().equals(pcm.subarray(0, whole)), `${sampleRate} Hz, ${ms} ms`);
			assert.equal(lab.records[0]?.query['sample_rate'], String(sampleRate));
		}
	});

	it('gives partials with the newest word, finals whole, and what was formatted as refined', async () => {
		const { session, heard } = await open({ wish: { refined: true } });
		await converse(session, heard, 'assemblyai');
		await session.finish();
		assert.equal(await heard.end, undefined);
		assert.deepEqual(kinds(heard), [
			['partial', 0, '0'],
			['partial', 0, '0 1'],
			['partial', 0, '0 1 2'],
			['partial', 0, '0 1 2 3'],
			// The pause: its `utterance` is filled in, and empty at the end of the turn.
			['partial', 0, '0 1 2 3'],
			['final', 0, '0 1 2 3'],
			['refined', 0, '0 1 2 3.'],
			['partial', 1, '50'],
			['partial', 1, '50 51'],
			['partial', 1, '50 51 52'],
			['final', 1, '50 51 52'],
			['refined', 1, '50 51 52.'],
		]);
		assert.deepEqual(
			heard.events.filter(({ type }) => type === 'end-of-utterance'),
			[
				{ type: 'end-of-utterance', atMs: 390 },
				{ type: 'end-of-utterance', atMs: 2190 },
			],
		);
		const [final] = heard.results('final');
		assert.deepEqual([final?.startMs, final?.endMs, final?.confidence], [10, 390, 0.9]);
		assert.deepEqual(final?.words?.[1], { text: '1', startMs: 110, endMs: 190, confidence: 0.9 });
		assert.equal(final?.language, undefined);
	});

	it('asks for formatted turns only if somebody wants them, unless an option decides', async () => {
		for (const [refined, options, sent] of [
			[false, {}, 'false'],
			[true, {}, 'true'],
			[false, { format_turns: true }, 'true'],
			[true, { format_turns: false }, 'false'],
		] as const) {
			const lab = await start();
			const { session, heard } = await open({ wish: { refined }, options });
			await feed(session, numberedAudio(3), 100);
			await session.finish();
			assert.equal(lab.records[0]?.query['format_turns'], sent);
			assert.equal(heard.results('refined').length, sent === 'true' ? 1 : 0);
			assert.equal(heard.results('final')[0]?.text, '0 1 2');
		}
		assert.ok(recogniser);
		assert.equal(providerAt(recogniser).capabilities.refines, true);
		const options = { format_turns: false };
		assert.equal(providerAt(recogniser, 'assemblyai', { options }).capabilities.refines, false);
	});

	it('keeps partials to itself if nobody listens', async () => {
		const { session, heard } = await open({ wish: { partials: false } });
		await feed(session, SPEECH, 100);
		await session.finish();
		assert.deepEqual(
			kinds(heard).map(([kind]) => kind),
			['final', 'final'],
		);
	});

	it('understands the newer models, which format always and speak only in pauses', async () => {
		const { session, heard } = await open({ model: 'universal-3-5-pro', wish: { language: 'de-DE' } });
		await feed(session, SPEECH, 100);
		await session.finish();
		assert.deepEqual(kinds(heard), [
			['partial', 0, '0 1 2 3—'],
			['final', 0, '0 1 2 3.'],
			['final', 1, '50 51 52.'],
		]);
		assert.deepEqual(
			heard.events.filter(({ type }) => type === 'speech-started'),
			[
				{ type: 'speech-started', atMs: 10 },
				{ type: 'speech-started', atMs: 1910 },
			],
		);
		const query = recogniser?.records[0]?.query;
		assert.equal(query?.['language_codes'], '["de"]');
		assert.equal(query?.['format_turns'], undefined);
	});

	it('tells the language where it is detected', async () => {
		const { session, heard } = await open({ wish: { language: 'multi' } });
		await feed(session, numberedAudio(2), 100);
		await session.finish();
		assert.equal(recogniser?.records[0]?.query['speech_model'], 'universal-streaming-multilingual');
		assert.equal(heard.results('final')[0]?.language, 'en');
	});

	const turn = (order: number, text: string, more: object = {}) => ({
		type: 'Turn',
		turn_order: order,
		turn_is_formatted: false,
		end_of_turn: true,
		transcript: text,
		end_of_turn_confidence: 0.9,
		words: text.split(' ').map((word, i) => ({
			text: word,
			start: i * 100,
			end: i * 100 + 80,
			confidence: i / 2,
			word_is_final: true,
		})),
		utterance: '',
		...more,
	});

	/** A session in which the recogniser says just this. */
	async function told(messages: readonly (object | string | Buffer)[], ask: Ask = {}): Promise<Heard> {
		await start({
			ears: scripted([]),
			script: { cues: messages.map((message) => ({ at: { audioMs: 100 }, do: 'send', message })) },
		});
		const { session, heard } = await open(ask);
		session.write(silence(100));
		await session.finish();
		return heard;
	}

	it('sorts out turns that are formatted at once, late, twice or never', async () => {
		const formatted = { turn_is_formatted: true };
		const heard = await told(
			[
				turn(0, 'a b', formatted),
				turn(0, 'A b.', formatted),
				turn(1, 'c'),
				turn(1, 'c'),
				turn(2, 'd'),
				turn(1, 'C.', formatted),
				turn(1, 'C!', formatted),
				turn(3, ''),
				turn(4, ' ', { words: [] }),
			],
			{ wish: { refined: true } },
		);
		assert.deepEqual(kinds(heard), [
			['final', 0, 'a b'],
			// Nobody shall wait for what may never come.
			['refined', 0, 'a b'],
			['final', 1, 'c'],
			['final', 2, 'd'],
			['refined', 1, 'C.'],
		]);
		assert.equal(await heard.end, undefined);
	});

	it('leaves out a confidence that is 0, and averages the others', async () => {
		const [final] = (await told([turn(0, 'a b c')])).results('final');
		assert.deepEqual(
			final?.words?.map(({ confidence }) => confidence),
			[undefined, 0.5, 1],
		);
		assert.equal(final?.confidence, 0.75);
	});

	it('never mistakes a formatted partial for the end of a turn', async () => {
		const heard = await told([turn(0, 'a b', { end_of_turn: false, turn_is_formatted: true })]);
		assert.deepEqual(kinds(heard), [['partial', 0, 'a b']]);
	});

	it('passes on remarks, and names what it does not know once', async () => {
		const heard = await told([
			{ type: 'Warning', warning_code: 9, warning: 'careful' },
			{ type: 'Heartbeat', total_audio_received_ms: 100, total_duration_ms: 120, realtime_factor: 0.5 },
			{ type: 'Silence', start_ms: 10, end_ms: 90 },
			{ type: 'LLMGatewayResponse', turn_order: 0, transcript: 'secret words', data: {} },
			{ type: 'LLMGatewayResponse', turn_order: 1, transcript: 'secret words', data: {} },
			{ type: 'SpeakerRevision', revisions: [] },
			Buffer.from('{"type":"Warning","warning_code":10,"warning":"in a binary frame"}'),
		]);
		const [session, ...others] = statuses(heard);
		assert.match(session ?? '', /^session [0-9a-f-]{36}$/);
		assert.deepEqual(others, [
			'warning 9: careful',
			'heartbeat: 100 ms of audio, real-time factor 0.5',
			'silence from 10 to 90 ms',
			'ignored: LLMGatewayResponse',
			'ignored: SpeakerRevision',
			'warning 10: in a binary frame',
		]);
		assert.equal(await heard.end, undefined);
	});

	it('does without what a compatible server leaves out', async () => {
		const heard = await told([turn(0, 'one two', { words: undefined }), turn(1, 'three', { words: null })]);
		const [first, second] = heard.results('final');
		assert.deepEqual([first?.text, second?.text], ['one two', 'three']);
		assert.ok(first && !('startMs' in first) && !('endMs' in first) && !('confidence' in first));
		assert.equal(await heard.end, undefined);
		await start({ script: { cues: [{ at: 'open', do: 'send', message: { type: 'Begin' } }] } });
		const { session } = await open();
		assert.equal(session.expiresInMs, undefined);
		await session.finish();
	});

	it('gives up at a message that it cannot read, because a word may have been in it', async () => {
		for (const message of [
			'not JSON',
			'',
			'null',
			'[]',
			'"Turn"',
			Buffer.from([0xff, 0xfe]),
			turn(0, 'a', { words: 'a' }),
			turn(0, 'a', { words: [{ text: 'a' }] }),
			turn(0, 'a', { words: [null] }),
			turn(0, 'a', { turn_order: 'one' }),
			turn(0, 'a', { transcript: null }),
		]) {
			const heard = await told([message]);
			const error = await heard.end;
			assert.equal(error?.code, 'STT_PROTOCOL', `${JSON.stringify(message)}: ${error}`);
			assert.equal(error?.retryable, true);
			assert.deepEqual(heard.results('final'), []);
		}
	});

	it('keeps a session alive that times out when nothing is sent', async () => {
		const options = { inactivity_timeout: 5 };
		assert.ok(recogniser);
		const { capabilities } = providerAt(recogniser, 'assemblyai', { options });
		assert.deepEqual([capabilities.keepAlive, capabilities.idleLimitMs], ['message', 5000]);
		const { session } = await open({ options });
		session.keepAlive?.();
		await session.finish();
		session.keepAlive?.();
		assert.deepEqual(
			recogniser.records[0]?.controls.map(({ message }) => message),
			[{ type: 'KeepAlive' }, { type: 'Terminate' }],
		);
		const other = await open();
		assert.equal(other.session.keepAlive, undefined);
		await other.session.finish();
	});

	it('ends without a reason when the recogniser ends the session unasked', async () => {
		await start({ limits: { inactivityMs: 1 } });
		const idle = await open({ options: { inactivity_timeout: 5 } });
		assert.equal(await idle.heard.end, undefined);
		await start({ script: { cues: [{ at: { audioMs: 100 }, do: 'close', code: 1000 }] } });
		const closed = await open();
		closed.session.write(silence(100));
		assert.equal(await closed.heard.end, undefined);
		await closed.session.finish();
	});

	it('uses a temporary token where there is no key, and a key where there is one', async () => {
		assert.ok(recogniser);
		const { apiKey } = recogniser;
		await start({ apiKey: 'a token' });
		const first = await open({ credentials: { apiKey: '', token: 'a token', serviceAccount: '' } });
		await first.session.finish();
		assert.equal(recogniser?.records[0]?.query['token'], 'a token');
		assert.equal(recogniser?.records[0]?.headers.authorization, undefined);
		await start();
		const second = await open({ credentials: { apiKey, token: 'a token', serviceAccount: '' } });
		await second.session.finish();
		assert.equal(recogniser?.records[0]?.query['token'], undefined);
		assert.equal(recogniser?.records[0]?.headers.authorization, apiKey);
	});

	it('keeps what the endpoint brings along', async () => {
		assert.ok(recogniser);
		const { session } = await open({ endpoint: `${recogniser.url}?vad_threshold=0.25` });
		await session.finish();
		assert.equal(recogniser.records[0]?.query['vad_threshold'], '0.25');
	});
});

it('hears the words of a script in the time of the audio', async () => {
	await start({ ears: scripted(sentence('turn on the light', 500)) });
	const { session, heard } = await open();
	await feed(session, silence(900), 100);
	await until('the first word', () => heard.results('partial').length > 0);
	assert.equal(heard.results('partial').at(-1)?.text, 'turn');
	await feed(session, silence(4000), 100);
	await session.finish();
	assert.equal(heard.text, 'turn on the light');
});
