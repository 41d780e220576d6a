import { createPocketSphinx } from './local/pocketsphinx.ts';
import { LOCAL_RULES } from './local/rules.ts';
import { readOptions } from './options.ts';
import { type ProviderConfig, type SttProvider, VoiceError } from './provider.ts';

/** Recognises on this machine: chooses the engine. */
export function createLocal(config: ProviderConfig): SttProvider {
	const options = readOptions('local', config.options, Object.keys(LOCAL_RULES));
	const engine = options.choice('engine', LOCAL_RULES.engine, 'auto');
	if (engine === 'sherpa-onnx')
		throw new VoiceError(
			'STT_CONFIG',
			'This version has no sherpa-onnx engine',
			'choose the engine "pocketsphinx" or "auto"',
		);
	return createPocketSphinx(config.model, options);
}
