import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import type { SttProvider } from '../../../../nodes/stt-stream/providers/provider.ts';
import { VoiceError } from '../../../../nodes/stt-stream/providers/provider.ts';
import { needs } from '../../../lab/needs.ts';
import { toneSpeech } from '../../../lab/toy-models/tones.ts';
import { engines, localProvider, openOptions, SAFETY_MS } from '../helpers.ts';
import { hear, nothingLeft, sherpas, ToyModels } from './sherpa-lab.ts';

// Which engine and which model `auto` takes. Toy models take tones for words: no test of speech recognition.

const options = { timeout: SAFETY_MS };
const ENGLISH = 'sherpa-onnx-streaming-zipformer-en-20M-2023-02-17';
const FRENCH = 'sherpa-onnx-streaming-zipformer-fr-kroko-2025-08-06';
const SPHINX = '/usr/share/pocketsphinx/model/en-us';

describe('local: the engine "auto"', { skip: needs('sherpa-onnx', 'pocketsphinx') }, () => {
	const models = new ToyModels();
	const toy = models.ctc();
	const userDir = mkdtempSync(join(tmpdir(), 'voice-user-'));
	const downloaded = (name: string) => join(userDir, 'voice-models', name);
	const { PATH, PYTHONPATH } = process.env;
	afterEach(async () => {
		rmSync(join(userDir, 'voice-models'), { recursive: true, force: true });
		for (const [name, value] of Object.entries({ PATH, PYTHONPATH }))
			if (value === undefined) delete process.env[name];
			else process.env[name] = value;
		await nothingLeft();
	});
	after(() => {
		models.remove();
		rmSync(userDir, { recursive: true });
	});

	const provider = (model = '', more: Record<string, unknown> = {}) =>
		localProvider(more, { model, userDir });

	/** Opens a stream, and tells who serves it. */
	async function serving(
		of: SttProvider,
		language = '',
		{ prepare = true } = {},
	): Promise<'sherpa-onnx' | 'pocketsphinx'> {
		if (prepare) await of.prepare?.();
		const session = await of.open({ ...openOptions, language }, new AbortController().signal);
		const which = sherpas().length ? 'sherpa-onnx' : 'pocketsphinx';
		assert.equal(engines().length, which === 'pocketsphinx' ? 1 : 0);
		session.abort();
		await session.finish();
		await nothingLeft();
		return which;
	}

	it(
		'takes sherpa-onnx for a folder with such a model, PocketSphinx for one of its own',
		options,
		async () => {
			assert.equal(await serving(provider(toy)), 'sherpa-onnx');
			const sphinx = join(models.folder, 'sphinx');
			mkdirSync(sphinx);
			symlinkSync(join(SPHINX, 'en-us'), join(sphinx, 'acoustic'));
			symlinkSync(join(SPHINX, 'cmudict-en-us.dict'), join(sphinx, 'words.dict'));
			symlinkSync(join(SPHINX, 'en-us.lm.bin'), join(sphinx, 'any.lm.bin'));
			assert.equal(await serving(provider(sphinx)), 'pocketsphinx');
		},
	);

	it('takes a downloaded model, also one that comes later, and one by its name', options, async () => {
		const any = provider();
		assert.equal(await serving(any), 'pocketsphinx');
		cpSync(toy, downloaded('my-toy'), { recursive: true });
		assert.equal(await serving(any), 'sherpa-onnx');
		assert.equal((await hear(provider('my-toy'), toneSpeech('ONE TWO'))).text, 'ONE TWO');
	});

	it('takes the model of the language', options, async () => {
		for (const name of [ENGLISH, FRENCH]) cpSync(toy, downloaded(name), { recursive: true });
		// Of which one is damaged, so that it shows which was taken.
		writeFileSync(join(downloaded(ENGLISH), 'model.onnx'), 'damaged');
		const any = provider();
		assert.equal(await serving(any, 'fr-FR', { prepare: false }), 'sherpa-onnx');
		await assert.rejects(serving(any, 'en', { prepare: false }), new RegExp(ENGLISH));
	});

	it('takes PocketSphinx where an option is set that only it understands', options, async () => {
		cpSync(toy, downloaded('my-toy'), { recursive: true });
		const grammar = join(models.folder, 'yes.jsgf');
		writeFileSync(grammar, '#JSGF V1.0;\ngrammar a;\npublic <x> = yes;\n');
		assert.equal(await serving(provider('', { grammar })), 'pocketsphinx');
	});

	it('says what there is to do where there is neither', options, async () => {
		const missing = (promise: Promise<unknown>, ...parts: RegExp[]) =>
			assert.rejects(promise, (thrown: VoiceError) => {
				assert.ok(thrown instanceof VoiceError, String(thrown));
				assert.equal(thrown.code, 'STT_MODEL_MISSING');
				assert.equal(thrown.retryable, false);
				for (const part of parts) assert.match(thrown.message, part);
				return true;
			});
		const open = (of: SttProvider, language = '') =>
			of.open({ ...openOptions, language }, new AbortController().signal);
		const download = /node-red-voice-models download/;
		await missing(open(provider(), 'de-DE'), /for "de-DE"/, download);
		await missing(open(provider('no-such-model')), /"no-such-model"/, /node-red-voice-models/);
		await missing(open(provider('', { engine: 'sherpa-onnx' })), download);
		process.env['PATH'] = join(userDir, 'nothing');
		process.env['PYTHONPATH'] = models.folder;
		writeFileSync(join(models.folder, 'pocketsphinx.py'), 'raise ImportError("hidden by a test")\n');
		const neither = provider();
		await missing(neither.prepare?.() ?? Promise.resolve(), download, /sudo apt install pocketsphinx/);
		await missing(open(neither), download, /sudo apt install pocketsphinx/);
		process.env['PATH'] = PATH;
		cpSync(toy, downloaded('my-toy'), { recursive: true });
		assert.equal(await serving(neither), 'sherpa-onnx');
	});
});
