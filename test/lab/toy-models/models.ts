import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeModel, FLOAT, INT64, type Operation, type Tensor, type Value } from './onnx.ts';
import { TONES } from './tones.ts';

// Networks that sherpa-onnx runs as it runs real ones, and that take pure tones for words. They are no speech
// recognisers and prove nothing about accuracy or speed: they prove that a model is loaded and configured right, and
// that audio, results, endpoints and failures find their way. A network is one matrix: the mean of four frames of the
// 80-band spectrum (a logarithm) goes in, how far the bands around each word's tone stand out comes out.

const BANDS = 80;
const SUBSAMPLING = 4;
/** Frames of 10 ms that the engine hands over at once. */
export const CHUNK_FRAMES = 16;

/** Token 0 is the blank. */
export const TOKENS: readonly string[] = ['<blk>', ...Object.keys(TONES).map((word) => `▁${word}`)];

export interface ToyOptions {
	/** Declared and expected feature size; 'hidden' declares none and expects 40. */
	readonly features?: number | 'hidden';
	/** Metadata to replace; undefined leaves one out. */
	readonly metadata?: Readonly<Record<string, string | number | undefined>>;
	/** Width of a square matrix that only costs time: 8192 has 67 million parameters. */
	readonly ballast?: number;
	/** Put before ".onnx" in the names of the files, such as ".int8". */
	readonly suffix?: string;
}

/** A transducer in `folder`: encoder, decoder, joiner, tokens.txt and the vocabulary that hotwords need. */
export function writeToyTransducer(folder: string, options: ToyOptions = {}): string {
	const { suffix = '' } = options;
	const size = TOKENS.length;
	writeTexts(folder);
	const file = (name: string) => join(folder, `${name}${suffix}.onnx`);
	writeFileSync(file('encoder'), encodeModel(zipformer('encoder_out', options)));
	// So that a tone is one word, however long it lasts, the last token is never the next one.
	const last = Array.from({ length: size * size }, (_, at) =>
		at >= size && at % (size + 1) === 0 ? -500 : 0,
	);
	writeFileSync(
		file('decoder'),
		encodeModel({
			name: 'toy_decoder',
			metadata: { context_size: 2, vocab_size: size },
			constants: [float('last', [size, size], last), whole('newest', [], [1])],
			operations: [
				{ op: 'Gather', inputs: ['y', 'newest'], outputs: ['token'], attributes: { axis: 1 } },
				{ op: 'Gather', inputs: ['last', 'token'], outputs: ['decoder_out'], attributes: { axis: 0 } },
			],
			inputs: [{ name: 'y', type: INT64, dims: ['N', 2] }],
			outputs: [floats('decoder_out', ['N', size])],
		}),
	);
	writeFileSync(
		file('joiner'),
		encodeModel({
			name: 'toy_joiner',
			metadata: { joiner_dim: size },
			constants: [],
			operations: [{ op: 'Add', inputs: ['encoder_out', 'decoder_out'], outputs: ['logit'] }],
			inputs: [floats('encoder_out', ['N', size]), floats('decoder_out', ['N', size])],
			outputs: [floats('logit', ['N', size])],
		}),
	);
	return folder;
}

/** A Zipformer2 CTC model in `folder`. */
export function writeToyCtc(folder: string, options: ToyOptions = {}): string {
	writeTexts(folder);
	const graph = zipformer('logits', options);
	const scores: Operation = {
		op: 'LogSoftmax',
		inputs: ['logits'],
		outputs: ['log_probs'],
		attributes: { axis: -1 },
	};
	const [, ...states] = graph.outputs;
	const outputs = [floats('log_probs', ['N', CHUNK_FRAMES / SUBSAMPLING, TOKENS.length]), ...states];
	const model = encodeModel({ ...graph, operations: [...graph.operations, scores], outputs });
	writeFileSync(join(folder, `model${options.suffix ?? ''}.onnx`), model);
	return folder;
}

