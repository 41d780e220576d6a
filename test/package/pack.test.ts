import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { packageRoot } from '../lab/root.ts';
import { EXAMPLES, SETS } from '../matrix/checks.ts';
import { type Packed, packPackage } from './npm.ts';

const folder = mkdtempSync(join(tmpdir(), 'voice-pack-'));
let packed: Packed;

before(async () => {
	packed = await packPackage(folder);
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** All files below a folder of the sources, relative to the package. */
function sources(path: string): string[] {
	return readdirSync(join(packageRoot, path), { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name).slice(packageRoot.length + 1));
}

describe('the tarball', () => {
	it('holds every node with its template, help, catalogue and icon', () => {
		for (const set of SETS) {
			const at = `dist/nodes/${set}`;
			for (const file of [
				`${set}.js`,
				`${set}.html`,
				`locales/en-US/${set}.json`,
				`locales/en-US/${set}.html`,
			])
				assert.ok(packed.files.includes(`${at}/${file}`), `${at}/${file}`);
			assert.ok(
				packed.files.some((file) => file.startsWith(`${at}/icons/`) && file.endsWith('.svg')),
				`an icon of ${set}`,
			);
		}
	});

	it('holds the compiled form, or the copy, of every source file of nodes and lib', () => {
		const wanted = [...sources('nodes'), ...sources('lib')]
			.filter((file) => !/\.(editor|d)\.ts$|^lib\/(browser\/voice-mic|editor)\//.test(file))
			.map((file) => `dist/${file.replace(/\.ts$/, '.js')}`);
		assert.deepEqual(
			wanted.filter((file) => !packed.files.includes(file)),
			[],
		);
	});

	it("holds the page of a browser's microphone", () => {
		for (const file of ['index.html', 'voice-mic.js', 'voice-mic-worklet.js'])
			assert.ok(packed.files.includes(`dist/lib/browser/page/${file}`), file);
	});

	it('holds the examples, the manual and the licence texts', () => {
		for (const file of [
			'docs/troubleshooting.md',
			'docs/images/live-transcription.png',
			...EXAMPLES.map((name) => `examples/flows/${name}.json`),
			'examples/flows/turn-on-the-kitchen-light.wav',
			...['LICENSE', 'NOTICE', 'README.md', 'CHANGELOG.md', 'package.json'],
		])
			assert.ok(packed.files.includes(file), file);
	});

	it('holds nothing else', () => {
		const expected =
			/^(dist\/(nodes|lib)|examples|docs)\/|^(LICENSE|NOTICE|README\.md|(CHANGELOG|CONTRIBUTING)\.md|package\.json)$/;
		assert.deepEqual(
			packed.files.filter((file) => !expected.test(file) || /\.ts$|\.test\./.test(file)),
			[],
		);
		assert.ok(packed.size < 1_000_000, `${packed.size} bytes`);
	});
});
