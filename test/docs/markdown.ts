import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { packageRoot } from '../lab/root.ts';

/** A fenced block of code. */
export interface Fence {
	/** Of the file, from the package's folder: "docs/https.md". */
	readonly file: string;
	/** Of its first line, for messages: "docs/https.md:12". */
	readonly place: string;
	readonly language: string;
	readonly code: string;
	/** What the comment on the line before it says. */
	readonly marker: Marker | undefined;
}

/** `<!-- run: name -->` or `<!-- not run in CI: reason -->` */
export type Marker = { readonly run: string } | { readonly notRun: string };

/** The pages whose every word is for users. */
export const PAGES: readonly string[] = [
	'README.md',
	...readdirSync(join(packageRoot, 'docs'))
		.filter((name) => name.endsWith('.md'))
		.sort()
		.map((name) => `docs/${name}`),
];

export const read = (file: string): string => readFileSync(join(packageRoot, file), 'utf8');

export function fencesOf(file: string, text = read(file)): Fence[] {
	const fences: Fence[] = [];
	let open: { line: number; indent: string; language: string; marker: Marker | undefined } | undefined;
	const lines = text.split('\n');
	for (const [index, line] of lines.entries()) {
		const [, indent, language] = /^( *)```+ *(\S*)/.exec(line) ?? [];
		if (indent === undefined) continue;
		if (!open) {
			open = { line: index, indent, language: language ?? '', marker: markerOf(lines[index - 1] ?? '') };
			continue;
		}
		const code = lines
			.slice(open.line + 1, index)
			.map((one) => (one.startsWith(indent) ? one.slice(indent.length) : one));
		const place = `${file}:${open.line + 1}`;
		fences.push({ file, place, language: open.language, code: code.join('\n'), marker: open.marker });
		open = undefined;
	}
	if (open) throw new Error(`${file}:${open.line + 1}: a code block without an end`);
	return fences;
}

function markerOf(line: string): Marker | undefined {
	const [, run] = /^ *<!-- run: ([a-z0-9-]+) -->$/.exec(line) ?? [];
	if (run) return { run };
	const [, notRun] = /^ *<!-- not run in CI: (\S.*) -->$/.exec(line) ?? [];
	return notRun ? { notRun } : undefined;
}

/** The text without its blocks of code. */
export function prose(file: string, text = read(file)): string {
	return text.replace(/^( *)```[\s\S]*?^\1```/gm, '');
}

/** Links and images: what is in their brackets, and where they lead. */
export function linksOf(file: string, text = read(file)): { words: string; target: string }[] {
	const own = prose(file, text).replace(/`[^`\n]*`/g, '');
	return [
		...[...own.matchAll(/\[([^\]]*)\]\(([^)\s]+)\)/g)].map(([, words, target]) => ({
			words: words!,
			target: target!,
		})),
		...[...own.matchAll(/<(?:img|a)[^>]*\b(?:src|href)="([^"]+)"/g)].map(([, target]) => ({
			words: '',
			target: target!,
		})),
	];
}

/** The addresses of the headings, as GitHub makes them. */
export function anchorsOf(file: string, text = read(file)): Set<string> {
	const anchors = new Set<string>();
	for (const [, heading] of prose(file, text).matchAll(/^#+ +(.+?) *$/gm)) {
		const words = heading!.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
		const anchor = words.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
		for (let name = anchor, count = 1; ; name = `${anchor}-${count++}`) {
			if (anchors.has(name)) continue;
			anchors.add(name);
			break;
		}
	}
	return anchors;
}

/** The text from a heading to the next of its rank. */
export function sectionOf(text: string, heading: string): string | undefined {
	const begin = new RegExp(`^(#+) ${heading}$`, 'm').exec(text);
	if (!begin) return undefined;
	const rest = text.slice(begin.index + begin[0].length);
	const end = new RegExp(`^#{1,${begin[1]!.length}} `, 'm').exec(rest);
	return rest.slice(0, end?.index);
}

/** Every source file of the package, without its tests: path and text. */
export function sources(): { path: string; text: string }[] {
	return ['lib', 'nodes'].flatMap((folder) =>
		readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8', withFileTypes: true })
			.filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
			.map((entry) => {
				const path = join(entry.parentPath, entry.name);
				return { path: relative(packageRoot, path), text: readFileSync(path, 'utf8') };
			}),
	);
}
