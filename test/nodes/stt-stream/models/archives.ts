import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { noise } from '../../../lab/signals.ts';
import { writeToyTransducer } from '../../../lab/toy-models/models.ts';

/** Files by their relative paths. */
export type Tree = Readonly<Record<string, Buffer | string>>;

/**
 * The files of a small model that the real engine takes, and more: noise, which compresses as little as weights do, so
 * that they have about so many bytes.
 */
export function modelFiles(bytes = 60_000, seed = 1): Tree {
	const folder = mkdtempSync(join(tmpdir(), 'voice-archive-'));
	try {
		writeToyTransducer(folder);
		return { ...readTree(folder), 'test.wav': noise(Math.ceil(bytes / 2), seed) };
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

/** The same files below a folder, as the archives of models have them. */
export function inFolder(name: string, files: Tree): Tree {
	return Object.fromEntries(Object.entries(files).map(([path, content]) => [`${name}/${path}`, content]));
}

/** A new folder with these files. The caller removes it. */
export function writeTree(files: Tree): string {
	const folder = mkdtempSync(join(tmpdir(), 'voice-archive-'));
	for (const [path, content] of Object.entries(files)) {
		mkdirSync(dirname(join(folder, path)), { recursive: true });
		writeFileSync(join(folder, path), content);
	}
	return folder;
}

export function readTree(folder: string): Tree {
	const paths = readdirSync(folder, { recursive: true }) as string[];
	const files = paths.sort().filter((path) => statSync(join(folder, path)).isFile());
	return Object.fromEntries(files.map((path) => [path, readFileSync(join(folder, path))]));
}

/** What the system's tar makes of these files; `args` go before the names, `prepare` may change the folder. */
export function tar(
	files: Tree,
	{ args = [], prepare }: { args?: readonly string[]; prepare?: (folder: string) => void } = {},
): Buffer {
	const folder = writeTree(files);
	try {
		prepare?.(folder);
		const names = readdirSync(folder).sort();
		return execFileSync('tar', ['-C', folder, '-cf', '-', ...args, ...names], { maxBuffer: 1 << 28 });
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

export const bzip2 = (data: Buffer, level = 9): Buffer =>
	execFileSync('bzip2', [`-${level}`, '-c'], { input: data, maxBuffer: 1 << 28 });

/** An archive as the publisher of the models makes it. */
export const modelArchive = (name: string, files: Tree = modelFiles()): Buffer =>
	bzip2(tar(inFolder(name, files)));

/** `data` in pieces of `size` bytes. */
export async function* pieces(data: Buffer, size = 65_536): AsyncGenerator<Buffer> {
	for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
}
