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
	prepareSystem(purpose);
	installModules();
	if (addons) buildAddons();
	if (build) buildDist();
}

/** Only the system packages. @throws {PrepareError} */
export function prepareSystem(purpose) {
	const { missing, remedy } = ensureSystemPackages(purpose);
	printMissing(missing, remedy);
	if (missing.length > 0 && inCI) throw new PrepareError('With CI=true nothing may be missing.');
}

function checkNode() {
	const [major, minor] = process.versions.node.split('.').map(Number);
	if (major < 20 || (major === 20 && minor < 19) || (major === 22 && minor < 12))
		throw new PrepareError(`Node.js ${process.version} is too old: use 20.19 or newer (22: 22.12 or newer).`);
}

/**
 * Runs a command in the root folder, without a terminal. Under `npm test` the PATH begins with node_modules/.bin, where
 * some package's old npm may lie: the npm that started us is the right one.
 */
function spawnHere(command, args, env = process.env) {
	const npm = process.env.npm_execpath;
	const viaNode = command === 'npm' && npm?.endsWith('.js');
	return spawnSync(viaNode ? process.execPath : command, viaNode ? [npm, ...args] : args, {
		cwd: root,
		env,
		encoding: 'utf8',
		maxBuffer: 256 * 1024 * 1024,
		stdio: ['ignore', 'pipe', 'pipe'],
		shell: process.platform === 'win32' && command === 'npm' && !viaNode,
	});
}

/** Runs a command after printing it; its output is shown only where it fails. */
function run(command, args, env) {
	console.log(`$ ${[command === process.execPath ? 'node' : command, ...args].join(' ')}`);
	const result = spawnHere(command, args, env);
	if (result.error) console.log(result.error.message);
	if (result.status !== 0) console.log(`${result.stdout ?? ''}${result.stderr ?? ''}`);
	return result.status === 0;
}

/**
 * Does node_modules hold what the lockfile says, for this Node.js? Optional packages may be absent (most are made for
 * other systems), but not our own: npm removes one that did not compile, and without its types the sources do not
 * compile either.
 */
function modulesAreCurrent() {
	const hidden = join(modules, '.package-lock.json');
	if (!existsSync(hidden)) return false;
	const stamp = join(modules, '.node-abi');
	if (existsSync(stamp) && readFileSync(stamp, 'utf8') !== abi()) return false;
	const { '': ours, ...wanted } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
	const here = JSON.parse(readFileSync(hidden, 'utf8')).packages;
	const own = new Set([...Object.keys(ours.optionalDependencies), ...ADDONS.map(({ name }) => name)]);
	return Object.entries(wanted).every(([path, { version, optional, devOptional, extraneous }]) => {
		const mayBeAbsent =
			(optional || devOptional || extraneous) && !own.has(path.slice('node_modules/'.length));
		return here[path] ? here[path].version === version : mayBeAbsent;
	});
}

const abi = () => `${process.platform}-${process.arch}-${process.versions.modules}`;

function installModules() {
	if (modulesAreCurrent()) return;
	// Without install scripts: they only compile the addons, which is done below, where it may fail.
	if (!run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']))
		throw new PrepareError('npm ci failed; its output is above.');
	writeFileSync(join(modules, '.node-abi'), abi());
}

/**
 * Compiling an addon needs Node's headers, which node-gyp downloads unless npm's `nodedir` names them. Where nobody has
 * set it and this machine has them (Debian's libnode-dev, nvm, the official archive), they are used.
 */
function npmEnvironment() {
	const configured = spawnHere('npm', ['config', 'get', 'nodedir']).stdout?.trim();
	if (configured && !['undefined', 'null'].includes(configured)) return process.env;
	const folder = headersFolder();
	// Two names, as npm no longer knows the plain one: node-gyp reads the second (its README, "Configuration").
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

/** Compiles the native addons, or says what can be done where that fails. */
function buildAddons() {
	if (unbuilt().length === 0) return;
	const wanted = unbuilt().map(({ name }) => name);
	const built = run('npm', ['rebuild', '--foreground-scripts', ...wanted], npmEnvironment());
	const failed = unbuilt();
	if (failed.length === 0) return;
	const names = failed.map(({ name }) => name).join(' ');
	const remedy = [
		`Not compiled: ${failed.map(({ name, serves }) => `${name} (${serves})`).join(', ')}.`,
		built
			? `npm ran no install script for them. Allow it: npm install-scripts approve ${names}`
			: 'They need a C++ compiler, make, python3 and the headers of Node.js.',
		`Then: npm rebuild ${names}`,
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
