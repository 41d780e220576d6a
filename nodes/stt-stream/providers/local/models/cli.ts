#!/usr/bin/env node
import { join, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { VoiceError } from '../../provider.ts';
import { CATALOGUE, DEFAULT_BASE, MIRROR_VARIABLE, primaryTag, recommended } from './catalogue.ts';
import { installModel, removeModel } from './install.ts';
import { describe, known, listModels } from './listing.ts';
import { ProgressBar, ProgressLines } from './progress.ts';
import { defaultModel, findModel, modelsFolder } from './store.ts';

const LANGUAGES = [...new Set(CATALOGUE.flatMap(({ languages }) => languages[0] ?? []))].sort().join(', ');

const HELP = `Speech models for the local engine sherpa-onnx of @voxwire/node-red-voice.

Run in Node-RED's user directory:

  npx --no-install node-red-voice-models list [language]      the catalogue, and what is installed
  npx --no-install node-red-voice-models download <name>      download and unpack a model
  npx --no-install node-red-voice-models path [name]          the folder of a model, or of all models
  npx --no-install node-red-voice-models remove <name>        delete a model, or an unfinished download

<name> is a model of the list, another archive of the same publisher, or a language
(${LANGUAGES}), which means the one recommended for it.

  --dir <folder>      Node-RED's user directory, instead of the current folder;
                      models are put in its sub-folder voice-models
  --mirror <address>  where the .tar.bz2 archives are (or ${MIRROR_VARIABLE}), instead of
                      ${DEFAULT_BASE}
  --json              list: as JSON; download: a line of JSON for each step
  --help              this text

Exit codes: 0 done, 1 failed, 2 wrong arguments, 130 interrupted. An interrupted download
goes on where it ended.
`;

class UsageError extends Error {}

interface Settings {
	readonly modelsDir: string;
	readonly mirror: string;
	readonly json: boolean;
}

async function main(args: string[]): Promise<void> {
	const { values, positionals } = parse(args);
	const [verb = 'help', name, ...rest] = positionals;
	if (values.help || verb === 'help') return void process.stdout.write(HELP);
	if (rest.length > 0) throw new UsageError(`too many arguments: ${rest.join(' ')}`);
	const settings: Settings = {
		modelsDir: modelsFolder(resolve(values.dir ?? '.')),
		mirror: values.mirror ?? process.env[MIRROR_VARIABLE] ?? '',
		json: values.json ?? false,
	};
	switch (verb) {
		case 'list':
			return list(name ?? '', settings);
		case 'download':
			return downloadModel(resolveName(required(name, verb)), settings);
		case 'path':
			return print(pathOf(name, settings.modelsDir));
		case 'remove':
			return remove(required(name, verb), settings);
		default:
			throw new UsageError(`there is no command "${verb}"`);
	}
}

function parse(args: string[]) {
	try {
		return parseArgs({
			args,
			allowPositionals: true,
			options: {
				dir: { type: 'string' },
				mirror: { type: 'string' },
				json: { type: 'boolean' },
				help: { type: 'boolean', short: 'h' },
			},
		});
	} catch (error) {
		throw new UsageError((error as Error).message);
	}
}

function required(name: string | undefined, verb: string): string {
	if (name !== undefined) return name;
	throw new UsageError(`which model? Say: ${verb} <name>`);
}

/** A language stands for the model that is recommended for it. */
function resolveName(name: string): string {
	return isLanguage(name) ? (recommended(name)?.name ?? name) : name.replace(/\.tar\.bz2$/, '');
}

/** "de" or "de-DE". */
const isLanguage = (name: string) => /^[a-z]{2,3}([-_][a-z]{2})?$/i.test(name);

async function list(language: string, { modelsDir, json }: Settings): Promise<void> {
	const all = await listModels(modelsDir);
	const models = language ? all.filter(({ languages }) => languages.includes(primaryTag(language))) : all;
	if (json) return print(JSON.stringify({ folder: modelsDir, models }, undefined, '\t'));
	for (const model of models) print(describe(model));
	if (models.length === 0) print(`The catalogue has no model for "${language}".`);
	print(`\nInstalled models are in ${modelsDir}`);
}

async function downloadModel(name: string, { modelsDir, mirror, json }: Settings): Promise<void> {
	const interrupted = new AbortController();
	const stop = (signal: NodeJS.Signals) => interrupted.abort(new Interrupted(signal));
	process.once('SIGINT', stop).once('SIGTERM', stop);
	const bar = json ? new ProgressLines(process.stdout) : new ProgressBar(process.stderr);
	if (!json) process.stderr.write(`${describe(known(name))}\n`);
	try {
		const { folder, already, verified } = await installModel(name, modelsDir, {
			base: mirror,
			signal: interrupted.signal,
			onProgress: (progress) => bar.update(progress),
		});
		bar.end();
		if (json) return print(JSON.stringify({ phase: 'done', folder, already, verified }));
		if (already) process.stderr.write('It is installed already.\n');
		else if (!verified) process.stderr.write('There was no checksum to be had: none was compared.\n');
		print(folder);
	} catch (thrown) {
		if (json && thrown instanceof VoiceError)
			print(JSON.stringify({ phase: 'failed', code: thrown.code, message: thrown.message }));
		throw thrown;
	} finally {
		bar.end();
	}
}

function pathOf(name: string | undefined, modelsDir: string): string {
	if (name === undefined) return modelsDir;
	const ofLanguage = isLanguage(name) ? defaultModel(modelsDir, name) : undefined;
	return ofLanguage ?? findModel(resolveName(name), modelsDir);
}

async function remove(name: string, { modelsDir }: Settings): Promise<void> {
	if (await removeModel(name, modelsDir)) print(`${join(modelsDir, name)} is removed`);
	else throw new VoiceError('STT_MODEL_MISSING', `There is no model "${name}" in ${modelsDir}`, 'see `list`');
}

class Interrupted extends Error {
	readonly signal: NodeJS.Signals;

	constructor(signal: NodeJS.Signals) {
		super('interrupted');
		this.signal = signal;
	}
}

function print(text: string): void {
	process.stdout.write(`${text}\n`);
}

/** Says what went wrong. @returns the exit code */
function report(thrown: unknown): number {
	if (thrown instanceof Interrupted) {
		process.stderr.write('Interrupted. The same command goes on where this one ended.\n');
		return thrown.signal === 'SIGINT' ? 130 : 143;
	}
	if (thrown instanceof UsageError) {
		process.stderr.write(`node-red-voice-models: ${thrown.message}\nSee --help.\n`);
		return 2;
	}
	const text = thrown instanceof VoiceError ? `${thrown.problem}\n${thrown.remedy}` : String(thrown);
	process.stderr.write(`node-red-voice-models: ${text}\n`);
	return 1;
}

// Whoever reads our output may stop reading.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});
main(process.argv.slice(2)).catch((thrown) => {
	process.exitCode = report(thrown);
});
