import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type SettingsReader, type SttProvider, VoiceError } from '../provider.ts';
import { command, defaultModel, findModel } from './models/store.ts';
import { readSherpaOptions } from './sherpa-onnx/options.ts';
import { SherpaOnnx } from './sherpa-onnx/provider.ts';

/**
 * @param model a folder, the name of a downloaded model, or '' for whichever is there
 * @param models the folder of the downloaded ones
 * @throws VoiceError STT_CONFIG for options that can never work
 */
export function createSherpaOnnx(
	model: string,
	models: string,
	options: SettingsReader,
	raw: Readonly<Record<string, unknown>>,
): SttProvider {
	const read = readSherpaOptions(options, raw);
	const vad = read.vad && existsSync(join(models, read.vad)) ? join(models, read.vad) : read.vad;
	return new SherpaOnnx(
		(language) => {
			if (model) return findModel(model, models);
			const found = defaultModel(models, language);
			if (found) return found;
			throw noneDownloaded(language);
		},
		{ ...read, vad: vad && resolve(vad) },
	);
}

/** There is nothing to recognise with. @param alternative another remedy, or '' */
export function noneDownloaded(language: string, alternative = ''): VoiceError {
	const known = /^[\w-]{1,20}$/.test(language) ? ` for "${language}"` : '';
	return new VoiceError(
		'STT_MODEL_MISSING',
		`There is no speech model${known} on this machine`,
		`run \`${command('list')}\` and \`${command('download', '<name>')}\` in Node-RED's user directory${alternative}`,
	);
}
