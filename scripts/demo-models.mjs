// Which engine the demo recognises with, and the download of a model for it. Needs dist/.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { PrepareError, root } from './prepare.mjs';

const local = join(root, 'dist/nodes/stt-stream/providers/local');
const load = (file) => import(pathToFileURL(join(local, file)).href);

/**
 * @typedef {{ model: string, name: string }} SherpaModel its folder and its name
 * @param {import('./demo-options.mjs').DemoOptions} options
 * @returns {Promise<SherpaModel | undefined>} the model for sherpa-onnx; undefined: PocketSphinx is to be used
 * @throws {PrepareError} where there is neither; a VoiceError where the download fails; Interrupted
 */
export async function chooseModel({ language, download, mirror, models }) {
	const { defaultModel, modelsFolder } = await load('models/store.js');
	const { recommended } = await load('models/catalogue.js');
	const { describe, known, megabytes } = await load('models/listing.js');
	const own = modelsFolder(join(homedir(), '.node-red'));
	const cache = modelsFolder(join(root, '.cache'));
	const folders = models ? [models] : [own, cache];
	const found = folders.map((folder) => defaultModel(folder, language)).find(Boolean);
	const entry = recommended(language);
	const problem = found || download ? engineProblem() : undefined;
	if (problem && download) throw new PrepareError(problem);
	if (problem) console.log(problem);
	else if (found) return { model: found, name: basename(found) };
	if (download) {
		if (!entry) throw new PrepareError(`The catalogue has no model for "${language}": see docs/models.md`);
		console.error(describe(known(entry.name)));
		const target = models ?? (existsSync(own) ? own : cache);
		return { model: await fetchModel(entry.name, target, mirror), name: entry.name };
	}
	const size = entry?.bytes ? ` (${megabytes(entry.bytes)})` : '';
	const command = `npm run demo -- --download${/^en\b/i.test(language) ? '' : ` --language ${language}`}`;
	if (/^en\b/i.test(language)) {
		if (!problem) console.log(`A newer engine, with a model to download${size}: ${command}`);
		return undefined;
	}
	throw new PrepareError(
		`There is no model for "${language}" here, and PocketSphinx knows English only.${
			entry && !problem ? `\nTo download ${entry.name}${size}: ${command}` : ''
		}`,
	);
}

/** Ended by a signal. */
export class Interrupted extends Error {
	constructor(number) {
		super('Interrupted. The same command goes on where this one ended.');
		this.exitCode = 128 + number;
	}
}

/** @returns {Promise<string>} the model's folder */
async function fetchModel(name, folder, base) {
	const { installModel } = await load('models/install.js');
	const { ProgressBar } = await load('models/progress.js');
	const bar = new ProgressBar(process.stderr);
	const interrupted = new AbortController();
	const signals = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 };
	const stop = (signal) => {
		// Whoever presses twice does not want to wait.
		if (interrupted.signal.aborted) process.exit(128 + signals[signal]);
		interrupted.abort(new Interrupted(signals[signal]));
	};
	for (const signal of Object.keys(signals)) process.on(signal, stop);
	try {
		const { signal } = interrupted;
		const onProgress = (progress) => bar.update(progress);
		const { folder: model, verified } = await installModel(name, folder, { base, signal, onProgress });
		bar.end();
		if (!verified) console.error('Its publisher states no checksum: none was compared.');
		console.error(`The model is in ${model}`);
		return model;
	} finally {
		bar.end();
		for (const signal of Object.keys(signals)) process.off(signal, stop);
	}
}

/**
 * Why sherpa-onnx cannot run on this machine, asked before anything is downloaded for it. In a process of its own, as
 * always where its compiled code is loaded.
 */
function engineProblem() {
	const addon = pathToFileURL(join(local, 'sherpa-onnx/addon.js')).href;
	const script = `import(${JSON.stringify(addon)}).then((m) => m.loadAddon()).then(
		() => process.exit(0),
		(error) => { process.stderr.write((error.code ?? 'error') + ': ' + error.message); process.exitCode = 1; },
	)`;
	const { status, stderr, signal } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
	if (status === 0) return undefined;
	return stderr.trim() || `STT_ENGINE: sherpa-onnx does not load on this machine (${signal ?? status})`;
}
