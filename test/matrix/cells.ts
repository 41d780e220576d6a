import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { installCached, installIn } from '../package/npm.ts';

/** A Node-RED on a Node.js, each named by the beginning of its version. */
export interface Cell {
	nodeRed: '4.0' | '4.1' | '5.0';
	node: '20' | '22' | '24';
}

/** All that the package says to run on. Node-RED 5 does not start on Node.js 20. */
export const CELLS: readonly Cell[] = (['4.0', '4.1', '5.0'] as const).flatMap((nodeRed) =>
	(['20', '22', '24'] as const)
		.filter((node) => !(nodeRed === '5.0' && node === '20'))
		.map((node) => ({ nodeRed, node })),
);

/** What a cell's programs are, for startNodeRed. */
export interface Programs {
	nodeBin: string;
	nodeRedDir: string;
}

/** Installs the cell's Node.js and Node-RED, once for all runs. */
export async function programs({ nodeRed, node }: Cell): Promise<Programs> {
	const installed = await installCached(`node-red-${nodeRed}`, [`node-red@${nodeRed}`]);
	return {
		nodeBin: join(await nodeFolder(node), 'bin/node'),
		nodeRedDir: join(installed, 'node_modules/node-red'),
	};
}

/** The npm package of a Node.js for this machine: that which the package `node` installs. */
async function nodeFolder(node: Cell['node']): Promise<string> {
	const name = `node-${process.platform}-${process.arch}`;
	return join(await installCached(`node-${node}`, [`${name}@${node}`]), 'node_modules', name);
}

/**
 * Installs the tarball as a user of this Node.js does, the native addons compiled for it where that is possible, in a
 * new folder below `folder`; returns the new one. Node's own headers are used, which node-gyp would download.
 */
export async function installFor(node: Cell['node'], folder: string, tarball: string): Promise<string> {
	const home = await nodeFolder(node);
	const env = { npm_config_nodedir: home, npm_package_config_node_gyp_nodedir: home };
	return installIn(folder, [tarball], [], { env, nodeBin: join(home, 'bin/node') });
}

/** The version of a package, by its folder. */
export function versionOf(folder: string): string {
	return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
}

/** The optional packages of a user folder whose native code this Node.js loads. */
export function addonsIn(user: string, nodeBin: string): string[] {
	return ['naudiodon', 'onoff', 'sherpa-onnx-node'].filter((name) => {
		const { status } = spawnSync(nodeBin, ['-e', `require('${name}')`], { cwd: user, timeout: 60_000 });
		return status === 0;
	});
}
