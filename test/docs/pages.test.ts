import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, test } from 'node:test';
import { packageRoot } from '../lab/root.ts';
import { anchorsOf, fencesOf, linksOf, PAGES, prose, read, sectionOf, sources } from './markdown.ts';

// What the pages say is compared with the sources: no code without its section, no quoted message that nothing says.

const NODES = ['button-trigger', 'mic-capture', 'audio-play', 'stt-stream'] as const;
/** Each dialog: the node set whose catalogue it has, and its file. */
const DIALOGS: Record<string, { set: (typeof NODES)[number]; file: string }> = {
	...Object.fromEntries(NODES.map((set) => [set, { set, file: `nodes/${set}/${set}.editor.ts` }])),
	'stt-provider': { set: 'stt-stream', file: 'nodes/stt-stream/dialog/stt-provider.editor.ts' },
};

/** Every text between quotes of any kind in the sources; what is put in at run time is cut out. */
function pieces(text: string): string[] {
	return [...text.matchAll(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g)]
		.map(([quoted]) => quoted.slice(1, -1).replace(/\\(['"`])/g, '$1'))
		.map((quoted) => quoted.replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, '…'));
}

/** The names of the settings in an editor's `defaults`. */
function settingsOf(file: string): string[] {
	const text = read(file);
	const begin = text.indexOf('\tdefaults: {');
	assert.notEqual(begin, -1, file);
	const body = text.slice(begin, text.indexOf('\n\t},', begin));
	return [...body.matchAll(/^\t\t(\w+):/gm)].map(([, name]) => name!);
}

const catalogue = (set: string) =>
	JSON.parse(read(`nodes/${set}/locales/en-US/${set}.json`)) as Record<
		string,
		{ label: Record<string, string> }
	>;

/** What a user reads of HTML. */
const words = (html: string) => html.replace(/<[^>]+>/g, '').replace(/\s+/g, ' ');

describe('README.md and docs/', () => {
	test('every link and every picture leads somewhere', () => {
		const broken: string[] = [];
		let followed = 0;
		for (const page of PAGES)
			for (const { target } of linksOf(page)) {
				if (/^[a-z]+:/.test(target)) continue;
				followed++;
				const [path = '', anchor] = target.split('#');
				const file = path ? normalize(join(dirname(page), path)) : page;
				const there = existsSync(join(packageRoot, file));
				const found = there && (!anchor || !file.endsWith('.md') || anchorsOf(file).has(anchor));
				if (!found) broken.push(`${page}: ${target}`);
			}
		assert.deepEqual(broken, []);
		assert.ok(followed > 40, `${followed} links`);
	});

	test('every page of docs/ is linked by another page', () => {
		const linked = new Set(
			PAGES.flatMap((page) =>
				linksOf(page).map(({ target }) => normalize(join(dirname(page), target.split('#')[0]!))),
			),
		);
		assert.deepEqual(
			PAGES.filter((page) => page !== 'README.md' && !linked.has(page)),
			[],
		);
	});

	test('every code block says what runs it, or why nothing does', () => {
		const unmarked = PAGES.flatMap((page) => fencesOf(page))
			.filter(({ marker }) => !marker)
			.map(({ place }) => place);
		assert.deepEqual(unmarked, [], 'put <!-- run: name --> or <!-- not run in CI: reason --> before them');
	});

	test('the parser sees what is there', () => {
		const page =
			'# A `b`, c!\n\n<!-- run: x -->\n```sh\nls\n```\n\n```\n[a](b)\n```\n[c](d#e) `[f](g)`\n## A b c\n';
		assert.deepEqual(
			fencesOf('a.md', page).map(({ place, code, marker }) => ({ place, code, marker })),
			[
				{ place: 'a.md:4', code: 'ls', marker: { run: 'x' } },
				{ place: 'a.md:8', code: '[a](b)', marker: undefined },
			],
		);
		assert.deepEqual(linksOf('a.md', page), [{ words: 'c', target: 'd#e' }]);
		assert.deepEqual([...anchorsOf('a.md', page)], ['a-b-c', 'a-b-c-1']);
		assert.equal(sectionOf('## X\nx\n### Y\ny\n## Z\n', 'X'), '\nx\n### Y\ny\n');
	});
});

describe('docs/troubleshooting.md', () => {
	const page = read('docs/troubleshooting.md');
	const codes = [...read('lib/node/errors.ts').matchAll(/^\t\| '([A-Z_]+)'/gm)].map(([, code]) => code!);

	test('has a section for every error code, and for no other', () => {
		assert.ok(codes.length >= 26, `${codes.length} codes`);
		const headings = [...page.matchAll(/^### ([A-Z_]+)$/gm)].map(([, code]) => code!);
		assert.deepEqual(headings, codes);
	});

	test('each quotes messages of the sources', () => {
		const said = sources().flatMap(({ text }) => pieces(text));
		const invented: string[] = [];
		for (const code of codes) {
			const quotes = [...sectionOf(page, code)!.matchAll(/^> - (.+)$/gm)].map(([, quote]) => quote!);
			assert.ok(quotes.length > 0, `${code} quotes nothing`);
			for (const quote of quotes)
				for (const part of quote.split('…').map((text) => text.trim()))
					if (part.length > 2 && !said.some((text) => text.includes(part)))
						invented.push(`${code}: ${quote}`);
		}
		assert.deepEqual(invented, []);
	});

	test('tells what each setting is called in its dialog', () => {
		const table = sectionOf(page, 'Names of settings')!;
		const missing: string[] = [];
		for (const node of NODES) {
			const { label } = catalogue(node)[node]!;
			const row = table.split('\n').find((line) => line.startsWith(`| ${node} |`)) ?? '';
			for (const setting of settingsOf(DIALOGS[node]!.file)) {
				const name = label[setting];
				// One that is called the same needs no row.
				if (name === undefined || name.toLowerCase() === setting.toLowerCase()) continue;
				if (!row.includes(`\`${setting}\` *${name}*`)) missing.push(`${node}: \`${setting}\` *${name}*`);
			}
		}
		assert.deepEqual(missing, []);
	});
});

describe('the help of the nodes', () => {
	test('speaks of every setting, by its label or by its name', () => {
		const missing: string[] = [];
		for (const [node, { set, file }] of Object.entries(DIALOGS)) {
			const html = read(`nodes/${set}/locales/en-US/${set}.html`);
			const [, help] = new RegExp(`data-help-name="${node}">([\\s\\S]*?)</script>`).exec(html) ?? [];
			assert.ok(help, node);
			const text = words(help).toLowerCase();
			const { label } = catalogue(set)[set]!;
			for (const setting of settingsOf(file)) {
				// Every node of Node-RED has a name, and config nodes a kind.
				if (['name', 'version'].includes(setting)) continue;
				const names = [setting, label[setting] ?? setting].map((name) => name.toLowerCase());
				if (!names.some((name) => text.includes(name))) missing.push(`${node}: ${names.join(' or ')}`);
			}
		}
		assert.deepEqual(missing, []);
	});
});

describe('docs/permissions.md', () => {
	test('has every permission that a route asks for, and no other', () => {
		const asked = new Set<string>();
		for (const { text } of sources()) {
			for (const [, name] of text.matchAll(/needsPermission\('([\w.-]+)'\)/g)) asked.add(name!);
			for (const [, type] of text.matchAll(/new Tries\(\s*RED,\s*'([\w-]+)'/g)) asked.add(`${type}.write`);
			const [, type] = /needsPermission\(`([\w-]+)\.\$\{what\}`\)/.exec(text) ?? [];
			if (type) for (const what of ['read', 'write']) asked.add(`${type}.${what}`);
		}
		const computed = sources().filter(({ text }) => /needsPermission\((?!')/.test(text));
		assert.deepEqual(
			computed.map(({ path }) => path).sort(),
			['lib/node/tries.ts', 'nodes/stt-stream/model-routes.ts'],
			'a permission is put together in a way that this test does not know',
		);
		const table = sectionOf(read('docs/permissions.md'), 'In the editor')!;
		const listed = [...table.matchAll(/^\| `([\w.-]+)` \|/gm)].map(([, name]) => name!);
		assert.deepEqual(listed.sort(), [...asked].sort());
	});

	test('quotes what the dialogs say', () => {
		const said = NODES.map((set) => read(`nodes/${set}/locales/en-US/${set}.json`)).join();
		const quotes = [...sectionOf(read('docs/permissions.md'), 'In the editor')!.matchAll(/"(You [^"]+)"/g)];
		assert.ok(quotes.length >= 4);
		for (const [, quote] of quotes) assert.ok(said.includes(quote!), quote);
	});
});

test('docs/https.md and docs/troubleshooting.md quote what <voice-mic> says', () => {
	const said = read('lib/browser/voice-mic/texts/en.ts');
	const begins =
		/"…?((?:The browser gives|Node-RED does not let|The microphone is not|No text came|No connection to|secure pages)[^"]*)"/g;
	const quotes = ['docs/https.md', 'docs/troubleshooting.md'].flatMap((page) => [
		...prose(page).replace(/\s+/g, ' ').matchAll(begins),
	]);
	assert.equal(quotes.length, 8);
	for (const [, quote] of quotes) assert.ok(said.includes(quote!), quote);
});