/** A voice activity detector in the form of Silero's, at `path`: whatever is louder than -40 dBFS is speech. */
export function writeToyVad(path: string): string {
	const state = (name: string) => floats(name, [2, 1, 64]);
	writeFileSync(
		path,
		encodeModel({
			name: 'toy_vad',
			constants: [
				float('floor', [1], [1e-10]),
				float('threshold', [1], [Math.log(1e-4)]),
				float('steepness', [1], [3]),
			],
			operations: [
				{ op: 'Mul', inputs: ['x', 'x'], outputs: ['squares'] },
				{
					op: 'ReduceMean',
					inputs: ['squares'],
					outputs: ['power'],
					attributes: { axes: [1], keepdims: 1 },
				},
				{ op: 'Add', inputs: ['power', 'floor'], outputs: ['some'] },
				{ op: 'Log', inputs: ['some'], outputs: ['level'] },
				{ op: 'Sub', inputs: ['level', 'threshold'], outputs: ['above'] },
				{ op: 'Mul', inputs: ['above', 'steepness'], outputs: ['steep'] },
				{ op: 'Sigmoid', inputs: ['steep'], outputs: ['prob'] },
				{ op: 'Identity', inputs: ['h'], outputs: ['new_h'] },
				{ op: 'Identity', inputs: ['c'], outputs: ['new_c'] },
			],
			inputs: [floats('x', [1, 512]), state('h'), state('c')],
			outputs: [floats('prob', [1, 1]), state('new_h'), state('new_c')],
		}),
	);
	return path;
}

export const floats = (name: string, dims: readonly (number | string)[]): Value => ({
	name,
	type: FLOAT,
	dims,
});
export const float = (name: string, dims: readonly number[], data: ArrayLike<number>): Tensor => ({
	name,
	type: FLOAT,
	dims,
	data,
});
export const whole = (name: string, dims: readonly number[], data: ArrayLike<number>): Tensor => ({
	name,
	type: INT64,
	dims,
	data,
});

/** tokens.txt, and the vocabulary that hotwords need. */
export function writeTexts(folder: string): void {
	mkdirSync(folder, { recursive: true });
	writeFileSync(join(folder, 'tokens.txt'), TOKENS.map((token, id) => `${token} ${id}\n`).join(''));
	// Sentencepiece's vocabulary: pieces and their logarithmic probabilities.
	writeFileSync(join(folder, 'bpe.vocab'), TOKENS.map((token, id) => `${token}\t${id ? -id : 0}\n`).join(''));
}

/** The states of a Zipformer2 with one layer; without any, sherpa-onnx reads the batch size from nowhere. */
const statesFor = (bands: number): readonly (readonly [string, readonly (number | string)[]])[] => [
	['cached_key_0', [1, 'N', 1]],
	['cached_nonlin_attn_0', [1, 'N', 1, 3]],
	['cached_val1_0', [1, 'N', 1]],
	['cached_val2_0', [1, 'N', 1]],
	['cached_conv1_0', ['N', 4, 1]],
	['cached_conv2_0', ['N', 4, 1]],
	// What two convolutions leave of the bands.
	['embed_states', ['N', 128, 3, (((bands - 1) >> 1) - 1) >> 1]],
];

