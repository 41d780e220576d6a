import type { OptionRules } from '../option-rules.ts';

/** Of both engines. */
const COMMON = {
	engine: ['auto', 'sherpa-onnx', 'pocketsphinx'],
	endSilenceMs: { min: 100, max: 5000 },
} as const satisfies OptionRules;

export const POCKETSPHINX_RULES = {
	...COMMON,
	grammar: 'text',
	program: ['auto', 'python3', 'pocketsphinx_continuous', 'pocketsphinx'],
	vadThreshold: { min: 0.5, max: 10 },
} as const satisfies OptionRules;

export const SHERPA_RULES = {
	...COMMON,
	modelType: [
		...['auto', 'zipformer2', 'zipformer', 'conformer', 'ebranchformer', 'lstm', 'nemo', 'paraformer'],
		...['zipformer2-ctc', 'nemo-ctc', 't-one-ctc'],
	],
	precision: ['auto', 'int8', 'fp32'],
	threads: { min: 1, max: 32, integer: true },
	decodingMethod: ['auto', 'greedy_search', 'modified_beam_search'],
	maxActivePaths: { min: 1, max: 32, integer: true },
	hotwords: 'texts',
	hotwordsFile: 'text',
	hotwordsScore: { min: 0, max: 100 },
	emptySilenceMs: { min: 500, max: 60_000 },
	maxUtteranceMs: { min: 1000, max: 600_000 },
	featureDim: { min: 1, max: 512, integer: true },
	vad: 'text',
	vadProbability: { min: 0.05, max: 0.95 },
	/** For the dialog's downloads: where the archives of models are; '' = at their publisher. */
	modelMirror: 'text',
	unloadAfterMs: { min: 0, max: 86_400_000 },
} as const satisfies OptionRules;

export const LOCAL_RULES = { ...POCKETSPHINX_RULES, ...SHERPA_RULES } as const satisfies OptionRules;
