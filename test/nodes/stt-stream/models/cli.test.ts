import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CATALOGUE } from '../../../../nodes/stt-stream/providers/local/models/catalogue.ts';
import { createAuthority } from '../../../lab/certificates.ts';
import { needs } from '../../../lab/needs.ts';
import { packageRoot } from '../../../lab/root.ts';
import { modelArchive, modelFiles, readTree } from './archives.ts';
import { Mirror } from './mirror.ts';

const skip = needs('archives');
const NAME = 'sherpa-onnx-test-model';
const PACKAGE = join('node_modules', '@voxwire', 'node-red-voice');
const CLI = join(PACKAGE, 'dist/nodes/stt-stream/providers/local/models/cli.js');

let mirror: Mirror;
let archive: Buffer;
/** Laid out as a Node-RED user directory is in which the package is installed. */
let userDir: string;
let models: string;

before(async () => {
	mirror = await Mirror.start();
	if (!skip) archive = modelArchive(NAME, modelFiles(300_000));
});
after(() => mirror.stop());
beforeEach(() => {
	userDir = mkdtempSync(join(tmpdir(), 'voice-user-'));
	models = join(userDir, 'voice-models');
	mkdirSync(join(userDir, 'node_modules', '@voxwire'), { recursive: true });
	symlinkSync(packageRoot, join(userDir, PACKAGE), 'dir');
	writeFileSync(join(userDir, 'package.json'), '{"name":"node-red-project","private":true}');
});
afterEach(() => {
	mirror.forget();
	rmSync(userDir, { recursive: true, force: true });
});

interface Ended {
	code: number | null;
	signal: NodeJS.Signals | null;
	stdout: string;
	stderr: string;
}
interface Running {
	child: ChildProcess;
	ended: Promise<Ended>;
}

function start(args: readonly string[], env: Record<string, string> = {}, command = [CLI]): Running {
	const child = spawn(process.execPath, [...command, ...args], {
		cwd: userDir,
		env: { ...process.env, NODE_RED_VOICE_MODELS_MIRROR: mirror.base, ...env },
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	let [stdout, stderr] = ['', ''];
	child.stdout?.on('data', (data) => (stdout += data));
	child.stderr?.on('data', (data) => (stderr += data));
	const ended = new Promise<Ended>((resolve) =>
		child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr })),
	);
	return { child, ended };
}

const run = (args: readonly string[], env?: Record<string, string>) => start(args, env).ended;
const entries = () => (existsSync(models) ? readdirSync(models).sort() : []);

/** Waits for something that another process does. */
async function until(what: string, holds: () => boolean): Promise<void> {
	for (let tries = 0; tries < 3000; tries++) {
		if (holds()) return;
		await sleep(10);
	}
	assert.fail(`waited in vain: ${what}`);
}

const partBytes = () => statSync(join(models, `.${NAME}.tar.bz2.part`), { throwIfNoEntry: false })?.size ?? 0;

