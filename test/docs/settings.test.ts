import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type LabBrowser, openBrowser } from '../lab/browser.ts';
import { needs } from '../lab/needs.ts';
import { noise } from '../lab/signals.ts';
import { fencesOf } from './markdown.ts';
import { ask, PASSWORD, SETTINGS, SettingsNodeRed } from './settings.ts';
import { SHELL } from './shell.ts';

// The pages' parts of settings.js, all in one Node-RED, as its own command starts it: HTTPS with the certificate that the
// page's commands make, a proxy that is trusted, and users with permissions.

/** The code of the block with this marker. */
function snippet(name: string): string {
	const fences = ['docs/https.md', 'docs/permissions.md'].flatMap((page) => fencesOf(page));
	const found = fences.find(({ marker }) => marker && 'run' in marker && marker.run === name);
	assert.ok(found, name);
	return found.code;
}

describe('settings.js as docs/ has it', { skip: needs('chromium', 'openssl') }, () => {
	const folder = mkdtempSync(join(tmpdir(), 'voice-docs-'));
	let nodeRed: SettingsNodeRed;
	let browser: LabBrowser;
	let ca: string;
	const basic = (user: string) => `Basic ${Buffer.from(`${user}:${PASSWORD}`).toString('base64')}`;

	before(async () => {
		await SHELL['own-certificate']!(snippet('own-certificate'), { folder });
		ca = readFileSync(join(folder, 'voice-ca.pem'), 'utf8');
		const count = `const n = (context.get('n') ?? 0) + msg.payload.length;
			context.set('n', n);
			return msg.complete ? { transcript: { kind: 'final', text: 'heard ' + (n > 3200), stream: msg.parts.id } } : null;`;
		nodeRed = await SettingsNodeRed.start(folder, SETTINGS.map(snippet), [
			{ id: 'tab', type: 'tab', label: 'test' },
			{
				id: 'mic',
				z: 'tab',
				x: 9,
				y: 9,
				type: 'mic-capture',
				source: 'browser',
				path: '/voice',
				wires: [['count'], []],
			},
			{ id: 'count', z: 'tab', x: 9, y: 9, type: 'function', func: count, outputs: 1, wires: [['mic']] },
		]);
		browser = await openBrowser();
	});
	after(async () => {
		try {
			await browser?.close();
		} finally {
			await nodeRed?.stop();
			rmSync(folder, { recursive: true, force: true });
		}
	});

	test('the certificate is believed by whoever believes the authority, for each of its names', async () => {
		assert.match(nodeRed.url, /^https:/);
		for (const name of ['', 'localhost', 'raspberrypi.local'])
			assert.equal((await ask(`${nodeRed.url}/voice/`, { ca, name })).status, 401, name);
		await assert.rejects(ask(`${nodeRed.url}/voice/`, { ca, name: 'another.example' }), /altnames/);
		await assert.rejects(ask(`${nodeRed.url}/voice/`, { ca: '' }), /certificate/);
	});

	test('a page is secure then, and records', async () => {
		browser.say(noise(40_000, 3));
		const page = await browser.open(`${nodeRed.url}/voice/`, {
			anyCertificate: true,
			httpCredentials: { username: 'family', password: PASSWORD },
		});
		assert.equal(await page.evaluate('isSecureContext'), true);
		await page.locator('voice-mic[state=idle]').waitFor();
		// 25 a second
		const recorded = page.locator('voice-mic').evaluate(
			(element: unknown) =>
				new Promise<void>((resolve) => {
					let levels = 0;
					(element as EventTarget).addEventListener('level', () => ++levels === 10 && resolve());
				}),
		);
		await page.locator('voice-mic button').click();
		await recorded;
		await page.locator('voice-mic button').click();
		await page.getByText('heard true').first().waitFor();
		await page.context().close();
	});

	test('httpNodeAuth asks for the password before the page and before a ticket', async () => {
		const headers = { authorization: basic('family') };
		for (const path of ['/voice/', '/voice/voice-mic.js'])
			for (const [given, status] of [
				[{}, 401],
				[{ authorization: basic('somebody') }, 401],
				[headers, 200],
			] as const)
				assert.equal((await ask(nodeRed.url + path, { ca, headers: given })).status, status, path);
	});

	test('a proxy that does not keep Host is believed what it forwards, and nobody else', async () => {
		const ticket = async (headers: Record<string, string>) => {
			const given = { authorization: basic('family'), origin: 'https://voice.example.org', ...headers };
			return (
				await ask(`${nodeRed.url}/voice/ticket`, { ca, method: 'POST', headers: given, name: 'localhost' })
			).status;
		};
		assert.equal(await ticket({}), 403);
		assert.equal(await ticket({ host: 'voice.example.org' }), 200);
		assert.equal(await ticket({ 'x-forwarded-host': 'voice.example.org' }), 200);
		assert.equal(await ticket({ 'x-forwarded-host': 'other.example.org' }), 403);
	});

	test('adminAuth: who may read sees and may not do', async () => {
		const token = async (username: string) => {
			const body = new URLSearchParams({
				client_id: 'node-red-admin',
				grant_type: 'password',
				scope: '',
				username,
				password: PASSWORD,
			}).toString();
			const headers = { 'content-type': 'application/x-www-form-urlencoded' };
			const { text } = await ask(`${nodeRed.url}/auth/token`, { ca, method: 'POST', headers, body });
			return (JSON.parse(text) as { access_token: string }).access_token;
		};
		const status = async (user: string | undefined, method: string, path: string) => {
			const headers = {
				'content-type': 'application/json',
				...(user && { authorization: `Bearer ${await token(user)}` }),
			};
			return (
				await ask(`${nodeRed.url}/voice/${path}`, {
					ca,
					method,
					headers,
					...(method === 'POST' && { body: '{"source":"file","backend":"file"}' }),
				})
			).status;
		};
		for (const path of ['stt-stream/models', 'stt-stream/models/downloads'])
			assert.deepEqual(
				[await status(undefined, 'GET', path), await status('guest', 'GET', path)],
				[401, 200],
				path,
			);
		for (const path of ['mic-capture/meter', 'audio-play/tone', 'stt-stream/models/downloads']) {
			assert.equal(await status('guest', 'POST', path), 401, path);
			assert.notEqual(await status('admin', 'POST', path), 401, path);
		}
		// This one the guest has; there is no such button.
		assert.equal(await status(undefined, 'POST', 'button-trigger/none'), 401);
		assert.equal(await status('guest', 'POST', 'button-trigger/none'), 404);
	});
});
