import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { seriousFaults } from '../flows/accessibility.ts';
import { type LabBrowser, openBrowser, type PageOptions } from '../lab/browser.ts';
import { needs } from '../lab/needs.ts';
import { type LabNodeRed, startNodeRed } from '../lab/node-red.ts';
import { speak, wordErrorRate } from '../lab/speech.ts';
import { DASHBOARD_FAULTS, readExample } from './dashboard.ts';

// The example as it is shipped: pages of a dashboard in Chromium, with a file for a microphone, and PocketSphinx.

const id = (name: string) => `browser-captions-${name}`;

describe('the dashboard example browser-captions', {
	skip: needs('chromium', 'flite', 'sox', 'python3-pocketsphinx'),
}, () => {
	let nodeRed: LabNodeRed;
	let browser: LabBrowser;
	let [anna, ben, reader]: Page[] = [];
	before(async () => {
		nodeRed = await startNodeRed({ flow: readExample('browser-captions'), dashboard: true });
		browser = await openBrowser();
		anna = await open();
		ben = await open({ touch: true, width: 390, height: 844 });
		reader = await open({ dark: true, allow: false });
	});
	after(async () => {
		try {
			await browser?.close();
		} finally {
			await nodeRed?.stop();
		}
	});

	async function open(options: PageOptions = {}): Promise<Page> {
		const size = { width: 1280, height: 720 };
		const page = await browser.open(`${nodeRed.url}/dashboard/browser-captions`, { ...size, ...options });
		page.setDefaultTimeout(30_000);
		await says(page, 'Click and speak');
		return page;
	}

	const says = (page: Page, text: string) =>
		page.locator('voice-mic [part=status]', { hasText: text }).waitFor();
	const captions = (page: Page, speaker: string) =>
		page.locator('.caption:not(.caption-partial)', { has: page.locator('b', { hasText: speaker }) });

	it('two pages speak at once: all pages show who says what, grey, then black', async () => {
		const [annaSays, benSays] = ['good morning how are you', 'close the window'];
		const markup = 'Ben <b>';
		await anna!.getByLabel('Your name').fill('Anna');
		await ben!.getByLabel('Your name').fill(markup);
		const partial = reader!.locator('.caption-partial b + span', { hasText: /\w/ }).first();
		const grey = partial.waitFor();
		browser.say(await speak(annaSays, { lead: 2000, tail: 20_000 }));
		await anna!.locator('voice-mic button').click();
		await says(anna!, 'Recording');
		browser.say(await speak(benSays, { lead: 1000, tail: 20_000 }));
		await ben!.locator('voice-mic button').tap();
		await says(ben!, 'Recording');
		await grey;
		for (const name of ['Anna', markup]) await captions(reader!, name).first().waitFor();
		await browser.screenshot('browser-captions-speaking', anna!);
		await anna!.locator('voice-mic button').click();
		await ben!.locator('voice-mic button').tap();
		await Promise.all([says(anna!, 'Done'), says(ben!, 'Done')]);
		await partial.waitFor({ state: 'detached' });

		for (const [name, said] of [
			['Anna', annaSays],
			[markup, benSays],
		] as const) {
			const texts = await captions(reader!, name).locator('b + span').allTextContents();
			assert.ok(wordErrorRate(said, texts.join(' ')) <= 0.4, `${name}: ${texts.join(' ')}`);
		}
		const all = await reader!.locator('.caption').allTextContents();
		for (const page of [anna!, ben!]) assert.deepEqual(await page.locator('.caption').allTextContents(), all);
		assert.deepEqual(nodeRed.errors(), []);
	});

	it('the name is kept; a page that is opened later shows the same', async () => {
		const before = await anna!.locator('.caption').allTextContents();
		await anna!.reload();
		await captions(anna!, 'Anna').first().waitFor();
		assert.equal(await anna!.getByLabel('Your name').inputValue(), 'Anna');
		assert.deepEqual(await anna!.locator('.caption').allTextContents(), before);
	});

	it('axe-core finds nothing serious in it: light, dark, on a phone', async () => {
		for (const page of [anna!, ben!, reader!])
			assert.deepEqual(await seriousFaults(page, DASHBOARD_FAULTS), []);
		await browser.screenshot('browser-captions', anna!);
		await browser.screenshot('browser-captions-phone', ben!);
		await browser.screenshot('browser-captions-dark', reader!);
	});

	it('who does not allow the microphone is told, and goes on reading; Clear takes all', async () => {
		await reader!.locator('voice-mic button').click();
		await says(reader!, 'The microphone is not allowed');
		assert.ok((await reader!.locator('.caption b').count()) > 0);
		await reader!.getByRole('button', { name: 'Clear' }).click();
		for (const page of [anna!, ben!, reader!]) await page.getByText('Nobody has spoken yet').waitFor();
		assert.equal(nodeRed.messages(id('mic')).filter(({ complete }) => complete).length, 2);
		assert.deepEqual(nodeRed.errors(), []);
	});
});
