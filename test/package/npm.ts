import { execFile } from 'node:child_process';
import {
	cpSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	renameSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { packageRoot } from '../lab/root.ts';

const run = promisify(execFile);

export interface NpmOptions {
	env?: Record<string, string>;
	/** The Node.js that runs npm and the install scripts (default: this one). */
	nodeBin?: string;
}

/**
 * Runs npm in `folder` and returns what it prints. Nothing of an npm that may be running us reaches it: neither its
 * settings for our own folder nor node_modules/.bin, where some package's old npm lies.
 * @throws if it fails; the message holds its output
 */
export async function npm(
	folder: string,
	args: readonly string[],
	{ env = {}, nodeBin = process.execPath }: NpmOptions = {},
): Promise<string> {
	const outside = Object.entries(process.env).filter(
		([name]) => !/^npm_(package_|lifecycle_|command$|execpath$|config_local_prefix$)|^INIT_CWD$/.test(name),
	);
	const path = (process.env['PATH'] ?? '')
		.split(delimiter)
		.filter((entry) => !entry.includes('node_modules'));
	path.unshift(dirname(nodeBin));
	const cli = process.env['npm_execpath'];
	const [command, first] = cli?.endsWith('.js') ? [nodeBin, [cli]] : ['npm', []];
	try {
		const { stdout } = await run(command, [...first, ...args, '--no-audit', '--no-fund'], {
			cwd: folder,
			env: { ...Object.fromEntries(outside), PATH: path.join(delimiter), ...env },
			maxBuffer: 64 * 1024 * 1024,
			timeout: 300_000,
		});
		return stdout;
	} catch (error) {
		const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string };
		throw new Error(`npm ${args.join(' ')} failed: ${message}\n${stdout}${stderr}`);
	}
}

/** What `npm pack --json` says. */
export interface Packed {
	/** Absolute path of the tarball. */
	tarball: string;
	/** Paths within the package. */
	files: string[];
	/** Bytes, compressed. */
	size: number;
}

/** Packs the package as publishing would: built from a copy of the sources by its own prepack script. */
export async function packPackage(folder: string): Promise<Packed> {
	const copy = join(folder, 'sources');
	const left = new Set(['node_modules', 'dist', '.git']);
	cpSync(packageRoot, copy, {
		recursive: true,
		filter: (path) => !left.has(path.slice(packageRoot.length + 1)),
	});
	symlinkSync(join(packageRoot, 'node_modules'), join(copy, 'node_modules'), 'dir');
	const output = await npm(copy, [
		'pack',
		'--json',
		'--foreground-scripts=false',
		'--pack-destination',
		folder,
	]);
	const [packed] = Object.values(JSON.parse(output.slice(output.search(/^[[{]/m))) as object) as [
		{ filename: string; files: { path: string }[]; size: number },
	];
	return {
		tarball: join(folder, packed.filename.replace('@', '').replace('/', '-')),
		files: packed.files.map(({ path }) => path).sort(),
		size: packed.size,
	};
}

/** Installs packages in a new folder below `folder`, as `npm install` does in a Node-RED user folder; returns it. */
export async function installIn(
	folder: string,
	packages: readonly string[],
	args: readonly string[] = [],
	options: NpmOptions = {},
): Promise<string> {
	const target = mkdtempSync(join(folder, 'user-'));
	writeFileSync(join(target, 'package.json'), JSON.stringify({ name: 'user', private: true }));
	await npm(target, ['install', ...packages, ...args], options);
	return target;
}

/** Where `installCached` keeps what it has installed. */
export function cacheFolder(): string {
	return join(tmpdir(), `voice-test-packages-${userInfo().uid}`);
}

/**
 * Packages that are too big to install for every run: kept under the system's temporary folder. Their install scripts
 * do not run. Returns the folder that has them in its node_modules.
 */
export async function installCached(name: string, packages: readonly string[]): Promise<string> {
	const cache = cacheFolder();
	const target = join(cache, name);
	if (existsSync(target)) return target;
	mkdirSync(cache, { recursive: true, mode: 0o700 });
	const half = await installIn(cache, packages, ['--ignore-scripts', '--no-save']);
	try {
		renameSync(half, target);
	} catch (error) {
		rmSync(half, { recursive: true, force: true });
		if (!existsSync(target)) throw error; // else another process was quicker
	}
	return target;
}
