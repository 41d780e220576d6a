import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { findChromium } from './chromium.ts';
import { CLIPPED } from './editor-clipped.ts';
import type { FlowNode, LabNodeRed } from './node-red.ts';

/** What is used of the globals of Node-RED's editor. */
interface EditorGlobals {
	RED: {
		nodes: {
			version(): string | undefined;
			node(id: string): EditorNode | null;
			filterNodes(filter: { type: string }): EditorNode[];
			eachConfig(visit: (node: EditorNode) => void): void;
		};
		editor: { edit(node: EditorNode): void; editConfig(name: string, type: string, id: string): void };
		sidebar: { help: { show(type: string): void } };
	};
}

interface EditorNode {
	id: string;
	type: string;
	valid?: boolean;
	validationErrors?: string[];
	label?: string | (() => string);
	_def: { category: string };
}

export interface EditorOptions {
	/** Size of the window, in pixels. */
	width?: number;
	height?: number;
	/** The browser's language, which the editor then speaks; BCP 47. */
	locale?: string;
	/** Node-RED 5 has both; an older one is always light. */
	theme?: 'light' | 'dark';
}

/** Opens the editor of a running Node-RED in headless Chromium; needs('chromium'). */
export async function openEditor(
	nodeRed: LabNodeRed,
	{ width = 1280, height = 900, locale = 'en-US', theme = 'light' }: EditorOptions = {},
): Promise<Editor> {
	const browser = await chromium.launch({
		executablePath: findChromium(),
		args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
	});
	try {
		const page = await browser.newPage({ viewport: { width, height }, locale });
		// As User Settings > View stores it.
		await page.addInitScript(`localStorage.setItem('view-dark-theme', '${theme}')`);
		const editor = new Editor(browser, page, nodeRed);
		await page.goto(nodeRed.url);
		await editor.loaded();
		return editor;
	} catch (error) {
		await browser.close();
		throw error;
	}
}

/** Node-RED's editor, worked as a user would. Dialogs stack: what is filled, saved or cancelled is the topmost. */
export class Editor {
	readonly page: Page;
	/** What the page threw or logged as an error, and requests that would have left this machine. */
	readonly problems: string[] = [];
	readonly #browser: Browser;
	readonly #nodeRed: LabNodeRed;

	constructor(browser: Browser, page: Page, nodeRed: LabNodeRed) {
		this.#browser = browser;
		this.page = page;
		this.#nodeRed = nodeRed;
		page.on('pageerror', (error) => this.problems.push(`thrown: ${error.message}`));
		page.on('console', (message) => {
			if (message.type() === 'error') this.problems.push(`logged: ${message.text()}`);
		});
		page.on('request', (request) => {
			const { protocol, hostname } = new URL(request.url());
			if (protocol.startsWith('http') && hostname !== '127.0.0.1')
				this.problems.push(`asked: ${request.url()}`);
		});
	}

	/** Resolves when the editor shows the flows. */
	async loaded(): Promise<void> {
		await this.page.waitForFunction(
			() => !!(globalThis as unknown as Partial<EditorGlobals>).RED?.nodes?.version?.(),
		);
		await this.page.locator('#red-ui-loading-progress').waitFor({ state: 'hidden' });
	}

	/** Loads the page anew, as F5 does. */
	async reload(): Promise<void> {
		await this.page.reload();
		await this.loaded();
	}

	/** Drags a node of this type from the palette to a place on the canvas; returns its id. */
	async addNode(type: string, { x, y }: { x: number; y: number }): Promise<string> {
		const before = await this.ids(type);
		const node = this.page.locator(`.red-ui-palette-node[data-palette-type="${type}"]`);
		await node.scrollIntoViewIfNeeded();
		await node.hover();
		await this.page.mouse.down();
		const canvas = await box(this.page.locator('#red-ui-workspace-chart'));
		await this.page.mouse.move(canvas.x + x, canvas.y + y, { steps: 10 });
		await this.page.mouse.up();
		return only((await this.ids(type)).filter((id) => !before.includes(id)));
	}

	/** Pastes a flow into the Import dialog and drops its nodes on the canvas. Their ids change. */
	async importFlow(flow: readonly FlowNode[]): Promise<void> {
		const { page } = this;
		await page.locator('#red-ui-header-button-sidemenu').click();
		await page.locator('#menu-item-import').click();
		const text = page.locator('#red-ui-clipboard-dialog-import-text');
		await text.fill(JSON.stringify(flow));
		// The text is looked at when a key was pressed.
		await text.press('End');
		await page.locator('#red-ui-clipboard-dialog-ok').click();
		await page.locator('#red-ui-clipboard-dialog').waitFor({ state: 'hidden' });
		// What belongs on a tab of its own is there at once; else the nodes hang on the pointer.
		if (flow.some(({ type }) => type === 'tab')) return;
		const canvas = await box(page.locator('#red-ui-workspace-chart'));
		await page.mouse.move(canvas.x + 300, canvas.y + 300, { steps: 5 });
		await page.mouse.click(canvas.x + 300, canvas.y + 300);
	}

