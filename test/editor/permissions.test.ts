import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Editor, openEditor } from '../lab/editor.ts';
import { needs } from '../lab/needs.ts';
import { type FlowNode, type LabNodeRed, startNodeRed } from '../lab/node-red.ts';

// What each permission of adminAuth opens, and what a dialog tells somebody who has none of ours. What a user hears who
// may look and not try is in the tests of the dialogs.

const PASSWORD = 'guest';
const HASH = '$2b$04$9LMK9im/JsPgECSHqKQVVeZUXVK1xZhLfOJoN49C6eqE9YfRuMPJK';
/** What the editor itself needs; without the last one Node-RED cannot open the dialog of any node with credentials. */
const EDITOR = ['flows', 'nodes', 'settings', 'library', 'plugins', 'context', 'status', 'credentials'].map(
	(what) => `${what}.read`,
);

/** Every route that a dialog or a node's button asks, below /voice/; with a body that does nothing. */
const ROUTES: Readonly<Record<string, readonly [method: string, path: string, body?: object][]>> = {
	'button-trigger.read': [['GET', 'button-trigger/lines']],
	'button-trigger.write': [['POST', 'button-trigger/none']],
	'mic-capture.read': [['GET', 'mic-capture/devices?source=alsa']],
	'mic-capture.write': [
		['POST', 'mic-capture/meter', { source: 'file' }],
		['POST', 'mic-capture/record', { source: 'file' }],
	],
	'audio-play.read': [['GET', 'audio-play/devices?backend=alsa']],
	'audio-play.write': [['POST', 'audio-play/tone', { backend: 'file' }]],
	'stt-provider.read': [
		['GET', 'stt-stream/models'],
		['GET', 'stt-stream/models/downloads'],
	],
	'stt-provider.write': [
		['POST', 'stt-stream/models/downloads', {}],
		['DELETE', 'stt-stream/models/downloads/none'],
		['DELETE', 'stt-stream/models/none'],
		['POST', 'stt-stream/connection', {}],
	],
};

const flow: FlowNode[] = [
	{ id: 'tab', type: 'tab', label: 'Voice' },
	{
		id: 'mic',
		type: 'mic-capture',
		z: 'tab',
		x: 200,
		y: 100,
		source: 'alsa',
		device: 'hw:1',
		wires: [[], []],
	},
	{ id: 'play', type: 'audio-play', z: 'tab', x: 200, y: 200, backend: 'alsa', device: 'hw:1', wires: [[]] },
	{ id: 'provider', type: 'stt-provider', name: '', provider: 'local', model: '', options: '' },
];

let nodeRed: LabNodeRed;
before(async () => {
	const users = Object.keys(ROUTES).map((permission) => ({
		username: permission,
		password: HASH,
		permissions: [permission],
	}));
	const adminAuth = { type: 'credentials', users, default: { permissions: EDITOR } };
	nodeRed = await startNodeRed({ flow, settings: { adminAuth } });
});
after(() => nodeRed?.stop());

async function tokenOf(username: string): Promise<string> {
	const asked = {
		client_id: 'node-red-admin',
		grant_type: 'password',
		scope: username,
		username,
		password: PASSWORD,
	};
	const answer = await fetch(new URL('/auth/token', nodeRed.url), {
		method: 'POST',
		body: new URLSearchParams(asked),
	});
	assert.equal(answer.status, 200, username);
	return ((await answer.json()) as { access_token: string }).access_token;
}

describe('permissions', () => {
	it('nothing is open without, and nobody is told more than that', async () => {
		for (const [method, path, body] of Object.values(ROUTES).flat()) {
			const { status, text } = await ask(undefined, method, path, body);
			assert.deepEqual([status, text], [401, ''], path);
		}
	});

	for (const permission of Object.keys(ROUTES))
		it(`${permission} opens its own and no other`, async () => {
			const token = await tokenOf(permission);
			const opened: string[] = [];
			for (const [method, path, body] of Object.values(ROUTES).flat()) {
				const { status, text } = await ask(token, method, path, body);
				assert.doesNotMatch(text, /\n\s+at /, path);
				if (status !== 401) opened.push(`${method} ${path}`);
			}
			assert.deepEqual(
				opened,
				(ROUTES[permission] ?? []).map(([method, path]) => `${method} ${path}`),
			);
		});
});

async function ask(
	token: string | undefined,
	method: string,
	path: string,
	body?: object,
): Promise<{ status: number; text: string }> {
	const answer = await fetch(new URL(`/voice/${path}`, nodeRed.url), {
		method,
		headers: {
			...(token && { authorization: `Bearer ${token}` }),
			...(body && { 'content-type': 'application/json' }),
		},
		...(body && { body: JSON.stringify(body) }),
	});
	return { status: answer.status, text: await answer.text() };
}

describe('the dialogs, for a user with none of our permissions', { skip: needs('chromium') }, () => {
	let editor: Editor;
	before(async () => {
		// As narrow as Node-RED lets a dialog be.
		editor = await openEditor(nodeRed, { width: 830, height: 1200 });
	});
	after(() => editor?.close());

	/** Opens a dialog; what it says once it has asked for all that it wants. */
	async function saysOf(id: string): Promise<string> {
		await editor.open(id);
		await editor.page.waitForFunction('$.active === 0');
		assert.deepEqual(await editor.clipped(), []);
		// Nothing that still turns.
		assert.equal(await editor.page.locator('.red-ui-tray-body .fa-spin:visible').count(), 0);
		await editor.screenshot(`permissions-${id}`);
		const text = await editor.page.evaluate<string>(`$('.red-ui-tray-body').find('*:visible').text()`);
		assert.doesNotMatch(text, /Unauthorized|401|undefined|\[object/);
		return text;
	}

	/** That the browser logs each refusal itself is no problem of the editor. */
	function refusals(): number {
		const others = editor.problems.filter((problem) => !/status of 401/.test(problem));
		assert.deepEqual(others, []);
		return editor.problems.splice(0).length;
	}

	for (const [id, permission] of [
		['mic', 'mic-capture.read'],
		['play', 'audio-play.read'],
	] as const)
		it(`${id}: names ${permission}, keeps the stored device, and takes another one`, async () => {
			assert.match(
				await saysOf(id),
				new RegExp(`You may not see which devices there are.*${permission.replace('.', '\\.')}`),
			);
			assert.deepEqual(await editor.read('node-input-device'), { 'node-input-device': 'hw:1' });
			await editor.fill({ 'node-input-device': 'hw:2' });
			assert.deepEqual(await editor.marked(), []);
			assert.ok(refusals() > 0);
			await editor.cancel();
		});

	it('a recogniser on this machine: names stt-provider.read, and takes a name', async () => {
		assert.match(await saysOf('provider'), /You may not see the models .* stt-provider\.read/);
		assert.equal(await editor.page.locator('#stt-provider-models li').count(), 0);
		await editor.fill({ 'node-config-input-model': 'a-model' });
		assert.deepEqual(await editor.marked(), []);
		assert.ok(refusals() > 0);
		await editor.cancel();
	});
});
