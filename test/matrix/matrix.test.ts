import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { needs } from '../lab/needs.ts';
import { type LabNodeRed, type NodeRedOptions, startNodeRed } from '../lab/node-red.ts';
import { packageRoot } from '../lab/root.ts';
import { installIn, packPackage } from '../package/npm.ts';
import { addonsIn, programs, versionOf } from './cells.ts';
import { CHECKS, PACKAGE } from './checks.ts';
import { checkScorecard } from './node-red-dev.ts';
import { upgrade } from './upgrade.ts';

// Two corners of the matrix, each without what `npm run test:matrix` has in every cell: the native addons.

const folder = mkdtempSync(join(tmpdir(), 'voice-matrix-'));
const installed = (user: string) => join(user, 'node_modules', PACKAGE);
/** Where the tarball was installed, and with what it is run. */
let development: Pick<NodeRedOptions, 'packageDir'>;
let newest: Pick<NodeRedOptions, 'packageDir' | 'nodeBin' | 'nodeRedDir'>;

before(async () => {
	const { tarball } = await packPackage(folder);
	// node-gyp finds neither the headers nor their download.
	const broken = {
		npm_config_nodedir: '/nonexistent',
		npm_package_config_node_gyp_nodedir: '/nonexistent',
	};
	const uncompiled = await installIn(folder, [tarball], [], { env: broken });
	assert.deepEqual(addonsIn(uncompiled, process.execPath), ['sherpa-onnx-node']);
	development = { packageDir: installed(uncompiled) };
	const without = await installIn(folder, [tarball], ['--omit=optional']);
	assert.deepEqual(addonsIn(without, process.execPath), []);
	newest = { packageDir: installed(without), ...(await programs({ nodeRed: '5.0', node: '24' })) };
});
after(() => rmSync(folder, { recursive: true, force: true }));

function worksIn(title: string, options: () => typeof newest | typeof development): void {
	describe(title, { skip: needs('pocketsphinx') }, () => {
		let nodeRed: LabNodeRed;
		before(async () => {
			nodeRed = await startNodeRed({ flow: [], ...options() });
		});
		after(() => nodeRed?.stop());
		for (const { title, run } of CHECKS) it(title, () => run(nodeRed));
	});
}

worksIn(
	`Node-RED 4.1 on Node.js ${process.versions.node}, where the native addons do not compile`,
	() => development,
);
worksIn('Node-RED 5.0 on Node.js 24, without the optional packages', () => newest);

it('the versions are those that the titles say', () => {
	assert.match(versionOf(join(packageRoot, 'node_modules/node-red')), /^4\.1\./);
	assert.match(versionOf(newest.nodeRedDir ?? ''), /^5\.0\./);
	assert.match(execFileSync(newest.nodeBin ?? '', ['--version'], { encoding: 'utf8' }), /^v24\./);
});

it('the command for models is there, and finds the folder in which it runs', () => {
	const user = join(dirname(newest.packageDir ?? ''), '../..');
	const command = join(user, 'node_modules/.bin/node-red-voice-models');
	const output = execFileSync(command, ['path'], { cwd: user, encoding: 'utf8' });
	assert.equal(output, `${join(user, 'voice-models')}\n`);
});

describe('flows of Node-RED 4.1 in Node-RED 5.0', { skip: needs('pocketsphinx', 'chromium') }, () => {
	it('open unchanged with their keys, which no flow holds, and run', () => upgrade(development, newest));
});

it('node-red-dev finds nothing but the unknown address of the repository', async () => {
	const nodeReds = [newest.nodeRedDir ?? '', join(packageRoot, 'node_modules/node-red')];
	assert.deepEqual(await checkScorecard(newest.packageDir ?? '', nodeReds), ['P03']);
});
