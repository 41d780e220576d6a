import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';

const require = createRequire(import.meta.url);

/** For every thing a test may need: is it here? If not, what to install. */
const THINGS = {
	pulseaudio: {
		here: () => hasCommands('pulseaudio', 'pactl', 'pacat', 'setpriv'),
		get: 'apt install pulseaudio pulseaudio-utils libasound2-plugins',
	},
	'alsa-utils': { here: () => hasCommands('arecord', 'aplay'), get: 'apt install alsa-utils' },
	fuse: { here: hasFuse, get: 'apt install fuse3 libfuse3-dev pkg-config, and access to /dev/fuse' },
	'mount-namespace': {
		here: () => succeeds('unshare', process.getuid?.() === 0 ? '-m' : '-rm', 'true'),
		get: 'run as root (CAP_SYS_ADMIN), or allow user namespaces',
	},
	flite: { here: () => hasCommands('flite'), get: 'apt install flite' },
	pocketsphinx: {
		here: () => hasCommands('pocketsphinx_continuous'),
		get: 'apt install pocketsphinx pocketsphinx-en-us',
	},
	'python3-pocketsphinx': {
		// Debian's modules are Debian's Python's, which need not be the first in PATH.
		here: () =>
			['python3', '/usr/bin/python3'].some((python) => succeeds(python, '-c', 'import pocketsphinx')),
		get: 'apt install python3-pocketsphinx pocketsphinx-en-us',
	},
	sox: { here: () => hasCommands('sox'), get: 'apt install sox' },
	naudiodon: {
		here: () => hasAddon('naudiodon', 'naudiodon', 'naudiodon.node'),
		get: 'npm install naudiodon',
	},
	'sherpa-onnx': { here: hasSherpaOnnx, get: 'npm install sherpa-onnx-node' },
	gpiod: { here: () => hasCommands('gpiomon', 'gpiodetect'), get: 'apt install gpiod' },
	onoff: { here: () => hasAddon('onoff', 'epoll', 'epoll.node'), get: 'npm install onoff' },
	chromium: { here: () => hasCommands('chromium'), get: 'apt install chromium' },
	openssl: { here: () => hasCommands('openssl'), get: 'apt install openssl' },
	archives: { here: () => hasCommands('tar', 'bzip2'), get: 'apt install tar bzip2' },
	faketime: { here: () => hasCommands('faketime'), get: 'apt install faketime' },
	gcc: { here: () => hasCommands('gcc'), get: 'apt install gcc libc6-dev' },
} satisfies Record<string, { here: () => boolean; get: string }>;

export type Need = keyof typeof THINGS;

const known = new Map<Need, boolean>();

/**
 * For node:test's `skip` option: `false` if all these things are here, else the reason to skip, naming what to install.
 * @throws where `CI` is 'true': there a test that cannot run is a failure, not a skip
 */
export function needs(...what: Need[]): false | string {
	const missing = what.filter((need) => !isHere(need));
	if (missing.length === 0) return false;
	const reason = missing.map((need) => `needs ${need} (${THINGS[need].get})`).join('; ');
	if (process.env['CI'] === 'true') throw new Error(`CI may not skip: ${reason}`);
	return reason;
}

function isHere(need: Need): boolean {
	let here = known.get(need);
	if (here === undefined) {
		here = THINGS[need].here();
		known.set(need, here);
	}
	return here;
}

function hasCommands(...names: string[]): boolean {
	const folders = (process.env['PATH'] ?? '').split(delimiter);
	return names.every((name) => folders.some((folder) => isAccessible(join(folder, name), constants.X_OK)));
}

function hasFuse(): boolean {
	return (
		isAccessible('/dev/fuse', constants.R_OK | constants.W_OK) &&
		hasCommands('gcc', 'pkg-config') &&
		succeeds('pkg-config', '--exists', 'fuse3')
	);
}

/** Is the addon built? It is not loaded: a native addon has no business in a test's process. */
function hasAddon(name: string, owner: string, file: string): boolean {
	try {
		const main = require.resolve(name);
		const ownerMain = createRequire(main).resolve(owner);
		for (let folder = dirname(ownerMain); folder !== dirname(folder); folder = dirname(folder))
			if (existsSync(join(folder, 'package.json'))) return existsSync(join(folder, 'build', 'Release', file));
		return false;
	} catch {
		return false;
	}
}

/** Is there a part for this machine? */
function hasSherpaOnnx(): boolean {
	const platform = process.platform === 'win32' ? 'win' : process.platform;
	try {
		const main = createRequire(require.resolve('sherpa-onnx-node'));
		return existsSync(main.resolve(`sherpa-onnx-${platform}-${process.arch}/sherpa-onnx.node`));
	} catch {
		return false;
	}
}

function isAccessible(path: string, mode: number): boolean {
	try {
		accessSync(path, mode);
		return true;
	} catch {
		return false;
	}
}

function succeeds(command: string, ...args: string[]): boolean {
	return spawnSync(command, args, { stdio: 'ignore', timeout: 20_000 }).status === 0;
}
