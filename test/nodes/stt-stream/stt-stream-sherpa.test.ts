import assert from 'node:assert/strict';
import { cpSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { needs } from '../../lab/needs.ts';
import type { FlowNode, Message } from '../../lab/node-red.ts';
import { toneSpeech } from '../../lab/toy-models/tones.ts';
import { SAFETY_MS, silence } from './helpers.ts';
import { ToyModels } from './providers/sherpa-lab.ts';
import { chunks, EVENTS, FINALS, PARTIALS, provider, SpeechFlow, stt, transcriptOf } from './speech-flow.ts';

// A real Node-RED with the real sherpa-onnx, on toy models that take tones for words: no test of speech recognition.

const options = { timeout: 2 * SAFETY_MS };
const TEXT = 'ONE TWO THREE';
const CACHES = ['channel', 'time'].flatMap((name) => [1, 2, 3].map((dim) => `cache_last_${name}_dim${dim}`));
const NEMO = ['vocab_size', 'window_size', 'chunk_shift', 'subsampling_factor', ...CACHES];

describe('stt-stream in Node-RED with sherpa-onnx', { skip: needs('sherpa-onnx') }, () => {
	const models = new ToyModels();
	const good = models.transducer();

	/** What is wrong with a model, what its stream ends with, and what Catch gets to read. */
	const BROKEN: Record<string, { folder: string; options?: string; code: string; reason: RegExp }> = {
		nowhere: { folder: join(models.folder, 'nowhere'), code: 'STT_MODEL_MISSING', reason: /nowhere/ },
		truncated: {
			folder: changed((folder) => truncateSync(join(folder, 'encoder.onnx'), 3000)),
			code: 'STT_ENGINE',
			reason: /encoder\.onnx is cut short/,
		},
		garbage: {
			folder: changed((folder) => writeFileSync(join(folder, 'joiner.onnx'), 'no onnx')),
			code: 'STT_ENGINE',
			reason: /joiner\.onnx/,
		},
		'no-metadata': {
			folder: models.transducer({ metadata: { num_heads: undefined } }),
			code: 'STT_CONFIG',
			reason: /"num_heads"/,
		},
		'bad-tokens': {
			folder: changed((folder) => writeFileSync(join(folder, 'tokens.txt'), 'a 0\nb 1\n')),
			code: 'STT_CONFIG',
			reason: /tokens\.txt/,
		},
		'other-kind': {
			folder: models.ctc({ metadata: Object.fromEntries(NEMO.map((key) => [key, 9])) }),
			options: '{"modelType":"nemo-ctc"}',
			code: 'STT_ENGINE',
			reason: /dimensions/,
		},
		'beam-on-ctc': {
			folder: models.ctc(),
			options: '{"decodingMethod":"modified_beam_search"}',
			code: 'STT_CONFIG',
			reason: /beam search/,
		},
		'features-declared': {
			folder: good,
			options: '{"featureDim":40}',
			code: 'STT_CONFIG',
			reason: /80 features/,
		},
		'features-hidden': {
			folder: models.transducer({ features: 'hidden' }),
			code: 'STT_ENGINE',
			reason: /dimensions/,
		},
		crash: {
			folder: models.ctc({ metadata: { num_encoder_layers: 2 } }),
			code: 'STT_ENGINE',
			reason: /cannot use the model/,
		},
	};

	function changed(change: (folder: string) => void): string {
		const folder = models.transducer();
		change(folder);
		return folder;
	}

	let speech: SpeechFlow;
	const SETTINGS = '{"endSilenceMs":600}';
	const flow: FlowNode[] = [
		provider('good', { model: good, options: SETTINGS }),
		...stt('stt', { provider: 'good' }),
		provider('by-name', { model: 'my-toy', options: SETTINGS }),
		...stt('named', { provider: 'by-name' }),
		...Object.entries(BROKEN).flatMap(([name, broken]) => [
			provider(`${name}-provider`, { model: broken.folder, options: broken.options ?? '' }),
			...stt(name, { provider: `${name}-provider` }),
		]),
	];

	before(async () => {
		speech = await SpeechFlow.start(flow);
	});
	after(async () => {
		await speech?.nodeRed.stop();
		models.remove();
	});

	const engines = () =>
		speech.nodeRed
			.children()
			.filter(({ command }) => /sherpa-onnx\/child/.test(command) && !/^\/bin\/sh/.test(command));

	async function recognises(stream: string): Promise<void> {
		await speech.send('stt', chunks(Buffer.concat([toneSpeech(TEXT), silence(200)]), stream));
		const closed = await speech.closed('stt', stream);
		assert.equal(closed.code, undefined);
		assert.equal(closed.text, TEXT);
	}

	it('recognises at any rate, with partials and words, in one process', options, async () => {
		for (const sampleRate of [8000, 44_100, 48_000]) {
			const stream = `rate-${sampleRate}`;
			const pcm = Buffer.concat([toneSpeech(TEXT, { sampleRate }), Buffer.alloc(sampleRate / 5)]);
			await speech.send('stt', chunks(pcm, stream, { sampleRate }));
			assert.equal((await speech.closed('stt', stream)).text, TEXT);
			const of = (port: number) =>
				speech.nodeRed
					.messages('stt', port)
					.map(transcriptOf)
					.filter((transcript) => transcript?.stream === stream);
			const [final, ...more] = of(FINALS);
			assert.deepEqual(more, []);
			assert.equal(final?.provider, 'local');
			assert.ok(of(PARTIALS).length > 0);
		}
		assert.equal(engines().length, 1);
	});

	for (const [name, { code, reason }] of Object.entries(BROKEN))
		it(`stays up over a model that cannot work (${name}), and tells Catch why`, options, async () => {
			const seen = speech.nodeRed.errors(name).length;
			await speech.send(name, chunks(toneSpeech(TEXT), name));
			assert.equal((await speech.closed(name, name)).code, code);
			const error = await speech.nodeRed.waitForError(
				name,
				(failure) => speech.nodeRed.errors(name).indexOf(failure) >= seen,
			);
			assert.equal(error.code, code);
			assert.match(String(error.message), reason);
			assert.match(String(error.message), /: .+/);
			await recognises(`after-${name}`);
		});

	it('loses no word when the engine is killed in one', options, async () => {
		const text = 'ONE TWO THREE FOUR FIVE SIX';
		const all = chunks(toneSpeech(text, { toneMs: 400, gapMs: 300 }), 'killed');
		await speech.send('stt', all.slice(0, 20));
		await speech.nodeRed.waitFor('stt', (message) => transcriptOf(message)?.stream === 'killed', {
			port: PARTIALS,
		});
		const [engine] = engines();
		assert.ok(engine);
		process.kill(engine.pid, 'SIGKILL');
		await speech.send('stt', all.slice(20));
		const closed = await speech.closed('stt', 'killed');
		assert.equal(closed.code, undefined);
		assert.equal(closed.text, text);
		assert.equal(closed.reconnects, 1);
		assert.equal(closed.droppedMs, 0);
		const events = speech.nodeRed
			.messages('stt', EVENTS)
			.filter((message: Message) => (message['session'] as { stream: string }).stream === 'killed')
			.map((message) => message['payload']);
		assert.equal(events.filter((name) => name === 'reconnecting').length, 1);
		assert.equal(events.filter((name) => name === 'closed').length, 1);
		await recognises('after-killed');
	});

	it('takes a model by its name once it is in the user directory', options, async () => {
		await speech.send('named', chunks(toneSpeech(TEXT), 'before'));
		assert.equal((await speech.closed('named', 'before')).code, 'STT_MODEL_MISSING');
		const folder = join(speech.nodeRed.userDir, 'voice-models', 'my-toy');
		mkdirSync(join(folder, '..'), { recursive: true });
		cpSync(good, folder, { recursive: true });
		await speech.send('named', chunks(toneSpeech(TEXT), 'then'));
		assert.equal((await speech.closed('named', 'then')).text, TEXT);
		rmSync(folder, { recursive: true });
	});

	it('leaves no process when Node-RED is killed', options, async () => {
		assert.ok(engines().length > 0);
		await speech.nodeRed.kill();
		await speech.nodeRed.waitForNoChildren();
	});
});
