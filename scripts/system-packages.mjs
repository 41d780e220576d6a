// Which Debian packages the demo and the tests need, which of them are missing, and how to get them. As root on a
// Debian-like system the missing ones are installed, after the command was printed; VOICE_NO_APT=1 refuses that.
// Plain Node.js: it runs before node_modules exists.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';

/**
 * A package: `also` lists names that other releases use for it, `command` tells its presence where there is no dpkg,
 * `optional` means that some releases do not have it and nothing depends on it there.
 * @typedef {{ name: string, also?: string[], command?: string, why: string, optional?: boolean }} SystemPackage
 */

/** @type {SystemPackage[]} */
const RECOGNISER = [
	{ name: 'pocketsphinx', command: 'pocketsphinx_continuous', why: 'the local speech recogniser' },
	{ name: 'pocketsphinx-en-us', why: 'its English model' },
	{ name: 'python3-pocketsphinx', why: 'partial transcripts while you speak', optional: true },
];

/** @type {SystemPackage[]} */
const COMPILER = [
	{ name: 'g++', command: 'g++', why: 'compiling naudiodon and onoff' },
	{ name: 'make', command: 'make', why: 'compiling naudiodon and onoff' },
	{ name: 'python3', command: 'python3', why: 'compiling naudiodon and onoff (node-gyp)' },
];

/** @type {SystemPackage[]} */
const LAB = [
	{ name: 'pulseaudio', command: 'pulseaudio', why: 'the virtual sound card' },
	{ name: 'pulseaudio-utils', command: 'pactl', why: 'the virtual sound card' },
	{ name: 'libasound2-plugins', why: 'the virtual sound card' },
	{ name: 'libasound2', also: ['libasound2t64'], why: 'sound' },
	{ name: 'libasound2-dev', why: 'the virtual sound card' },
	{ name: 'alsa-utils', command: 'arecord', why: 'the alsa backends' },
	{ name: 'libfuse3-dev', why: 'the virtual GPIO' },
	{ name: 'fuse3', command: 'fusermount3', why: 'the virtual GPIO' },
	{ name: 'pkg-config', also: ['pkgconf'], command: 'pkg-config', why: 'the virtual GPIO' },
	{ name: 'gcc', command: 'gcc', why: 'the virtual GPIO and sound card' },
	{ name: 'gpiod', command: 'gpiomon', why: 'the gpiomon backend' },
	{ name: 'flite', command: 'flite', why: 'speech for the recogniser' },
	{ name: 'sox', command: 'sox', why: 'sound files in many formats' },
	{ name: 'bzip2', command: 'bzip2', why: 'archives of models' },
	{ name: 'faketime', command: 'faketime', why: 'the chaos suite: a clock that jumps' },
	{ name: 'chromium', command: 'chromium', why: 'the tests of the editor' },
	{ name: 'openssl', command: 'openssl', why: 'the certificates that docs/https.md makes' },
];

/** @type {SystemPackage[]} */
const SCRIPTS = [
	{ name: 'python3-pyaudio', why: 'the scripts that the benchmark compares with' },
	{ name: 'python3-websockets', why: 'the scripts that the benchmark compares with' },
	{ name: 'python3-grpcio', why: 'the scripts that the benchmark compares with' },
];

/** @type {SystemPackage[]} */
const MICROPHONE = [{ name: 'alsa-utils', command: 'arecord', why: 'recording with arecord' }];

/** What each command needs; the demo by what it hears and what it recognises with. */
export const NEEDS = {
	nothing: [],
	mic: MICROPHONE,
	pocketsphinx: RECOGNISER,
	test: [...RECOGNISER, ...LAB, ...COMPILER],
	bench: [...RECOGNISER, ...LAB, ...COMPILER, ...SCRIPTS],
};

/** Is there an executable of this name on PATH? */
function hasCommand(name) {
	return (process.env.PATH ?? '').split(delimiter).some((folder) => folder && existsSync(join(folder, name)));
}

const onDebian = hasCommand('dpkg-query') && hasCommand('apt-get');
const isRoot = process.getuid?.() === 0;

/** The names among these that dpkg knows as installed. */
function installedNames(names) {
	// biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholders
	const { stdout } = spawnSync('dpkg-query', ['-W', '-f', '${db:Status-Abbrev} ${Package}\n', ...names], {
		encoding: 'utf8',
	});
	const lines = (stdout ?? '').split('\n').map((line) => line.split(' '));
	return new Set(lines.filter(([status]) => status === 'ii').map((fields) => fields.at(-1)));
}

