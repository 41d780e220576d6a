import { createPocketSphinx, POCKETSPHINX_OPTIONS } from './local/pocketsphinx.ts';
import { readOptions } from './options.ts';
import { type ProviderConfig, type SttProvider, VoiceError } from './provider.ts';

/** Recognises on this machine: chooses the engine. */
export function createLocal(config: ProviderConfig): SttProvider {
	const options = readOptions('local', config.options, ['engine', ...POCKETSPHINX_OPTIONS]);
	const engine = options.choice('engine', ['auto', 'sherpa-onnx', 'pocketsphinx'], 'auto');
	if (engine === 'sherpa-onnx')
		throw new VoiceError(
			'STT_CONFIG',
			'This version has no sherpa-onnx engine',
			'choose the engine "pocketsphinx" or "auto"',
		);
	return createPocketSphinx(config.model, options);
}
