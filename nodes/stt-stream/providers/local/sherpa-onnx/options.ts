import { availableParallelism } from 'node:os';
import { isTexts, parseJson } from '../../option-rules.ts';
import { type SettingsReader, VoiceError } from '../../provider.ts';
import { SHERPA_RULES as RULES } from '../rules.ts';
import { MODEL_TYPES } from './kinds.ts';
import type { ModelChoice } from './model.ts';

/** The engine's options, checked as far as they can be without the model. */
export interface SherpaOptions extends ModelChoice {
	readonly threads: number;
	readonly decodingMethod: 'auto' | 'greedy_search' | 'modified_beam_search';
	readonly maxActivePaths: number;
	readonly hotwords: readonly string[];
	/** Path of a file with one on each line, or ''. */
	readonly hotwordsFile: string;
	readonly hotwordsScore: number;
	/** Silence after words that ends an utterance. */
	readonly endSilenceMs: number;
	/** Silence without words after which the engine begins anew. */
	readonly emptySilenceMs: number;
	readonly maxUtteranceMs: number;
	/** Path of a model that detects speech, or ''. */
	readonly vad: string;
	readonly vadProbability: number;
	/** For how long a model without streams stays loaded. */
	readonly unloadAfterMs: number;
}

/** @throws VoiceError STT_CONFIG that names the option */
export function readSherpaOptions(
	options: SettingsReader,
	raw: Readonly<Record<string, unknown>>,
): SherpaOptions {
	const read: SherpaOptions = {
		modelType: options.choice('modelType', ['auto', ...MODEL_TYPES], 'auto'),
		precision: options.choice('precision', RULES.precision, 'auto'),
		// More than two make the small models that suit such machines hardly faster.
		threads: options.number('threads', availableParallelism() > 2 ? 2 : 1, RULES.threads),
		decodingMethod: options.choice('decodingMethod', RULES.decodingMethod, 'auto'),
		maxActivePaths: options.number('maxActivePaths', 4, RULES.maxActivePaths),
		hotwords: readHotwords(raw['hotwords']),
		hotwordsFile: options.text('hotwordsFile'),
		hotwordsScore: options.number('hotwordsScore', 1.5, RULES.hotwordsScore),
		// The engine's own values (csrc/endpoint.h).
		endSilenceMs: options.number('endSilenceMs', 1200, RULES.endSilenceMs),
		emptySilenceMs: options.number('emptySilenceMs', 2400, RULES.emptySilenceMs),
		maxUtteranceMs: options.number('maxUtteranceMs', 20_000, RULES.maxUtteranceMs),
		featureDim: options.number('featureDim', 0, RULES.featureDim),
		vad: options.text('vad'),
		vadProbability: options.number('vadProbability', 0.5, RULES.vadProbability),
		unloadAfterMs: options.number('unloadAfterMs', 300_000, RULES.unloadAfterMs),
	};
	if (read.decodingMethod === 'greedy_search' && (read.hotwords.length || read.hotwordsFile))
		throw new VoiceError(
			'STT_CONFIG',
			'Hotwords need the decoding method "modified_beam_search"',
			'set the option decodingMethod to that, or to "auto"',
		);
	return read;
}

function readHotwords(value: unknown): readonly string[] {
	if (value === undefined || value === null || value === '') return [];
	const list = typeof value === 'string' ? parseJson(value) : value;
	if (isTexts(list)) return list;
	throw new VoiceError(
		'STT_CONFIG',
		'The setting "hotwords" is no list of texts',
		'use ["one", "two words"]',
	);
}
