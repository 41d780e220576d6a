// Gets a clone ready to run: system packages, node_modules, native addons, dist/. Shared by `npm run demo` and
// `npm test`; each step does nothing where its work is already done. Plain Node.js: it runs before node_modules exists.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { isBuilt } from './sources.mjs';
import { ensureSystemPackages, printMissing } from './system-packages.mjs';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const modules = join(root, 'node_modules');
const inCI = process.env.CI === 'true';

/** The addons of the optional dependencies, and the file that each one's compilation leaves. */
const ADDONS = [
	{ name: 'naudiodon', file: 'naudiodon/build/Release/naudiodon.node', serves: 'the portaudio backends' },
	{
		name: 'segfault-handler',
		file: 'segfault-handler/build/Release/segfault-handler.node',
		serves: 'naudiodon',
	},
	{ name: 'epoll', file: 'epoll/build/Release/epoll.node', serves: 'the onoff backend' },
];

/** Something that stops the command, said in words that are enough: no stack is printed for it. */
export class PrepareError extends Error {}

/**
 * @param {keyof typeof import('./system-packages.mjs').NEEDS} purpose
 * @param {{ addons?: boolean, build?: boolean }} options addons: the native ones are wanted too
 * @throws {PrepareError}
 */
export function prepare(purpose, { addons = false, build = true } = {}) {
	checkNode();
	const { missing, remedy } = ensureSystemPackages(purpose);
	printMissing(missing, remedy);
	if (missing.length > 0 && inCI) throw new PrepareError('With CI=true nothing may be missing.');
	installModules();
	if (addons) buildAddons();
	if (build) buildDist();
}

function checkNode() {
	const [major, minor] = process.versions.node.split('.').map(Number);
	if (major < 20 || (major === 20 && minor < 19) || (major === 22 && minor < 12))
		throw new PrepareError(`Node.js ${process.version} is too old: use 20.19 or newer (22: 22.12 or newer).`);
}

/** Runs a command in the root folder; its output is shown only where it fails, or live if `show`. */
function run(command, args, { show = false, env = process.env } = {}) {
	console.log(`$ ${[command === process.execPath ? 'node' : command, ...args].join(' ')}`);
	const result = spawnSync(command, args, {
		cwd: root,
		env,
		encoding: 'utf8',
		maxBuffer: 256 * 1024 * 1024,
		stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
		shell: process.platform === 'win32' && command === 'npm',
	});
	if (result.error) console.log(result.error.message);
	if (result.status !== 0 && !show) console.log(`${result.stdout ?? ''}${result.stderr ?? ''}`);
	return result.status === 0;
}

/**
 * Does node_modules hold what the lockfile says, compiled for this Node.js? Optional packages may be absent:
 * npm leaves out those that do not build.
 */
function modulesAreCurrent() {
	const hidden = join(modules, '.package-lock.json');
	if (!existsSync(hidden)) return false;
	const stamp = join(modules, '.node-abi');
	if (existsSync(stamp) && readFileSync(stamp, 'utf8') !== abi()) return false;
	const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
	const here = JSON.parse(readFileSync(hidden, 'utf8')).packages;
	return Object.entries(wanted).every(
		([path, { version, optional, devOptional, extraneous }]) =>
			path === '' ||
			here[path]?.version === version ||
			(!here[path] && (optional || devOptional || extraneous)),
	);
}

const abi = () => `${process.platform}-${process.arch}-${process.versions.modules}`;

function installModules() {
	if (modulesAreCurrent()) return;
	if (!run('npm', ['ci', '--no-audit', '--no-fund'], { env: npmEnvironment() }))
		throw new PrepareError('npm ci failed; its output is above.');
	writeFileSync(join(modules, '.node-abi'), abi());
}

/**
 * Compiling an addon needs Node's headers, which node-gyp downloads unless npm's `nodedir` names them. Where nobody has
 * set it and this machine has them (Debian's libnode-dev, nvm, the official archive), they are used.
 */
function npmEnvironment() {
	const asked = spawnSync('npm', ['config', 'get', 'nodedir'], {
		cwd: root,
		encoding: 'utf8',
		shell: process.platform === 'win32',
	});
	const configured = asked.stdout?.trim();
	if (configured && !['undefined', 'null'].includes(configured)) return process.env;
	const folder = headersFolder();
	// Both names: npm 12 and later no longer hand a plain `nodedir` to node-gyp.
	return folder
		? { ...process.env, npm_config_nodedir: folder, npm_package_config_node_gyp_nodedir: folder }
		: process.env;
}

/** The folder whose include/node holds the headers of this very Node.js, if there is one. */
function headersFolder() {
	const beside = dirname(dirname(process.execPath));
	const folders = [process.config.variables.node_prefix, beside, '/usr', '/usr/local'];
	return folders.find((folder) => {
		const header = join(folder || '/', 'include', 'node', 'node_version.h');
		if (!folder || !existsSync(header)) return false;
		const [major, minor, patch] = ['MAJOR', 'MINOR', 'PATCH'].map(
			(part) => new RegExp(`NODE_${part}_VERSION (\\d+)`).exec(readFileSync(header, 'utf8'))?.[1],
		);
		return `${major}.${minor}.${patch}` === process.versions.node;
	});
}

const unbuilt = () => ADDONS.filter(({ file }) => !existsSync(join(modules, file)));

/** Compiles the addons that `npm ci` left uncompiled, and says what can be done where that fails. */
function buildAddons() {
	if (unbuilt().length === 0) return;
	const present = unbuilt().filter(({ name }) => existsSync(join(modules, name)));
	// npm removes an optional package whose compilation failed: then only a new installation brings it back.
	const command =
		present.length === unbuilt().length
			? ['rebuild', '--foreground-scripts', ...present.map(({ name }) => name)]
			: ['ci', '--no-audit', '--no-fund', '--foreground-scripts'];
	run('npm', command, { show: true, env: npmEnvironment() });
	const failed = unbuilt();
	if (failed.length === 0) return;
	const names = failed.map(({ name }) => name).join(' ');
	const remedy = [
		`Not compiled: ${failed.map(({ name, serves }) => `${name} (${serves})`).join(', ')}.`,
		'They need a C++ compiler, make, python3 and the headers of Node.js. Then:',
		`  npm install-scripts approve ${names}   (npm 11.16 and later, where npm blocks install scripts)`,
		`  npm rebuild ${names}`,
	].join('\n');
	if (inCI) throw new PrepareError(remedy);
	console.log(remedy);
}

function buildDist() {
	if (isBuilt(root)) return;
	// --no-clean: a build never takes the files away from a process that is using them.
	if (!run(process.execPath, ['scripts/build.mjs', '--no-clean']))
		throw new PrepareError('The build failed; its output is above.');
}

/** The path of a package's executable, e.g. `bin('typescript', 'tsc')`. */
export function bin(packageName, name) {
	const manifest = createRequire(join(root, 'package.json')).resolve(`${packageName}/package.json`);
	const entry = JSON.parse(readFileSync(manifest, 'utf8')).bin;
	return join(dirname(manifest), typeof entry === 'string' ? entry : entry[name]);
}
