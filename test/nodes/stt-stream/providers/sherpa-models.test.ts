import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import {
	inspectModel,
	type ModelChoice,
} from '../../../../nodes/stt-stream/providers/local/sherpa-onnx/model.ts';
import { findFiles } from '../../../../nodes/stt-stream/providers/local/sherpa-onnx/model-files.ts';
import { readOnnx } from '../../../../nodes/stt-stream/providers/local/sherpa-onnx/onnx-file.ts';
import { ProtobufError } from '../../../../nodes/stt-stream/providers/local/sherpa-onnx/protobuf.ts';
import { VoiceError } from '../../../../nodes/stt-stream/providers/provider.ts';
import { encodeModel } from '../../../lab/toy-models/onnx.ts';
import { ToyModels } from './sherpa-lab.ts';

// What is known of a model without the engine.

const models = new ToyModels();
after(() => models.remove());

const ANY: ModelChoice = { modelType: 'auto', precision: 'auto', featureDim: 0 };

/** A folder with networks that only have metadata, and tokens.txt. */
function folder(
	name: string,
	files: Record<string, Record<string, string | number>>,
	tokens = '<blk> 0\na 1\n',
) {
	const path = join(models.folder, name);
	mkdirSync(path);
	for (const [file, metadata] of Object.entries(files))
		writeFileSync(
			join(path, file),
			encodeModel({ name: 'empty', constants: [], operations: [], inputs: [], outputs: [], metadata }),
		);
	writeFileSync(join(path, 'tokens.txt'), tokens);
	return path;
}

const keys = (...names: string[]) => Object.fromEntries(names.map((name) => [name, 32]));
const CACHES = ['channel', 'time'].flatMap((name) => [1, 2, 3].map((dim) => `cache_last_${name}_dim${dim}`));

async function refusal(promise: Promise<unknown>): Promise<VoiceError> {
	try {
		await promise;
	} catch (thrown) {
		assert.ok(thrown instanceof VoiceError, String(thrown));
		return thrown;
	}
	throw new Error('not refused');
}

