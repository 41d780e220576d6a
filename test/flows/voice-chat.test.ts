import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { type LabBrowser, openBrowser, type PageOptions } from '../lab/browser.ts';
import { createAuthority } from '../lab/certificates.ts';
import { needs } from '../lab/needs.ts';
import { type FlowNode, type LabNodeRed, startNodeRed } from '../lab/node-red.ts';
import { startGoogle } from '../lab/recognisers/google.ts';
import { scripted, sentence } from '../lab/recognisers/hearing.ts';
import { packageRoot } from '../lab/root.ts';
import { noise } from '../lab/signals.ts';
import { speak, wordErrorRate } from '../lab/speech.ts';
import { seriousFaults } from './accessibility.ts';

// The chat as it is shipped, in Chromium: only the recogniser is another one. PocketSphinx understands English (less of it
// behind the browser's own noise suppression and gain control, which stay on); a loopback of Google hears Russian, over TLS.

const id = (name: string) => `voice-chat-${name}`;
const shipped = JSON.parse(
	readFileSync(join(packageRoot, 'examples/flows/voice-chat.json'), 'utf8'),
) as FlowNode[];

/** The flow with other settings of its recogniser. */
const withRecogniser = (provider: object, language: string) =>
	shipped.map((node) => {
		if (node.type === 'stt-provider') return { ...node, ...provider };
		return node.type === 'stt-stream' ? { ...node, language } : node;
	});

