import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';
import { findChromium } from './chromium.ts';

/** A host name that is this machine, but for the browser not a secure one. */
export const INSECURE_HOST = 'voice.test';

export interface BrowserOptions {
	/** False: the machine has no microphone. */
	device?: boolean;
}

export interface PageOptions {
	/** What the user answers when the page asks for the microphone (default true). */
	allow?: boolean;
	/** The user prefers dark pages. */
	dark?: boolean;
	/** BCP 47. */
	locale?: string;
	width?: number;
	height?: number;
	/** A phone: touches in place of a mouse. */
	touch?: boolean;
	reducedMotion?: boolean;
	forcedColors?: boolean;
	httpCredentials?: { username: string; password: string };
	/** Believes every certificate, as who clicks through the browser's warning. */
	anyCertificate?: boolean;
	/** Runs before the page's own scripts. */
	script?: string;
}

/**
 * Starts headless Chromium with a microphone that hears what `say` gave it; needs('chromium'). Pages are separate users,
 * with cookies and permissions of their own.
 */
export async function openBrowser({ device = true }: BrowserOptions = {}): Promise<LabBrowser> {
	const folder = await mkdtemp(join(tmpdir(), 'voice-lab-browser-'));
	const microphone = join(folder, 'microphone.wav');
	const fake = [
		'--use-fake-device-for-media-stream',
		`--use-file-for-fake-audio-capture=${microphone}%noloop`,
	];
	const browser = await chromium.launch({
		executablePath: findChromium(),
		args: [
			...['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
			`--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1`,
			...(device ? fake : []),
		],
	});
	return new LabBrowser(browser, folder, microphone);
}

export class LabBrowser {
	/** What pages threw, errors they logged that `expected` does not match, and requests that would have left this machine. */
	readonly problems: string[] = [];
	/** Errors that pages may log: Chromium logs every request that fails. */
	expected: RegExp | undefined;
	readonly #browser: Browser;
	readonly #folder: string;
	readonly #microphone: string;

	constructor(browser: Browser, folder: string, microphone: string) {
		this.#browser = browser;
		this.#folder = folder;
		this.#microphone = microphone;
		this.say(Buffer.alloc(32_000));
	}

	/**
	 * What is heard by every recording that begins from now on, from its beginning, then silence. The first 30 to 100 ms
	 * of it are lost, as with any device that is being opened.
	 * @param pcm s16le mono
	 */
	say(pcm: Buffer, rate = 16_000): void {
		// In one step: another page may begin to record at this moment.
		writeFileSync(`${this.#microphone}.new`, Buffer.concat([wavHeader(pcm.length, rate), pcm]));
		renameSync(`${this.#microphone}.new`, this.#microphone);
	}

	/** Opens a page as a user of its own. */
	async open(url: string, options: PageOptions = {}): Promise<Page> {
		const { allow = true, width = 900, height = 800, locale = 'en-US', touch = false } = options;
		const context = await this.#browser.newContext({
			permissions: allow ? ['microphone'] : [],
			locale,
			viewport: { width, height },
			hasTouch: touch,
			isMobile: touch,
			colorScheme: options.dark ? 'dark' : 'light',
			reducedMotion: options.reducedMotion ? 'reduce' : 'no-preference',
			forcedColors: options.forcedColors ? 'active' : 'none',
			...(touch && { deviceScaleFactor: 2 }),
			...(options.httpCredentials && { httpCredentials: options.httpCredentials }),
			...(options.anyCertificate && { ignoreHTTPSErrors: true }),
		});
		if (options.script) await context.addInitScript(options.script);
		this.#watch(context);
		const page = await context.newPage();
		await page.goto(url);
		return page;
	}

	/** Writes `<name>.png` into the folder that the environment variable LAB_SCREENSHOTS names, if it is set. */
	async screenshot(name: string, of: Page | Locator): Promise<void> {
		const folder = process.env['LAB_SCREENSHOTS'];
		if (!folder) return;
		mkdirSync(folder, { recursive: true });
		await of.screenshot({ path: join(folder, `${name}.png`) });
	}

	/** Leaves the browser. @throws if there were `problems` */
	async close(): Promise<void> {
		await this.#browser.close();
		await rm(this.#folder, { recursive: true, force: true });
		if (this.problems.length) throw new Error(`pages had problems:\n${this.problems.join('\n')}`);
	}

	#watch(context: BrowserContext): void {
		context.on('weberror', (error) => this.problems.push(`thrown: ${error.error().message}`));
		context.on('console', (message) => {
			const isError = message.type() === 'error' && !this.expected?.test(message.text());
			if (isError) this.problems.push(`logged: ${message.text()}`);
		});
		context.on('request', (request) => {
			const { protocol, hostname } = new URL(request.url());
			if (protocol.startsWith('http') && hostname !== '127.0.0.1' && hostname !== INSECURE_HOST)
				this.problems.push(`asked: ${request.url()}`);
		});
	}
}

/** Header of a mono 16-bit WAV file. */
function wavHeader(bytes: number, rate: number): Buffer {
	const header = Buffer.alloc(44);
	header.write('RIFF', 0, 'latin1');
	header.writeUInt32LE(36 + bytes, 4);
	header.write('WAVEfmt ', 8, 'latin1');
	header.writeUInt32LE(16, 16);
	header.writeUInt16LE(1, 20);
	header.writeUInt16LE(1, 22);
	header.writeUInt32LE(rate, 24);
	header.writeUInt32LE(rate * 2, 28);
	header.writeUInt16LE(2, 32);
	header.writeUInt16LE(16, 34);
	header.write('data', 36, 'latin1');
	header.writeUInt32LE(bytes, 40);
	return header;
}
