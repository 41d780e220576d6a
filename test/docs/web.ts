import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { INSECURE_HOST } from '../lab/browser.ts';
import { findChromium } from '../lab/chromium.ts';
import { noise } from '../lab/signals.ts';
import type { Bench } from './bench.ts';
import type { Fence } from './markdown.ts';

// Snippets for pages, in Chromium, at a Node-RED that serves <voice-mic>.

/** Records for a moment and waits until the words are there. */
async function speaks(page: Page): Promise<void> {
	const mic = page.locator('voice-mic');
	await page.locator('voice-mic[state=idle]').waitFor();
	await page.evaluate(
		`levels = 0; document.querySelector('voice-mic').addEventListener('level', () => levels++)`,
	);
	await mic.locator('button').click();
	await page.waitForFunction('levels >= 5');
	await mic.locator('button').click();
	await mic.locator('[part=final]', { hasText: 'some words' }).waitFor();
}

export const WEB: Readonly<Record<string, (fence: Fence, bench: Bench, index: number) => Promise<void>>> = {
	'voice-mic-page': async ({ code }, { browser, nodeRed }, index) => {
		browser.say(noise(40_000, 3));
		const page = await browser.open(`${nodeRed.url}/snippet-${index}`);
		await speaks(page);
		if (code.includes('id="question"'))
			assert.equal(await page.locator('#question').inputValue(), 'some words');
		await page.context().close();
	},
	'voice-mic-dashboard': async (_fence, { browser, nodeRed }) => {
		browser.say(noise(40_000, 3));
		const page = await browser.open(`${nodeRed.url}/dashboard/page`);
		await speaks(page);
		const { payload, confidence } = await nodeRed.waitFor('dash-template');
		assert.deepEqual({ payload, confidence }, { payload: 'some words', confidence: 0.5 });
		await page.context().close();
	},
	'voice-mic-styles': async (_fence, { browser, nodeRed }, index) => {
		const page = await browser.open(`${nodeRed.url}/snippet-${index}`);
		await page.locator('voice-mic[state=idle]').waitFor();
		// 8rem in place of 6rem; no meter; and the words of the status are bold while it records.
		assert.equal((await page.locator('voice-mic button').boundingBox())?.width, 128);
		await page.locator('voice-mic [part=meter]').waitFor({ state: 'hidden' });
		await page.locator('voice-mic button').click();
		await page.locator('voice-mic[state=recording]').waitFor();
		const status = "document.querySelector('voice-mic').shadowRoot.querySelector('[part~=status]')";
		assert.equal(await page.evaluate(`getComputedStyle(${status}).fontWeight`), '700');
		await page.context().close();
	},
	'voice-mic-words': async (_fence, { browser, nodeRed }, index) => {
		const page = await browser.open(`${nodeRed.url}/snippet-${index}`);
		await page.getByText('Ask me anything').waitFor();
		await page.evaluate(`document.querySelector('voice-mic').texts = {}`);
		await page.getByText('Cliquez et parlez').waitFor();
		await page.context().close();
	},
	'insecure-origin-exception': async ({ code }, { nodeRed }) => {
		const origin = nodeRed.url.replace('127.0.0.1', INSECURE_HOST);
		const [program, ...args] = code.replaceAll('http://192.168.1.20:1880', origin).trim().split(' ');
		const url = args.pop()!;
		assert.equal(program, 'chromium');
		const folder = mkdtempSync(join(tmpdir(), 'voice-kiosk-'));
		const isSecure = async (given: string[]) => {
			const context = await chromium.launchPersistentContext(join(folder, String(given.length)), {
				executablePath: findChromium(),
				args: [
					'--no-sandbox',
					'--disable-gpu',
					`--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1`,
					...given,
				],
			});
			try {
				const page = await context.newPage();
				await page.goto(url);
				return await page.evaluate('isSecureContext && navigator.mediaDevices !== undefined');
			} finally {
				await context.close();
			}
		};
		try {
			const flags = args.filter((arg) => !arg.startsWith('--user-data-dir'));
			assert.deepEqual([await isSecure([]), await isSecure(flags)], [false, true]);
		} finally {
			rmSync(folder, { recursive: true, force: true });
		}
	},
};