describe('the flow voice-chat', {
	skip: needs('chromium', 'flite', 'sox', 'python3-pocketsphinx'),
}, () => {
	let nodeRed: LabNodeRed;
	let browser: LabBrowser;
	let chat: Chat;
	before(async () => {
		nodeRed = await startNodeRed({ flow: withRecogniser({ provider: 'local' }, '') });
		browser = await openBrowser();
		chat = await open();
	});
	after(async () => {
		try {
			await browser?.close();
		} finally {
			await nodeRed?.stop();
		}
	});

	async function open(options: PageOptions = {}): Promise<Chat> {
		return new Chat(await browser.open(`${nodeRed.url}/voice-chat`, { width: 800, height: 700, ...options }));
	}

	/** What the bot has been sent so far. */
	const sent = () => nodeRed.messages(id('post')).map(({ payload }) => (payload as { text: string }).text);

	it('one click records; the text and its confidence are in the field; Send takes it to the bot, which answers', async () => {
		const said = 'turn on the kitchen light';
		browser.say(await speak(said, { lead: 1500 }));
		await chat.says('Click and speak');
		await chat.click();
		await chat.says('Recording… speak now (up to 20 s)');
		await browser.screenshot('voice-chat-recording', chat.page);
		await chat.says('Recording… click to stop');
		// Two seconds of silence end it.
		await chat.says('Done');
		const text = await chat.text();
		assert.ok(wordErrorRate(said, text) <= 0.4, text);
		assert.match(await chat.confidence(), /^Confidence \d+ %$/);
		await browser.screenshot('voice-chat-heard', chat.page);
		assert.deepEqual(sent(), [], 'nothing is sent by itself');

		await chat.send();
		assert.equal(await chat.answer(2), `You said: “${text}”`);
		assert.deepEqual(sent(), [text]);
		assert.equal(await chat.text(), '');
		assert.equal(await chat.confidence(), '');
		assert.deepEqual(nodeRed.errors(), []);
	});

	it('a second page at the same time gets its own text only', async () => {
		const other = await open();
		const [mine, yours] = ['close the window', 'good morning how are you'];
		await other.says('Click and speak');
		browser.say(await speak(mine, { lead: 1500 }));
		await chat.click();
		await chat.says('Recording');
		browser.say(await speak(yours, { lead: 1500 }));
		await other.click();
		await nodeRed.waitForStatus(id('mic'), ({ text }) => text === 'speaking: 2 of 2');
		await Promise.all([chat.says('Done'), other.says('Done')]);
		const [heard, heardThere] = [await chat.text(), await other.text()];
		assert.ok(wordErrorRate(mine, heard) <= 0.4, heard);
		assert.ok(wordErrorRate(yours, heardThere) <= 0.4, heardThere);
		await other.page.context().close();
	});

	it('what is spoken is added to what is there; a click stops; the keyboard does it all', async () => {
		const { page } = chat;
		await chat.fill('First typed,');
		browser.say(await speak('play some music', { lead: 800, tail: 10_000 }));
		await page.locator('voice-mic button').focus();
		await page.keyboard.press('Enter');
		await chat.says('Recording');
		await page.waitForFunction(`document.querySelector('#message').value.length > 'First typed,'.length`);
		await page.keyboard.press('Enter');
		await chat.says('Done');
		assert.match(await chat.text(), /^First typed, \w+/);

		const markup = '<img src="x" onerror="document.title = 1"> & Привет';
		await chat.fill(markup);
		assert.equal(await chat.confidence(), '');
		await page.keyboard.press('Enter');
		assert.equal(await chat.answer(3), `Вы сказали: «${markup}»`);
		assert.equal(await page.title(), 'Voice chat');
	});

	it('who speaks again before the last text is there gets both; what is changed by hand stays', async () => {
		const { page } = await open();
		const tell = (type: string, stream = '', kind = '', text = '', turn = 0) =>
			page.evaluate(`document.querySelector('voice-mic').dispatchEvent(new CustomEvent('${type}',
				{ detail: { stream: '${stream}', kind: '${kind}', text: '${text}', turn: ${turn} } }))`);
		const field = page.locator('#message');
		await tell('start');
		await tell('transcript', 'a', 'partial', 'turn the');
		await tell('start');
		await tell('transcript', 'a', 'final', 'turn the light on');
		await tell('transcript', 'b', 'final', 'and the heating off');
		assert.equal(await field.inputValue(), 'turn the light on and the heating off');
		await tell('transcript', 'b', 'partial', 'and so', 1);
		await field.fill('Edited.');
		await tell('transcript', 'b', 'final', 'too late', 1);
		await tell('transcript', 'b', 'refined', 'too late');
		assert.equal(await field.inputValue(), 'Edited.');
		await tell('transcript', 'b', 'final', 'One more.', 2);
		assert.equal(await field.inputValue(), 'Edited. One more.');
		await field.fill('All new.');
		await tell('start');
		await tell('transcript', 'b', 'refined', 'too late', 2);
		await tell('transcript', 'c', 'final', 'Thanks.');
		assert.equal(await field.inputValue(), 'All new. Thanks.');
		await page.context().close();
	});

	it('a bot that fails is told of, and the text is not lost', async () => {
		browser.expected = /status of 500/;
		await chat.page.route('**/message', (route) => route.fulfill({ status: 500, body: '' }));
		await chat.fill('are you there');
		await chat.send();
		await chat.page.getByText('The bot did not answer (status 500)').waitFor();
		await chat.page.waitForFunction(`document.querySelector('#message').value === 'are you there'`);
		await chat.page.unroute('**/message');
		await chat.page.route('**/message', (route) => route.fulfill({ json: { text: 'what is no answer' } }));
		await chat.send();
		await chat.page.getByText('The bot did not answer (its "answer" is no text)').waitFor();
		await chat.page.waitForFunction(`document.querySelector('#message').value === 'are you there'`);
		await chat.page.unroute('**/message');
		browser.expected = undefined;
		const answers = await chat.page.locator('.bot').count();
		await chat.send();
		assert.equal(await chat.answer(answers + 1), 'You said: “are you there”');
	});

	it('a microphone that is not allowed is explained in words', async () => {
		const denied = await open({ allow: false });
		await denied.says('Click and speak');
		await denied.click();
		await denied.says(
			'The microphone is not allowed. Allow it for this page in your browser, then try again.',
		);
		await browser.screenshot('voice-chat-denied', denied.page);
		await denied.fill('hello');
		await denied.send();
		assert.equal(await denied.answer(2), 'Hello! How can I help?');
		await denied.page.context().close();
	});

	it('axe-core finds nothing serious: light, dark, and on a phone while it records', async () => {
		assert.deepEqual(await seriousFaults(chat.page), []);
		await browser.screenshot('voice-chat', chat.page);
		const phone = await open({ dark: true, touch: true, width: 360, height: 640, reducedMotion: true });
		await phone.fill('hello');
		await phone.send();
		await phone.answer(2);
		assert.deepEqual(await seriousFaults(phone.page), []);
		browser.say(noise(320_000));
		await phone.page.locator('voice-mic button').tap();
		await phone.says('Recording');
		assert.deepEqual(await seriousFaults(phone.page), []);
		const overflow = 'document.documentElement.scrollWidth - innerWidth';
		assert.ok(Number(await phone.page.evaluate(overflow)) <= 0, 'nothing to scroll sideways');
		await browser.screenshot('voice-chat-phone', phone.page);
		await phone.page.context().close();
	});

	it('as it is shipped: Google hears Russian, over TLS', async () => {
		const said = 'включи свет на кухне';
		const authority = createAuthority();
		const recogniser = await startGoogle({
			tls: authority.issue('localhost', '127.0.0.1'),
			ears: scripted(sentence(said, 500)),
		});
		try {
			const caFile = join(nodeRed.userDir, 'ca.pem');
			writeFileSync(caFile, authority.ca);
			const flow = withRecogniser({ endpoint: recogniser.endpoint, caFile }, 'ru-RU');
			// Only the address and its authority are other than shipped.
			assert.deepEqual(
				flow.filter(({ type }) => type !== 'stt-provider'),
				shipped.filter(({ type }) => type !== 'stt-provider'),
			);
			await chat.page.goto('about:blank');
			const errors = nodeRed.errors().length;
			await nodeRed.setFlows(flow, {
				credentials: { [id('provider')]: { apiKey: recogniser.apiKey } },
			});
			const russian = await open({ locale: 'ru-RU' });
			await russian.says('Click and speak');
			browser.say(Buffer.concat([noise(48_000), Buffer.alloc(320_000)]));
			await russian.click();
			await russian.says('Done');
			assert.equal((await russian.text()).toLowerCase().replace(/[.!]$/, ''), said);
			assert.equal(await russian.confidence(), 'Confidence 90 %');
			const [record] = recogniser.records;
			assert.match(JSON.stringify(record?.controls[0]), /"ru-RU"/);
			await russian.send();
			assert.match(await russian.answer(2), /^Вы сказали: «включи свет на кухне/i);
			await browser.screenshot('voice-chat-russian', russian.page);
			assert.deepEqual(nodeRed.errors().slice(errors), []);
		} finally {
			await nodeRed.setFlows([]);
			await recogniser.stop();
		}
	});
});

/** The page, as its user sees it. */
class Chat {
	readonly page: Page;

	constructor(page: Page) {
		this.page = page;
		page.setDefaultTimeout(30_000);
	}

	/** On the microphone. */
	async click(): Promise<void> {
		await this.page.locator('voice-mic button').click();
	}

	/** Waits until its status line says this. */
	async says(text: string): Promise<void> {
		await this.page.locator('voice-mic [part=status]', { hasText: text }).waitFor();
	}

	text(): Promise<string> {
		return this.page.getByRole('textbox', { name: 'Your message' }).inputValue();
	}

	fill(text: string): Promise<void> {
		return this.page.getByRole('textbox', { name: 'Your message' }).fill(text);
	}

	async confidence(): Promise<string> {
		return (await this.page.locator('#confidence').textContent()) ?? '';
	}

	send(): Promise<void> {
		return this.page.getByRole('button', { name: 'Send' }).click();
	}

	/** The bot's newest line, once there are so many. */
	async answer(count: number): Promise<string> {
		const lines = this.page.locator('.bot');
		await lines.nth(count - 1).waitFor();
		return (await lines.last().textContent()) ?? '';
	}
}
