import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../lab/root.ts';
import { NODE_SETS, type NodeSet } from './locale-files.ts';
import { codeOf, LITERAL, Words, withImports } from './locale-words.ts';

// Which keys of a catalogue the sources of its node can ask for, found by reading them. A key is used if it stands there
// as a text, or if a template such as `status.code.${code}` makes it of words that stand there, too. What a call that
// translates names must exist, and what a table of the code promises.

/** Code of all nodes that makes keys of statuses. */
const STATUS = ['lib/node/status.ts', 'lib/node/guard.ts', 'lib/node/errors.ts'];

/** Functions with a key, or a part of one, as their first argument, and what stands in front of that. */
const CALLS: Readonly<Record<NodeSet | 'all', readonly (readonly [pattern: RegExp, prefix: string])[]>> = {
	all: [[/\bstatus\.show\(\s*'[a-z]+',\s*(?:[^',()]+\?\s*)?/, 'status.']],
	'button-trigger': [
		[/#words\(\s*/, 'pins.'],
		[/\bfailed\(\s*/, 'notify.'],
		[/\{ key: /, 'error.'],
	],
	'mic-capture': [
		[/\{ key: (?:[^',}]+\? )?/, 'error.'],
		[/\bwords\(\s*/, 'devices.'],
	],
	'audio-play': [
		[/#line\.show\(\s*'[a-z]+',\s*/, 'status.'],
		[/\{ key: (?:[^',}]+\? )?/, 'error.'],
		[/\bwords\(\s*/, 'devices.'],
	],
	'stt-stream': [
		[/\b(?:translate|wordsOf\(\w+(?: as \w+)?\))\(\s*(?:[^'()`]+\? )?/i, ''],
		[/#button\(\s*/, 'models.'],
	],
};

/** Methods of lib/editor/checks.ts, and the reasons that they may give. */
const REASONS: Readonly<Record<string, readonly string[]>> = {
	'checks.number(': ['error.number', 'error.whole'],
	'checks.choice(': ['error.choice'],
	'checks.flag(': ['error.flag'],
};

/** Texts with a point in them that look like keys: files of the package, permissions, and the name of a node alone. */
const NO_KEY = /\.(svg|html|js|json|css|read|write)?$/;

/** The palette's name for a category. */
const CATEGORY = 'palette.label.';

const inPackage = (path: string) => join(packageRoot, path);

/** What the sources of a node have to do with its catalogue. */
export class Usage {
	readonly #set: NodeSet;
	/** The node's own code. */
	readonly #own: string;
	/** Keys that the template names. */
	readonly #named: readonly string[];
	readonly #editor: Words;
	readonly #runtime: Words;

	constructor(set: NodeSet) {
		const folder = inPackage(`nodes/${set}`);
		const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
			.filter((name) => name.endsWith('.ts'))
			.map((name) => join(folder, name));
		const html = readFileSync(join(folder, `${set}.html`), 'utf8');
		this.#set = set;
		this.#own = files.map(codeOf).join('\n');
		this.#named = [...html.matchAll(/data-i18n="([^"]+)"/g)].flatMap(([, names = '']) =>
			names.split(';').map((name) => name.replace(/^\[[\w-]+\]/, '')),
		);
		this.#editor = new Words(withImports(join(folder, `${set}.editor.ts`)));
		this.#runtime = new Words([
			...files.filter((name) => !name.endsWith('.editor.ts')),
			...STATUS.map(inPackage),
		]);
	}

	/** Can the code ask for this key? */
	uses(key: string): boolean {
		// Node-RED looks for it itself.
		if (key.startsWith(CATEGORY)) return this.#own.includes(`category: '${key.slice(CATEGORY.length)}'`);
		const whole = `${this.#set}.${key}`;
		// Only statuses are translated by the runtime.
		const words = key.startsWith('status.') ? this.#runtime : this.#editor;
		return this.#named.includes(whole) || words.make(whole);
	}

	/** Keys, or beginnings of keys, that the template and calls in the code name. */
	demanded(): string[] {
		const own = this.#own;
		const set = `${this.#set}.`;
		const keys = [...this.#named, ...[...own.matchAll(LITERAL)].map(([, literal = '']) => literal)]
			.filter((text) => NODE_SETS.some((name) => text.startsWith(`${name}.`)) && !NO_KEY.test(text))
			.map((text) => (text.startsWith(set) ? text.slice(set.length) : text));
		const code = `${own}\n${codeOf(inPackage('lib/editor/devices.ts'))}`;
		for (const [pattern, prefix] of [...CALLS.all, ...CALLS[this.#set]]) {
			const call = new RegExp(`${pattern.source}'([\\w.-]+)'(?:\\s*:\\s*'([\\w.-]+)')?`, `g${pattern.flags}`);
			for (const [, first, second] of code.matchAll(call))
				for (const name of [first, second])
					if (name !== undefined && !name.startsWith(set)) keys.push(prefix + name);
		}
		for (const [method, reasons] of Object.entries(REASONS)) if (own.includes(method)) keys.push(...reasons);
		for (const [, category] of own.matchAll(/\bcategory: '(\w+)'/g))
			if (category !== 'config') keys.push(CATEGORY + category);
		return [...new Set(keys)];
	}

	/** The codes of errors that the node's own code makes. */
	errorCodes(): string[] {
		const codes = [...this.#own.matchAll(/'((?:GPIO|MIC|PLAY|STT|AUDIO|CONTROL)_[A-Z_]+)'/g)];
		return [...new Set(codes.map(([, code = '']) => code))];
	}
}

/** What the tables of stt-provider's dialog promise: a text for each way to sign in, region, option and choice. */
export function demandedByKinds(): string[] {
	const path = join(packageRoot, 'nodes/stt-stream/dialog/kinds.editor.ts');
	const code = codeOf(path);
	const table = code.slice(code.indexOf('const KINDS'), code.indexOf('const ANY'));
	const listed = (list = '') => [...list.matchAll(LITERAL)].map(([, word = '']) => word);
	const keys: string[] = [];
	for (const [, quoted, name] of table.matchAll(/^\t(?:'([\w-]+)'|(\w+)): \{$/gm))
		keys.push(`provider.${quoted ?? name}`);
	for (const [, secrets] of table.matchAll(/secrets: \[([^\]]*)\]/g))
		for (const secret of listed(secrets)) keys.push(`secret.${secret}.any`, `placeholder.${secret}.any`);
	for (const [, regions = ''] of table.matchAll(/others: \{([^}]*)\}/g))
		for (const [, region] of regions.matchAll(/(\w+): '/g)) keys.push(`region.${region}`);
	for (const [, name, more = ''] of table.matchAll(/\{\s*name: '(\w+)',([^}]*)\}/g)) {
		const choices = listed(/choices: \[([^\]]*)\]/.exec(more)?.[1]);
		if (more.includes('threeWay')) choices.push('true', 'false');
		if (choices.length) choices.push('unset');
		keys.push(...['label', ...choices].map((part) => `option.${name}.${part}`));
	}
	return keys;
}
