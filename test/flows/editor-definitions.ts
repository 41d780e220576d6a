import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { packageRoot } from '../lab/root.ts';

/** What of a node's editor definition says which settings there are. */
export interface EditorDefinition {
	defaults: Record<
		string,
		{ value: unknown; validate?: (value: unknown) => boolean; required?: boolean; type?: string }
	>;
	credentials?: Record<string, unknown>;
	category: string;
	color?: string;
	icon?: string;
	inputs?: number;
	outputs?: number;
	inputLabels?: (index: number) => string;
	outputLabels?: (index: number) => string;
}

/** Runs the templates of our nodes as the editor does, and returns what they register, by type. */
export function editorDefinitions(): Map<string, EditorDefinition> {
	const manifest = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
		'node-red': { nodes: Record<string, string> };
	};
	const definitions = new Map<string, EditorDefinition>();
	const RED = {
		nodes: {
			registerType: (type: string, definition: EditorDefinition) => definitions.set(type, definition),
			eachNode: () => {},
		},
		events: { on: () => {} },
		validators: { number: () => () => true, regex: () => () => true },
	};
	for (const file of Object.values(manifest['node-red'].nodes)) {
		const html = readFileSync(join(packageRoot, file.replace(/\.js$/, '.html')), 'utf8');
		for (const [, script] of html.matchAll(/<script type="text\/javascript">([\s\S]*?)<\/script>/g))
			runInNewContext(script!, { RED, Reflect });
	}
	return definitions;
}
