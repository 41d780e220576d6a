import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { installCached } from '../package/npm.ts';
import { versionOf } from './cells.ts';
import { SETS } from './checks.ts';

/** What node-red-dev would ask the network. */
export interface Answers {
	/** Of the Flow Library: every package with its node types. */
	catalogue: { id: string; types: string[] }[];
	/** Of the registry, about node-red. */
	nodeRed: {
		'dist-tags': Record<string, string>;
		versions: Record<string, { engines: { node: string } }>;
	};
	/** Of the registry: the packages, as name@version, that a dependency brings. */
	tree: string[];
	/** Dependencies of which the registry has a newer major version. */
	outdated: { moduleName: string; easyUpgrade: boolean; packageJson: string; latest: string }[];
	/** What was asked. */
	asked: string[];
}

/** node-red-dev's card: a check's id and whether it passed, with what the check found. */
export type Scorecard = Record<string, { test?: boolean; [detail: string]: unknown }>;

/** Where node-red-dev asks the network, and what it is told instead. */
export const ANSWERED = {
	P06: 'the Node-RED versions that are installed here',
	P07: 'what the newest of them says about Node.js',
	P08: 'not checked: an empty catalogue (packages of a similar name)',
	N01: 'not checked: an empty catalogue (other packages with our node types)',
	D02: 'the dependencies that are installed here',
	D03: 'not checked: that no dependency has a newer major version',
};
/** May fail: the address of the repository is not known yet. */
const OPEN = ['P03'];

/**
 * Every check of node-red-dev passes, but those of OPEN; returns the ids of these.
 * @param packageDir as for `validate`, as nodeReds
 */
export async function checkScorecard(packageDir: string, nodeReds: readonly string[]): Promise<string[]> {
	const { card, asked, output } = await validate(packageDir, nodeReds);
	const failed = Object.keys(card).filter((id) => id !== 'package' && card[id]?.test !== true);
	const wrong = failed.filter((id) => !OPEN.includes(id));
	assert.deepEqual(wrong, [], `${wrong.join(', ')} failed\n${output}`);
	assert.deepEqual(
		Object.keys(card).filter((id) => id !== 'package'),
		['P01', 'P03', 'P04', 'P08', 'P05', 'P06', 'P07', 'N01', 'N02', 'D01', 'D02', 'D03'],
	);
	// The check of the keyword writes true in any case, and a template that it cannot read has no node types.
	assert.doesNotMatch(output, /P05|Unable to parse|Unable to read/);
	assert.deepEqual([...((card['N02']?.['nodes'] ?? []) as string[])].sort(), [...SETS].sort());
	assert.deepEqual(card['P06']?.['versions'], nodeReds.map(versionOf), 'P06 is content with one of them');
	assert.equal(asked.filter((question) => question === '/catalogue.json').length, 2);
	assert.equal(asked.filter((question) => question === '/node-red').length, 2);
	return failed;
}

/**
 * Runs `node-red-dev validate` (0.1.6) on a package as it was installed. Its exit code says nothing: read the card.
 * @param packageDir with its dependencies beside it, as npm puts them
 * @param nodeReds folders of node-red, the newest first: these are taken for the supported versions
 */
export async function validate(
	packageDir: string,
	nodeReds: readonly string[],
): Promise<{ card: Scorecard; asked: string[]; output: string }> {
	const tool = join(
		await installCached('node-red-dev', ['node-red-dev@0.1.6']),
		'node_modules/node-red-dev/bin/run',
	);
	const folder = mkdtempSync(join(tmpdir(), 'voice-node-red-dev-'));
	try {
		const [answers, card] = [join(folder, 'answers.json'), join(folder, 'card.json')];
		writeFileSync(answers, JSON.stringify(answersFor(packageDir, nodeReds)));
		const preload = fileURLToPath(new URL('./node-red-dev-offline.js', import.meta.url));
		const child = promisify(execFile)(
			process.execPath,
			['--import', preload, tool, 'validate', '-p', packageDir, '-o', card],
			{ env: { PATH: process.env['PATH'], HOME: folder, NODE_RED_DEV_ANSWERS: answers }, timeout: 60_000 },
		);
		child.child.stdin?.end();
		const { stdout, stderr } = await child;
		const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as unknown;
		return {
			card: read(card) as Scorecard,
			asked: (read(answers) as Answers).asked,
			output: stdout + stderr,
		};
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

/** What is known on this machine; the Flow Library's catalogue and newer versions of dependencies are not. */
function answersFor(packageDir: string, nodeReds: readonly string[]): Answers {
	const manifests = nodeReds.map(
		(folder) =>
			JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
				version: string;
				engines: { node: string };
			},
	);
	const tags = manifests.map(({ version }, index) => [
		index === 0 ? 'latest' : `maintenance-${index}`,
		version,
	]);
	// packageDir is <user folder>/node_modules/@scope/name.
	const lock = JSON.parse(readFileSync(join(packageDir, '../../.package-lock.json'), 'utf8')) as {
		packages: Record<string, { version: string }>;
	};
	return {
		catalogue: [],
		nodeRed: {
			'dist-tags': Object.fromEntries(tags) as Record<string, string>,
			versions: Object.fromEntries(manifests.map(({ version, engines }) => [version, { engines }])),
		},
		tree: Object.entries(lock.packages).map(
			([path, { version }]) => `${path.replace(/^.*node_modules\//, '')}@${version}`,
		),
		outdated: [],
		asked: [],
	};
}