/** @param {SystemPackage[]} packages */
function missingOf(packages) {
	if (!onDebian) return packages.filter(({ command }) => command && !hasCommand(command));
	const installed = installedNames(packages.flatMap(({ name, also = [] }) => [name, ...also]));
	// A command that was installed some other way (/usr/local, a newer toolchain) serves as well as the package.
	return packages.filter(
		({ name, also = [], command }) =>
			![name, ...also].some((one) => installed.has(one)) && !(command && hasCommand(command)),
	);
}

/** The names among these that apt could install now. An empty or old package list makes it fewer. */
function candidates(names) {
	const { stdout } = spawnSync('apt-cache', ['policy', ...names], {
		encoding: 'utf8',
		env: { ...process.env, LC_ALL: 'C' },
	});
	const found = new Set();
	let name = '';
	for (const line of (stdout ?? '').split('\n')) {
		name = /^(\S+):$/.exec(line)?.[1] ?? name;
		const version = /^ {2}Candidate: (.+)$/.exec(line)?.[1];
		if (version && version !== '(none)') found.add(name);
	}
	return found;
}

const APT = ['-o', 'DPkg::Lock::Timeout=300'];
const installLine = (names) => `apt-get install -y --no-install-recommends ${names.join(' ')}`;

function apt(args) {
	const { status } = spawnSync('apt-get', [...APT, ...args], {
		stdio: ['ignore', 'inherit', 'inherit'],
		env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
	});
	return status === 0;
}

/** The name under which this release offers each package; those that it does not have at all are left out. */
function resolveNames(packages) {
	const offered = candidates(packages.flatMap(({ name, also = [] }) => [name, ...also]));
	const names = [];
	const unknown = [];
	for (const one of packages) {
		const name = [one.name, ...(one.also ?? [])].find((candidate) => offered.has(candidate));
		if (name) names.push(name);
		else unknown.push(one);
	}
	return { names, unknown };
}

/** Installs what it can. @param {SystemPackage[]} missing */
function install(missing) {
	let updated = false;
	const update = () => {
		updated = true;
		console.log('$ apt-get update');
		return apt(['update']);
	};
	let { names, unknown } = resolveNames(missing);
	// The lists may be empty or older than the packages; a package that is merely optional may really not exist.
	if (unknown.some(({ optional }) => !optional) || (unknown.length > 0 && !hasLists())) {
		update();
		({ names, unknown } = resolveNames(missing));
	}
	if (names.length === 0) return;
	console.log(`$ ${installLine(names)}`);
	const args = ['install', '-y', '--no-install-recommends', ...names];
	if (!apt(args) && !updated && update()) apt(args);
}

function hasLists() {
	const { stdout } = spawnSync('apt-cache', ['stats'], {
		encoding: 'utf8',
		env: { ...process.env, LC_ALL: 'C' },
	});
	return Number(/Total package names: (\d+)/.exec(stdout ?? '')?.[1] ?? 0) > 10_000;
}

/**
 * Makes the system packages available that `purpose` needs: installs the missing ones as root on a Debian-like system
 * (the command is printed first), else prints the command.
 * @param {keyof typeof NEEDS} purpose
 * @returns {{ missing: SystemPackage[], remedy: string }} what is still missing, without what this release does not
 *   have and does not need, and the command that installs it
 */
export function ensureSystemPackages(purpose) {
	const packages = NEEDS[purpose];
	let missing = missingOf(packages);
	const mayInstall = onDebian && isRoot && process.env.VOICE_NO_APT !== '1';
	if (missing.length > 0 && mayInstall) {
		install(missing);
		missing = missingOf(packages);
	}
	if (onDebian && missing.some(({ optional }) => optional)) {
		const offered = candidates(missing.map(({ name }) => name));
		missing = missing.filter(({ name, optional }) => !optional || offered.has(name) || !hasLists());
	}
	const names = missing.map(({ name }) => name);
	const remedy = onDebian
		? `sudo ${installLine(names)}`
		: `install these with your system's package manager (Debian's names): ${names.join(' ')}`;
	return { missing, remedy };
}

/** Prints what is missing and why it matters. @param {SystemPackage[]} missing */
export function printMissing(missing, remedy) {
	if (missing.length === 0) return;
	console.log(`Missing system packages${process.env.VOICE_NO_APT === '1' ? ' (VOICE_NO_APT=1)' : ''}:`);
	for (const { name, why } of missing) console.log(`  ${name.padEnd(22)} ${why}`);
	console.log(`To install them:\n  ${remedy}`);
}
