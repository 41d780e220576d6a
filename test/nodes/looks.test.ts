import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { editorDefinitions } from '../flows/editor-definitions.ts';
import { packageRoot } from '../lab/root.ts';
import { catalogue, languagesOf, NODE_SETS } from './locale-files.ts';

// What of a node is seen before its dialog opens: icon, colour, the labels of its ports, and its status.

const WHITE = '#ffffff';
/** Of the text on a node in the light theme; in the dark one it is darker still. */
const LABEL = '#333333';

const drawn = [...editorDefinitions()].filter(([, { category }]) => category !== 'config');

/** WCAG 2: 1 to 21. */
function contrast(one: string, other: string): number {
	const luminance = (color: string) => {
		const [red = 0, green = 0, blue = 0] = [1, 3, 5]
			.map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255)
			.map((part) => (part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
		return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
	};
	const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
	return (light + 0.05) / (dark + 0.05);
}

function word(type: string, key: string): unknown {
	const catalogue: unknown = JSON.parse(
		readFileSync(join(packageRoot, `nodes/${type}/locales/en-US/${type}.json`), 'utf8'),
	);
	return key.split('.').reduce((tree, part) => Object(tree)[part] as unknown, catalogue);
}

describe('the nodes in palette and workspace', () => {
	test('are of one family, in which the icon and the label can be read', () => {
		assert.equal(drawn.length, 4);
		const colors = new Set(drawn.map(([, { color }]) => color));
		assert.equal(colors.size, 1);
		for (const [type, { category, color = '' }] of drawn) {
			assert.equal(category, 'voice', type);
			// Most icons of core have less.
			assert.ok(contrast(color, WHITE) > 2.5, `${type}: ${contrast(color, WHITE)}`);
			assert.ok(contrast(color, LABEL) >= 4.5, `${type}: ${contrast(color, LABEL)}`);
		}
	});

	test('have each an icon of their own, white on nothing, two to three', () => {
		const pictures = drawn.map(([type, { icon = '' }]) => {
			const picture = readFileSync(join(packageRoot, 'nodes', type, 'icons', icon), 'utf8');
			assert.match(picture, /^<svg [^>]*width="40" height="60" viewBox="0 0 40 60">/, type);
			const paints = [...picture.matchAll(/(?:fill|stroke)="([^"]*)"/g)].map(([, paint]) => paint);
			assert.deepEqual([...new Set(paints)].sort(), ['#fff', 'none'], type);
			return picture;
		});
		assert.equal(new Set(pictures).size, drawn.length);
	});

	test('say of each port what goes through it', () => {
		for (const [type, { inputs = 0, outputs = 0, inputLabels, outputLabels }] of drawn) {
			const keys = [
				...Array.from({ length: inputs }, (_, index) => inputLabels?.call({ _: String } as never, index)),
				...Array.from({ length: outputs }, (_, index) => outputLabels?.call({ _: String } as never, index)),
			];
			assert.ok(keys.length >= 2, type);
			const words = keys.map((key) => word(type, String(key)));
			for (const [index, text] of words.entries())
				assert.ok(
					typeof text === 'string' && text.length > 3 && text.length <= 40,
					`${type}: ${keys[index]}: ${text}`,
				);
			assert.equal(new Set(words).size, words.length, `${type}: ${words}`);
		}
	});

	test('have a status of less than 20 characters in every language', () => {
		let count = 0;
		for (const set of NODE_SETS)
			for (const language of languagesOf(set))
				for (const [key, text] of catalogue(set, language)) {
					if (!key.startsWith('status.')) continue;
					count++;
					const shown = text.replace('__seconds__', '99.9').replace(/__(count|speaking)__/g, '9');
					assert.ok(shown.length < 20 && !shown.includes('__'), `${set} in ${language}: ${shown}`);
				}
		assert.ok(count > 100, `${count} texts`);
	});
});
