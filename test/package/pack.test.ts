import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { needs } from '../lab/needs.ts';
import { type FlowNode, type LabNodeRed, startNodeRed } from '../lab/node-red.ts';
import { packageRoot } from '../lab/root.ts';
import { wordErrorRate } from '../lab/speech.ts';
import { installCached, installIn, type Packed, packPackage } from './npm.ts';

const NAME = '@voxwire/node-red-voice';
const SETS = ['button-trigger', 'mic-capture', 'audio-play', 'stt-stream'];
const TYPES = [...SETS, 'stt-provider'];
const EXAMPLES = readdirSync(join(packageRoot, 'examples/flows'))
	.filter((file) => file.endsWith('.json'))
	.map((file) => file.replace(/\.json$/, ''))
	.sort();
const SPOKEN = 'turn on the kitchen light open the garage door play some music';

const folder = mkdtempSync(join(tmpdir(), 'voice-pack-'));
let packed: Packed;

before(async () => {
	packed = await packPackage(folder);
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** All files below a folder of the sources, relative to the package. */
function sources(path: string): string[] {
	return readdirSync(join(packageRoot, path), { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name).slice(packageRoot.length + 1));
}

describe('the tarball', () => {
	it('holds every node with its template, help, catalogue and icon', () => {
		for (const set of SETS) {
			const at = `dist/nodes/${set}`;
			for (const file of [
				`${set}.js`,
				`${set}.html`,
				`locales/en-US/${set}.json`,
				`locales/en-US/${set}.html`,
			])
				assert.ok(packed.files.includes(`${at}/${file}`), `${at}/${file}`);
			assert.ok(
				packed.files.some((file) => file.startsWith(`${at}/icons/`) && file.endsWith('.svg')),
				`an icon of ${set}`,
			);
		}
	});

	it('holds the compiled form, or the copy, of every source file of nodes and lib', () => {
		const wanted = [...sources('nodes'), ...sources('lib')]
			.filter((file) => !/\.(editor|d)\.ts$|^lib\/(browser\/voice-mic|editor)\//.test(file))
			.map((file) => `dist/${file.replace(/\.ts$/, '.js')}`);
		assert.deepEqual(
			wanted.filter((file) => !packed.files.includes(file)),
			[],
		);
	});

	it("holds the page of a browser's microphone", () => {
		for (const file of ['index.html', 'voice-mic.js', 'voice-mic-worklet.js'])
			assert.ok(packed.files.includes(`dist/lib/browser/page/${file}`), file);
	});

	it('holds the examples, the licence texts and the README', () => {
		for (const file of [
			...EXAMPLES.map((name) => `examples/flows/${name}.json`),
			'examples/flows/turn-on-the-kitchen-light.wav',
			...['LICENSE', 'NOTICE', 'README.md', 'CHANGELOG.md', 'package.json'],
		])
			assert.ok(packed.files.includes(file), file);
	});

	it('holds nothing else', () => {
		const expected =
			/^(dist\/(nodes|lib)|examples)\/|^(LICENSE|NOTICE|README\.md|CHANGELOG\.md|package\.json)$/;
		assert.deepEqual(
			packed.files.filter((file) => !expected.test(file) || /\.ts$|\.test\./.test(file)),
			[],
		);
		assert.ok(packed.size < 1_000_000, `${packed.size} bytes`);
	});
});

/** Fetches from Node-RED's admin API what the editor fetches. */
async function get(nodeRed: LabNodeRed, path: string, accept = 'application/json'): Promise<Response> {
	const response = await fetch(new URL(path, nodeRed.url), {
		headers: { Accept: accept, 'Accept-Language': 'en-US' },
	});
	assert.equal(response.status, 200, path);
	return response;
}

/** All that a user of this Node-RED gets to see of the package, and a flow that works. */
function loadsIn(title: string, skip: false | string, start: () => Promise<LabNodeRed>): void {
	describe(title, { skip }, () => {
		let nodeRed: LabNodeRed;
		before(async () => {
			nodeRed = await start();
		});
		after(() => nodeRed?.stop());

		it('loads the four node sets without an error', async () => {
			const sets = (await nodeRed.installed()).filter(({ module }) => module === NAME);
			assert.deepEqual(
				sets.map(({ id, err }) => ({ id, err })),
				SETS.map((set) => ({ id: `${NAME}/${set}`, err: undefined })),
				nodeRed.log.join('\n'),
			);
			assert.deepEqual(sets.flatMap(({ types }) => types).sort(), [...TYPES].sort());
		});

		it('serves template, help, catalogue and icon of each', async () => {
			const html = await (await get(nodeRed, '/nodes', 'text/html')).text();
			for (const type of TYPES) {
				assert.match(html, new RegExp(`data-template-name="${type}"`));
				assert.match(html, new RegExp(`data-help-name="${type}"`));
				assert.match(html, new RegExp(`registerType\\("${type}"`));
			}
			const icons = (await (await get(nodeRed, '/icons')).json()) as Record<string, string[]>;
			for (const icon of icons[NAME] ?? []) await get(nodeRed, `/icons/${NAME}/${icon}`, 'image/svg+xml');
			assert.ok((icons[NAME]?.length ?? 0) >= SETS.length, JSON.stringify(icons[NAME]));
			for (const set of SETS) {
				const catalogue = (await (await get(nodeRed, `/locales/${NAME}/${set}?lng=en-US`)).json()) as object;
				assert.ok(Object.keys(catalogue).length > 0, set);
			}
		});

		it('offers the example flows, and one of them works', async () => {
			const library = `/library/examples/flows/${NAME}/flows`;
			const listed = (await (await get(nodeRed, library)).json()) as { fn: string }[];
			assert.deepEqual(
				listed.map(({ fn }) => fn),
				EXAMPLES,
			);
			const url = `${library}/live-transcription`;
			const flow = (await (await get(nodeRed, url)).json()) as FlowNode[];
			const recording = join(packageRoot, 'examples/flows/turn-on-the-kitchen-light.wav');
			await nodeRed.setFlows(
				flow.map((node) =>
					node.type === 'mic-capture' ? { ...node, source: 'file', file: recording } : node,
				),
			);
			const idOf = (type: string) => flow.find((node) => node.type === type)?.id ?? type;
			await fetch(new URL(`/voice/button-trigger/${idOf('button-trigger')}`, nodeRed.url), {
				method: 'POST',
			});
			const closed = await nodeRed.waitFor(idOf('stt-stream'), ({ payload }) => payload === 'closed', {
				port: 2,
			});
			const { text } = closed['session'] as { text: string };
			assert.ok(wordErrorRate(SPOKEN, text) <= 0.1, text);
			assert.deepEqual(nodeRed.errors(), []);
		});
	});
}

const installed = (user: string) => join(user, 'node_modules', NAME);
const hasAddon = (user: string, name: string) => readdirSync(join(user, 'node_modules')).includes(name);

loadsIn(
	`Node-RED 4.1 on Node.js ${process.versions.node}, where the native addons do not compile`,
	needs('pocketsphinx'),
	async () => {
		// node-gyp finds neither the headers nor their download.
		const broken = {
			npm_config_nodedir: '/nonexistent',
			npm_package_config_node_gyp_nodedir: '/nonexistent',
		};
		const user = await installIn(folder, [packed.tarball], [], broken);
		assert.ok(!hasAddon(user, 'naudiodon') && !hasAddon(user, 'epoll'));
		const manifest = join(packageRoot, 'node_modules/node-red/package.json');
		assert.match((JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version, /^4\.1\./);
		return startNodeRed({ flow: [], packageDir: installed(user) });
	},
);

loadsIn('Node-RED 5.0 on Node.js 24, without the optional packages', needs('pocketsphinx'), async () => {
	const node = `node-${process.platform}-${process.arch}`;
	const big = await installCached('node-red-5.0-node-24', ['node-red@5.0', `${node}@24`]);
	const user = await installIn(folder, [packed.tarball], ['--omit=optional']);
	assert.ok(!hasAddon(user, 'naudiodon') && !hasAddon(user, 'onoff'));
	const nodeBin = join(big, 'node_modules', node, 'bin/node');
	const command = join(user, 'node_modules/.bin/node-red-voice-models');
	const output = execFileSync(command, ['path'], { cwd: user, encoding: 'utf8' });
	assert.equal(output, `${join(user, 'voice-models')}\n`);
	return startNodeRed({
		flow: [],
		packageDir: installed(user),
		nodeBin,
		nodeRedDir: join(big, 'node_modules/node-red'),
	});
});
