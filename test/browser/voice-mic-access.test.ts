import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { type LabBrowser, openBrowser, type PageOptions } from '../lab/browser.ts';
import { needs } from '../lab/needs.ts';
import { type LabNodeRed, sink, startNodeRed } from '../lab/node-red.ts';
import { noise } from '../lab/signals.ts';
import { hostPage, openMic } from './mic-page.ts';

// Who sees little, hears a screen reader, uses no mouse or reads another language can use it as well.

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Answers the first sound with words that may change, and the end with settled ones. */
const ANSWER = `const stream = msg.parts.id;
	const said = (kind, text) => node.send({ transcript: { kind, text, turn: 0, startMs: 0, endMs: 9, provider: 'x', stream } });
	if (msg.parts.index === 0) said('partial', 'words that may change');
	if (!msg.complete) return null;
	said('final', 'words that are settled');
	return { payload: 'closed', session: { stream, text: 'words that are settled' } };`;

/** How many lines the text of an element takes. */
const LINES = (element: object) => {
	const range = new Range();
	range.selectNodeContents(element as Node);
	return new Set([...range.getClientRects()].map(({ top }) => top)).size;
};

describe('<voice-mic> for everybody', { skip: needs('chromium') }, () => {
	let nodeRed: LabNodeRed;
	let browser: LabBrowser;

	before(async () => {
		const mic = { type: 'mic-capture', source: 'browser', path: '/voice', wires: [['answer', 'sink'], []] };
		nodeRed = await startNodeRed({
			flow: [
				{ id: 'tab', type: 'tab', label: 'test' },
				sink('sink', 'tab'),
				{ id: 'mic', z: 'tab', ...mic },
				{ id: 'answer', z: 'tab', type: 'function', func: ANSWER, outputs: 1, wires: [['mic']] },
				...hostPage('/page', '/voice'),
			],
		});
		browser = await openBrowser();
		browser.say(noise(320_000));
	});
	after(async () => {
		try {
			await browser?.close();
		} finally {
			await nodeRed?.stop();
		}
	});

	/** What axe-core finds serious; it also has to have judged the contrast of these parts. */
	async function inspect(page: Page, ...judged: string[]): Promise<void> {
		await page.evaluate(axe);
		const results = (await page.evaluate('axe.run({ resultTypes: ["violations", "passes"] })')) as AxeResults;
		const serious = results.violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
		const told = serious.map(
			({ id, nodes }) => `${id}: ${nodes.map(({ html, any }) => html + any[0]?.message)}`,
		);
		assert.deepEqual(told, []);
		const contrast = results.passes.find(({ id }) => id === 'color-contrast');
		const passed = contrast?.nodes.map(({ html }) => html).join('\n') ?? '';
		for (const part of judged) assert.match(passed, new RegExp(`part="${part}"`));
	}

	const looks: [string, string, PageOptions][] = [
		['own-light', '/voice/', {}],
		['own-dark', '/voice/', { dark: true }],
		['host-light', '/page', {}],
		['host-dark', '/page', { dark: true }],
		['compact', '/page?compact', {}],
		['phone', '/voice/?mode=hold&lang=ru', { touch: true, width: 360, height: 640, dark: true }],
	];
	for (const [name, path, options] of looks)
		test(`axe-core finds nothing serious: ${name}`, async () => {
			const mic = await openMic(browser, nodeRed, path, { ...options, reducedMotion: true });
			const { page } = mic;
			await mic.is('idle');
			await inspect(page, 'status');
			await browser.screenshot(`${name}-idle`, page);
			await mic.button.focus();
			await page.keyboard.down('Enter');
			await mic.element.locator('[part=partial]', { hasText: /\w/ }).waitFor();
			await mic.is('recording');
			await inspect(page, 'status', 'partial');
			await browser.screenshot(`${name}-recording`, page);
			// A hold that is too short would be abandoned.
			if (path.includes('hold')) await mic.element.locator('[part=time]', { hasText: '0:01' }).waitFor();
			await page.keyboard.up('Enter');
			if (!path.includes('hold')) await page.keyboard.press('Enter');
			await mic.element.locator('[part=final]', { hasText: 'words that are settled' }).waitFor();
			await mic.is('idle');
			await browser.screenshot(`${name}-done`, page);
			await page.context().clearPermissions();
			await mic.button.click({ delay: 50 });
			await mic.is('error');
			await inspect(page, 'status');
			await browser.screenshot(`${name}-error`, page);
			await mic.close();
		});

	test('where there is little room, the time stays in one line, and nothing is scrolled sideways', async () => {
		const mic = await openMic(browser, nodeRed, '/page?compact', { width: 220, height: 500 });
		await mic.is('idle');
		await mic.button.click();
		await mic.element.locator('[part=time]', { hasText: '/ 0:20' }).waitFor();
		await browser.screenshot('narrow-recording', mic.page);
		assert.equal(await mic.element.locator('[part=time]').evaluate(LINES), 1);
		assert.equal(await mic.page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true);
		await mic.button.click();
		await mic.is('idle');
		// What is longer than a line is broken.
		await mic.page.evaluate(
			`document.querySelector('voice-mic').texts = { waiting: 'Please speak in {seconds} seconds' }`,
		);
		browser.say(Buffer.alloc(320_000));
		await mic.button.click();
		const waiting = mic.element.locator('[part=time]', { hasText: 'Please speak' });
		await waiting.waitFor();
		assert.equal(await waiting.evaluate(LINES), 2);
		assert.equal(await mic.page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true);
		browser.say(noise(320_000));
		await mic.close();
	});

	test('what screen readers hear: a toggle with a name, the state and settled text, no time and no partial text', async () => {
		const mic = await openMic(browser, nodeRed, '/page');
		await mic.is('idle');
		const live = mic.element.locator('[aria-live=polite]');
		assert.deepEqual(await live.allTextContents(), ['Click and speak', '']);
		await mic.page.getByRole('button', { name: 'Microphone', pressed: false }).click();
		const toggle = mic.page.getByRole('button', { name: 'Microphone', pressed: true });
		await toggle.waitFor();
		await mic.element.locator('[part=partial]', { hasText: /\w/ }).waitFor();
		const heard = await live.allTextContents();
		assert.match(heard.join(), /^Recording…/);
		assert.doesNotMatch(heard.join(), /change|\d:\d\d/);
		await toggle.click();
		await mic.page.getByRole('button', { name: 'Microphone', pressed: false }).waitFor();
		await mic.says('Done');
		assert.deepEqual(await live.allTextContents(), ['Done', 'words that are settled']);
		await mic.close();
	});

	test('a screen reader, which cannot hold, toggles in hold mode', async () => {
		const mic = await openMic(browser, nodeRed, '/page?mode=hold');
		await mic.is('idle');
		// As they do it: a click that no pointer has made.
		const click = () => mic.button.evaluate((button: unknown) => (button as { click(): void }).click());
		await click();
		await mic.recorded(500);
		await click();
		await mic.says('Done');
		await mic.close();
	});

	test('it speaks the language of the attribute, of the page, or English, with words of the page', async () => {
		const mic = await openMic(browser, nodeRed, '/page');
		await mic.says('Click and speak');
		await mic.page.evaluate(`document.documentElement.lang = 'ru'`);
		await mic.set('mode', 'hold');
		await mic.says('Удерживайте и говорите');
		await mic.set('lang', 'de-AT');
		await mic.says('Halten und sprechen');
		await mic.set('lang', 'zh-CN');
		await mic.says('按住说话');
		await mic.set('lang', 'ja');
		await mic.says('押したまま話してください');
		await mic.set('lang', 'tlh');
		await mic.says('Удерживайте и говорите');
		const set = (texts: string) => mic.page.evaluate(`document.querySelector('voice-mic').texts = ${texts}`);
		await set(`{ idleHold: 'Talk to me' }`);
		await mic.says('Talk to me');
		await set('{}');
		await mic.page.evaluate(
			`customElements.get('voice-mic').addLanguage('tlh', { idleHold: 'yIjatlh', failures: { 'no-text': '?' } })`,
		);
		await mic.set('lang', 'TLH-x');
		await mic.says('yIjatlh');
		await mic.close();
	});

	test('what a script sets before the element is defined counts as what it sets later', async () => {
		// As a script that stands beside the element: modules run after it.
		const script = `const { append } = Element.prototype;
			Element.prototype.append = function (...nodes) {
				for (const node of nodes)
					if (node.localName === 'voice-mic' && !customElements.get('voice-mic'))
						Object.assign(node, { mode: 'hold', disabled: true, texts: { idleHold: 'Talk to me' } });
				append.apply(this, nodes);
			};`;
		const mic = await openMic(browser, nodeRed, '/page', { script });
		await mic.is('disabled');
		assert.equal(await mic.element.getAttribute('mode'), 'hold');
		await mic.page.evaluate(`document.querySelector('voice-mic').disabled = false`);
		await mic.says('Talk to me');
		await mic.page.context().clearPermissions();
		await mic.button.click({ delay: 50 });
		await mic.says('The microphone is not allowed');
		await mic.close();
	});

	test('forced colours, and no more motion than wanted', async () => {
		const mic = await openMic(browser, nodeRed, '/page', { forcedColors: true, reducedMotion: true });
		await mic.is('idle');
		await mic.button.click();
		await mic.element.locator('[part=partial]', { hasText: /\w/ }).waitFor();
		assert.equal(await mic.page.evaluate('document.getAnimations().length'), 0);
		await browser.screenshot('forced-colors', mic.page);
		await mic.button.click();
		await mic.says('Done');
		await mic.close();
	});
});