describe('sherpa-onnx: the files of a model', () => {
	it('finds the parts of one model by their names, in the precision that is wanted', async () => {
		const path = join(models.folder, 'names');
		mkdirSync(path);
		for (const name of [
			...['encoder', 'decoder', 'joiner'].flatMap((part) => [
				`${part}-epoch-99-avg-1-chunk-16-left-64.onnx`,
				`${part}-epoch-99-avg-1-chunk-16-left-128.onnx`,
				`${part}-epoch-99-avg-1-chunk-16-left-128.int8.onnx`,
			]),
			...['silero_vad.onnx', 'rnn-lm.onnx', 'encoder-epoch-100-avg-1.onnx'],
		])
			writeFileSync(join(path, name), '');
		const whole = (part: string) => join(path, `${part}-epoch-99-avg-1-chunk-16-left-128.onnx`);
		const small = (part: string) => join(path, `${part}-epoch-99-avg-1-chunk-16-left-128.int8.onnx`);
		const mixed = { encoder: small('encoder'), decoder: whole('decoder'), joiner: small('joiner') };
		assert.deepEqual(await findFiles(path, 'auto'), mixed);
		assert.deepEqual(await findFiles(path, 'int8'), mixed);
		assert.deepEqual(await findFiles(path, 'fp32'), {
			encoder: whole('encoder'),
			decoder: whole('decoder'),
			joiner: whole('joiner'),
		});
	});

	it('knows each kind by what its networks say', async () => {
		const decoder = { 'decoder.onnx': keys('vocab_size', 'context_size') };
		const tokens = `<blk> 0\n${Array.from({ length: 32 }, (_, id) => `t${id + 1} ${id + 1}\n`).join('')}`;
		const zipformer = ['encoder_dims', 'num_encoder_layers', 'cnn_module_kernels', 'left_context_len'];
		const zipformer2 = [
			...zipformer,
			'query_head_dims',
			'value_head_dims',
			'num_heads',
			'T',
			'decode_chunk_len',
		];
		const nemo = ['vocab_size', 'window_size', 'chunk_shift', 'subsampling_factor', ...CACHES];
		const transducer = (type: string, ...names: string[]) => ({
			'encoder.onnx': { model_type: type, ...keys('T', 'decode_chunk_len', ...names) },
			...decoder,
			'joiner.onnx': {},
		});
		const conformer = [
			'num_encoder_layers',
			'left_context',
			'encoder_dim',
			'pad_length',
			'cnn_module_kernel',
		];
		const paraformer = ['vocab_size', 'lfr_window_size', 'lfr_window_shift', 'encoder_output_size'];
		const wenet = [
			'head',
			'num_blocks',
			'output_size',
			'cnn_module_kernel',
			'right_context',
			'subsampling_factor',
		];
		const kinds = {
			zipformer2: transducer('zipformer2', ...zipformer2),
			zipformer: transducer('zipformer', ...zipformer, 'attention_dims'),
			conformer: transducer('conformer', ...conformer),
			lstm: transducer('lstm', 'num_encoder_layers', 'rnn_hidden_size', 'd_model'),
			nemo: {
				'encoder.int8.onnx': keys(...nemo, 'pred_rnn_layers', 'pred_hidden'),
				'decoder.int8.onnx': {},
				'joiner.int8.onnx': {},
			},
			paraformer: {
				'encoder.int8.onnx': keys(
					...paraformer,
					'decoder_num_blocks',
					'decoder_kernel_size',
					'neg_mean',
					'inv_stddev',
				),
				'decoder.int8.onnx': {},
			},
			'zipformer2-ctc': { 'model.onnx': { model_type: 'zipformer2', ...keys(...zipformer2) } },
			'nemo-ctc': { 'model.onnx': { model_type: 'EncDecCTCModelBPE', ...keys(...nemo) } },
			't-one-ctc': { 'model.onnx': keys('frame_length_ms', 'state_dim', 'sample_rate') },
		};
		for (const [kind, files] of Object.entries(kinds)) {
			const model = await inspectModel(folder(kind, files, tokens), ANY);
			assert.equal(model.kind, kind);
			assert.equal(model.sampleRate, kind === 't-one-ctc' ? 8000 : 16_000);
			assert.ok(model.chunkMs >= 300 && model.chunkMs <= 1000, `${model.chunkMs}`);
		}
		const files = { 'model-streaming.int8.onnx': keys(...wenet, 'vocab_size') };
		const error = await refusal(inspectModel(folder('wenet-ctc', files, tokens), ANY));
		assert.match(error.message, /"wenet-ctc".*addon for Node\.js/);
	});

	it('reads of a real graph what the engine needs', async () => {
		const model = await inspectModel(models.transducer(), ANY);
		assert.equal(model.kind, 'zipformer2');
		assert.equal(model.featureDim, 80);
		assert.equal(model.chunkMs, 160);
		assert.deepEqual(model.tokens, {
			size: 9,
			hasBlank: true,
			hasLower: false,
			hasUpper: true,
			isCharacters: false,
		});
		const { inputs, outputs, metadata } = await readOnnx(model.files.encoder ?? '');
		assert.deepEqual(inputs.get('x'), [undefined, 16, 80]);
		assert.equal(inputs.size, 9);
		assert.equal(outputs[0], 'encoder_out');
		assert.equal(metadata.get('decode_chunk_len'), '16');
	});

	it('refuses what is missing, and names it', async () => {
		const without = (part: string) => {
			const path = models.transducer();
			rmSync(join(path, part));
			return path;
		};
		for (const [path, what] of [
			[join(models.folder, 'nowhere'), /no such folder/],
			[without('tokens.txt'), /tokens\.txt/],
			[without('encoder.onnx'), /no encoder/],
			[without('decoder.onnx'), /no encoder and decoder/],
			[without('joiner.onnx'), /no joiner/],
		] as const) {
			const error = await refusal(inspectModel(path, ANY));
			assert.equal(error.code, 'STT_MODEL_MISSING');
			assert.match(error.message, what);
			assert.ok(error.message.includes(path));
		}
		const error = await refusal(inspectModel(models.ctc(), { ...ANY, precision: 'int8' }));
		assert.equal(error.code, 'STT_CONFIG');
		assert.match(error.message, /no int8 files.*precision/);
	});

	it('refuses what the engine would end its process over', async () => {
		const broken = (part: string, change: (path: string) => void, path = models.transducer()) => {
			change(join(path, part));
			return path;
		};
		const text = (content: string) => (path: string) => writeFileSync(path, content);
		// Nobody writes into it: it would be read for ever.
		const pipe = (path: string) => {
			rmSync(path);
			execFileSync('mkfifo', [path]);
		};
		for (const [path, code, what] of [
			[broken('encoder.onnx', text('')), 'STT_ENGINE', /encoder\.onnx is empty/],
			[broken('encoder.onnx', text('not an onnx')), 'STT_ENGINE', /encoder\.onnx has another format/],
			[broken('joiner.onnx', text('{"git": "lfs"}')), 'STT_ENGINE', /joiner\.onnx/],
			[broken('decoder.onnx', (file) => truncateSync(file, 400)), 'STT_ENGINE', /cut short: \d+ bytes/],
			[models.transducer({ metadata: { decode_chunk_len: undefined } }), 'STT_CONFIG', /not for streaming/],
			[models.transducer({ metadata: { num_heads: undefined } }), 'STT_CONFIG', /encoder\.onnx.*"num_heads"/],
			[models.transducer({ metadata: { num_encoder_layers: '2,0' } }), 'STT_CONFIG', /no layers/],
			[models.transducer({ metadata: { T: 0 } }), 'STT_CONFIG', /the T "0"/],
			[models.ctc({ metadata: { model_type: 'whisper-tiny' } }), 'STT_CONFIG', /"whisper-tiny".*modelType/],
			[broken('tokens.txt', text('a 0\nb 1\n')), 'STT_CONFIG', /9 tokens.* only 2/],
			[broken('tokens.txt', text('a 0\nb one\n')), 'STT_ENGINE', /tokens\.txt has a line 2/],
			[broken('tokens.txt', text('a b 0\n')), 'STT_ENGINE', /tokens\.txt has a line 1/],
			[broken('tokens.txt', text('\n')), 'STT_ENGINE', /tokens\.txt is empty/],
			[broken('tokens.txt', pipe), 'STT_ENGINE', /tokens\.txt is a device or a pipe/],
			[broken('encoder.onnx', pipe), 'STT_ENGINE', /encoder\.onnx is a device or a pipe/],
			[broken('tokens.txt', text('a 0\nb 1\n'), models.ctc()), 'STT_CONFIG', /without <blk>/],
		] as const) {
			const error = await refusal(inspectModel(path, ANY));
			assert.equal(error.code, code, error.message);
			assert.match(error.message, what);
			assert.ok(error.message.includes(path) && error.remedy && !error.retryable);
		}
		const wrong = await refusal(inspectModel(models.ctc(), { ...ANY, modelType: 'lstm' }));
		assert.match(wrong.message, /not the parts of a model of the type "lstm"/);
		const size = await refusal(inspectModel(models.ctc(), { ...ANY, featureDim: 40 }));
		assert.match(size.message, /takes 80 features.* says 40/);
	});

	it('reads no file wrong, wherever it is cut', async () => {
		const file = join(models.transducer(), 'encoder.onnx');
		const bytes = readFileSync(file);
		const cut = join(models.folder, 'cut.onnx');
		let refused = 0;
		for (let size = 0; size < bytes.length; size += 61) {
			writeFileSync(cut, bytes.subarray(0, size));
			try {
				// Behind the graph are only the metadata, which may be cut between two.
				const { metadata } = await readOnnx(cut);
				assert.ok(metadata.size < 11, `${size} of ${bytes.length} bytes`);
			} catch (thrown) {
				assert.ok(thrown instanceof ProtobufError, String(thrown));
				refused++;
			}
		}
		assert.ok(refused > 60, `${refused}`);
		copyFileSync(file, cut);
		assert.equal((await readOnnx(cut)).metadata.size, 11);
	});
});