/** The inputs, outputs and metadata of a Zipformer2 encoder, around the one matrix. */
function zipformer(output: string, { features = BANDS, metadata = {}, ballast = 0 }: ToyOptions) {
	const bands = features === 'hidden' ? 40 : features;
	const size = TOKENS.length;
	const states = statesFor(bands);
	const { weights, bias } = detector(bands);
	const heavy = ballastOf(ballast, bands);
	const all: Record<string, string | number | undefined> = {
		model_type: 'zipformer2',
		version: 1,
		encoder_dims: 4,
		query_head_dims: 1,
		value_head_dims: 1,
		num_heads: 1,
		num_encoder_layers: 1,
		cnn_module_kernels: 3,
		left_context_len: 1,
		T: CHUNK_FRAMES,
		decode_chunk_len: CHUNK_FRAMES,
		...metadata,
	};
	return {
		name: 'toy_encoder',
		metadata: Object.fromEntries(
			Object.entries(all).filter((entry): entry is [string, string | number] => entry[1] !== undefined),
		),
		constants: [
			whole('groups', [4], [-1, CHUNK_FRAMES / SUBSAMPLING, SUBSAMPLING, bands]),
			float('weights', [bands, size], weights),
			float('bias', [size], bias),
			whole('step', [1], [CHUNK_FRAMES]),
			...heavy.constants,
		],
		operations: [
			{ op: 'Reshape', inputs: ['x', 'groups'], outputs: ['grouped'] },
			{
				op: 'ReduceMean',
				inputs: ['grouped'],
				outputs: ['means'],
				attributes: { axes: [2], keepdims: 0 },
			},
			{ op: 'MatMul', inputs: ['means', 'weights'], outputs: ['contrast'] },
			...heavy.operations,
			{ op: 'Add', inputs: [heavy.output, 'bias'], outputs: [output] },
			...states.map(([name]) => ({ op: 'Identity', inputs: [name], outputs: [`new_${name}`] })),
			{ op: 'Add', inputs: ['processed_lens', 'step'], outputs: ['new_processed_lens'] },
		] satisfies Operation[],
		inputs: [
			floats('x', ['N', CHUNK_FRAMES, features === 'hidden' ? 'C' : features]),
			...states.map(([name, dims]) => floats(name, dims)),
			{ name: 'processed_lens', type: INT64, dims: ['N'] } satisfies Value,
		],
		outputs: [
			floats(output, ['N', CHUNK_FRAMES / SUBSAMPLING, size]),
			...states.map(([name, dims]) => floats(`new_${name}`, dims)),
			{ name: 'new_processed_lens', type: INT64, dims: ['N'] } satisfies Value,
		],
	};
}

/** For each word, the mean of the three bands around its tone less that of all; a word must stand out to beat blank. */
function detector(bands: number): { weights: Float32Array; bias: Float32Array } {
	const steepness = 5;
	const size = TOKENS.length;
	const weights = new Float32Array(bands * size);
	const bias = new Float32Array(size);
	bias[0] = 6 * steepness;
	for (const [index, hz] of Object.values(TONES).entries()) {
		const centre = Math.round(bandOf(hz, bands));
		for (let band = 0; band < bands; band++) {
			const near = Math.abs(band - centre) <= 1 ? 1 / 3 : 0;
			weights[band * size + index + 1] = steepness * (near - 1 / bands);
		}
	}
	return { weights, bias };
}

/** Bands are as far apart on the mel scale, from 20 to 7600 Hz (kaldi-native-fbank as sherpa-onnx sets it). */
function bandOf(hz: number, bands: number): number {
	const mel = (frequency: number) => 1127 * Math.log(1 + frequency / 700);
	const width = (mel(7600) - mel(20)) / (bands + 1);
	return (mel(hz) - mel(20)) / width - 1;
}

/** Multiplications whose result counts nothing. */
function ballastOf(width: number, bands: number) {
	if (!width) return { constants: [], operations: [], output: 'contrast' };
	return {
		constants: [
			float('widen', [bands, width], new Float32Array(bands * width).fill(1e-6)),
			float('ballast', [width, width], new Float32Array(width * width).fill(1e-6)),
			float('nothing', [1], [0]),
		],
		operations: [
			{ op: 'MatMul', inputs: ['means', 'widen'], outputs: ['wide'] },
			{ op: 'MatMul', inputs: ['wide', 'ballast'], outputs: ['moved'] },
			{ op: 'ReduceMean', inputs: ['moved'], outputs: ['idle'], attributes: { axes: [2], keepdims: 1 } },
			{ op: 'Mul', inputs: ['idle', 'nothing'], outputs: ['zero'] },
			{ op: 'Add', inputs: ['contrast', 'zero'], outputs: ['burdened'] },
		] satisfies Operation[],
		output: 'burdened',
	};
}
