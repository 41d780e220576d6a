import { readdirSync, statSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { VoiceError } from '../../provider.ts';
import { catalogueEntry, speaks } from './catalogue.ts';
import { isFilled, unusable } from './usable.ts';

/** The folder below Node-RED's user directory in which each downloaded model has a folder of its own. */
export const MODELS_FOLDER = 'voice-models';

/** Where downloaded models live. @param userDir Node-RED's user directory (`RED.settings.userDir`) */
export function modelsFolder(userDir: string): string {
	return join(resolve(userDir), MODELS_FOLDER);
}

/**
 * Is it a name that a model can have, and a safe name of a folder? Names that begin with a dot are those of downloads
 * that are not finished.
 */
export function isModelName(name: string): boolean {
	return /^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$/.test(name);
}

/**
 * The folder of the model that a setting means: a path is itself (relative ones from where Node-RED was started), a
 * name is a downloaded model, else a folder of that name beside the process.
 * @param modelsDir see `modelsFolder`
 * @returns an absolute path of a folder that has the files of a model
 * @throws VoiceError STT_MODEL_MISSING
 */
export function findModel(nameOrFolder: string, modelsDir: string): string {
	const downloaded = isModelName(nameOrFolder) ? join(modelsDir, nameOrFolder) : undefined;
	if (downloaded && isFolder(downloaded)) return usableOrThrow(downloaded, nameOrFolder);
	const folder = resolve(nameOrFolder);
	if (isFolder(folder)) return usableOrThrow(folder);
	if (downloaded && !isAbsolute(nameOrFolder)) throw notDownloaded(nameOrFolder, modelsDir);
	throw new VoiceError(
		'STT_MODEL_MISSING',
		`There is no model folder ${folder}${obstacle(folder)}`,
		'set the model to a folder that has one, or to the name of a downloaded model',
	);
}

/**
 * A downloaded model to use where none is set, or undefined: one for `language` (BCP 47; '' = any), those of the
 * catalogue first, in its order.
 */
export function defaultModel(modelsDir: string, language = ''): string | undefined {
	const names = installedModels(modelsDir);
	const name = names.find((one) => speaks(one, language));
	return name === undefined ? undefined : join(modelsDir, name);
}

/** Is it a single file, which detects speech, and no folder? */
export const isSingleFile = (name: string): boolean => name.endsWith('.onnx');

/** Is it there, whole? */
export function isInstalled(name: string, modelsDir: string): boolean {
	const path = join(modelsDir, name);
	if (!isSingleFile(name)) return unusable(path) === undefined;
	return isFilled(path);
}

/** Names of the usable models in the folder: those of the catalogue first, in its order, then by name. */
export function installedModels(modelsDir: string): string[] {
	const rank = (name: string) => catalogueEntry(name)?.rank ?? Number.MAX_SAFE_INTEGER;
	return foldersIn(modelsDir)
		.filter((name) => isModelName(name) && unusable(join(modelsDir, name)) === undefined)
		.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

function usableOrThrow(folder: string, name?: string): string {
	const reason = unusable(folder);
	if (reason === undefined) return folder;
	throw new VoiceError(
		'STT_MODEL_MISSING',
		`There is no usable speech model in ${folder}: ${reason}`,
		name === undefined
			? 'set the model to a folder with tokens.txt and the .onnx files of one streaming model'
			: `remove it and download it again (${command('remove', name)}; ${command('download', name)})`,
	);
}

function notDownloaded(name: string, modelsDir: string): VoiceError {
	if (isSingleFile(name))
		return new VoiceError(
			'STT_MODEL_MISSING',
			`${name} is a file that at most detects speech`,
			'set it as the option vad, and as the model one that recognises speech',
		);
	return new VoiceError(
		'STT_MODEL_MISSING',
		`The speech model "${name}" is not in ${modelsDir}`,
		catalogueEntry(name)
			? `download it: ${command('download', name)} in Node-RED's user directory`
			: `choose one of those that \`${command('list')}\` shows, or set the path of a folder`,
	);
}

/** How to call the model manager, for remedies. */
export function command(...args: string[]): string {
	return ['npx --no-install node-red-voice-models', ...args].join(' ');
}

function foldersIn(folder: string): string[] {
	try {
		return readdirSync(folder).filter((name) => isFolder(join(folder, name)));
	} catch {
		return [];
	}
}

function isFolder(path: string): boolean {
	try {
		return statSync(path).isDirectory();
	} catch {
		return false;
	}
}

/** What keeps from looking there, in brackets: " (EACCES)"; '' if it is just not there. */
function obstacle(path: string): string {
	try {
		statSync(path);
		return '';
	} catch (thrown) {
		const { code = '' } = thrown as NodeJS.ErrnoException;
		return ['ENOENT', 'ENOTDIR'].includes(code) ? '' : ` (${code})`;
	}
}
