import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { AudioChunkMessage } from '../../lib/node/messages.ts';
import { type LabBrowser, openBrowser } from '../lab/browser.ts';
import { needs } from '../lab/needs.ts';
import { type LabNodeRed, sink, startNodeRed } from '../lab/node-red.ts';
import { noise } from '../lab/signals.ts';
import { hostPage, type MicPage, openMic } from './mic-page.ts';

// What is said before the microphone or the connection is there: it waits for both, and comes whole or not at all.

const RATE = 16_000;
/** Longer than somebody who speaks waits for a connection. */
const THINKING_MS = 7000;

/** A script whose user allows the microphone only after a while. */
const THOUGHTFUL = `if (navigator.mediaDevices) {
	const { mediaDevices } = navigator;
	const original = mediaDevices.getUserMedia.bind(mediaDevices);
	mediaDevices.getUserMedia = async (constraints) => {
		await new Promise((resolve) => setTimeout(resolve, ${THINKING_MS}));
		return original(constraints);
	};
}`;

/** A script whose page gets no answer from the network until it calls `connect`. */
const UNCONNECTED = `{
	const original = fetch;
	const allowed = new Promise((resolve) => {
		globalThis.connect = resolve;
	});
	globalThis.fetch = (...what) => allowed.then(() => original(...what));
}`;

/** A script that lets the page reach its connections. */
const KEEP_SOCKETS = `{
	globalThis.sockets = [];
	globalThis.WebSocket = class extends WebSocket {
		constructor(...what) {
			super(...what);
			sockets.push(this);
		}
	};
}`;

describe('<voice-mic> waits', { skip: needs('chromium') }, () => {
	let nodeRed: LabNodeRed;
	let browser: LabBrowser;

	before(async () => {
		const mic = { type: 'mic-capture', source: 'browser', path: '/voice', wires: [['sink'], []] };
		nodeRed = await startNodeRed({
			flow: [
				{ id: 'tab', type: 'tab', label: 'test' },
				sink('sink', 'tab'),
				{ id: 'voice', z: 'tab', ...mic },
				...hostPage('/page', '/voice'),
			],
		});
		browser = await openBrowser();
		browser.say(noise(RATE * 20));
	});
	after(async () => {
		try {
			await browser?.close();
		} finally {
			await nodeRed?.stop();
		}
	});

	/** The streams of the flow that have ended: how long they are. */
	const lengths = () => {
		const all = new Map<string, number>();
		const ended: number[] = [];
		for (const { parts, payload, complete } of nodeRed.messages(
			'voice',
			0,
		) as unknown as AudioChunkMessage[]) {
			const bytes = (all.get(parts.id) ?? 0) + payload.length;
			all.set(parts.id, bytes);
			if (complete) ended.push(bytes / 2 / (RATE / 1000));
		}
		return ended;
	};

	/** A page that gets no ticket until that is called. */
	async function unconnected(more = ''): Promise<{ page: MicPage; connect(): Promise<unknown> }> {
		const page = await openMic(browser, nodeRed, `/page?no-transcript${more}`, { script: UNCONNECTED });
		await page.is('connecting');
		return { page, connect: () => page.page.evaluate('connect()') };
	}

	test('a user who thinks for a while before allowing the microphone', async () => {
		const before = lengths().length;
		const page = await openMic(browser, nodeRed, '/page?no-transcript', { script: THOUGHTFUL });
		await page.is('idle');
		await page.button.click();
		await page.says('Please allow the microphone');
		await page.toldOf('start');
		await page.recorded(400);
		await page.button.click();
		await page.says('Sent');
		assert.deepEqual(await page.told('error'), []);
		assert.equal(lengths().length, before + 1);
		await page.close();
	});

	test('everything is said before there is a connection', async () => {
		const before = lengths().length;
		const { page, connect } = await unconnected();
		await page.button.click();
		await page.recorded(600);
		await page.button.click();
		await page.is('finishing');
		await page.toldOf('stop');
		await connect();
		await page.says('Sent');
		const [ms = 0] = lengths().slice(before);
		assert.ok(ms >= 600, `${ms} ms`);
		await page.close();
	});

	test('two utterances are said before there is a connection', async () => {
		const before = lengths().length;
		const { page, connect } = await unconnected();
		for (const count of [1, 2]) {
			await page.button.click();
			await page.toldOf('start', count);
			const levels = (await page.told('level')).length;
			await page.toldOf('level', levels + 15 * count);
			await page.button.click();
			await page.toldOf('stop', count);
		}
		await connect();
		await page.says('Sent');
		const [first = 0, second = 0, ...more] = lengths().slice(before);
		assert.ok(first >= 600 && second >= 1200, `${first} and ${second} ms`);
		assert.deepEqual([more, await page.told('error')], [[], []]);
		await page.close();
	});

	test('what was taken back before there is a connection never reaches the flow', async () => {
		const before = lengths().length;
		const { page, connect } = await unconnected('&mode=hold');
		await page.button.hover();
		await page.page.mouse.down();
		await page.toldOf('start');
		await page.page.mouse.up();
		await page.says('Keep the button pressed');
		await connect();
		await page.is('idle');
		assert.deepEqual(await page.told('error'), []);
		// What is said next is the next that the flow hears.
		await page.page.mouse.down();
		await page.recorded(800);
		await page.page.mouse.up();
		await page.says('Sent');
		const after = lengths().slice(before);
		assert.equal(after.length, 1, `streams of ${after} ms`);
		await page.close();
	});

	test('text whose connection breaks between the last word and its recognition', async () => {
		const page = await openMic(browser, nodeRed, '/page', { script: KEEP_SOCKETS });
		await page.is('idle');
		const before = lengths().length;
		await page.button.click();
		await page.recorded(400);
		await page.button.click();
		await nodeRed.until('its end', () => lengths().length > before || undefined);
		const stream = (nodeRed.messages('voice', 0).at(-1) as unknown as AudioChunkMessage).parts.id;
		await page.page.evaluate('sockets[0].close()');
		await page.says('connection to Node-RED was lost');
		const text = 'here all the same';
		await nodeRed.send('voice', {
			transcript: { kind: 'final', text, turn: 0, startMs: 0, endMs: 400, provider: 'x', stream },
		});
		await page.element.locator('[part=final]', { hasText: text }).waitFor();
		await page.close();
	});
});
