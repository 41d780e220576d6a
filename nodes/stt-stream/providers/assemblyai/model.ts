import { VoiceError } from '../provider.ts';
import type { Query } from './options.ts';

// Universal-Streaming has no default model: every session must name one.
// Source: the vendor's pages "Model selection" and "Multilingual streaming".

const ENGLISH = 'universal-streaming-english';
const MULTILINGUAL = 'universal-streaming-multilingual';
const MULTILINGUAL_SPEAKS = ['en', 'es', 'fr', 'de', 'it', 'pt'];
const SEVERAL = 'multi';

/** The model that the settings name, '' if they leave it to the language. */
export function namedModel(model: string, query: Query): string {
	const option = query.get('speech_model') ?? '';
	if (model && option && model !== option)
		throw new VoiceError(
			'STT_CONFIG',
			`The model is "${model.slice(0, 40)}", but the option "speech_model" is "${option.slice(0, 40)}"`,
			'set only one of them',
		);
	return model || option;
}

/**
 * Puts the model into the query, and the language where the model takes one.
 * @param language BCP 47 tag, '' = English, 'multi' = several
 * @throws VoiceError STT_CONFIG for a language that the model does not know
 */
export function chooseModel(named: string, language: string, query: Query): void {
	const [wanted = ''] = language.toLowerCase().split(/[-_]/);
	const model = named || (['', 'en'].includes(wanted) ? ENGLISH : MULTILINGUAL);
	const isKnown =
		wanted === '' ||
		(model === ENGLISH && wanted === 'en') ||
		(model === MULTILINGUAL && [SEVERAL, ...MULTILINGUAL_SPEAKS].includes(wanted)) ||
		!model.startsWith('universal-streaming');
	if (!isKnown)
		throw new VoiceError(
			'STT_CONFIG',
			`AssemblyAI's model ${model} does not know the language "${language.slice(0, 20)}"`,
			`use ${MULTILINGUAL_SPEAKS.join(', ')} or ${SEVERAL}, or another model such as universal-3-5-pro`,
		);
	query.set('speech_model', model);
	if (model === MULTILINGUAL && !query.has('language_detection')) query.set('language_detection', 'true');
	// Only these are told which language to expect; the others find out.
	const takesLanguage = /^universal-[3-9]-[5-9]/.test(model) && wanted !== '' && wanted !== SEVERAL;
	if (takesLanguage && !query.has('language_codes') && !query.has('language_code'))
		query.set('language_codes', JSON.stringify([wanted]));
}
