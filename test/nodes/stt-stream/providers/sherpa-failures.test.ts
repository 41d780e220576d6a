import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import { SherpaEngine } from '../../../../nodes/stt-stream/providers/local/sherpa-onnx/engine.ts';
import { type SttProvider, VoiceError } from '../../../../nodes/stt-stream/providers/provider.ts';
import { needs } from '../../../lab/needs.ts';
import { toneSpeech } from '../../../lab/toy-models/tones.ts';
import { beginStream, feed, listen, noChildren, openOptions, SAFETY_MS, silence, until } from '../helpers.ts';
import { hear, nothingLeft, payloadFor, sherpaProvider, sherpas, ToyModels } from './sherpa-lab.ts';

// The real sherpa-onnx on toy models that take tones for words: no test of speech recognition.

const options = { timeout: SAFETY_MS };
const CACHES = ['channel', 'time'].flatMap((name) => [1, 2, 3].map((dim) => `cache_last_${name}_dim${dim}`));
const NEMO = ['vocab_size', 'window_size', 'chunk_shift', 'subsampling_factor', ...CACHES];

const open = (provider: SttProvider) => provider.open(openOptions, new AbortController().signal);

async function refusal(provider: SttProvider): Promise<VoiceError> {
	try {
		await open(provider);
	} catch (thrown) {
		assert.ok(thrown instanceof VoiceError, String(thrown));
		return thrown;
	}
	throw new Error('not refused');
}

const kill = (signal: NodeJS.Signals = 'SIGKILL') => {
	for (const { pid } of sherpas()) process.kill(pid, signal);
};

