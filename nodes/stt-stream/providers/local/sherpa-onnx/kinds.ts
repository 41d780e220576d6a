// The kinds of streaming models that sherpa-onnx 1.13 runs, by what their files must say; it ends its process where a key
// is missing (the READ_META_DATA lines of csrc/online-*-model.cc).

interface Kind {
	/** Its networks: encoder, decoder and joiner; encoder and decoder; or one. */
	readonly parts: 'transducer' | 'pair' | 'single';
	/** Value of `model_type` in the metadata of the first network. */
	readonly type?: string;
	/** Keys of the first network's metadata. */
	readonly keys: readonly string[];
	/** Those of them by which a kind without `type` is known. */
	readonly marks?: readonly string[];
	/** Keys of the decoder's metadata. */
	readonly decoderKeys?: readonly string[];
	/** The key that holds the frames of 10 ms that are decoded at once, or what they are. */
	readonly chunk: string | number;
	/** Its last input dimension is the feature size. */
	readonly featuresLast?: true;
	readonly beamSearch?: true;
	/** The probabilities of its tokens are told. */
	readonly confidence?: true;
	/** Words cannot be told from tokens. */
	readonly noWords?: true;
	/** sherpa-onnx runs it, and its addon for Node.js cannot ask for it. */
	readonly notInAddon?: true;
}

const DECODER = ['vocab_size', 'context_size'];
const CACHES = ['channel', 'time'].flatMap((name) => [1, 2, 3].map((dim) => `cache_last_${name}_dim${dim}`));
const NEMO = ['vocab_size', 'window_size', 'chunk_shift', 'subsampling_factor', ...CACHES];
const ZIPFORMER = [
	'encoder_dims',
	'num_encoder_layers',
	'cnn_module_kernels',
	'left_context_len',
	'T',
	'decode_chunk_len',
];
const ZIPFORMER2 = [...ZIPFORMER, 'query_head_dims', 'value_head_dims', 'num_heads'];

const icefall = (type: string, keys: readonly string[]): Kind => ({
	parts: 'transducer',
	type,
	keys,
	decoderKeys: DECODER,
	chunk: 'T',
	featuresLast: true,
	beamSearch: true,
	confidence: true,
});

export const KINDS = {
	zipformer2: icefall('zipformer2', ZIPFORMER2),
	zipformer: icefall('zipformer', [...ZIPFORMER, 'attention_dims']),
	conformer: icefall('conformer', [
		...['num_encoder_layers', 'T', 'decode_chunk_len', 'left_context', 'encoder_dim', 'pad_length'],
		'cnn_module_kernel',
	]),
	ebranchformer: icefall('ebranchformer', [
		...['T', 'decode_chunk_len', 'num_hidden_layers', 'hidden_size', 'intermediate_size', 'num_heads'],
		...['csgu_kernel_size', 'merge_conv_kernel', 'left_context_len', 'head_dim'],
	]),
	lstm: icefall('lstm', ['num_encoder_layers', 'T', 'decode_chunk_len', 'rnn_hidden_size', 'd_model']),
	nemo: {
		parts: 'transducer',
		keys: [...NEMO, 'pred_rnn_layers', 'pred_hidden'],
		marks: ['pred_rnn_layers'],
		chunk: 'window_size',
	},
	paraformer: {
		parts: 'pair',
		keys: [
			...['vocab_size', 'lfr_window_size', 'lfr_window_shift', 'encoder_output_size'],
			...['decoder_num_blocks', 'decoder_kernel_size', 'neg_mean', 'inv_stddev'],
		],
		marks: ['lfr_window_size'],
		// csrc/online-recognizer-paraformer-impl.h
		chunk: 61,
		noWords: true,
	},
	'zipformer2-ctc': {
		parts: 'single',
		type: 'zipformer2',
		keys: ZIPFORMER2,
		chunk: 'T',
		featuresLast: true,
	},
	'nemo-ctc': { parts: 'single', keys: NEMO, marks: ['cache_last_channel_dim1'], chunk: 'window_size' },
	'wenet-ctc': {
		parts: 'single',
		keys: [
			...['head', 'num_blocks', 'output_size', 'cnn_module_kernel', 'right_context'],
			...['subsampling_factor', 'vocab_size'],
		],
		marks: ['right_context', 'num_blocks'],
		chunk: 80,
		// Its configuration has no place for one (streaming-asr.cc of the addon 1.13.8).
		notInAddon: true,
	},
	't-one-ctc': {
		parts: 'single',
		keys: ['frame_length_ms', 'state_dim', 'sample_rate'],
		marks: ['frame_length_ms', 'state_dim'],
		chunk: 30,
	},
} as const satisfies Record<string, Kind>;

export type KindName = keyof typeof KINDS;

export const KIND_NAMES = Object.keys(KINDS) as KindName[];
/** Those that can be used. */
export const MODEL_TYPES = KIND_NAMES.filter((name) => !kindOf(name).notInAddon);

export function kindOf(name: KindName): Kind {
	return KINDS[name];
}

/** The kind of a model by its parts and its first network's metadata. */
export function recogniseKind(
	parts: Kind['parts'],
	metadata: ReadonlyMap<string, string>,
): KindName | undefined {
	return KIND_NAMES.find((name) => {
		const kind = kindOf(name);
		if (kind.parts !== parts) return false;
		return kind.type
			? metadata.get('model_type') === kind.type
			: !!kind.marks?.every((key) => metadata.has(key));
	});
}
