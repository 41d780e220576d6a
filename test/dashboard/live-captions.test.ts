import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { seriousFaults } from '../flows/accessibility.ts';
import { type LabBrowser, openBrowser, type PageOptions } from '../lab/browser.ts';
import { needs } from '../lab/needs.ts';
import { type LabNodeRed, startNodeRed } from '../lab/node-red.ts';
import { type SoundCard, startSoundCard } from '../lab/sound-card.ts';
import { speak, wordErrorRate } from '../lab/speech.ts';
import { DASHBOARD_FAULTS, readExample } from './dashboard.ts';

// The example as it is shipped, but for Ben's microphone: Anna speaks into the virtual sound card, Ben is the recording
// that comes with the package.

const RATE = 16_000;
const MOST = 40;
const BEN_SAYS = 'turn on the kitchen light open the garage door play some music';
const id = (name: string) => `live-captions-${name}`;

describe('the dashboard example live-captions', {
	skip: needs('chromium', 'pulseaudio', 'alsa-utils', 'flite', 'sox', 'python3-pocketsphinx'),
}, () => {
	const flow = readExample('live-captions').map((node) =>
		node.id === id('ben') ? { ...node, source: 'file' } : node,
	);
	let card: SoundCard;
	let nodeRed: LabNodeRed;
	let browser: LabBrowser;
	let page: Page;
	before(async () => {
		card = await startSoundCard({ rate: RATE });
		nodeRed = await startNodeRed({ flow, env: card.env, dashboard: true });
		browser = await openBrowser({ device: false });
		page = await open();
	});
	after(async () => {
		try {
			await browser?.close();
		} finally {
			await nodeRed?.stop();
			await card?.stop();
		}
	});

	async function open(options: PageOptions = {}): Promise<Page> {
		const size = { width: 1280, height: 720 };
		const opened = await browser.open(`${nodeRed.url}/dashboard/live-captions`, { ...size, ...options });
		opened.setDefaultTimeout(30_000);
		await opened.locator('.captions-box').waitFor();
		return opened;
	}

	const finals = (of: Page, speaker: string) =>
		of.locator('.caption:not(.caption-partial)', { has: of.locator('b', { hasText: speaker }) });
	const colour = (of: Page, selector: string) =>
		of.evaluate(`getComputedStyle(document.querySelector('${selector}')).color`);
	const isAtEnd = (of: Page) =>
		of.evaluate(
			`(({ scrollTop, clientHeight, scrollHeight }) => scrollHeight - scrollTop - clientHeight < 2)
				(document.querySelector('.captions-box'))`,
		);
	const button = (name: string) => page.getByRole('button', { name, exact: true });

	/** A transcript as the recogniser sends it. */
	const caption = (turn: number, text: string, kind = 'final', topic = 'Carol') =>
		nodeRed.send(id('lines'), {
			payload: text,
			topic,
			transcript: { kind, text, turn, stream: topic.toLowerCase(), startMs: 0, endMs: 1, provider: 'test' },
		});

	it('two speakers at once: grey while they speak, then black, each with a name and a colour', async () => {
		await page.getByText('Nobody has spoken yet').waitFor();
		await button('Anna').click();
		await nodeRed.waitFor(id('anna'));
		await button('Ben').click();
		const grey = page.locator('.caption-partial b + span', { hasText: /\w/ }).first().waitFor();
		const said = 'good morning how are you';
		await card.feed(await speak(said, { rate: RATE })).done;
		await grey;
		await browser.screenshot('live-captions-speaking', page);
		await button('Anna is on').click();
		await finals(page, 'Anna').first().waitFor();
		const anna = await finals(page, 'Anna').locator('span').allTextContents();
		assert.ok(wordErrorRate(said, anna.join(' ')) <= 0.25, anna.join(' '));

		await nodeRed.waitFor(id('stt'), ({ payload, topic }) => payload === 'closed' && topic === 'Ben', {
			port: 2,
		});
		await finals(page, 'Ben').nth(2).waitFor();
		const ben = await finals(page, 'Ben').locator('span').allTextContents();
		assert.ok(wordErrorRate(BEN_SAYS, ben.join(' ')) <= 0.25, ben.join(' '));
		await page.locator('.caption-partial').waitFor({ state: 'detached' });

		assert.equal(await colour(page, '.caption'), 'rgb(0, 0, 0)');
		const names = await Promise.all([colour(page, '.speaker-0'), colour(page, '.speaker-1')]);
		assert.equal(new Set(names).size, 2);
	});

	it('the buttons say which microphones are open: that of the recording no more', async () => {
		await button('Anna').waitFor();
		await button('Ben').waitFor();
		assert.deepEqual(nodeRed.errors(), []);
	});

	it('a page that is opened later shows the same; it is dark for who likes it dark', async () => {
		const late = await open({ dark: true });
		const texts = (of: Page) => of.locator('.caption').allTextContents();
		await late.locator('.caption b').first().waitFor();
		assert.deepEqual(await texts(late), await texts(page));
		assert.equal(await colour(late, '.caption'), 'rgb(255, 255, 255)');
		const card = `document.querySelector('.captions').closest('.v-card')`;
		// It fades.
		await late.waitForFunction(`getComputedStyle(${card}).backgroundColor === 'rgb(0, 0, 0)'`);
		await caption(0, 'words that may change', 'partial');
		await late.locator('.caption-partial').waitFor();
		assert.deepEqual(await seriousFaults(late, DASHBOARD_FAULTS), []);
		await browser.screenshot('live-captions-dark', late);
		await late.context().close();
	});

	it('axe-core finds nothing serious in it', async () => {
		await page.locator('.caption-partial').waitFor();
		assert.equal(await colour(page, '.caption-partial'), 'rgb(107, 107, 107)');
		assert.equal(await page.locator('.caption-partial').getAttribute('aria-hidden'), 'true');
		assert.deepEqual(await seriousFaults(page, DASHBOARD_FAULTS), []);
		await browser.screenshot('live-captions', page);
	});

	it('is scrolled to the newest, but not for who has scrolled back; the oldest are forgotten', async () => {
		const markup = '<img src="x" onerror="document.title = 1"> & Größe, Привет';
		await caption(0, markup);
		for (let turn = 1; turn < MOST; turn++) await caption(turn, `Sentence number ${turn}`);
		await page.getByText('Sentence number 39', { exact: true }).waitFor();
		assert.equal(await page.locator('.caption').count(), MOST);
		assert.equal(await finals(page, 'Ben').count(), 0);
		assert.equal(await page.locator('.caption span').first().textContent(), markup, 'text, and nothing else');
		await page.waitForFunction(`document.querySelector('.captions-box').scrollTop > 100`);
		assert.ok(await isAtEnd(page));

		await page.locator('.captions-box').hover();
		await page.mouse.wheel(0, -600);
		const back = page.getByRole('button', { name: 'Newest' });
		await back.waitFor();
		await caption(MOST, 'Not to be seen yet');
		await page.getByText('Not to be seen yet').waitFor({ state: 'attached' });
		assert.ok(!(await isAtEnd(page)));
		await back.click();
		await back.waitFor({ state: 'hidden' });
		assert.ok(await isAtEnd(page));
	});

	it('more speakers than colours: each keeps its own, and those beside each other differ', async () => {
		const names = Array.from({ length: 8 }, (_, speaker) => `Speaker ${speaker}`);
		for (const round of [0, 1])
			for (const topic of names) await caption(round, `Round ${round}`, 'final', topic);
		await finals(page, names.at(-1)!).nth(1).waitFor();
		const seen = await page
			.locator('.caption')
			.evaluateAll((lines: { children: HTMLCollection }[]) =>
				lines.slice(-16).map((line) => line.children[0]!.className),
			);
		assert.deepEqual(seen.slice(0, 8), seen.slice(8));
		for (let from = 0; from + 6 <= 8; from++) assert.equal(new Set(seen.slice(from, from + 6)).size, 6);
	});

	it('what was never settled goes when its stream ends; Clear takes all', async () => {
		await caption(MOST + 1, 'never settled', 'partial');
		await page.locator('.caption-partial').waitFor();
		await nodeRed.send(id('lines'), { payload: 'closed', session: { stream: 'carol', text: '' } });
		await page.locator('.caption-partial').waitFor({ state: 'detached' });
		await page.getByRole('button', { name: 'Clear' }).click();
		await page.getByText('Nobody has spoken yet').waitFor();
		assert.deepEqual(nodeRed.errors(), []);
	});

	it('a deployment closes the microphones, and the buttons know it', async () => {
		await button('Anna').click();
		await button('Anna is on').waitFor();
		await nodeRed.setFlows(flow);
		await button('Anna').waitFor();
		await page.reload();
		await button('Anna').waitFor();
	});
});
