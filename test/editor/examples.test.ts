import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Editor, openEditor } from '../lab/editor.ts';
import { needs } from '../lab/needs.ts';
import { type FlowNode, type LabNodeRed, startNodeRed } from '../lab/node-red.ts';
import { packageRoot } from '../lab/root.ts';

// Every example, imported as a user does: Import > Examples > this package, then Deploy.

const FOLDER = join(packageRoot, 'examples');
const FILES = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
	.filter((file) => file.endsWith('.json'))
	.sort();
const PACKAGE = '@voxwire/node-red-voice';

/** A tab that was there before. */
const FIRST = { id: 'mine', type: 'tab', label: 'Mine', disabled: false, info: '', env: [] };

/** Recognisers that want a key, which no example has: the editor marks what uses them until there is one. */
const WITH_KEY = ['assemblyai', 'google', 'yandex'];

/** What the editor knows of a node on the canvas. */
interface Drawn {
	id: string;
	type: string;
	z: string;
	x: number;
	y: number;
	w: number;
	h: number;
	name: string;
}

describe('the examples in the editor', { skip: needs('chromium') }, () => {
	let nodeRed: LabNodeRed;
	let editor: Editor;
	let stored: FlowNode[];
	const flows = new Map(
		FILES.map((file) => [file, JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as FlowNode[]]),
	);

	before(async () => {
		nodeRed = await startNodeRed({ flow: [FIRST], dashboard: true });
		editor = await openEditor(nodeRed, { width: 1600, height: 1000 });
		editor.page.setDefaultTimeout(10_000);
	});
	after(async () => {
		await editor?.close();
		await nodeRed?.stop();
	});

	/** Clicks through the dialog as far as Import. */
	async function importExample(file: string): Promise<void> {
		const { page } = editor;
		await page.locator('#red-ui-header-button-sidemenu').click();
		await page.locator('#menu-item-import').click();
		const dialog = page.locator('#red-ui-clipboard-dialog');
		await dialog.locator('li a', { hasText: 'Examples' }).click();
		let branch = dialog.locator('#red-ui-clipboard-dialog-import-tab-examples');
		for (const label of [PACKAGE, dirname(file), basename(file, '.json')]) {
			await branch.getByText(label, { exact: true }).click();
			branch = branch.locator('li', { has: page.getByText(label, { exact: true }) }).last();
		}
		await page.locator('#red-ui-clipboard-dialog-ok').click();
		await dialog.waitFor({ state: 'hidden' });
	}

	/** Shows a tab, and returns all nodes on it once they are drawn. */
	async function show(tab: string): Promise<Drawn[]> {
		const nodes = `RED.nodes.filterNodes({ z: '${tab}' })`;
		await editor.page.waitForFunction(`RED.nodes.workspace('${tab}') !== undefined`);
		await editor.page.evaluate(`RED.workspaces.show('${tab}')`);
		await editor.page.waitForFunction(`${nodes}.length > 0 && ${nodes}.every(({ w }) => w > 0)`);
		return editor.page.evaluate(
			`${nodes}.map(({ id, type, z, x, y, w, h, name = '' }) => ({ id, type, z, x, y, w, h, name }))`,
		);
	}

	it('are all there', () => {
		assert.ok(FILES.includes('dashboard/push-to-talk.json') && FILES.includes('flows/live-local.json'));
	});

	for (const file of FILES)
		it(`${file} is imported, complete and valid, and drawn without overlaps`, async () => {
			const flow = flows.get(file)!;
			await importExample(file);
			const nodes = await show(flow.find(({ type }) => type === 'tab')!.id);
			const onCanvas = flow.filter((node) => 'x' in node);
			assert.deepEqual(nodes.map(({ id }) => id).sort(), onCanvas.map(({ id }) => id).sort());
			for (const node of nodes) {
				const { provider } = flow.find(({ id }) => id === node.id)!;
				const recogniser = flow.find(({ id }) => id === provider)?.['provider'];
				const complaints = WITH_KEY.includes(String(recogniser)) ? ['provider'] : [];
				assert.deepEqual(await editor.complaints(node.id), complaints, `${node.type} ${node.name}`);
				assert.ok(
					node.x - node.w / 2 >= 0 && node.y - node.h / 2 >= 0,
					`on the canvas: ${JSON.stringify(node)}`,
				);
				for (const other of nodes) {
					const isApart =
						Math.abs(node.x - other.x) >= (node.w + other.w) / 2 ||
						Math.abs(node.y - other.y) >= (node.h + other.h) / 2;
					assert.ok(node === other || isApart, `${node.name || node.type}, ${other.name || other.type}`);
				}
			}
			await editor.screenshot(`example-${basename(file, '.json')}`);
		});

	it('all together are deployed, with every node type known', async () => {
		stored = await editor.deploy();
		const known = new Set((await nodeRed.installed()).flatMap(({ types }) => types));
		for (const { type } of stored) assert.ok(type === 'tab' || known.has(type), type);
		assert.doesNotMatch(nodeRed.log.join('\n'), /missing types|waiting for missing/i);
		// A Dashboard is there once: which one it is, pages and notifications say.
		const settings = (nodes: readonly FlowNode[]) =>
			nodes
				.filter(({ type }) => type !== 'ui-base')
				.map((node) => (node['ui'] ? { ...node, ui: 'dashboard' } : node))
				// Node-RED 4.0 does not know this setting of an HTTP In.
				.map(({ skipBodyParsing: _, ...node }) => node as FlowNode)
				.sort((a, b) => (a.id < b.id ? -1 : 1));
		assert.deepEqual(settings(stored), settings([FIRST, ...flows.values()].flat()));
	});

	it('those for a dashboard share one, each with a page of its own', async () => {
		const bases = stored.filter(({ type }) => type === 'ui-base');
		assert.equal(bases.length, 1);
		const pages = stored.filter(({ type }) => type === 'ui-page');
		const paths = pages.map(({ path }) => String(path));
		assert.deepEqual(
			paths.sort(),
			FILES.filter((file) => dirname(file) === 'dashboard').map((file) => `/${basename(file, '.json')}`),
		);
		for (const page of pages) assert.equal(page['ui'], bases[0]?.id);
		const response = await fetch(new URL('/dashboard/push-to-talk', nodeRed.url));
		assert.equal(response.status, 200);
	});
});
