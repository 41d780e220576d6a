/**
 * Loaded before node-red-dev (`node --import`): its questions to the network are answered on this machine, from the file
 * that NODE_RED_DEV_ANSWERS names, and are noted in that file's `asked`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import process from 'node:process';
import type { Answers } from './node-red-dev.ts';

const file = process.env['NODE_RED_DEV_ANSWERS']!;
const answers = JSON.parse(readFileSync(file, 'utf8')) as Answers;
const require = createRequire(process.argv[1]!);

function note(question: string): void {
	answers.asked.push(question);
	writeFileSync(file, JSON.stringify(answers));
}

function replace(module: string, exports: unknown): void {
	const id = require.resolve(module);
	require.cache[id] = Object.assign(Object.create(null) as NodeJS.Module, { id, exports, loaded: true });
}

replace('axios', {
	get: async (url: string) => {
		const { pathname } = new URL(url);
		note(pathname);
		if (pathname === '/catalogue.json') return { data: { modules: answers.catalogue } };
		if (pathname === '/node-red') return { data: answers.nodeRed };
		throw new Error(`no answer for ${url}`);
	},
});
replace('npm-remote-ls', {
	config: () => {},
	ls: (name: string, _version: string, _flat: boolean, answer: (list: string[]) => void) => {
		note(`tree of ${name}`);
		answer(answers.tree);
	},
});
replace('npm-check', async () => {
	note('newer dependencies');
	return { get: () => answers.outdated };
});
