import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { descendants, LAB_MARK } from '../lab/descendants.ts';
import type { FlowNode } from '../lab/node-red.ts';
import { wordErrorRate } from '../lab/speech.ts';
import type { Programs } from './cells.ts';
import { click, example, get, PACKAGE, SETS, SPOKEN, withoutMicrophone } from './checks.ts';

/** What the recogniser wrote: one final transcript a line. */
const HEARD = 'heard.txt';

/** Nothing that leaves the machine or asks the user. */
const SETTINGS = {
	uiHost: '127.0.0.1',
	uiPort: 0,
	flowFile: 'flows.json',
	credentialSecret: false,
	telemetry: { enabled: false, updateNotification: false },
	diagnostics: { enabled: false, ui: false },
	externalModules: { autoInstall: false, palette: { allowInstall: false }, modules: { allowInstall: false } },
	editorTheme: { tours: false, projects: { enabled: false }, palette: { catalogues: [] } },
	logging: { console: { level: 'info', metrics: false, audit: false } },
};

/**
 * The command `node-red` in the very user folder in which npm has installed the package: its nodes are loaded, an
 * example that is imported, changed as it says and deployed writes the transcript into a file, and Ctrl+C leaves nothing.
 */
export async function runAsCommand(user: string, { nodeBin, nodeRedDir }: Programs): Promise<void> {
	for (const name of readdirSync(user))
		if (/^(flows|\.config|\.flows)|^heard|\.backup$/.test(name))
			rmSync(join(user, name), { recursive: true });
	writeFileSync(join(user, 'settings.js'), `module.exports = ${JSON.stringify(SETTINGS)};\n`);
	const mark = randomUUID();
	const child = spawn(nodeBin, [join(nodeRedDir, 'red.js'), '--userDir', user], {
		cwd: user,
		env: { PATH: process.env['PATH'], HOME: user, LANG: 'C.UTF-8', [LAB_MARK]: mark },
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	const log: string[] = [];
	for (const input of [child.stdout, child.stderr])
		createInterface({ input }).on('line', (line) => log.push(line));
	const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
	try {
		const logged = (pattern: RegExp) => () =>
			log.map((line) => pattern.exec(line)).find(Boolean) ?? undefined;
		const until = <T>(look: () => T | undefined, what: string) =>
			waitFor(look, () => `${what}\n${log.slice(-30).join('\n')}`, { isOver: () => child.exitCode !== null });
		const [, url] = await until(logged(/Server now running at (http:\S+)/), 'Node-RED did not start');
		await until(logged(/Started flows/), 'its flows did not start');
		await useIt({ url: url! }, user, until, log);
	} finally {
		child.kill('SIGINT');
		const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
		const code = await ended;
		clearTimeout(timer);
		assert.equal(code, 0, `Node-RED ended with ${code}\n${log.slice(-30).join('\n')}`);
		const left = () => descendants(child.pid!, mark);
		try {
			await waitFor(
				() => (left().length === 0 ? true : undefined),
				() => `left behind: ${JSON.stringify(left())}`,
				{ limitMs: 15_000 },
			);
		} finally {
			for (const { pid } of left()) process.kill(pid, 'SIGKILL');
		}
	}
}

type Until = <T>(look: () => T | undefined, what: string) => Promise<T>;

async function useIt(nodeRed: { url: string }, user: string, until: Until, log: string[]): Promise<void> {
	const listed = (await (await get(nodeRed, '/nodes')).json()) as {
		module: string;
		name: string;
		enabled: boolean;
		err?: string;
	}[];
	assert.deepEqual(
		listed
			.filter(({ module }) => module === PACKAGE)
			.map(({ name, enabled, err }) => ({ name, enabled, err }))
			.sort((a, b) => SETS.indexOf(a.name) - SETS.indexOf(b.name)),
		SETS.map((name) => ({ name, enabled: true, err: undefined })),
	);
	const flow = writesItsWords(withoutMicrophone(await example(nodeRed, 'live-transcription')));
	const response = await fetch(new URL('/flows', nodeRed.url), {
		method: 'POST',
		headers: { 'Content-Type': 'application/json' },
		body: JSON.stringify(flow),
	});
	assert.equal(response.status, 204, await response.text());
	await until(
		() => (log.filter((line) => /Started flows/.test(line)).length > 1 ? true : undefined),
		'deploying',
	);
	await click(nodeRed);
	const file = join(user, HEARD);
	const heard = () => (existsSync(file) ? readFileSync(file, 'utf8').trim().split(/\s+/).join(' ') : '');
	const isWhole = () => (wordErrorRate(SPOKEN, heard()) <= 0.1 ? true : undefined);
	await until(isWhole, 'what was spoken was not written').catch((error: Error) => {
		throw new Error(`heard: ${heard()}\n${error.message}`);
	});
}

/** The flow with a File node behind the recogniser's final transcripts. */
function writesItsWords(flow: readonly FlowNode[]): FlowNode[] {
	const stt = flow.find(({ type }) => type === 'stt-stream')!;
	const writer = {
		id: 'matrix-writer',
		type: 'file',
		z: String(stt['z']),
		filename: HEARD,
		filenameType: 'str',
		appendNewline: true,
		createDir: false,
		overwriteFile: 'false',
		encoding: 'none',
		x: 700,
		y: 100,
		wires: [[]],
	};
	const [finals, ...others] = stt['wires'] as string[][];
	return [
		...flow.map((node) => (node === stt ? { ...node, wires: [[...finals!, writer.id], ...others] } : node)),
		writer,
	];
}

/** Looks again and again. @throws after a long time, or as soon as `isOver` */
async function waitFor<T>(
	look: () => T | undefined,
	why: () => string,
	{ limitMs = 90_000, isOver = () => false }: { limitMs?: number; isOver?: () => boolean } = {},
): Promise<T> {
	for (const deadline = Date.now() + limitMs; ; await sleep(50)) {
		const over = isOver();
		const found = look();
		if (found !== undefined) return found;
		if (over || Date.now() > deadline) throw new Error(why());
	}
}
