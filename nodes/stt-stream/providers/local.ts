import { homedir } from 'node:os';
import { join } from 'node:path';
import { AnyEngine } from './local/any-engine.ts';
import { modelsFolder } from './local/models/store.ts';
import { createPocketSphinx } from './local/pocketsphinx.ts';
import { LOCAL_RULES, POCKETSPHINX_RULES, SHERPA_RULES } from './local/rules.ts';
import { createSherpaOnnx } from './local/sherpa-onnx.ts';
import { readOptions } from './options.ts';
import type { ProviderConfig, SttProvider } from './provider.ts';

const RULES = { auto: LOCAL_RULES, 'sherpa-onnx': SHERPA_RULES, pocketsphinx: POCKETSPHINX_RULES };
const ENGINES = LOCAL_RULES.engine;

/** Recognises on this machine: chooses the engine. */
export function createLocal(config: ProviderConfig): SttProvider {
	const raw = config.options;
	const engine = readOptions('local', raw, Object.keys(LOCAL_RULES)).choice('engine', ENGINES, 'auto');
	const options = readOptions('local', raw, Object.keys(RULES[engine]));
	const models = modelsFolder(config.userDir || join(homedir(), '.node-red'));
	const sherpaOnnx = () => createSherpaOnnx(config.model, models, options, raw);
	const pocketSphinx = () => createPocketSphinx(config.model, options);
	switch (engine) {
		case 'sherpa-onnx':
			return sherpaOnnx();
		case 'pocketsphinx':
			return pocketSphinx();
		default:
			return new AnyEngine(config.model, models, options, { sherpaOnnx, pocketSphinx });
	}
}
