import type { Locator } from 'playwright-core';
import type { Editor } from '../lab/editor.ts';

/** The drop-down of devices in the dialog of a microphone or a loudspeaker. */
export class DeviceList {
	readonly choice: Locator;
	/** What the node stores, to be seen only where a name is typed. */
	readonly field: Locator;
	readonly refresh: Locator;
	/** What is said of the device that is chosen. */
	readonly note: Locator;
	readonly problem: Locator;
	readonly #editor: Editor;

	constructor(editor: Editor, type: 'mic-capture' | 'audio-play') {
		this.#editor = editor;
		this.choice = editor.field(`${type}-device-choice`);
		this.field = editor.field('node-input-device');
		this.refresh = editor.field(`${type}-refresh`);
		this.note = editor.field(`${type}-device-note`);
		this.problem = editor.page.locator(`.${type}-device-error:visible`);
	}

	/** Resolves when Node-RED has answered. */
	async answered(): Promise<void> {
		await this.#editor.page.locator(`#${await this.refresh.getAttribute('id')}[aria-busy="false"]`).waitFor();
	}

	options(): Promise<string[]> {
		return this.choice.locator('option').allTextContents();
	}

	/** The words of the option that is chosen. */
	async chosen(): Promise<string> {
		return (await this.choice.locator('option:checked').textContent()) ?? '';
	}

	/** Holds back what Node-RED answers until the function that it returns is called, which lets it through or not. */
	async hold(): Promise<(act: 'continue' | 'abort') => Promise<void>> {
		const url = '**/voice/*/devices*';
		let decide: (act: 'continue' | 'abort') => void = () => {};
		const decided = new Promise<'continue' | 'abort'>((resolve) => {
			decide = resolve;
		});
		await this.#editor.page.route(url, async (route) => {
			if ((await decided) === 'continue') await route.continue();
			else await route.abort();
		});
		return async (act) => {
			decide(act);
			await this.answered();
			await this.#editor.page.unroute(url);
		};
	}
}

/** What the browser and the editor log by themselves of requests that fail is no problem of ours; returns how many. */
export function refusals(editor: Editor, expected: RegExp): number {
	const others = editor.problems.filter((problem) => !expected.test(problem));
	if (others.length) throw new Error(`the editor had problems:\n${others.join('\n')}`);
	return editor.problems.splice(0).length;
}

/** What does not fit into the open dialog once its words are 40 % longer, as German and Russian ones may be. */
export async function clippedWhenLonger(editor: Editor): Promise<string[]> {
	await editor.page.evaluate(`$('.red-ui-tray form').find('label, label span, .form-row div > span, button span, option')
		.contents().filter((_, node) => node.nodeType === 3).each((_, node) => {
			node.textContent = node.textContent.replace(/[A-Za-z]+/g, (word) => word + 'n'.repeat(Math.ceil(word.length * 0.4)));
		})`);
	const { inside, room } = (await editor.page.evaluate(
		`({ inside: $('.red-ui-tray-body')[0].scrollWidth, room: $('.red-ui-tray')[0].clientWidth })`,
	)) as { inside: number; room: number };
	const clipped = await editor.clipped();
	return inside > room ? [...clipped, `the dialog: ${inside} of ${room} pixels`] : clipped;
}

/** Why a field is marked, as Node-RED says when the pointer rests on it. */
export async function reasonFor(editor: Editor, id: string): Promise<string> {
	await editor.field(id).hover();
	const tip = editor.page.locator('.red-ui-popover:visible');
	await tip.waitFor();
	const text = (await tip.textContent()) ?? '';
	await editor.page.mouse.move(0, 0);
	await tip.waitFor({ state: 'detached' });
	return text;
}

/** The permissions without which there is no editor. */
export const NO_DEVICES = ['flows', 'nodes', 'settings', 'library', 'plugins', 'context', 'status'].map(
	(what) => `${what}.read`,
);
