import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { editorDefinitions } from '../flows/editor-definitions.ts';
import { packageRoot } from '../lab/root.ts';

/**
 * What the dialog of a node says against settings, by the names of those; the reasons are those of the catalogue.
 * @param type of the node
 */
export function dialogMarks(type: string): (settings: object) => Record<string, unknown> {
	const { defaults } = editorDefinitions().get(type)!;
	const path = join(packageRoot, `nodes/${type}/locales/en-US/${type}.json`);
	const catalogue: unknown = JSON.parse(readFileSync(path, 'utf8'));
	const translate = (key: string, values: Record<string, string> = {}) => {
		const text = key.split('.').reduce<unknown>((part, name) => Object(part)[name], catalogue);
		if (typeof text !== 'string') throw new Error(`no words for ${key}`);
		return text.replaceAll(/__(\w+)__/g, (_, name: string) => values[name] ?? '?');
	};
	return (settings) => {
		const node = { ...settings, _: translate };
		const marks: Record<string, unknown> = {};
		for (const [name, { validate }] of Object.entries(defaults)) {
			const verdict = validate?.call(node, Reflect.get(settings, name));
			if (verdict !== undefined && verdict !== true) marks[name] = verdict;
		}
		return marks;
	};
}

/** What somebody may write into a field for a number, and what a flow may hold. */
export const NUMBERS: readonly unknown[] = [
	...[-121, -120, -45.5, -1, 0, 0.5, 1, 2, 32, 33, 100, 101, 999, 1000, 1.5, 60_000, 60_001, 65_536, 65_537],
	...[384_000, 384_001, 1_048_576, 1_048_577, 3_600_000, 3_600_001, 86_400_000, 86_400_001],
	...['', ' ', ' 12 ', '0x10', '1e3', 'Infinity', 'NaN', '5 s', '0.0', null, undefined, true],
];
export const FLAGS: readonly unknown[] = [true, false, 'true', 'No', 1, '0', '', 'perhaps', 2, undefined];
