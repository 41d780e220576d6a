import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../lab/root.ts';

// The catalogues and help texts of the nodes, as they are in the sources.

export const NODE_SETS = ['button-trigger', 'mic-capture', 'audio-play', 'stt-stream'] as const;
export type NodeSet = (typeof NODE_SETS)[number];

const folder = (set: NodeSet, ...path: string[]) => join(packageRoot, 'nodes', set, ...path);
const read = (set: NodeSet, language: string, ending: string) =>
	readFileSync(folder(set, 'locales', language, `${set}.${ending}`), 'utf8');

/** The languages that a node has a folder for. */
export const languagesOf = (set: NodeSet): string[] => readdirSync(folder(set, 'locales')).sort();

/**
 * A node's texts by their keys, such as `label.name`: what stands below the node's name, which all have in front but that
 * of the palette's category.
 */
export function catalogue(set: NodeSet, language: string): Map<string, string> {
	const { [set]: tree, ...others } = JSON.parse(read(set, language, 'json')) as Record<string, unknown>;
	const texts = new Map<string, string>();
	const walk = (branch: unknown, path: string) => {
		if (typeof branch === 'string') texts.set(path, branch);
		else
			for (const [name, below] of Object.entries(branch as object))
				walk(below, path ? `${path}.${name}` : name);
	};
	walk(tree, '');
	walk(others, '');
	return texts;
}

/** What stands in one place of a help text. */
export interface HelpBlock {
	/** With its attributes. */
	readonly tag: string;
	/** Its own words, without those of blocks in it and without a type. */
	text: string;
	/** The type of a message's property, or the name of an option. */
	type: string;
	/** Sorted: languages put words in different orders. */
	codes: string[];
	links: string[];
	/** Names of fields of the dialog, most of them. */
	italics: string[];
}

const BLOCKS = new Set(['script', 'p', 'h3', 'h4', 'dl', 'dt', 'dd', 'ol', 'ul', 'li']);
const ENTITIES: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&amp;': '&', '&quot;': '"' };
const plain = (html: string) => html.replace(/&\w+;/g, (entity) => ENTITIES[entity] ?? entity);
const squeezed = (text: string) => text.replace(/\s+/g, ' ').trim();

/** A help text: its tags in their order, those for words within a sentence left out, and what each of them holds. */
export function help(set: NodeSet, language: string): { tags: string[]; blocks: HelpBlock[] } {
	const tags: string[] = [];
	const blocks: HelpBlock[] = [];
	const open: HelpBlock[] = [];
	let inline = '';
	for (const [, tag, text] of read(set, language, 'html').matchAll(/<([^>]+)>|([^<]+)/g)) {
		const block = open.at(-1);
		const name = /^\/?(\w+)/.exec(tag ?? '')?.[1] ?? '';
		if (tag !== undefined && BLOCKS.has(name)) {
			tags.push(tag);
			if (tag.startsWith('/')) open.pop();
			else {
				const begun = { tag, text: '', type: '', codes: [], links: [], italics: [] };
				blocks.push(begun);
				open.push(begun);
			}
		} else if (tag !== undefined) {
			inline = tag.startsWith('/') ? '' : name;
			if (name === 'a' && inline) block?.links.push(tag);
		} else if (block) {
			const words = plain(text ?? '');
			if (inline === 'code') block.codes.push(squeezed(words));
			else if (inline === 'span') block.type = squeezed(words);
			else if (inline === 'i') block.italics.push(squeezed(words));
			if (inline !== 'span' && inline !== 'code') block.text += words;
		}
	}
	for (const block of blocks) {
		block.text = squeezed(block.text);
		block.codes.sort();
		block.links.sort();
	}
	return { tags, blocks };
}
