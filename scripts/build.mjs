// Builds dist/: tsc for everything that runs in Node.js, esbuild for the editor side of each node and for the page of a
// browser's microphone, and the files that Node-RED finds beside a node (template, locales, icons). `--no-clean` keeps
// what is in dist/ already.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { fingerprint, markBuilt } from './sources.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');

/** Folds `<node>.editor.ts` and the hand-written `<node>.html` into the one template that Node-RED loads. */
async function buildTemplate(source, target, name) {
	const bundle = await build({
		entryPoints: [join(source, `${name}.editor.ts`)],
		bundle: true,
		write: false,
		format: 'iife',
		target: 'es2020',
		charset: 'utf8',
	});
	const markup = readFileSync(join(source, `${name}.html`), 'utf8');
	const script = bundle.outputFiles[0].text;
	writeFileSync(
		join(target, `${name}.html`),
		`<script type="text/javascript">\n${script}</script>\n\n${markup}`,
	);
}

/** The page of a browser's microphone, its web component and the component's AudioWorklet. */
async function buildPage() {
	const source = join(root, 'lib/browser/voice-mic');
	const target = join(root, 'dist/lib/browser/page');
	await build({
		entryPoints: {
			'voice-mic': join(source, 'voice-mic.ts'),
			'voice-mic-worklet': join(source, 'worklet.ts'),
		},
		outdir: target,
		bundle: true,
		minify: true,
		format: 'esm',
		target: 'es2022',
		loader: { '.css': 'text' },
		charset: 'utf8',
	});
	cpSync(join(source, 'index.html'), join(target, 'index.html'));
}

/** Copies what is neither TypeScript nor the template: locales, icons, .proto and .py files. */
function copyAssets(source, target) {
	cpSync(source, target, {
		recursive: true,
		filter: (path) => !/\.ts$/.test(path) && !(path.endsWith('.html') && dirname(path) === source),
	});
}

const sources = fingerprint(root);
if (!process.argv.includes('--no-clean')) rmSync(join(root, 'dist'), { recursive: true, force: true });
const compiled = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.json')], {
	stdio: 'inherit',
	cwd: root,
});
if (compiled.status !== 0) process.exit(1);
for (const file of Object.values(manifest['node-red'].nodes)) {
	const target = join(root, dirname(file));
	const name = file.replace(/^.*\/|\.js$/g, '');
	const source = join(root, 'nodes', name);
	mkdirSync(target, { recursive: true });
	copyAssets(source, target);
	await buildTemplate(source, target, name);
}
await buildPage();
for (const folder of readdirSync(join(root, 'test'), { withFileTypes: true })) {
	// C sources of the lab and recorded fixtures are read from beside the compiled tests.
	if (folder.isDirectory() && existsSync(join(root, 'dist/test', folder.name)))
		copyAssets(join(root, 'test', folder.name), join(root, 'dist/test', folder.name));
}
markBuilt(root, sources);
