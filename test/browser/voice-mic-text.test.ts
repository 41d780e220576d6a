import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type LabBrowser, openBrowser } from '../lab/browser.ts';
import { needs } from '../lab/needs.ts';
import { type LabNodeRed, sink, startNodeRed } from '../lab/node-red.ts';
import { speak, wordErrorRate } from '../lab/speech.ts';
import { hostPage, type MicPage, openMic } from './mic-page.ts';

// Real speech, recognised by PocketSphinx, back in the page that it came from.

describe('<voice-mic> shows what was said', {
	skip: needs('chromium', 'flite', 'sox', 'pocketsphinx'),
}, () => {
	let nodeRed: LabNodeRed;
	let browser: LabBrowser;

	before(async () => {
		const options = JSON.stringify({ engine: 'pocketsphinx' });
		const mic = { type: 'mic-capture', source: 'browser', path: '/voice', wires: [['stt'], []] };
		const stt = { type: 'stt-stream', provider: 'words', partials: true, wires: [['mic'], ['mic'], ['mic']] };
		nodeRed = await startNodeRed({
			flow: [
				{ id: 'tab', type: 'tab', label: 'test' },
				sink('sink', 'tab'),
				{ id: 'words', type: 'stt-provider', provider: 'local', options },
				{ id: 'mic', z: 'tab', ...mic },
				{ id: 'stt', z: 'tab', language: 'en-US', ...stt },
				...hostPage('/page', '/voice'),
			],
		});
		browser = await openBrowser();
	});
	after(async () => {
		try {
			await browser?.close();
		} finally {
			await nodeRed?.stop();
		}
	});

	const LIGHT = 'turn on the kitchen light';
	const DOOR = 'close the garage door';

	/** Everything of the speech has been recorded. */
	const heard = (page: MicPage, speech: Buffer) => page.recorded(speech.length / 32 + 300);

	test('grey while it may change, then settled; told to the page with confidence', async () => {
		const speech = await speak(LIGHT, { lead: 800 });
		browser.say(speech);
		const mic = await openMic(browser, nodeRed, '/page?raw');
		await mic.is('idle');
		await mic.button.click();
		await mic.element.locator('[part=partial]', { hasText: /\w/ }).waitFor();
		assert.equal((await mic.text()).final, '');
		await browser.screenshot('partial', mic.page);
		await heard(mic, speech);
		await mic.button.click();
		await mic.says('Done');
		const { final, partial } = await mic.text();
		assertClose(final, LIGHT);
		assert.equal(partial, '');
		assert.equal(await mic.page.evaluate(`document.querySelector('voice-mic').transcript`), final);
		const told = await mic.told('transcript');
		const { detail } = told.at(-1) ?? assert.fail('no transcript event');
		assert.equal(detail['kind'], 'final');
		assert.equal(detail['text'], final);
		assert.ok(Number(detail['confidence']) > 0 && Number(detail['confidence']) <= 1);
		assert.equal(typeof detail['stream'], 'string');
		assert.ok(told.some((one) => one.detail['kind'] === 'partial'));
		await mic.close();
	});

	test('two people at the same time: everybody reads the own words only', async () => {
		const pages: { mic: MicPage; words: string; speech: Buffer }[] = [];
		for (const words of [LIGHT, DOOR]) {
			const speech = await speak(words, { lead: 1500 });
			const mic = await openMic(browser, nodeRed, '/page?raw');
			await mic.is('idle');
			browser.say(speech);
			await mic.button.click();
			await mic.is('recording');
			pages.push({ mic, words, speech });
		}
		await Promise.all(pages.map(({ mic, speech }) => heard(mic, speech)));
		for (const { mic } of pages) await mic.button.click();
		const streams = new Set<unknown>();
		for (const { mic, words } of pages) {
			await mic.says('Done');
			const { final } = await mic.text();
			assertClose(final, words);
			const told = await mic.told('transcript');
			assert.equal(new Set(told.map(({ detail }) => detail['stream'])).size, 1);
			streams.add(told[0]?.detail['stream']);
			await mic.close();
		}
		assert.equal(streams.size, 2);
	});

	test("the node's own page lists what was heard", async () => {
		const mic = await openMic(browser, nodeRed, '/voice?raw&lang=de', { width: 390, height: 780 });
		const { page } = mic;
		assert.match(page.url(), /\/voice\/\?raw&lang=de$/);
		assert.equal(await page.title(), 'Spracheingabe');
		await page.getByText('Hier erscheint, was Sie sagen.').waitFor();
		for (const words of [LIGHT, DOOR]) {
			const speech = await speak(words, { lead: 600 });
			browser.say(speech);
			await mic.is('idle');
			await mic.button.click();
			await mic.says('zum Beenden klicken');
			await mic.element.locator('[part=time]', { hasText: '0:03' }).waitFor();
			await mic.button.click();
			await mic.says('Fertig');
		}
		const [newest, oldest, ...more] = await page.locator('voice-mic-page li .said').allTextContents();
		assertClose(newest, DOOR);
		assertClose(oldest, LIGHT);
		assert.deepEqual(more, []);
		assert.match(
			(await page.locator('voice-mic-page li .facts').first().textContent()) ?? '',
			/\d+ % sicher/,
		);
		await browser.screenshot('own-page', page);
		await page.getByRole('button', { name: 'Leeren' }).click();
		assert.equal(await page.locator('voice-mic-page li').count(), 0);
		await mic.close();
	});
});

/** What the browser does to the sound costs PocketSphinx a word now and then. */
function assertClose(heard: string | undefined, words: string): void {
	assert.ok(wordErrorRate(words, heard ?? '') <= 0.25, `"${heard}" for "${words}"`);
}
