// The arguments of `npm run demo`. Plain Node.js: it runs before node_modules exists.
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

/** The environment variable with the address of a mirror; the model manager knows it too. */
export const MIRROR_VARIABLE = 'NODE_RED_VOICE_MODELS_MIRROR';

export const HELP = `The example flow "Live transcription" in a real Node-RED, spoken to by a shipped recording.

  npm run demo -- [options]

  --mic               the microphone instead of the recording, for at most 10 seconds
  --file <some.wav>   another recording
  --once              end after the first utterance: 0 if it was recognised, else 1
  --language <code>   what is spoken: en (default), de, fr, ...
  --download          download the model that is recommended for the language, unless one is here
  --mirror <address>  from there; also ${MIRROR_VARIABLE} in the environment
  --models <folder>   where models are, and where --download puts them
  --help              this text

It recognises with sherpa-onnx if a model for the language is here, else with PocketSphinx (English only). Nothing is
downloaded without --download. Models are looked for in the folder voice-models of Node-RED's user directory
(~/.node-red/voice-models) and in .cache/voice-models of this project. A download goes to the first if it is there,
so that your Node-RED has the model too, else to the second.
`;

export class UsageError extends Error {}

/**
 * @typedef {{ help: boolean, mic: boolean, once: boolean, download: boolean, file?: string, models?: string,
 *   language: string, mirror: string }} DemoOptions paths are absolute
 * @param {string[]} args
 * @returns {DemoOptions}
 * @throws {UsageError}
 */
export function readOptions(args) {
	const { file, models, language = 'en', ...given } = parse(args);
	if (!/^[a-z]{2,3}(-[a-z0-9]{1,8})*$/i.test(language))
		throw new UsageError(`"${language}" is no language code such as en or de`);
	if (given.mic && file !== undefined) throw new UsageError('--mic and --file exclude one another');
	const path = file === undefined ? undefined : fromCaller(file);
	if (path && !statSync(path, { throwIfNoEntry: false })?.isFile())
		throw new UsageError(`there is no file ${path}`);
	const folder = models === undefined ? undefined : fromCaller(models);
	if (folder && !given.download && !statSync(folder, { throwIfNoEntry: false })?.isDirectory())
		throw new UsageError(`there is no folder ${folder} (--download makes it)`);
	return {
		...given,
		...(path && { file: path }),
		...(folder && { models: folder }),
		language,
		mirror: given.mirror ?? process.env[MIRROR_VARIABLE] ?? '',
	};
}

/** npm changes to the project's folder before it runs a script. */
const fromCaller = (path) => resolve(process.env.INIT_CWD ?? '.', path);

function parse(args) {
	const boolean = { type: 'boolean', default: false };
	try {
		return parseArgs({
			args,
			options: {
				help: { ...boolean, short: 'h' },
				mic: boolean,
				once: boolean,
				download: boolean,
				file: { type: 'string' },
				models: { type: 'string' },
				language: { type: 'string' },
				mirror: { type: 'string' },
			},
		}).values;
	} catch (error) {
		throw new UsageError(error.message);
	}
}