describe('sherpa-onnx: what goes wrong', { skip: needs('sherpa-onnx') }, () => {
	const models = new ToyModels();
	const good = models.transducer();
	afterEach(() => nothingLeft());
	after(() => models.remove());

	for (const [what, folder, more, words] of [
		[
			'ends over the first audio',
			models.transducer({ features: 'hidden' }),
			{},
			/invalid dimensions.* embed_states /,
		],
		['aborts over sizes that do not fit', models.ctc({ metadata: { T: 32 } }), {}, /invalid dimensions.* x /],
		['ends over a value', models.ctc({ metadata: { encoder_dims: 'many' } }), {}, /'many'/],
		[
			'crashes over layers that are not there',
			models.ctc({ metadata: { num_encoder_layers: 2 } }),
			{},
			/\(.+\)/,
		],
		[
			'ends over another kind of model',
			models.ctc({ metadata: Object.fromEntries(NEMO.map((key) => [key, 9])) }),
			{ modelType: 'nemo-ctc' },
			/invalid dimensions/,
		],
	] as const)
		it(`survives a model over which the engine ${what}, and says its words`, options, async () => {
			const error = await refusal(sherpaProvider(folder, more));
			assert.equal(error.code, 'STT_ENGINE');
			assert.equal(error.retryable, false);
			assert.match(error.message, words);
			assert.ok(error.message.includes(folder));
			await noChildren();
			assert.equal((await hear(sherpaProvider(good), toneSpeech('ONE TWO'))).text, 'ONE TWO');
		});

	it('gives the words of an engine that refuses without ending', options, async () => {
		// Past our own checks: a file that is not there.
		const whole = await payloadFor(good);
		const load = {
			...whole,
			recognizer: {
				...whole.recognizer,
				modelConfig: { ...whole.recognizer.modelConfig, tokens: join(models.folder, 'nowhere.txt') },
			},
		};
		const engine = new SherpaEngine({ load, folder: 'the-model', unloadAfterMs: 0 });
		const settings = { ...openOptions, multilingual: false };
		await assert.rejects(engine.open(settings, new AbortController().signal), (thrown: VoiceError) => {
			assert.equal(thrown.code, 'STT_ENGINE');
			assert.match(thrown.message, /the-model \(tokens: .*nowhere\.txt.*\)/);
			return true;
		});
	});

	it('loses and doubles no word when the engine is killed in the middle of one', options, async () => {
		const text = 'ONE TWO THREE FOUR FIVE SIX SEVEN ZERO';
		const pcm = Buffer.concat(
			text.split(' ').flatMap((word) => [toneSpeech(word, { toneMs: 400 }), silence(800)]),
		);
		for (const killAtMs of [100, 700, 1300, 3700, 6650]) {
			const provider = sherpaProvider(good);
			const { session, outcome } = beginStream(provider, { settings: { reconnectMs: SAFETY_MS } });
			const at = killAtMs * 32;
			session.write(pcm.subarray(0, at));
			await until('an engine that has heard all', () => {
				const last = outcome.events.at(-1);
				return last && sherpas().length > 0 && last.details.audioMs >= killAtMs - 500;
			});
			const before = sherpas().map(({ pid }) => pid);
			kill();
			for (let from = at; from < pcm.length; from += 6400) session.write(pcm.subarray(from, from + 6400));
			session.end();
			const closed = await outcome.closed;
			assert.equal(closed.code, undefined, outcome.errors[0]?.message);
			assert.equal(closed.text, text, `killed at ${killAtMs} ms`);
			assert.equal(closed.droppedMs, 0);
			assert.equal(closed.reconnects, 1);
			assert.ok(sherpas().every(({ pid }) => !before.includes(pid)));
			const finals = outcome.transcripts.filter(({ kind }) => kind === 'final');
			for (const [index, { startMs }] of finals.entries())
				assert.ok(Math.abs(startMs - index * 1200) <= 100, `${startMs} for word ${index}`);
		}
	});

	it('brings down all streams of a process, and each goes on in the next', options, async () => {
		const provider = sherpaProvider(good);
		const streams = ['ONE', 'TWO', 'FIVE', 'SIX'].map((word, index) => ({
			word,
			...beginStream(provider, { id: `${index}`, settings: { reconnectMs: SAFETY_MS } }),
		}));
		for (const { word, session } of streams) session.write(toneSpeech(`${word} THREE`));
		await until('all of them', () => streams.every(({ outcome }) => outcome.order.includes('partial')));
		kill();
		for (const { session } of streams) {
			session.write(Buffer.concat([silence(200), toneSpeech('FOUR')]));
			session.end();
		}
		for (const { word, outcome } of streams) assert.equal((await outcome.closed).text, `${word} THREE FOUR`);
		assert.equal(sherpas().length, 1);
	});

	it('gives up after three early deaths in a row, and begins anew after that', options, async () => {
		const provider = sherpaProvider(good);
		const { session, outcome } = beginStream(provider, { settings: { reconnectMs: SAFETY_MS } });
		session.write(toneSpeech('ONE'));
		const seen = new Set<number>();
		for (let death = 0; death < 3; death++) {
			const fresh = await until('a process', () => sherpas().find(({ pid }) => !seen.has(pid)));
			seen.add(fresh.pid);
			process.kill(fresh.pid, 'SIGKILL');
		}
		const closed = await outcome.closed;
		assert.equal(closed.code, 'STT_ENGINE');
		const [error] = outcome.errors;
		assert.ok(error && !error.retryable, error?.message);
		assert.match(error.message, /3 times in a row/);
		assert.equal((await hear(provider, toneSpeech('ONE TWO'))).text, 'ONE TWO');
	});

	it('ends an engine that hangs', options, async () => {
		const load = await payloadFor(good);
		const engine = new SherpaEngine({ load, folder: good, unloadAfterMs: 0, stallMs: 500 });
		const settings = { ...openOptions, multilingual: false };
		const hanging = await engine.open(settings, new AbortController().signal);
		const heard = listen(hanging);
		kill('SIGSTOP');
		await feed(hanging, silence(500));
		const failure = await heard.end;
		assert.equal(failure?.code, 'STT_ENGINE');
		assert.equal(failure?.retryable, true);
		assert.match(failure?.message ?? '', /did not answer/);
		await hanging.finish();
	});

	it('ends one that hangs also where no stream waits so long for it', options, async () => {
		const load = await payloadFor(good);
		const engine = new SherpaEngine({ load, folder: good, unloadAfterMs: 300_000, stallMs: 500 });
		const settings = { ...openOptions, multilingual: false };
		const hanging = await engine.open(settings, new AbortController().signal);
		const { child } = engine;
		const heard = listen(hanging);
		kill('SIGSTOP');
		hanging.write(silence(500));
		void hanging.finish();
		hanging.abort();
		assert.equal(await heard.end, undefined);
		await until('its end', () => engine.child !== child);
		const next = await engine.open(settings, new AbortController().signal);
		next.abort();
		await next.finish();
		engine.child?.endIfIdle();
		await until('its end', () => !engine.child);
	});

	it('keeps a model for a while, and for no longer', options, async () => {
		const kept = sherpaProvider(good);
		await hear(kept, toneSpeech('ONE'));
		const [first] = sherpas();
		assert.ok(first);
		await hear(sherpaProvider(good), toneSpeech('TWO'));
		assert.deepEqual(
			sherpas().map(({ pid }) => pid),
			[first.pid],
		);
		await nothingLeft();
		await hear(sherpaProvider(good, { unloadAfterMs: 0 }), toneSpeech('ONE'));
		await noChildren();
	});
});