	/** Ids of the nodes of a type, config nodes too. */
	async ids(type: string): Promise<string[]> {
		return this.page.evaluate((type) => {
			const { nodes } = (globalThis as unknown as EditorGlobals).RED;
			const ids = nodes.filterNodes({ type }).map(({ id }) => id);
			nodes.eachConfig((node) => void (node.type === type && ids.push(node.id)));
			return ids;
		}, type);
	}

	/** Opens the dialog of a node, as a double click does; of a config node, as its pencil does. */
	async open(id: string): Promise<void> {
		const depth = await this.#depth();
		await this.page.evaluate((id) => {
			const { RED } = globalThis as unknown as EditorGlobals;
			const node = RED.nodes.node(id);
			if (!node) throw new Error(`there is no node ${id}`);
			if (node._def.category === 'config') RED.editor.editConfig('', node.type, id);
			else RED.editor.edit(node);
		}, id);
		await this.#settled(depth + 1, { focused: true });
	}

	/** Adds a config node for a property of the node whose dialog is open: opens its dialog. */
	async addConfig(property: string): Promise<void> {
		const depth = await this.#depth();
		await this.page.locator(`#node-input-btn-${property}-add`).click();
		await this.#settled(depth + 1, { focused: true });
	}

	/**
	 * Fills fields by their ids: a text (also of a select), or whether a box is ticked. Each must be visible, as for a
	 * user.
	 */
	async fill(values: Readonly<Record<string, string | boolean>>): Promise<void> {
		for (const [id, value] of Object.entries(values)) {
			const field = this.field(id);
			if (typeof value === 'boolean') await field.setChecked(value);
			else if (await this.#choose(id, value)) continue;
			else if (await field.evaluate((element) => element.nodeName === 'SELECT'))
				await field.selectOption(value);
			else {
				await field.fill(value);
				// Node-RED validates on this, and not on 'input'.
				await field.blur();
			}
		}
	}

	/** Chooses in the drop-down that fills a text field, if there is one; false if the text is still to be typed. */
	async #choose(id: string, value: string): Promise<boolean> {
		const list = this.page.locator(`select[data-fills="${id}"]:visible`);
		if (!(await list.count())) return false;
		const offered = await list
			.locator('option')
			.evaluateAll((all) => all.map((option) => option.getAttribute('value') ?? ''));
		const isOffered = offered.includes(value);
		// The last one is for any other.
		await list.selectOption(isOffered ? value : (offered.at(-1) ?? ''));
		return isOffered;
	}

	field(id: string): Locator {
		return this.page.locator(`[id="${id}"]`);
	}

	/** What the fields show now. */
	async read(...ids: string[]): Promise<Record<string, string | boolean>> {
		const values: Record<string, string | boolean> = {};
		for (const id of ids) {
			const field = this.field(id);
			const isBox = (await field.getAttribute('type')) === 'checkbox';
			values[id] = isBox ? await field.isChecked() : await field.inputValue();
		}
		return values;
	}

	/** The fields of the dialog that are marked as invalid, of those that can be seen. */
	async marked(): Promise<string[]> {
		const fields = this.page.locator('.red-ui-tray-body .input-error:visible');
		return fields.evaluateAll((all) => all.map(({ id }) => id));
	}

	/** What of the dialog does not fit: fields and words that stand out of it, labels and placeholders that are cut. */
	async clipped(): Promise<string[]> {
		return this.page.evaluate(CLIPPED);
	}

	/** Done, Add or Update. */
	save(): Promise<void> {
		return this.#leave('ok');
	}

	cancel(): Promise<void> {
		return this.#leave('cancel');
	}

