import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { MAX_PAGES } from '../../lib/browser/endpoint.ts';
import type { AudioChunkMessage } from '../../lib/node/messages.ts';
import { INSECURE_HOST, type LabBrowser, openBrowser, type PageOptions } from '../lab/browser.ts';
import { needs } from '../lab/needs.ts';
import { type FlowNode, type LabNodeRed, type Message, sink, startNodeRed } from '../lab/node-red.ts';
import { noise, silence } from '../lab/signals.ts';
import { PageClient } from '../lib/browser/page-client.ts';
import { hostPage, KEEP_STREAMS, type MicPage, openMic } from './mic-page.ts';

// Whatever goes wrong, the page says it in its language, the flow hears an end, and Node-RED stays up.

const RATE = 16_000;

/** A microphone whose utterances are answered by this function, when they have ended or `when` else. */
function mic(id: string, own: object = {}, answer = 'return null', when = 'msg.complete'): FlowNode[] {
	const func = `if (!(${when})) return null; const stream = msg.parts.id; ${answer}`;
	return [
		{
			...{ id, z: 'tab', type: 'mic-capture', source: 'browser', path: `/${id}` },
			...{ ...own, wires: [['sink', `${id}-answer`], []] },
		},
		{ id: `${id}-answer`, z: 'tab', type: 'function', func, outputs: 1, wires: [[id]] },
	];
}
const said = (text: string) =>
	`node.send({ transcript: { kind: 'final', text: '${text}', turn: 0, startMs: 0, endMs: 9, provider: 'x', stream } });`;
const closed = (more = '') => `return { payload: 'closed', session: { stream, text: '' ${more} } };`;

const FLOW: FlowNode[] = [
	{ id: 'tab', type: 'tab', label: 'test' },
	sink('sink', 'tab'),
	...mic('voice'),
	...mic('limited', { maxMs: 600 }),
	...mic('failing', {}, closed(`, code: 'STT_AUTH'`)),
	...mic('partly', {}, said('only this') + closed(`, code: 'STT_CONNECT'`)),
	...mic('crowded'),
	...mic('early', {}, said('what was said so far'), 'msg.parts.index === 0'),
	...mic('deaf', {}, said('') + closed()),
	...hostPage('/page', '/voice'),
	...hostPage('/limited-page', '/limited'),
	...hostPage('/failing-page', '/failing'),
	...hostPage('/partly-page', '/partly'),
	...hostPage('/deaf-page', '/deaf'),
	...hostPage('/crowded-page', '/crowded'),
	...hostPage('/early-page', '/early'),
];

