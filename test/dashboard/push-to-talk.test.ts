import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Locator, Page } from 'playwright-core';
import { decodeWav } from '../../lib/audio/wav.ts';
import { seriousFaults } from '../flows/accessibility.ts';
import { type LabBrowser, openBrowser } from '../lab/browser.ts';
import { needs } from '../lab/needs.ts';
import { type LabNodeRed, startNodeRed } from '../lab/node-red.ts';
import { type SoundCard, startSoundCard } from '../lab/sound-card.ts';
import { speak, wordErrorRate } from '../lab/speech.ts';
import { DASHBOARD_FAULTS, readExample } from './dashboard.ts';

// The example as it is shipped: Chromium presses the buttons, the virtual sound card speaks, PocketSphinx understands.

const RATE = 16_000;
const id = (name: string) => `push-to-talk-${name}`;

describe('the dashboard example push-to-talk', {
	skip: needs('chromium', 'pulseaudio', 'alsa-utils', 'flite', 'sox', 'python3-pocketsphinx'),
}, () => {
	let card: SoundCard;
	let nodeRed: LabNodeRed;
	let browser: LabBrowser;
	let page: Page;
	before(async () => {
		card = await startSoundCard({ rate: RATE });
		nodeRed = await startNodeRed({ flow: readExample('push-to-talk'), env: card.env, dashboard: true });
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

	async function open(options: { touch?: boolean } = {}): Promise<Page> {
		const size = options.touch ? { width: 390, height: 844 } : { width: 1280, height: 720 };
		const opened = await browser.open(`${nodeRed.url}/dashboard/push-to-talk`, { ...options, ...size });
		opened.setDefaultTimeout(20_000);
		await holdButton(opened).waitFor();
		return opened;
	}

	const holdButton = (of: Page) => of.locator(`#nrdb-ui-widget-${id('hold')} button`);
	const rowsOf = (of: Page) => of.locator('table tbody tr');

	async function middle(of: Locator): Promise<{ x: number; y: number }> {
		const { x, y, width, height } = (await of.boundingBox())!;
		return { x: x + width / 2, y: y + height / 2 };
	}

	const recordings = () => nodeRed.messages(id('mic'), 1);

	/** Speaks while `hold` holds the button; resolves when the recording is over, with its samples. */
	async function say(text: string, hold: () => Promise<void>, release: () => Promise<void>): Promise<Buffer> {
		const [chunks, done] = [nodeRed.messages(id('mic'), 0).length, recordings().length];
		await hold();
		await nodeRed.until('audio', () => nodeRed.messages(id('mic'), 0).length > chunks || undefined);
		await card.feed(await speak(text, { rate: RATE })).done;
		await release();
		const recording = await nodeRed.until('a recording', () => recordings()[done]);
		return decodeWav(recording['payload'] as Buffer).pcm;
	}

	/** The newest row of the table, once there are so many. */
	async function newestRow(of: Page, count: number): Promise<string[]> {
		await rowsOf(of)
			.nth(count - 1)
			.waitFor();
		return rowsOf(of).first().locator('td').allTextContents();
	}

	it('Play says that there is nothing yet', async () => {
		await page.getByRole('button', { name: 'Play' }).click();
		await page.getByText('Nothing has been recorded yet').waitFor();
		assert.equal(nodeRed.errors().length, 1);
		await page.getByRole('button', { name: 'Close' }).click();
	});

	it('is spoken into while the mouse holds the button, wherever it is let go; what was said is in the table', async () => {
		const text = 'turn on the kitchen light';
		const { x, y } = await middle(holdButton(page));
		const heard = page.locator('.heard span:not(.heard-nothing)');
		const partial = heard.waitFor();
		await page.mouse.move(x, y);
		await say(
			text,
			async () => {
				await page.mouse.down();
				await page.getByRole('button', { name: 'Recording…' }).waitFor();
			},
			async () => {
				await browser.screenshot('push-to-talk-held', page);
				await page.mouse.move(1000, 650, { steps: 5 });
				await page.mouse.up();
			},
		);
		await partial;
		const [time, said, confidence] = await newestRow(page, 1);
		assert.match(time!, /^\d\d:\d\d:\d\d$/);
		assert.ok(wordErrorRate(text, said!.trim()) <= 0.25, said);
		assert.match(confidence!, /^(\d+ %|–)$/);
		await heard.waitFor({ state: 'detached' });
		await page.getByRole('button', { name: 'Hold to talk' }).waitFor();
		// An abandoned recording has no last chunk.
		const told = nodeRed.messages(id('level')).length;
		await nodeRed.send(id('level'), { reset: true, parts: { id: 'abandoned' } });
		await nodeRed.waitFor(id('level'), (_, index) => index >= told);
		const volumes = nodeRed.messages(id('level')).map(({ payload }) => Number(payload));
		assert.equal(volumes[0], -60, 'before anything is said');
		assert.ok(Math.max(...volumes) > -30 && volumes.at(-1) === -60, volumes.join());
	});

	it('a finger holds it too, and may slip', async () => {
		const phone = await open({ touch: true });
		const text = 'close the window';
		const { x, y } = await middle(holdButton(phone));
		const input = await phone.context().newCDPSession(phone);
		const touch = (type: string, ...touchPoints: { x: number; y: number }[]) =>
			input.send('Input.dispatchTouchEvent', { type, touchPoints } as never);
		await say(
			text,
			async () => {
				await touch('touchStart', { x, y });
				// As far as makes a page scroll, which would take the finger from the button.
				for (let moved = 10; moved <= 150; moved += 10) await touch('touchMove', { x, y: y + moved });
			},
			async () => void (await touch('touchEnd')),
		);
		const [, said] = await newestRow(phone, 2);
		assert.ok(wordErrorRate(text, said!.trim()) <= 0.25, said);
		assert.deepEqual(await newestRow(page, 2), await newestRow(phone, 2), 'every page shows it');
		await browser.screenshot('push-to-talk-phone', phone);
		await phone.context().close();
	});

	it('the keyboard starts and stops', async () => {
		await page.locator(`#nrdb-ui-widget-${id('toggle')} button`).focus();
		const pressed = () => page.keyboard.press('Enter');
		const pcm = await say('play some music', pressed, pressed);
		const spoken = await newestRow(page, 3);
		assert.ok(spoken[1], 'some text');

		card.clearSpoken();
		await page.getByRole('button', { name: 'Play' }).click();
		assert.ok(pcm.length > RATE && pcm.some((byte) => byte !== 0));
		const deadline = Date.now() + 20_000;
		while (!card.spoken().includes(pcm)) {
			assert.ok(Date.now() < deadline, 'what was recorded is played, sample for sample');
			await sleep(100);
		}
	});

	it('axe-core finds nothing serious in it', async () => {
		assert.deepEqual(await seriousFaults(page, DASHBOARD_FAULTS), []);
		await browser.screenshot('push-to-talk', page);
	});

	it('nothing failed on the way', () => {
		assert.equal(nodeRed.errors().length, 1, 'but for Play, at the beginning');
	});
});
