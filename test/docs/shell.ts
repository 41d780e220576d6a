import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { packageRoot } from '../lab/root.ts';
import type { SoundCard } from '../lab/sound-card.ts';
import { read } from './markdown.ts';

// Snippets for a shell, each run in a folder such as the page speaks of.

export interface Place {
	/** An empty folder. */
	readonly folder: string;
	/** Where there is one. */
	readonly card?: Pick<SoundCard, 'env'>;
}

interface Ran {
	code: number | null;
	out: string;
}

export function run(
	command: string,
	cwd: string,
	env: Record<string, string> = {},
	input = '',
): Promise<Ran> {
	// The path as a user has it, with what the package brings.
	const path = `${join(packageRoot, 'node_modules/.bin')}:${process.env['PATH']}`;
	const child = spawn('bash', ['--norc', '-euc', command], {
		cwd,
		env: { PATH: path, HOME: cwd, LANG: 'C.UTF-8', npm_config_update_notifier: 'false', ...env },
		stdio: ['pipe', 'pipe', 'pipe'],
		timeout: 120_000,
	});
	// Most read nothing, and some have ended before they could.
	child.stdin.on('error', () => {});
	child.stdin.end(input);
	let out = '';
	for (const stream of [child.stdout, child.stderr])
		stream.on('data', (piece: Buffer) => {
			out += piece;
		});
	return new Promise((resolve, reject) => {
		child.on('error', reject);
		child.on('close', (code) => resolve({ code, out }));
	});
}

/** Runs all of it, as a user who copies the whole block; it has to succeed. */
async function succeeds(
	code: string,
	cwd: string,
	env: Record<string, string> = {},
	input = '',
): Promise<string> {
	const ran = await run(code, cwd, env, input);
	assert.equal(ran.code, 0, `${code}\n${ran.out}`);
	return ran.out;
}

/** The commands of a block, without their comments. */
const commandsOf = (code: string) =>
	code
		.split('\n')
		.map((line) => line.replace(/\s+#.*$/, '').trim())
		.filter((line) => line && !line.startsWith('#'));

/** A user folder of Node-RED's in which this package is installed. */
export function userFolder(folder: string): string {
	const modules = join(folder, 'node_modules');
	mkdirSync(join(modules, '@voxwire'), { recursive: true });
	mkdirSync(join(modules, '.bin'));
	symlinkSync(packageRoot, join(modules, '@voxwire/node-red-voice'), 'dir');
	const { bin } = JSON.parse(read('package.json')) as { bin: Record<string, string> };
	for (const [name, path] of Object.entries(bin))
		writeFileSync(join(modules, '.bin', name), `#!/bin/sh\nexec node '${join(packageRoot, path)}' "$@"\n`, {
			mode: 0o755,
		});
	const dependencies = { '@voxwire/node-red-voice': `file:${packageRoot}` };
	writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'user', dependencies }));
	return folder;
}

/** The model manager as in a user folder, with a mirror that has nothing. */
async function modelCommands(code: string, { folder }: Place): Promise<void> {
	userFolder(folder);
	const asked: string[] = [];
	const mirror = createServer(({ url }, response) => {
		asked.push(url ?? '');
		response.writeHead(404).end();
	}).listen(0, '127.0.0.1');
	await new Promise((resolve) => mirror.once('listening', resolve));
	const { port } = mirror.address() as AddressInfo;
	try {
		for (const command of commandsOf(code)) {
			const { code: status, out } = await run(command.replace('<name>', 'not-there'), folder, {
				NODE_RED_VOICE_MODELS_MIRROR: `http://127.0.0.1:${port}`,
			});
			const [, verb] = /node-red-voice-models (\w+)/.exec(command) ?? [];
			const expected: Record<string, [number, RegExp]> = {
				list: [0, /streaming-zipformer-en-20M/],
				path: [0, /voice-models\n$/],
				// Nothing is there to be downloaded or removed, and both say so.
				download: [1, /127\.0\.0\.1/],
				remove: [1, /not-there/],
			};
			const [wanted, words] = expected[verb!]!;
			assert.equal(status, wanted, `${command}\n${out}`);
			assert.match(out, words);
		}
	} finally {
		mirror.close();
	}
	if (/ download en/.test(code))
		assert.ok(
			asked.some((url) => /-en-20M-.*\.tar\.bz2$/.test(url)),
			asked.join(),
		);
}

export const SHELL: Readonly<Record<string, (code: string, place: Place) => Promise<void>>> = {
	// CI runs both, of a bare clone: `npm test` is what it calls, test/demo calls the other with these options.
	'two-commands': async (code) => {
		const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
		const options = new URL(`file://${packageRoot}/scripts/demo-options.mjs`).href;
		const { readOptions } = (await import(options)) as { readOptions(args: string[]): object };
		const demo = ['demo', 'models'].map((name) => read(`test/demo/${name}.test.ts`)).join('\n');
		for (const command of commandsOf(code)) {
			const [, script, given = ''] = /^npm (?:run )?([\w:]+)(?: -- (.+))?$/.exec(command) ?? [];
			assert.ok(script && scripts[script], command);
			const args = given.split(' ').filter(Boolean);
			if (script === 'test') assert.match(read('.ci/run'), /^CI=true npm test$/m);
			else if (script === 'demo') {
				readOptions(args);
				for (const arg of args) assert.ok(demo.includes(`'${arg}'`), `test/demo does not try ${arg}`);
			} else assert.ok(existsSync(join(packageRoot, scripts[script].split(' ')[1]!)), command);
		}
	},
	'model-commands': modelCommands,
	'missing-model': modelCommands,
	versions: async (code, { folder }) => {
		assert.match(await succeeds(code, userFolder(folder)), /^v\d+[\s\S]+@voxwire\/node-red-voice@/);
	},
	'list-cards': async (code, { folder, card }) => void (await succeeds(code, folder, card?.env)),
	'check-loudspeaker': async (code, { folder, card }) => {
		assert.match(await succeeds(code, folder, card?.env), /^vspk$/m);
	},
	'check-microphone': async (code, { folder, card }) => {
		assert.match(await succeeds(code, folder, card?.env), /^uid=[\s\S]*^vmic$/m);
		assert.ok(statSync(join(folder, 'test.wav')).size > 8000);
	},
	'record-and-hear': async (code, { folder, card }) => {
		await succeeds(code, folder, card?.env);
		assert.equal(statSync(join(folder, 'test.wav')).size, 44 + 2 * 16_000 * 2);
	},
	'list-gpio': async (code, { folder }) => void (await succeeds(code, folder)),
	'check-date': async (code, { folder }) => void (await succeeds(code, folder)),
	'hash-password': async (code, { folder }) => {
		const shown = readFileSync(join(packageRoot, 'docs/permissions.md'), 'utf8');
		const [, hash = ''] = /(\$2\w\$\d+\$)\S{53}/.exec(await succeeds(code, folder, {}, 'secret\n')) ?? [];
		assert.ok(hash && shown.includes(hash), `hashes begin with ${hash}`);
	},
	'own-certificate': async (code, { folder }) => {
		await succeeds(code, folder);
		for (const name of ['voice-ca.pem', 'voice-cert.pem', 'voice-key.pem'])
			assert.ok(existsSync(join(folder, name)), name);
	},
};
