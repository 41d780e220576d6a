import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import { SHERPA_RULES } from '../../../../nodes/stt-stream/providers/local/rules.ts';
import { SherpaEngine } from '../../../../nodes/stt-stream/providers/local/sherpa-onnx/engine.ts';
import {
	type KindName,
	kindOf,
	MODEL_TYPES,
} from '../../../../nodes/stt-stream/providers/local/sherpa-onnx/kinds.ts';
import { VoiceError } from '../../../../nodes/stt-stream/providers/provider.ts';
import { needs } from '../../../lab/needs.ts';
import { floats } from '../../../lab/toy-models/models.ts';
import { encodeModel } from '../../../lab/toy-models/onnx.ts';
import { writeToyTOne } from '../../../lab/toy-models/t-one.ts';
import { toneSpeech } from '../../../lab/toy-models/tones.ts';
import { beginStream, openOptions, SAFETY_MS } from '../helpers.ts';
import { nothingLeft, payloadFor, sherpaProvider, ToyModels } from './sherpa-lab.ts';

// The real sherpa-onnx judges what we know of each kind of model. Nothing here recognises speech.

const options = { timeout: SAFETY_MS };
const TOKENS = ['<blk>', ...Array.from({ length: 32 }, (_, id) => `t${id}`)];

/** The key for which the engine looks first: so it is known which kind it takes a model for. */
const FIRST: Record<Exclude<KindName, 'wenet-ctc'>, RegExp> = {
	zipformer2: /'encoder_dims'/,
	zipformer: /'encoder_dims'/,
	conformer: /'num_encoder_layers'/,
	ebranchformer: /'decode_chunk_len'/,
	lstm: /'num_encoder_layers'/,
	nemo: /'vocab_size'/,
	paraformer: /'vocab_size'/,
	'zipformer2-ctc': /'encoder_dims'/,
	'nemo-ctc': /'window_size'/,
	't-one-ctc': /'frame_length_ms'/,
};

describe('sherpa-onnx: kinds of models', { skip: needs('sherpa-onnx') }, () => {
	const models = new ToyModels();
	afterEach(() => nothingLeft());
	after(() => models.remove());

	/** Networks that do nothing, with the keys that we ask for, or with none. */
	function writeNetworks(folder: string, kind: KindName, withKeys: boolean): void {
		const { parts, type, keys, decoderKeys = [] } = kindOf(kind);
		const network = (file: string, wanted: readonly string[], outputs: readonly string[]) => {
			const metadata = {
				...(type && { model_type: type }),
				...Object.fromEntries(wanted.map((key) => [key, 1])),
			};
			writeFileSync(
				join(folder, file),
				encodeModel({
					name: 'nothing',
					constants: [],
					operations: outputs.map((output) => ({ op: 'Identity', inputs: ['x'], outputs: [output] })),
					inputs: [floats('x', ['N', 'T', 80])],
					outputs: outputs.map((output) => floats(output, ['N', 'T', 80])),
					metadata: withKeys ? metadata : {},
				}),
			);
		};
		if (parts === 'single') {
			network('model.onnx', keys, ['y']);
			return;
		}
		network('encoder.onnx', keys, ['y']);
		// By the number of its outputs the engine tells NeMo's from others.
		network('decoder.onnx', decoderKeys, kind === 'nemo' ? ['y', 'z'] : ['y']);
		if (parts === 'transducer') network('joiner.onnx', [], ['y']);
	}

	async function wordsOf(engine: SherpaEngine): Promise<string> {
		try {
			const session = await engine.open(
				{ ...openOptions, multilingual: false },
				new AbortController().signal,
			);
			session.abort();
			return '';
		} catch (thrown) {
			assert.ok(thrown instanceof VoiceError, String(thrown));
			return thrown.message;
		}
	}

	it('offers those that the engine can be asked for', () => {
		assert.deepEqual(SHERPA_RULES.modelType, ['auto', ...MODEL_TYPES]);
		assert.deepEqual(Object.keys(FIRST).sort(), [...MODEL_TYPES].sort());
	});

	for (const kind of MODEL_TYPES)
		it(`asks of ${kind} all the keys that the engine asks for`, options, async () => {
			const folder = join(models.folder, kind);
			mkdirSync(folder);
			writeFileSync(join(folder, 'tokens.txt'), TOKENS.map((token, id) => `${token} ${id}\n`).join(''));
			writeNetworks(folder, kind, true);
			const load = await payloadFor(folder);
			const settings = { load, folder, unloadAfterMs: 0 };
			// Whatever else it finds wrong with networks that do nothing.
			assert.doesNotMatch(await wordsOf(new SherpaEngine(settings)), /does not exist in the metadata/);
			writeNetworks(folder, kind, false);
			const words = await wordsOf(new SherpaEngine(settings));
			assert.match(words, /does not exist in the metadata/);
			assert.match(words, FIRST[kind as keyof typeof FIRST]);
		});

	it('hears T-one at its 8 kHz, with its endpoints and times', options, async () => {
		const provider = sherpaProvider(writeToyTOne(join(models.folder, 'toy-t-one')));
		await provider.prepare?.();
		assert.deepEqual(provider.capabilities.sampleRates, [8000]);
		for (const sampleRate of [8000, 16_000, 44_100]) {
			const quiet = (ms: number) => Buffer.alloc(Math.round((ms * sampleRate) / 1000) * 2);
			const { session, outcome } = beginStream(provider, { format: { sampleRate, channels: 1 } });
			for (const [text, pauseMs] of [
				['ONE TWO FOUR', 1000],
				['FIVE THREE', 3000],
				['SIX', 0],
			] as const)
				session.write(Buffer.concat([toneSpeech(text, { sampleRate }), quiet(pauseMs)]));
			session.end();
			assert.equal((await outcome.closed).code, undefined);
			const finals = outcome.transcripts.filter(({ kind }) => kind === 'final');
			assert.deepEqual(
				finals.map(({ text }) => text),
				['ONE TWO FOUR', 'FIVE THREE', 'SIX'],
			);
			for (const [index, begin] of [0, 2100, 5800].entries()) {
				const { startMs = 0 } = finals[index] ?? {};
				assert.ok(Math.abs(startMs - begin) <= 60, `${startMs} for ${begin}`);
			}
		}
	});
});
