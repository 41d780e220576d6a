import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

// Reads sources for the words of which keys of a catalogue are made.

/** What stands before, between and behind the holes of a template text. */
type Template = readonly string[];

const TEMPLATE = /`((?:[^`$\\]|\\.|\$(?!\{)|\$\{(?:[^{}`]|`[^`]*`|\{[^{}]*\})*\})*)`/g;
const HOLE = /\$\{(?:[^{}`]|`[^`]*`|\{[^{}]*\})*\}/g;
export const LITERAL = /'((?:[^'\\\n]|\\.)*)'/g;

const IMPORT = /(import type|export type|import|export) (?:([^;']*?) from )?'(\.[^']+\.ts)'/g;

const partsOf = (template: string): Template => template.split(HOLE);
/** Nothing but holes, with points and dashes between them. */
const isBare = (template: string): boolean => /^[.-]+$/.test(partsOf(template).join(''));

/** The code of a file, without comments. */
export const codeOf = (path: string): string =>
	readFileSync(path, 'utf8')
		.replace(/\/\*[\s\S]*?\*\//g, '')
		.replace(/(^|[\s;{}(])\/\/.*$/gm, '$1');

/** A file and all sources that it imports; of those that it needs for their types, only what these types are made of. */
export function withImports(path: string): Set<string> {
	const followed = new Set<string>();
	const types = new Set<string>();
	const follow = (path: string, forTypes: boolean) => {
		const found = forTypes ? types : followed;
		if (found.has(path)) return;
		found.add(path);
		for (const [, how = '', names = '', from = ''] of codeOf(path).matchAll(IMPORT)) {
			const isType = how.endsWith('type');
			if (!forTypes || isType || /\btype /.test(names)) follow(join(dirname(path), from), forTypes || isType);
		}
	};
	follow(path, false);
	return new Set([...followed, ...types]);
}

/** What some files can put together: their texts and names, and templates filled with those. */
export class Words {
	readonly #words = new Set<string>();
	readonly #templates: Template[] = [];
	/** Bare templates, with what is handed to the function that fills the first hole. */
	readonly #bare: { template: Template; heads: Template[] }[] = [];
	readonly #known = new Map<string, boolean>();

	constructor(files: Iterable<string>) {
		for (const file of files) this.#read(codeOf(file));
	}

	#read(code: string): void {
		const templates = [...code.matchAll(TEMPLATE)]
			.map(([, template = '']) => template)
			// Without any text they would fit everything.
			.filter(
				(template) =>
					partsOf(template).join('') !== '' &&
					partsOf(template).length > 1 &&
					/^[\w.-]+$/.test(partsOf(template).join('x')),
			);
		this.#templates.push(...templates.filter((template) => !isBare(template)).map(partsOf));
		// One that says nothing of itself is filled with a beginning of a key: `word('warmCost')`.
		const heads = [...code.matchAll(/\bwords?\(\s*(?:'([^']+)'|`([^`]+)`)/g)].map(([, literal, template]) =>
			literal === undefined ? partsOf(template ?? '') : [literal],
		);
		for (const template of templates.filter(isBare)) this.#bare.push({ template: partsOf(template), heads });
		const rest = code.replace(TEMPLATE, (template) => (template.match(HOLE) ?? []).join('\n'));
		for (const [, literal = ''] of rest.matchAll(LITERAL)) this.#words.add(literal);
		for (const [, name = ''] of rest.matchAll(/(?:^|[\s{,(])'?([\w-]+)'?\??:/g)) this.#words.add(name);
	}

	/** Can this text be made of them? */
	make(text: string): boolean {
		const known = this.#known.get(text);
		if (known !== undefined) return known;
		this.#known.set(text, false);
		const isMade =
			this.#words.has(text) ||
			this.#templates.some((template) => this.#fill(template, text)) ||
			this.#bare.some(({ template, heads }) => this.#fill(template, text, heads));
		this.#known.set(text, isMade);
		return isMade;
	}

	#fill(template: Template, text: string, heads?: readonly Template[]): boolean {
		return fillings(template, text).some(
			(holes) =>
				(!heads || heads.some((head) => fillings(head, holes[0] ?? '').length > 0)) &&
				holes.every((hole) => this.make(hole)),
		);
	}
}

/** All ways in which a template makes this text: what stands in each of its holes. */
function fillings([start = '', next, ...others]: Template, text: string): string[][] {
	if (!text.startsWith(start)) return [];
	const rest = text.slice(start.length);
	if (next === undefined) return rest === '' ? [[]] : [];
	const found: string[][] = [];
	for (let length = 1; length <= rest.length; length++)
		for (const more of fillings([next, ...others], rest.slice(length)))
			found.push([rest.slice(0, length), ...more]);
	return found;
}