describe('node-red-voice-models', { skip }, () => {
	it('downloads a model in plain lines where there is no terminal, lists it, tells its path and removes it', async () => {
		mirror.serve(NAME, archive);
		mirror.serveChecksums(NAME);
		const { code, stdout, stderr } = await run(['download', `${NAME}.tar.bz2`]);
		assert.equal(code, 0, stderr);
		assert.equal(stdout, `${join(models, NAME)}\n`);
		assert.match(stderr, /^Downloading +100 % +0\.3 MB of 0\.3 MB/m);
		assert.match(stderr, /^Unpacking +100 %/m);
		assert.ok(!stderr.includes('\r') && !stderr.includes('\x1b'));
		assert.deepEqual(entries(), [NAME]);
		assert.equal((await run(['path', NAME])).stdout, `${join(models, NAME)}\n`);
		assert.equal((await run(['path'])).stdout, `${models}\n`);
		assert.match((await run(['list'])).stdout, new RegExp(`^${NAME}  \\[installed, 0\\.3 MB\\]$`, 'm'));
		assert.match((await run(['download', NAME])).stderr, /installed already/);
		const removed = await run(['remove', NAME]);
		assert.deepEqual([removed.code, removed.stdout], [0, `${join(models, NAME)} is removed\n`]);
		assert.deepEqual(entries(), []);
	});

	it('works from elsewhere with --dir, and takes the mirror as an argument', async () => {
		const elsewhere = join(userDir, 'elsewhere');
		mkdirSync(elsewhere);
		mirror.serve(NAME, archive);
		const args = ['download', NAME, '--dir', elsewhere, '--mirror', `${mirror.base}/`];
		const { code, stdout, stderr } = await run(args, { NODE_RED_VOICE_MODELS_MIRROR: 'http://127.0.0.1:1/' });
		assert.equal(code, 0, stderr);
		assert.equal(stdout, `${join(elsewhere, 'voice-models', NAME)}\n`);
		assert.match(stderr, /no checksum/);
		assert.deepEqual(entries(), []);
	});

	it('tells programs in JSON', async () => {
		mirror.serve(NAME, archive);
		const { code, stdout, stderr } = await run(['download', NAME, '--json']);
		assert.deepEqual([code, stderr], [0, '']);
		const lines = stdout.trim().split('\n');
		const steps = lines.map((line) => JSON.parse(line) as { phase: string; done: number; total: number });
		assert.deepEqual([...new Set(steps.map(({ phase }) => phase))], ['download', 'unpack', 'done']);
		assert.ok(steps.some(({ phase, done }) => phase === 'download' && done === archive.length));
		const listed = JSON.parse((await run(['list', '--json'])).stdout) as {
			folder: string;
			models: { name: string; installed: boolean; diskBytes?: number }[];
		};
		assert.equal(listed.folder, models);
		assert.equal(listed.models.length, CATALOGUE.length + 1);
		const [installed] = listed.models.filter((model) => model.installed);
		assert.equal(installed?.name, NAME);
		assert.ok((installed?.diskBytes ?? 0) > 300_000);
	});

	it('lists the catalogue, all of it or of one language', async () => {
		const { stdout } = await run(['list']);
		for (const { name } of CATALOGUE) assert.ok(stdout.includes(name), name);
		const german = (await run(['list', 'de'])).stdout;
		assert.match(german, /-de-kroko-/);
		assert.doesNotMatch(german, /-ru-/);
		assert.equal((await run(['list', 'de-DE'])).stdout, german);
		assert.match((await run(['list', 'xx'])).stdout, /no model for "xx"/);
	});

	it('takes a language for the model that is recommended for it', async () => {
		const { code, stderr } = await run(['download', 'ru']);
		assert.equal(code, 1);
		assert.match(stderr, /^ +ru · transducer · 24 MB · Apache-2\.0$/m);
		assert.match(stderr, /small-ru-vosk-int8-2025-08-16\.tar\.bz2 does not exist/);
		assert.equal((await run(['download', 'ru-RU'])).stderr, stderr);
	});

	it('explains itself, and what is wrong with its arguments', async () => {
		for (const args of [[], ['--help'], ['download', '-h'], ['help']]) {
			const { code, stdout } = await run(args);
			assert.equal(code, 0);
			assert.match(stdout, /npx --no-install node-red-voice-models download <name>/);
			assert.match(stdout, /\(ar, bn, .*, zh\)/);
		}
		const wrong = [['upload'], ['download'], ['remove'], ['list', '--what'], ['path', 'a', 'b'], ['--dir']];
		for (const args of wrong) {
			const { code, stdout, stderr } = await run(args);
			assert.deepEqual([code, stdout], [2, ''], args.join(' '));
			assert.match(stderr, /See --help/);
		}
		const failing = [
			[['path', NAME], /is not in .*voice-models\n.*list/],
			[['path', 'de'], /is not in .*\n.*download .*-de-kroko-/],
			[['remove', NAME], /no model/],
			[['remove', '../..'], /No speech model can have the name/],
			[['download', NAME, '--mirror', 'ftp://x'], /mirror is no web address\nuse one such as/],
		] as const;
		for (const [args, why] of failing) {
			const { code, stdout, stderr } = await run(args);
			assert.deepEqual([code, stdout], [1, ''], args.join(' '));
			assert.match(stderr, why);
		}
	});

	it('killed in the middle of a download, it goes on the next time', async () => {
		mirror.serve(NAME, archive, { stallAfter: [100_000] });
		mirror.serveChecksums(NAME);
		const { child, ended } = start(['download', NAME]);
		await until('some of it is on the disk', () => partBytes() > 50_000);
		child.kill('SIGKILL');
		assert.equal((await ended).signal, 'SIGKILL');
		const have = partBytes();
		assert.ok(have > 50_000 && have <= 100_000);
		assert.equal((await run(['path', NAME])).code, 1, 'there is no half model');
		const { code, stderr } = await run(['download', NAME]);
		assert.equal(code, 0, stderr);
		assert.deepEqual(entries(), [NAME]);
		const [, second] = mirror.downloads;
		assert.deepEqual([second?.range, second?.status], [`bytes=${have}-`, 206]);
		assert.equal(second?.sent, archive.length - have);
	});

	it('killed while it unpacks, it leaves no half model and needs no second download', async () => {
		const big = modelFiles(12_000_000);
		mirror.serve(NAME, modelArchive(NAME, big));
		const unpacking = () => entries().find((name) => name.includes('.unpack-'));
		const isUnpacking = () => existsSync(join(models, unpacking() ?? 'not yet', NAME));
		// It takes a second, which a busy machine may let pass.
		for (let tries = 0; tries < 10 && !unpacking(); tries++) {
			await run(['remove', NAME]);
			mirror.asked.length = 0;
			const { child, ended } = start(['download', NAME]);
			await until('it unpacks', () => isUnpacking() || child.exitCode !== null);
			child.kill('SIGKILL');
			await ended;
		}
		assert.ok(unpacking());
		assert.ok(!existsSync(join(models, NAME)));
		const { code, stderr } = await run(['download', NAME]);
		assert.equal(code, 0, stderr);
		assert.deepEqual(entries(), [NAME]);
		assert.deepEqual(Object.keys(readTree(join(models, NAME))).sort(), Object.keys(big).sort());
		assert.equal(mirror.downloads[1]?.status, 416);
	});

	for (const [signal, code] of [
		['SIGINT', 130],
		['SIGTERM', 143],
	] as const)
		it(`interrupted by ${signal}, it says how to go on`, async () => {
			mirror.serve(NAME, archive, { stallAfter: [100_000] });
			const { child, ended } = start(['download', NAME]);
			await until('some of it is on the disk', () => partBytes() > 50_000);
			child.kill(signal);
			const result = await ended;
			assert.equal(result.code, code);
			assert.match(result.stderr, /Interrupted\. The same command goes on/);
			assert.deepEqual(entries(), [`.${NAME}.tar.bz2.part`, `.${NAME}.tar.bz2.part.json`]);
		});

	it('two at once: one downloads, the other says so', async () => {
		mirror.serve(NAME, archive, { slowMs: 20 });
		const first = start(['download', NAME]);
		await until('the first has begun', () => partBytes() > 0);
		const second = await run(['download', NAME]);
		assert.equal(second.code, 1);
		assert.match(second.stderr, /is being downloaded already\nwait/);
		assert.equal((await first.ended).code, 0);
		assert.deepEqual(entries(), [NAME]);
		assert.equal(mirror.downloads.length, 1);
	});
});

