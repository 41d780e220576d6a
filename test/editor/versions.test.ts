import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Editor, openEditor } from '../lab/editor.ts';
import { needs } from '../lab/needs.ts';
import { type FlowNode, type LabNodeRed, sink, startNodeRed } from '../lab/node-red.ts';

// Nodes of older and of newer releases: what the editor shows, stores and leaves alone.

const place = { z: 'tab', x: 200, y: 80 };
const node = (id: string, type: string, outputs: number, settings: object): FlowNode => ({
	...{ id, type, ...place },
	...settings,
	wires: Array.from({ length: outputs }, () => ['sink']),
});

/** Of before there were versions: see test/nodes/migrations.test.ts. */
const OLD: FlowNode[] = [
	node('button', 'button-trigger', 2, { name: 'Bell', backend: 'simulated', debounceMs: '35' }),
	node('mic', 'mic-capture', 2, { name: 'Kitchen', source: 'file', file: 'a.wav', preRollMs: '0' }),
	node('play', 'audio-play', 1, { name: 'Speaker', backend: 'file', file: 'b.wav', volume: '80' }),
	node('stream', 'stt-stream', 3, { name: '', provider: 'provider', partials: false, finals: 'both' }),
	{
		...{ id: 'provider', type: 'stt-provider', name: 'Words', provider: 'local', endpoint: '', caFile: '' },
		...{ model: '', options: '{"grammar":"/a.jsgf","endSilenceMs":"300"}' },
	},
];
/** Of a release that knows more. */
const NEWER = node('newer', 'audio-play', 1, {
	...{ name: 'Hall', backend: 'file', file: 'c.wav', volume: 50, version: 7, fancy: 'new' },
});
const FLOW: FlowNode[] = [{ id: 'tab', type: 'tab', label: 'Stored' }, sink('sink', 'tab'), ...OLD, NEWER];
const TYPES = new Map(FLOW.map(({ id, type }) => [id, type]));

describe('nodes of other releases', { skip: needs('chromium') }, () => {
	let nodeRed: LabNodeRed;
	let editor: Editor;
	before(async () => {
		nodeRed = await startNodeRed({ flow: FLOW });
		editor = await openEditor(nodeRed);
	});
	after(async () => {
		await editor?.close();
		await nodeRed?.stop();
	});

	const byId = (nodes: FlowNode[], id: string) => nodes.find((one) => one.id === id) as FlowNode;
	const field = (id: string, name: string) =>
		`node-${TYPES.get(id) === 'stt-provider' ? 'config-' : ''}input-${name}`;

	it('a newer one runs with what is known, and one warning says so', async () => {
		const warnings = () => nodeRed.log.filter((line) => /newer release/.test(line));
		await nodeRed.until('a warning', () => warnings()[0]);
		assert.equal(warnings().length, 1, warnings().join('\n'));
		assert.match(warnings()[0]!, /audio-play node "Hall".*version 7.*knows 1.*update the package/);
		await nodeRed.waitForStatus('newer');
		assert.deepEqual(nodeRed.errors('newer'), []);
	});

	it('opening the editor, and each dialog, changes nothing', async () => {
		assert.ok(await editor.isDeployed());
		for (const { id } of [...OLD, NEWER]) {
			await editor.open(id);
			assert.deepEqual(await editor.marked(), [], id);
			await editor.cancel();
		}
		assert.ok(await editor.isDeployed());
		const exported = await editor.exported();
		for (const old of OLD) assert.deepEqual(byId(exported, old.id), old);
	});

	it('a dialog shows what an older one means today', async () => {
		const read = async (id: string, ...names: string[]) => {
			await editor.open(id);
			const values = await editor.read(...names.map((name) => field(id, name)));
			await editor.cancel();
			return Object.values(values);
		};
		assert.deepEqual(await read('stream', 'warm', 'reconnectMs', 'partials'), [false, '60000', false]);
		assert.deepEqual(await read('mic', 'muteWhilePlaying', 'preRollMs'), [false, '0']);
		await editor.open('provider');
		const [options] = Object.values(await editor.read('node-config-options'));
		await editor.cancel();
		assert.deepEqual(JSON.parse(String(options)), { grammar: '/a.jsgf', endSilenceMs: '300' });
	});

	it('a dialog that is saved stores it so, with the version; Undo takes it back', async () => {
		await editor.open('provider');
		await editor.save();
		assert.ok(!(await editor.isDeployed()));
		assert.equal(byId(await editor.exported(), 'provider')['version'], 1);
		await editor.page.locator('#red-ui-workspace-chart').click({ position: { x: 600, y: 500 } });
		await editor.page.keyboard.press('Control+z');
		assert.deepEqual(byId(await editor.exported(), 'provider'), byId(OLD, 'provider'));
		for (const { id } of OLD) {
			await editor.open(id);
			await editor.save();
		}
		const stored = await editor.deploy();
		for (const { id } of OLD) assert.equal(byId(stored, id)['version'], 1, id);
		assert.deepEqual(byId(stored, 'provider')['options'], { grammar: '/a.jsgf', endSilenceMs: '300' });
		assert.deepEqual(
			[byId(stored, 'stream')['warm'], byId(stored, 'stream')['reconnectMs']],
			[false, 60_000],
		);
		assert.equal(byId(stored, 'mic')['muteWhilePlaying'], false);
		for (const { id } of OLD) {
			await editor.open(id);
			await editor.save();
		}
		assert.ok(await editor.isDeployed(), 'what is of this release is not changed by a look');
	});

	it('saving a newer one does not say that it is of this release', async () => {
		await editor.open('newer');
		await editor.fill({ 'node-input-volume': '60' });
		await editor.save();
		const stored = byId(await editor.deploy(), 'newer');
		assert.deepEqual([stored['version'], stored['volume']], [7, '60']);
		// Node-RED's editor does that to every node, which is why the warning says so.
		assert.ok(!('fancy' in stored));
	});
});
