import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** The folder of this package's package.json, found from here whether this file runs compiled or not. */
export const packageRoot = findPackageRoot(dirname(fileURLToPath(import.meta.url)));

function findPackageRoot(from: string): string {
	for (let folder = from; ; folder = dirname(folder)) {
		if (existsSync(join(folder, 'package.json'))) return folder;
		if (folder === dirname(folder)) throw new Error(`no package.json above ${from}`);
	}
}

/** A source of the lab that tsc does not copy to dist: `test/lab/<name>` in the package. */
export function labSource(name: string): string {
	return join(packageRoot, 'test', 'lab', name);
}

/**
 * Compiles C sources of the lab once and returns the path of the result, which is kept under the system's temporary
 * folder by a hash of the sources (name headers too) and the options. Several test processes may ask at the same time.
 * @throws if gcc fails; the message holds its diagnostics
 */
export function compileC(sources: readonly string[], options: readonly string[] = []): string {
	const paths = sources.map(labSource);
	const hash = createHash('sha256').update(JSON.stringify(options));
	for (const path of paths) hash.update(readFileSync(path));
	const folder = join(tmpdir(), `voice-lab-${userInfo().uid}`);
	const name = sources[0]!.replace(/\.c$/, '');
	const target = join(folder, `${name}-${hash.digest('hex').slice(0, 16)}`);
	mkdirSync(folder, { recursive: true, mode: 0o700 });
	if (statSync(folder).uid !== userInfo().uid) throw new Error(`${folder} belongs to somebody else`);
	if (existsSync(target)) return target;
	const half = `${target}.${process.pid}`;
	const units = paths.filter((path) => path.endsWith('.c'));
	try {
		execFileSync('gcc', ['-O1', '-Wall', '-Wextra', ...units, '-o', half, ...options], {
			stdio: ['ignore', 'ignore', 'pipe'],
		});
		renameSync(half, target);
	} catch (error) {
		rmSync(half, { force: true });
		const stderr = (error as { stderr?: Buffer }).stderr?.toString() ?? '';
		throw new Error(`cannot compile ${paths.join(', ')}: ${stderr || (error as Error).message}`);
	}
	return target;
}

/** Options that pkg-config prints for compiling with and linking a library. */
export function pkgConfig(library: string): string[] {
	return execFileSync('pkg-config', ['--cflags', '--libs', library], { encoding: 'utf8' })
		.split(/\s+/)
		.filter(Boolean);
}