describe('an encrypted mirror', { skip }, () => {
	const authority = createAuthority();
	const caFile = () => join(userDir, 'ca.pem');
	const server = https.createServer(authority.issue('localhost', '127.0.0.1'), (request, response) => {
		if (request.url?.includes('/plain/'))
			response.writeHead(302, { location: `${mirror.base}/${NAME}.tar.bz2` });
		response.end(request.url?.endsWith(`${NAME}.tar.bz2`) ? archive : 'none');
	});
	let connections = 0;
	server.on('connection', () => connections++);
	before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
	after(() => new Promise((resolve) => server.close(resolve)));
	beforeEach(() => {
		connections = 0;
		writeFileSync(caFile(), authority.ca);
	});
	const base = () => `https://127.0.0.1:${(server.address() as AddressInfo).port}`;

	it('is used if its certificate is trusted', async () => {
		const { code, stderr } = await run(['download', NAME, '--mirror', base()], {
			NODE_EXTRA_CA_CERTS: caFile(),
		});
		assert.equal(code, 0, stderr);
		assert.deepEqual(entries(), [NAME]);
	});

	it('is refused at once if not', async () => {
		const { code, stderr } = await run(['download', NAME, '--mirror', base()]);
		assert.equal(code, 1);
		assert.match(stderr, /cannot be downloaded \(.*certificate.*NODE_EXTRA_CA_CERTS/s);
		assert.equal(connections, 2, 'for the checksums and for the model');
	});

	it('may not redirect to plain text', async () => {
		mirror.serve(NAME, archive);
		const { code, stderr } = await run(['download', NAME, '--mirror', `${base()}/plain/`], {
			NODE_EXTRA_CA_CERTS: caFile(),
		});
		assert.equal(code, 1);
		assert.match(stderr, /redirects to plain text/);
		assert.equal(mirror.downloads.length, 0);
	});
});

describe('a full disk', { skip: skip || needs('mount-namespace') }, () => {
	/** Runs the command with `voice-models` on a disk of so many kilobytes; then shows what is on it. */
	function onSmallDisk(kilobytes: number): Promise<Ended> {
		mkdirSync(models);
		const root = process.getuid?.() === 0;
		const script = `mount -t tmpfs -o size=${kilobytes}k none voice-models && "$@"; code=$?; ls -A voice-models; exit $code`;
		const child = spawn(
			'unshare',
			[root ? '-m' : '-rm', 'sh', '-c', script, 'sh', process.execPath, CLI, 'download', NAME],
			{
				cwd: userDir,
				env: { ...process.env, NODE_RED_VOICE_MODELS_MIRROR: mirror.base },
				stdio: ['ignore', 'pipe', 'pipe'],
			},
		);
		let [stdout, stderr] = ['', ''];
		child.stdout.on('data', (data) => (stdout += data));
		child.stderr.on('data', (data) => (stderr += data));
		return new Promise((resolve) =>
			child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr })),
		);
	}

	it('is noticed before anything is downloaded', async () => {
		mirror.serve(NAME, archive);
		const { code, stdout, stderr } = await onSmallDisk(500);
		assert.equal(code, 1);
		assert.match(stderr, /no room .*about 1 MB are needed, 0 MB free\)\nfree some space/);
		assert.equal(stdout, '', 'nothing is left');
		await mirror.downloads[0]?.over;
	});

	it('in the middle of a download, or of unpacking, leaves no half model', async () => {
		for (const kilobytes of [200, 500]) {
			mirror.serve(NAME, archive, { noLength: true });
			const { code, stdout, stderr } = await onSmallDisk(kilobytes);
			assert.equal(code, 1);
			assert.match(stderr, /no room .*the disk is full/);
			assert.deepEqual(stdout.trim().split('\n'), [`.${NAME}.tar.bz2.part`, `.${NAME}.tar.bz2.part.json`]);
			rmSync(models, { recursive: true });
		}
	});
});