	/** Deploys, and returns the flow as Node-RED now has it. */
	async deploy(): Promise<FlowNode[]> {
		const isStored = this.page.waitForResponse(
			(response) => response.request().method() === 'POST' && new URL(response.url()).pathname === '/flows',
		);
		isStored.catch(() => {});
		await this.page.locator('#red-ui-header-button-deploy').click();
		// Node-RED asks before it deploys nodes that are marked.
		const anyway = this.page.locator('.red-ui-notification button.primary');
		const response = await Promise.race([isStored, anyway.waitFor().then(() => undefined)]);
		if (!response) await anyway.click();
		const status = (await isStored).status();
		if (status >= 300) throw new Error(`deploying failed with HTTP status ${status}`);
		await this.page.locator('#red-ui-header-button-deploy.disabled').waitFor();
		const stored = await fetch(new URL('/flows', this.#nodeRed.url));
		return (await stored.json()) as FlowNode[];
	}

	/** All flows as Export writes them. */
	async exported(): Promise<FlowNode[]> {
		const { page } = this;
		await page.locator('#red-ui-header-button-sidemenu').click();
		await page.locator('#menu-item-export').click();
		await page.locator('#red-ui-clipboard-dialog-export-rng-full').click();
		const text = await page.locator('#red-ui-clipboard-dialog-export-text').inputValue();
		await page.locator('#red-ui-clipboard-dialog-cancel').click();
		return JSON.parse(text) as FlowNode[];
	}

	/** Why the editor marks a node with a triangle; empty if it does not. */
	async complaints(id: string): Promise<string[]> {
		return this.page.evaluate((id) => {
			const { RED } = globalThis as unknown as EditorGlobals;
			const { valid, validationErrors = [] } = RED.nodes.node(id)!;
			return valid === false ? validationErrors : [];
		}, id);
	}

	/** Waits until the editor marks a node, which may need to ask Node-RED first. */
	async waitForComplaints(id: string): Promise<string[]> {
		await this.page.waitForFunction(
			(id) => (globalThis as unknown as EditorGlobals).RED.nodes.node(id)?.valid === false,
			id,
		);
		return this.complaints(id);
	}

	/** Whether there is nothing to deploy. */
	async isDeployed(): Promise<boolean> {
		return (await this.page.locator('#red-ui-header-button-deploy.disabled').count()) === 1;
	}

	/** The text on a node. */
	async label(id: string): Promise<string> {
		return this.page.evaluate((id) => {
			const node = (globalThis as unknown as EditorGlobals).RED.nodes.node(id)!;
			return typeof node.label === 'function' ? node.label() : String(node.label);
		}, id);
	}

	/** Shows the help of a node type in the sidebar; returns its text. */
	async help(type: string): Promise<string> {
		await this.page.evaluate((type) => {
			(globalThis as unknown as EditorGlobals).RED.sidebar.help.show(type);
		}, type);
		return (await this.page.locator('.red-ui-help').last().textContent()) ?? '';
	}

	/** Writes `<name>.png` into the folder that the environment variable LAB_SCREENSHOTS names, if it is set. */
	async screenshot(name: string, of: Page | Locator = this.page): Promise<void> {
		const folder = process.env['LAB_SCREENSHOTS'];
		if (!folder) return;
		mkdirSync(folder, { recursive: true });
		await of.screenshot({ path: join(folder, `${name}.png`) });
	}

	/** Leaves the browser. @throws if there were `problems` */
	async close(): Promise<void> {
		await this.#browser.close();
		if (this.problems.length) throw new Error(`the editor had problems:\n${this.problems.join('\n')}`);
	}

	/** How many dialogs are open, one above the other. Only the topmost is in the page. */
	#depth(): Promise<number> {
		return this.page.locator('.red-ui-tray-breadcrumbs li').count();
	}

	/**
	 * Dialogs slide, some time after one another: waits until so many are open, and nothing moves. One that was opened
	 * takes the focus when it has nearly come; until then no key that is pressed is for it.
	 */
	async #settled(depth: number, { focused = false } = {}): Promise<void> {
		await this.page.waitForFunction(
			`$('.red-ui-tray-breadcrumbs li').length === ${depth} &&
				$('.red-ui-tray').length === ${Math.min(depth, 1)} &&
				$('.red-ui-tray').toArray().every((tray) => tray.style.right === '0px') &&
				(${!focused} || $(document.activeElement).closest('.red-ui-tray-body').length === 1) &&
				document.getAnimations().every(({ playState }) => playState !== 'running')`,
		);
	}

	async #leave(button: 'ok' | 'cancel'): Promise<void> {
		const depth = await this.#depth();
		await this.page.locator(`#node-config-dialog-${button}, #node-dialog-${button}`).click();
		await this.#settled(depth - 1);
	}
}

async function box(locator: Locator): Promise<{ x: number; y: number }> {
	const found = await locator.boundingBox();
	if (!found) throw new Error('it cannot be seen');
	return found;
}

function only(ids: readonly string[]): string {
	const [id] = ids;
	if (id === undefined || ids.length > 1) throw new Error(`${ids.length} nodes were added`);
	return id;
}
