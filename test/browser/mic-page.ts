import type { Locator, Page } from 'playwright-core';
import type { LabBrowser, PageOptions } from '../lab/browser.ts';
import type { FlowNode, LabNodeRed } from '../lab/node-red.ts';

/** An event that the element sent. */
export interface Told {
	type: string;
	detail: Record<string, unknown>;
}

/** What is used of the page's DOM here. */
interface Attributes {
	setAttribute(name: string, value: string): void;
}

/** Nodes that serve a page of somebody's own with `<voice-mic>` in it; its address sets the element's attributes. */
export function hostPage(path: string, microphone: string): FlowNode[] {
	const z = 'tab';
	const id = `host${path.replaceAll('/', '-')}`;
	const template = `<!doctype html><html lang="en"><head><title>Host</title><meta name="color-scheme" content="light dark"></head>
		<body style="font-family: sans-serif; background: light-dark(#fff, #161616)"><main><h1>A page</h1></main><script>
			const mic = document.createElement('voice-mic');
			for (const [name, value] of new URLSearchParams(location.search)) mic.setAttribute(name, value);
			window.told = [];
			for (const type of ['start', 'stop', 'transcript', 'error', 'level'])
				mic.addEventListener(type, ({ detail }) => told.push({ type, detail }));
			document.querySelector('main').append(mic);
			</script><script type="module" src="${microphone}/voice-mic.js"></script></body></html>`;
	return [
		{ id, z, type: 'http in', url: path, method: 'get', wires: [[`${id}-t`]] },
		{ id: `${id}-t`, z, type: 'template', syntax: 'plain', template, output: 'str', wires: [[`${id}-r`]] },
		{ id: `${id}-r`, z, type: 'http response', headers: { 'Content-Type': 'text/html' }, wires: [] },
	];
}

/** Opens such a page, or the node's own. */
export async function openMic(
	browser: LabBrowser,
	nodeRed: LabNodeRed,
	path: string,
	options: PageOptions & { host?: string } = {},
): Promise<MicPage> {
	const url = new URL(path, nodeRed.url);
	if (options.host) url.hostname = options.host;
	return new MicPage(await browser.open(url.href, options));
}

/** A page with one `<voice-mic>`. */
export class MicPage {
	readonly page: Page;
	readonly element: Locator;
	readonly button: Locator;
	readonly status: Locator;

	constructor(page: Page) {
		this.page = page;
		this.element = page.locator('voice-mic');
		this.button = this.element.locator('button');
		this.status = this.element.locator('[role=status]');
	}

	/** Waits until it is in one of these states. */
	async is(...states: string[]): Promise<void> {
		const any = states.map((state) => `voice-mic[state=${state}]`).join(', ');
		await this.page.locator(any).waitFor();
	}

	/** Waits until it says this. */
	async says(text: string | RegExp): Promise<void> {
		await this.status.filter({ hasText: text }).waitFor();
	}

	/** What it says now. */
	async words(): Promise<string> {
		return (await this.status.textContent()) ?? '';
	}

	/** What its settled and its partial text are. */
	async text(): Promise<{ final: string; partial: string }> {
		const of = async (part: string) => (await this.element.locator(`[part=${part}]`).textContent()) ?? '';
		return { final: await of('final'), partial: await of('partial') };
	}

	/** What it has told the page (of `hostPage`) so far. */
	async told(type?: string): Promise<Told[]> {
		const all = (await this.page.evaluate('told')) as Told[];
		return all.filter((one) => type === undefined || one.type === type);
	}

	/** Waits until it has told so much of this type. */
	async toldOf(type: string, count = 1): Promise<Told[]> {
		await this.page.waitForFunction(`told.filter(({ type }) => type === '${type}').length >= ${count}`);
		return this.told(type);
	}

	/** Waits until it has recorded for so long. */
	async recorded(ms: number): Promise<void> {
		await this.toldOf('level', Math.ceil(ms / 40));
	}

	async set(name: string, value: string): Promise<void> {
		await this.element.evaluate(
			(element: unknown, [name, value]) => (element as Attributes).setAttribute(name, value),
			[name, value] as const,
		);
	}

	close(): Promise<void> {
		return this.page.context().close();
	}
}

/** A script that lets a page look at the streams that its scripts got. */
export const KEEP_STREAMS = `if (navigator.mediaDevices) {
	globalThis.streams = [];
	const { mediaDevices } = navigator;
	const original = mediaDevices.getUserMedia.bind(mediaDevices);
	mediaDevices.getUserMedia = async (constraints) => {
		const stream = await original(constraints);
		streams.push(stream);
		return stream;
	};
}`;
