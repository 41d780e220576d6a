import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { VoiceError } from '../provider.ts';

/** Where Debian's pocketsphinx-en-us has its files. */
export const DEFAULT_MODEL = '/usr/share/pocketsphinx/model/en-us';

/** The files that PocketSphinx needs. */
export interface SphinxModel {
	/** Folder of the acoustic model. */
	hmm: string;
	/** Pronunciations. */
	dict: string;
	/** Statistical language model; absent where a grammar takes its place. */
	lm?: string;
	/** JSGF grammar. */
	jsgf?: string;
}

/**
 * Finds the parts of a model in `folder` ('' = Debian's US English). Names don't matter: the acoustic model is the
 * folder with an `mdef`, the dictionary ends in .dict, the language model in .lm, .lm.bin or .dmp.
 * @param grammar path of a JSGF file to use in place of the language model, or ''
 * @throws VoiceError STT_MODEL_MISSING that names the missing part; STT_CONFIG for an unreadable grammar
 */
export function findModel(folder: string, grammar: string): SphinxModel {
	const root = resolve(folder || DEFAULT_MODEL);
	const names = list(root, folder);
	const hmm = [root, ...names.map((name) => join(root, name))].find(
		(path) => isFile(join(path, 'mdef')) || isFile(join(path, 'mdef.bin')),
	);
	if (!hmm) throw missing(root, folder, 'no acoustic model (a folder with an "mdef")');
	const files = names.filter((name) => isFile(join(root, name)) && !/phone|noise/i.test(name));
	const dict = files.find((name) => name.endsWith('.dict') || name.endsWith('.dic'));
	if (!dict) throw missing(root, folder, 'no pronunciation dictionary (*.dict)');
	const parts = { hmm, dict: join(root, dict) };
	if (grammar) return { ...parts, jsgf: readableGrammar(grammar) };
	const lm = files.find((name) => /\.(lm|lm\.bin|lm\.dmp|dmp)$/i.test(name));
	if (!lm) throw missing(root, folder, 'no language model (*.lm.bin), and no grammar is set');
	return { ...parts, lm: join(root, lm) };
}

function list(root: string, folder: string): string[] {
	try {
		return readdirSync(root).sort();
	} catch {
		throw missing(root, folder, 'no such folder');
	}
}

function missing(root: string, folder: string, what: string): VoiceError {
	return new VoiceError(
		'STT_MODEL_MISSING',
		`There is no PocketSphinx model in ${root} (${what})`,
		folder ? 'set the model to a folder that has one' : 'sudo apt install pocketsphinx-en-us',
	);
}

function readableGrammar(grammar: string): string {
	const path = resolve(grammar);
	try {
		accessSync(path, constants.R_OK);
		if (statSync(path).isFile()) return path;
	} catch {
		// named below
	}
	throw new VoiceError(
		'STT_CONFIG',
		`The grammar file ${path} cannot be read`,
		'set the option "grammar" to the path of a JSGF file',
	);
}

/** One that is not empty: of an empty dictionary PocketSphinx says nothing, and hears nothing. */
function isFile(path: string): boolean {
	try {
		const file = statSync(path);
		return file.isFile() && file.size > 0;
	} catch {
		return false;
	}
}
