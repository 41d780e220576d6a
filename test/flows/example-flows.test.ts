import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type FlowNode, startNodeRed } from '../lab/node-red.ts';
import { packageRoot } from '../lab/root.ts';
import { editorDefinitions } from './editor-definitions.ts';

const folder = join(packageRoot, 'examples/flows');
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const definitions = editorDefinitions();

/** What every node of a flow has, whatever its type. */
const COMMON = new Set([
	'id',
	'type',
	'z',
	'x',
	'y',
	'wires',
	'g',
	'd',
	'info',
	'inputLabels',
	'outputLabels',
]);
const SECRETS = ['apiKey', 'token', 'serviceAccount', 'credentials'];

function read(name: string): FlowNode[] {
	return JSON.parse(readFileSync(join(folder, name), 'utf8')) as FlowNode[];
}

/** About what the editor draws: boxes 30 high, as wide as their label in its 14 px font, at least 100. */
function box(node: FlowNode): { left: number; right: number; top: number; bottom: number } {
	const { x, y } = node as unknown as { x: number; y: number };
	const label = String(node['name'] || node.type);
	const isLink = /^link (in|out)$/.test(node.type); // drawn without its label
	const width = isLink ? 30 : Math.max(100, 50 + label.length * 7);
	return { left: x - width / 2, right: x + width / 2, top: y - 15, bottom: y + 15 };
}

it('there are example flows', () => assert.ok(files.length >= 2, files.join()));

for (const file of files) {
	describe(file, () => {
		const flow = read(file);
		const ids = new Set(flow.map(({ id }) => id));
		const ours = flow.filter(({ type }) => definitions.has(type));

		it('stores exactly the settings that the editor would, all of them valid', () => {
			for (const node of ours) {
				const { defaults } = definitions.get(node.type)!;
				const names = Object.keys(node).filter((name) => !COMMON.has(name));
				assert.deepEqual(names.sort(), Object.keys(defaults).sort(), `${node.type} ${node.id}`);
				for (const [name, { validate, required }] of Object.entries(defaults)) {
					if (required) assert.notEqual(node[name], '', `${node.id}.${name} is required`);
					// Anything else is a reason why it is not.
					if (validate) assert.equal(validate.call(node, node[name]), true, `${node.id}.${name}`);
				}
			}
		});

		it('wires lead to nodes of the flow, from outputs that exist; config nodes are in the file', () => {
			for (const node of flow) {
				const wires = (node['wires'] ?? []) as string[][];
				const outputs = definitions.get(node.type)?.outputs;
				if (outputs !== undefined && 'x' in node) assert.equal(wires.length, outputs, node.id);
				for (const target of wires.flat()) assert.ok(ids.has(target), `${node.id} → ${target}`);
			}
			for (const node of ours)
				for (const [name, { type }] of Object.entries(definitions.get(node.type)!.defaults))
					if (type) assert.equal(flow.find(({ id }) => id === node[name])?.type, type, `${node.id}.${name}`);
		});

		it('holds no secret, and no device or folder of the machine on which it was made', () => {
			for (const node of flow) {
				for (const name of SECRETS) assert.ok(!(name in node), `${node.id}.${name}`);
				if (ours.includes(node)) assert.equal(node['device'] ?? '', '', node.id);
				// What Node-RED serves has an address below its own.
				const { url, path, ...rest } = node;
				assert.doesNotMatch(JSON.stringify(rest), /"\/(?!\/)|\/home\/|\/tmp\/|\/root\//, node.id);
			}
		});

		it('says in a Comment node how to run it without hardware', () => {
			const texts = flow.filter(({ type }) => type === 'comment').map(({ info }) => String(info));
			assert.ok(texts.some((text) => /WAV file/.test(text) && /\*\*Microphone\*\*/.test(text)));
		});

		it('is drawn on the grid, without overlaps', () => {
			const drawn = flow.filter((node) => 'x' in node);
			for (const node of drawn) {
				const { left, top } = box(node);
				assert.ok(left >= 0 && top >= 0 && Number(node['y']) % 20 === 0, node.id);
				for (const other of drawn) {
					if (other === node) continue;
					const [a, b] = [box(node), box(other)];
					const apart = a.right < b.left || b.right < a.left || a.bottom < b.top || b.bottom < a.top;
					assert.ok(apart, `${node.id} overlaps ${other.id}`);
				}
			}
		});

		it('deploys with nothing but Node-RED and this package', async () => {
			const nodeRed = await startNodeRed({ flow });
			try {
				const known = new Map(
					(await nodeRed.installed()).flatMap(({ module, types }) => types.map((type) => [type, module])),
				);
				for (const { type } of flow.filter((node) => node.type !== 'tab'))
					assert.ok(['node-red', '@voxwire/node-red-voice'].includes(known.get(type) ?? ''), type);
				assert.doesNotMatch(nodeRed.log.join('\n'), /missing types|Waiting for missing/i);
			} finally {
				await nodeRed.stop();
			}
		});
	});
}
