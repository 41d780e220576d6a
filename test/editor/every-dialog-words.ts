import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Editor } from '../lab/editor.ts';

// What the words in a dialog, in the help or in the palette say of their language.

const KEY =
	/\b(?:button-trigger|mic-capture|audio-play|stt-stream|stt-provider)\.(?!(?:read|write)\b)[a-z]\w*/gi;

/** Keys of a catalogue that stand where words should. */
export function rawKeys(texts: readonly string[]): string[] {
	return texts.flatMap((text) => text.match(KEY) ?? []);
}

/** All that the open dialog says: text, placeholders, tips; each once. */
export async function wordsIn(editor: Editor): Promise<string[]> {
	const found = await editor.page.evaluate(`(() => {
		const texts = new Set();
		for (const element of $('.red-ui-tray-body').find('*').filter(':visible, option').toArray()) {
			for (const { nodeType, data } of element.childNodes) if (nodeType === Node.TEXT_NODE) texts.add(data.trim());
			for (const name of ['placeholder', 'title', 'aria-label']) texts.add((element.getAttribute(name) ?? '').trim());
		}
		return [...texts].filter((text) => /\\p{L}/u.test(text));
	})()`);
	return found as string[];
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Node-RED's own: the grey of its buttons, and fields that keep browsers from filling in passwords. */
const FOREIGN = ['.red-ui-button', '[id^="red-ui-trap"]'];

/** What axe-core finds in the open dialog: words that are hard to read, fields without a name. */
export async function faultsIn(editor: Editor): Promise<string[]> {
	const { page } = editor;
	await page.evaluate(axe);
	await page.mouse.move(0, 0);
	// What is beyond an edge has another background there.
	const size = page.viewportSize()!;
	await page.setViewportSize({ width: size.width, height: 2600 });
	// Node-RED's dialogs hang out of something of no size, which axe-core takes for hidden.
	await page.evaluate(`$('.red-ui-tray-body form').parents().css('overflow', 'visible').length`);
	const { violations, passes } = (await page.evaluate(
		`axe.run({ include: '.red-ui-tray-body form', exclude: ${JSON.stringify(FOREIGN)} },
			{ runOnly: ['color-contrast', 'label', 'select-name'] })`,
	)) as AxeResults;
	await page.evaluate(`$('.red-ui-tray-body form').parents().css('overflow', '').length`);
	await page.setViewportSize(size);
	const judged = passes.find(({ id }) => id === 'color-contrast')?.nodes.length ?? 0;
	if (judged < 10) throw new Error(`axe-core has judged only ${judged} texts`);
	return violations.flatMap(({ nodes }) =>
		nodes.map(({ html, failureSummary }) => `${html}: ${failureSummary}`),
	);
}

/** The catalogue of a node set, flat; undefined if there is none in this language. */
function catalogue(set: string, language: string): Map<string, string> | undefined {
	const url = new URL(`../../nodes/${set}/locales/${language}/${set}.json`, import.meta.url);
	try {
		return new Map(flat('', JSON.parse(readFileSync(url, 'utf8'))));
	} catch {
		return undefined;
	}
}

function flat(path: string, value: unknown): [string, string][] {
	if (typeof value === 'string') return [[path, value]];
	return Object.entries(value as object).flatMap(([name, inner]) => flat(`${path}.${name}`, inner));
}

/** Judges words by the English catalogue of a node set, and by that of another language. */
export class Language {
	readonly #english: Map<string, string>;
	readonly #own: Map<string, string>;

	/** @throws if there is no catalogue in this language */
	constructor(set: string, language: string) {
		this.#english = catalogue(set, 'en-US') ?? new Map();
		const own = catalogue(set, language);
		if (!own) throw new Error(`${set} has no catalogue in ${language}`);
		this.#own = own;
	}

	/** Words that are those of the English catalogue, and in this language are others. */
	untranslated(texts: readonly string[]): string[] {
		const english = [...this.#english].filter(([key, text]) => this.#own.get(key) !== text);
		const own = new Set(this.#own.values());
		const foreign = new Set(english.map(([, text]) => text));
		return texts.filter((text) => foreign.has(text) && !own.has(text));
	}

	/** How many of the words are in the catalogue of this language. */
	known(texts: readonly string[]): number {
		const own = new Set(this.#own.values());
		return texts.filter((text) => own.has(text)).length;
	}
}
