import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import type { Locator } from 'playwright-core';
import { type Editor, openEditor } from '../lab/editor.ts';
import { needs } from '../lab/needs.ts';
import { type LabNodeRed, startNodeRed } from '../lab/node-red.ts';
import { type SoundCard, startSoundCard } from '../lab/sound-card.ts';
import { speak, wordErrorRate } from '../lab/speech.ts';
import { SETS } from '../matrix/checks.ts';
import { packPackage } from '../package/npm.ts';

// Somebody who has never seen the package gets from a bare Node-RED to a transcript, with the mouse alone.

const PACKAGE = '@voxwire/node-red-voice';
const SPOKEN = 'turn on the kitchen light';

/** What README says: every one is a click. */
const STEPS = [
	'the menu',
	'Manage palette',
	'Install',
	'the upload button',
	'the tarball, in the file dialog of the browser',
	'Upload',
	'Close',
	'the menu',
	'Import',
	'Examples',
	PACKAGE,
	'flows',
	'live-transcription',
	'Import',
	'Deploy',
	'the tab Live transcription',
	'the debug panel',
	'the square beside Button',
];

/**
 * How npm reaches its registry from here, in a Node-RED that has another home. The native addons are not compiled, which
 * takes a minute: node-gyp finds neither the headers nor their download.
 */
function npmSettings(): Record<string, string> {
	const outside = Object.entries(process.env).filter(([name]) =>
		/^(npm_config_(?!local_prefix|prefix)|https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS)/i.test(name),
	);
	return {
		npm_config_userconfig: join(homedir(), '.npmrc'),
		npm_config_cache: join(homedir(), '.npm'),
		...(Object.fromEntries(outside) as Record<string, string>),
		npm_config_nodedir: '/nonexistent',
		npm_package_config_node_gyp_nodedir: '/nonexistent',
	};
}

describe("a newcomer's path", {
	skip: needs('chromium', 'pocketsphinx', 'pulseaudio', 'alsa-utils', 'flite', 'sox', 'gcc'),
}, () => {
	const folder = mkdtempSync(join(tmpdir(), 'voice-newcomer-'));
	let card: SoundCard;
	let nodeRed: LabNodeRed;
	let editor: Editor;
	let tarball: string;
	const clicks: string[] = [];

	before(async () => {
		({ tarball } = await packPackage(folder));
		card = await startSoundCard({ rate: 16_000 });
		nodeRed = await startNodeRed({
			flow: [],
			bare: true,
			env: { ...npmSettings(), ...card.env },
			settings: { externalModules: { palette: { denyList: ['@flowfuse/node-red-dashboard'] } } },
		});
		editor = await openEditor(nodeRed);
		editor.page.setDefaultTimeout(30_000);
	});
	after(async () => {
		try {
			await editor?.close();
		} finally {
			await nodeRed?.stop();
			await card?.stop();
			rmSync(folder, { recursive: true, force: true });
		}
	});

	async function click(what: string, where: Locator): Promise<void> {
		clicks.push(what);
		await where.click();
	}

	it('installs the tarball in the palette dialog', async () => {
		const { page } = editor;
		await click('the menu', page.locator('#red-ui-header-button-sidemenu'));
		await click('Manage palette', page.getByText('Manage palette', { exact: true }));
		await click(
			'Install',
			page.locator('.red-ui-palette-editor-tab, .red-ui-tab').getByText('Install', { exact: true }),
		);
		const chooser = page.waitForEvent('filechooser');
		await click('the upload button', page.locator('.red-ui-palette-editor-upload-button label'));
		clicks.push('the tarball, in the file dialog of the browser');
		await (await chooser).setFiles(tarball);
		await click(
			'Upload',
			page.locator('.red-ui-palette-editor-upload-buttons').getByText('Upload', { exact: true }),
		);
		// npm takes its time.
		await page
			.locator('.red-ui-notification', { hasText: 'Nodes added to palette' })
			.waitFor({ timeout: 240_000 });
		await editor.screenshot('newcomer-installed');
		for (const type of SETS)
			assert.equal(await page.locator(`.red-ui-palette-node[data-palette-type="${type}"]`).count(), 1, type);
		await click('Close', page.locator('.red-ui-tray-toolbar').getByText('Close', { exact: true }));
		await page.locator('.red-ui-tray').waitFor({ state: 'detached' });
	});

	it('imports and deploys an example', async () => {
		const { page } = editor;
		await click('the menu', page.locator('#red-ui-header-button-sidemenu'));
		await click('Import', page.locator('#menu-item-import'));
		const dialog = page.locator('#red-ui-clipboard-dialog');
		await click('Examples', dialog.locator('li a', { hasText: 'Examples' }));
		let branch = dialog.locator('#red-ui-clipboard-dialog-import-tab-examples');
		for (const label of [PACKAGE, 'flows', 'live-transcription']) {
			await click(label, branch.getByText(label, { exact: true }));
			branch = branch.locator('li', { has: page.getByText(label, { exact: true }) }).last();
		}
		await click('Import', page.locator('#red-ui-clipboard-dialog-ok'));
		await dialog.waitFor({ state: 'hidden' });
		await click('Deploy', page.locator('#red-ui-header-button-deploy'));
		await page.locator('#red-ui-header-button-deploy.disabled').waitFor();
	});

	it('speaks, and reads what was said', async () => {
		const { page } = editor;
		const tabs = page.locator('#red-ui-workspace-tabs');
		await click('the tab Live transcription', tabs.getByText('Live transcription', { exact: true }));
		// Node-RED 5 shows it from the start.
		const debug = page.locator('.red-ui-debug-content-list');
		if (!(await debug.isVisible()))
			await click('the debug panel', page.locator('#red-ui-tab-debug-link-button'));
		const square = page.locator('#live-transcription-button .red-ui-flow-node-button-button');
		await click('the square beside Button', square);
		await page
			.locator('#live-transcription-mic .red-ui-flow-node-status-label', { hasText: /recording/ })
			.waitFor();
		const spoken = card.feed(await speak(SPOKEN));
		const finals = page
			.locator('.red-ui-debug-msg', { hasText: 'Final' })
			.locator('.red-ui-debug-msg-payload');
		await spoken.done;
		await finals.first().waitFor();
		await editor.screenshot('newcomer-read');
		const text = (await finals.allTextContents()).join(' ').replace(/[^a-z ]/g, '');
		assert.ok(wordErrorRate(SPOKEN, text) <= 0.4, text);
	});

	it('has clicked this often, and typed nothing', async () => {
		const version = await editor.page.evaluate<string>('RED.settings.version');
		const isOpen = Number.parseInt(version, 10) >= 5;
		assert.deepEqual(
			clicks,
			STEPS.filter((step) => !isOpen || step !== 'the debug panel'),
		);
		console.log(`${clicks.length} clicks: ${clicks.join(' → ')}`);
	});
});
