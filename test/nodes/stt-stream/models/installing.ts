import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach } from 'node:test';
import {
	type InstallOptions,
	installModel,
} from '../../../../nodes/stt-stream/providers/local/models/install.ts';
import { VoiceError } from '../../../../nodes/stt-stream/providers/provider.ts';
import { needs } from '../../../lab/needs.ts';
import { modelArchive, modelFiles, readTree, type Tree } from './archives.ts';
import { Mirror } from './mirror.ts';

// What the tests of installations share: a mirror, an archive, and a new folder for each test. Import it once in a file.

export const skip = needs('archives');
export const NAME = 'sherpa-onnx-test-model';
export const FILES: Tree = modelFiles(200_000);
export const archive: Buffer = skip ? Buffer.alloc(0) : modelArchive(NAME, FILES);
export const mirror = await Mirror.start();
/** What an unfinished download leaves. */
export const PART = [`.${NAME}.tar.bz2.part`, `.${NAME}.tar.bz2.part.json`];

/** The folder of the models, which is not there yet, in a folder of its own. */
export let dir = '';

after(() => mirror.stop());
beforeEach(() => {
	dir = join(mkdtempSync(join(tmpdir(), 'voice-models-')), 'voice-models');
});
afterEach(() => {
	mirror.forget();
	rmSync(join(dir, '..'), { recursive: true, force: true });
});

export function install(options: InstallOptions = {}, name = NAME) {
	let received = 0;
	mirror.received = () => received;
	return installModel(name, dir, {
		base: mirror.base,
		backoffMs: [1, 1, 1],
		stallMs: 20_000,
		...options,
		onProgress(progress) {
			received = progress.done;
			options.onProgress?.(progress);
		},
	});
}

/** The model is there, whole, and nothing else is. */
export function assertInstalled(name = NAME, files: Tree = FILES): void {
	assert.deepEqual(readdirSync(dir), [name]);
	const there = readTree(join(dir, name));
	assert.deepEqual(Object.keys(there), Object.keys(files).sort());
	for (const [path, content] of Object.entries(files))
		assert.ok(Buffer.from(content).equals(there[path] as Buffer), path);
}

export const entries = (): string[] => (existsSync(dir) ? readdirSync(dir).sort() : []);

export async function failure(work: Promise<unknown>): Promise<VoiceError> {
	const error = await work.then(
		() => assert.fail('it did not fail'),
		(thrown: unknown) => thrown,
	);
	assert.ok(error instanceof VoiceError, String(error));
	return error;
}