describe('<voice-mic> when something goes wrong', { skip: needs('chromium') }, () => {
	let nodeRed: LabNodeRed;
	let browser: LabBrowser;

	before(async () => {
		nodeRed = await startNodeRed({ flow: FLOW });
		browser = await openBrowser();
		// Chromium logs requests that fail.
		browser.expected = /Failed to load resource|WebSocket connection to .* failed/;
		browser.say(noise(RATE * 20));
	});
	after(async () => {
		try {
			await browser?.close();
		} finally {
			await nodeRed?.stop();
		}
	});

	const open = (path: string, options: PageOptions & { host?: string } = {}) =>
		openMic(browser, nodeRed, path, options);
	const chunks = () => nodeRed.messages('voice', 0) as unknown as AudioChunkMessage[];

	/** Clicks, and waits until the node hears it. */
	async function speak(page: MicPage, node = 'voice'): Promise<string> {
		await page.is('idle', 'error');
		const before = nodeRed.messages(node, 0).length;
		await page.button.click();
		const message = await nodeRed.waitFor(node, (_, index) => index >= before, { port: 0 });
		return (message['parts'] as { id: string }).id;
	}

	/** How the utterance ended for the flow. */
	async function ending(stream: string, node = 'voice'): Promise<AudioChunkMessage> {
		const isEnd = ({ complete, parts }: Message) =>
			complete === true && (parts as { id: string }).id === stream;
		return (await nodeRed.waitFor(node, isEnd, { port: 0 })) as unknown as AudioChunkMessage;
	}

	/** The page has failed with this code, says so in words, and looks so. */
	async function failed(page: MicPage, code: string, words: RegExp): Promise<void> {
		await page.says(words);
		await page.is('error');
		const { detail } = (await page.told('error')).at(-1) ?? assert.fail('no error event');
		assert.equal(detail['code'], code);
		assert.equal(detail['message'], await page.words());
		assert.doesNotMatch(await page.words(), /object|undefined|\{/);
		assert.equal(await page.button.getAttribute('aria-pressed'), 'false');
	}

	test('permission denied, in every language', async () => {
		const sentences = { en: /not allowed.*Allow it/, de: /nicht erlaubt/, ru: /запрещён/ };
		for (const [lang, words] of Object.entries(sentences)) {
			const page = await open(`/page?lang=${lang}`, { allow: false });
			await page.is('idle');
			const before = chunks().length;
			await page.button.click();
			await failed(page, 'permission-denied', words);
			assert.equal(chunks().length, before);
			await page.close();
		}
	});

	test('no microphone', async () => {
		const poor = await openBrowser({ device: false });
		try {
			const page = await openMic(poor, nodeRed, '/page');
			await page.is('idle');
			await page.button.click();
			await failed(page, 'no-device', /No microphone was found/);
		} finally {
			await poor.close();
		}
	});

	test('an insecure page says at once what to do', async () => {
		const page = await open('/page', { host: INSECURE_HOST });
		await failed(page, 'insecure-page', /HTTPS or on localhost/);
		await page.button.click();
		await page.toldOf('error', 2);
		await failed(page, 'insecure-page', /HTTPS or on localhost/);
		await page.close();
	});

	test('a flow that is not deployed, a login, a stranger, a server that fails', async () => {
		const page = await open('/page?path=/nowhere');
		await failed(page, 'not-found', /Is the flow deployed\?/);
		for (const [status, code, words] of [
			[401, 'unauthorized', /login/],
			[403, 'forbidden', /does not let/],
			[500, 'refused', /refused the connection \(HTTP 500\)/],
			[429, 'too-many-pages', /Too many pages/],
			[200, 'refused', /refused the connection \(no ticket\)/],
		] as const) {
			await page.page.route('**/ticket', (route) => route.fulfill({ status, body: '<html>' }));
			await page.set('path', `/voice/x${status}`);
			await failed(page, code, words);
		}
		await page.close();
	});

	test('more pages than the node takes', async () => {
		const others = await Promise.all(
			Array.from({ length: MAX_PAGES }, () => PageClient.connect(`${nodeRed.url}/crowded`)),
		);
		const page = await open('/crowded-page');
		await failed(page, 'too-many-pages', /Too many pages/);
		await page.close();
		for (const { socket } of others) socket.terminate();
	});

	test('the limit of time ends it with exactly so much audio', async () => {
		const page = await open('/page?max-seconds=1.01&no-transcript');
		const end = await ending(await speak(page));
		assert.equal(end.audio.ended, 'max');
		const all = chunks().filter(({ parts }) => parts.id === end.parts.id);
		assert.equal(Buffer.concat(all.map(({ payload }) => payload)).length, RATE * 2.02);
		assert.deepEqual((await page.toldOf('stop')).at(-1)?.detail, { reason: 'max' });
		await page.is('idle');
		await page.close();
	});

	test("the node's own limit counts as well, and is shown", async () => {
		const page = await open('/limited-page');
		const end = await ending(await speak(page, 'limited'), 'limited');
		assert.equal(end.audio.ended, 'max');
		await page.says('The time is up');
		await page.close();
	});

	test('nobody speaks: within 1 s as the page wants it, and within the 10 s that there are else', async () => {
		for (const [pcm, limit, code, words] of [
			[silence(RATE * 20), '&begin-seconds=1', 'device-silent', /Only silence comes/],
			[quiet(noise(RATE * 20)), '', 'no-speech', /Nobody was heard/],
		] as const) {
			browser.say(pcm);
			const page = await open(`/page?raw${limit}`);
			const end = await ending(await speak(page));
			assert.equal(end.audio.ended, 'start-timeout');
			await failed(page, code, words);
			await page.close();
		}
		browser.say(noise(RATE * 20));
	});

	test('the tab is closed in mid-speech', async () => {
		const page = await open('/page');
		const stream = await speak(page);
		await page.recorded(400);
		await page.close();
		assert.equal((await ending(stream)).audio.ended, 'lost');
	});

	test('the element is put elsewhere, and goes on; it gets another path, or is taken out of the page, and ends', async () => {
		const page = await open('/page');
		const stream = await speak(page);
		await page.page.evaluate(`document.body.append(document.querySelector('voice-mic'))`);
		const count = (await page.told('level')).length;
		await page.toldOf('level', count + 10);
		await page.is('recording');
		const ends = async () => (await page.told('stop')).map(({ detail }) => detail['reason']);
		assert.deepEqual(await ends(), []);
		await page.set('path', '/voice/');
		assert.equal((await ending(stream)).audio.ended, 'stop');
		assert.deepEqual(await ends(), ['stop'], 'whoever heard a start hears its end');
		const next = await speak(page);
		await page.is('recording');
		await page.page.evaluate(`document.querySelector('voice-mic').remove()`);
		assert.equal((await ending(next)).audio.ended, 'stop');
		assert.deepEqual(await ends(), ['stop', 'stop']);
		await page.close();
	});

	test('the microphone is unplugged: what was said so far belongs to the flow', async () => {
		const page = await open('/page', { script: KEEP_STREAMS });
		const stream = await speak(page);
		await page.recorded(400);
		await page.page.evaluate(`streams[0].getTracks()[0].dispatchEvent(new Event('ended'))`);
		await failed(page, 'device-lost', /unplugged/);
		assert.equal((await ending(stream)).audio.ended, 'stop');
		await page.close();
	});

	test('the recogniser fails, understands nothing, or fails after some words', async () => {
		for (const [node, code, words, final] of [
			['failing', 'recogniser-failed', /failed \(STT_AUTH\)/, ''],
			['deaf', 'no-text', /Nothing was understood/, ''],
			['partly', 'recogniser-failed', /failed \(STT_CONNECT\)/, 'only this'],
		] as const) {
			const page = await open(`/${node}-page`);
			await speak(page, node);
			await page.recorded(400);
			await page.button.click();
			await failed(page, code, words);
			assert.equal((await page.text()).final, final);
			await page.close();
		}
	});

	test('switched off: no click, and what is being said ends', async () => {
		const page = await open('/page?no-transcript');
		const stream = await speak(page);
		await page.recorded(400);
		await page.set('disabled', '');
		assert.equal((await ending(stream)).audio.ended, 'stop');
		await page.is('disabled');
		await page.says('Switched off');
		assert.equal(await page.button.isDisabled(), true);
		await page.close();
	});

	test('a deployment in mid-speech: the page says so, and the next click records', async () => {
		const page = await open('/page?no-transcript', { script: KEEP_STREAMS });
		const stream = await speak(page);
		await page.recorded(400);
		await nodeRed.setFlows(FLOW);
		await failed(page, 'connection-lost', /connection to Node-RED was lost/);
		assert.equal((await ending(stream)).audio.ended, 'close');
		assert.equal(await page.page.evaluate('streams[0].getTracks()[0].readyState'), 'ended');
		const next = await speak(page);
		await page.recorded(800);
		await page.button.click();
		assert.equal((await ending(next)).audio.ended, 'stop');
		await page.is('idle');
		// While nobody speaks, nobody has to do anything.
		await nodeRed.setFlows(FLOW);
		await page.is('connecting');
		await page.is('idle');
		await page.close();
	});

	test('Node-RED ends in mid-speech, and cannot be reached then', async () => {
		assert.deepEqual([...new Set(nodeRed.errors().map(({ node, code }) => `${node} ${code}`))].sort(), [
			'crowded MIC_DEVICE_BUSY',
			'voice MIC_SILENT',
		]);
		const page = await open('/early-page');
		// A network that takes everything, and answers nothing.
		const script =
			'if (globalThis.AudioWorklet) AudioWorklet.prototype.addModule = () => new Promise(() => {})';
		const mute = await open('/page', { script });
		await mute.is('idle');
		await mute.button.click();
		await speak(page, 'early');
		await page.element.locator('[part=final]', { hasText: 'said so far' }).waitFor();
		await nodeRed.kill();
		await failed(page, 'connection-lost', /connection to Node-RED was lost/);
		assert.equal((await page.text()).final, 'what was said so far');
		await page.button.click();
		await page.is('recording');
		await failed(page, 'not-connected', /cannot be reached/);
		await page.close();
		await failed(mute, 'not-connected', /cannot be reached/);
		await mute.close();
	});
});

/** At -60 dBFS. */
function quiet(pcm: Buffer): Buffer {
	for (let at = 0; at < pcm.length; at += 2) pcm.writeInt16LE(Math.round(pcm.readInt16LE(at) / 600), at);
	return pcm;
}
