import type { OptionRules } from '../option-rules.ts';

export const LOCAL_RULES = {
	engine: ['auto', 'sherpa-onnx', 'pocketsphinx'],
	grammar: 'text',
	program: ['auto', 'python3', 'pocketsphinx_continuous', 'pocketsphinx'],
	endSilenceMs: { min: 100, max: 5000 },
	vadThreshold: { min: 0.5, max: 10 },
} as const satisfies OptionRules;
