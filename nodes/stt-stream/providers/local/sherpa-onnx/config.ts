import { badModel } from './errors.ts';
import type { Hotwords } from './hotwords.ts';
import { type KindName, kindOf } from './kinds.ts';
import type { SherpaModel } from './model.ts';
import type { ModelFiles } from './model-files.ts';
import type { SherpaOptions } from './options.ts';
import type { LoadPayload, Reading, RecognizerConfig, VadConfig } from './protocol.ts';

/** A detector of speech that was looked into. */
export interface VadModel {
	readonly path: string;
	readonly kind: 'silero' | 'ten';
}

/** csrc/online-recognizer-*.cc: what real models need after the last word before they tell it. */
const TAIL_MS = 660;
/** The vendor's examples begin with so much for this one. */
const T_ONE_LEAD_MS = 300;

/**
 * The engine's configuration for a model, options and hotwords that were checked.
 * @throws VoiceError STT_CONFIG for options that this model cannot do
 */
export function loadPayload(
	model: SherpaModel,
	options: SherpaOptions,
	hotwords: Hotwords | undefined,
	vad: VadModel | undefined,
): LoadPayload {
	const { kind, sampleRate, featureDim, folder } = model;
	const { beamSearch } = kindOf(kind);
	const wanted =
		options.decodingMethod === 'auto' && hotwords ? 'modified_beam_search' : options.decodingMethod;
	if (wanted === 'modified_beam_search' && !beamSearch)
		throw badModel(
			folder,
			`is of the type "${kind}", which knows neither beam search nor hotwords`,
			'leave them out, or choose a transducer such as a zipformer',
		);
	if (vad && sampleRate !== 16_000)
		throw badModel(
			folder,
			'is for telephone speech (8 kHz), of which the detector knows nothing',
			'leave out the option vad',
		);
	return {
		recognizer: {
			featConfig: { sampleRate, featureDim },
			modelConfig: modelConfig(model, options, hotwords),
			decodingMethod: wanted === 'modified_beam_search' ? wanted : 'greedy_search',
			maxActivePaths: options.maxActivePaths,
			enableEndpoint: 1,
			...endpoints(kind, options),
			...(hotwords && {
				hotwordsScore: options.hotwordsScore,
				hotwordsBuf: hotwords.text,
				hotwordsBufSize: Buffer.byteLength(hotwords.text),
			}),
		},
		sampleRate,
		reading: reading(model),
		vocabulary: hotwords?.pieces ?? '',
		...(vad && {
			vad: {
				config: vadConfig(vad, options),
				window: windowOf(vad),
				endSilenceMs: options.endSilenceMs,
			},
		}),
	};
}

function modelConfig(
	{ kind, files, tokensFile }: SherpaModel,
	{ threads }: SherpaOptions,
	hotwords: Hotwords | undefined,
): Record<string, unknown> {
	return {
		...network(kind, files),
		tokens: tokensFile,
		numThreads: threads,
		provider: 'cpu',
		debug: 0,
		...(hotwords && { modelingUnit: hotwords.unit, bpeVocab: hotwords.vocabulary }),
	};
}

function network(kind: KindName, { model, encoder, decoder, joiner }: ModelFiles): Record<string, unknown> {
	const { type } = kindOf(kind);
	switch (kind) {
		case 'paraformer':
			return { paraformer: { encoder, decoder } };
		case 'zipformer2-ctc':
			return { zipformer2Ctc: { model } };
		case 'nemo-ctc':
			return { nemoCtc: { model } };
		case 't-one-ctc':
			return { toneCtc: { model } };
		default:
			// Told the type, the engine loads the encoder only once.
			return { transducer: { encoder, decoder, joiner }, ...(type && { modelType: type }) };
	}
}

type Rules = Pick<
	RecognizerConfig,
	'rule1MinTrailingSilence' | 'rule2MinTrailingSilence' | 'rule3MinUtteranceLength'
>;

function endpoints(kind: KindName, { endSilenceMs, emptySilenceMs, maxUtteranceMs }: SherpaOptions): Rules {
	// For T-one the engine takes frames of 300 ms for such of 30 (csrc/online-recognizer-ctc-impl.h, IsEndpoint), so that
	// every utterance seems ten times shorter than the silence in it. Only the first rule does not look at that.
	if (kind === 't-one-ctc')
		return {
			rule1MinTrailingSilence: endSilenceMs / 1000,
			rule2MinTrailingSilence: endSilenceMs / 1000,
			rule3MinUtteranceLength: maxUtteranceMs / 10_000,
		};
	return {
		rule1MinTrailingSilence: emptySilenceMs / 1000,
		rule2MinTrailingSilence: endSilenceMs / 1000,
		rule3MinUtteranceLength: maxUtteranceMs / 1000,
	};
}

function reading({ kind, chunkMs, frameMs }: SherpaModel): Reading {
	const isTone = kind === 't-one-ctc';
	return {
		leadMs: isTone ? T_ONE_LEAD_MS : 0,
		// Whatever is left over is less than what is decoded at once.
		tailMs: chunkMs + TAIL_MS,
		// The same mistake as in the endpoints.
		startFactor: isTone ? 10 : 1,
		frameMs,
		words: !kindOf(kind).noWords,
	};
}

const windowOf = ({ kind }: VadModel): number => (kind === 'silero' ? 512 : 256);

function vadConfig(vad: VadModel, { vadProbability }: SherpaOptions): VadConfig {
	const detector = {
		model: vad.path,
		threshold: vadProbability,
		// Times are ours (gate.ts): the detector only tells, as soon as it can.
		minSilenceDuration: 0.1,
		minSpeechDuration: 0.1,
		maxSpeechDuration: 60,
		windowSize: windowOf(vad),
	};
	return {
		...(vad.kind === 'silero' ? { sileroVad: detector } : { tenVad: detector }),
		sampleRate: 16_000,
		numThreads: 1,
		provider: 'cpu',
		debug: 0,
	};
}
