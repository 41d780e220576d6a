import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { hashOf, startRedJs } from '../../lab/red-js.ts';
import { packageRoot } from '../../lab/root.ts';

/** Of httpNodeAuth, and of the editor's user. */
export const USER = 'pages';
export const PASSWORD = 'of the pages';
/** The cookie that httpNodeMiddleware asks for. */
export const COOKIE = 'house=ours';

export const ADMIN_ROOT = '/admin';
export const NODE_ROOT = '/api/red';

/**
 * Node-RED as its own red.js starts it, with everything that guards its addresses: adminAuth, httpNodeAuth,
 * httpNodeMiddleware and roots of its own. Loads FlowFuse Dashboard, too.
 */
export class SecuredNodeRed {
	readonly url: string;
	readonly log: string[];
	readonly #process: ChildProcess;
	readonly #folder: string;

	private constructor(url: string, log: string[], child: ChildProcess, folder: string) {
		this.url = url;
		this.log = log;
		this.#process = child;
		this.#folder = folder;
	}

	/** @throws with its log, if it does not start */
	static async start(flow: readonly object[]): Promise<SecuredNodeRed> {
		const folder = await mkdtemp(join(tmpdir(), 'voice-secured-'));
		const target = join(folder, 'node_modules/@voxwire/node-red-voice');
		mkdirSync(dirname(target), { recursive: true });
		symlinkSync(packageRoot, target, 'dir');
		const dependencies = { '@voxwire/node-red-voice': `file:${packageRoot}` };
		writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'secured', dependencies }));
		writeFileSync(join(folder, 'flows.json'), JSON.stringify(flow));
		writeFileSync(join(folder, 'settings.js'), settings());
		const { url, log, child } = await startRedJs(folder);
		return new SecuredNodeRed(url, log, child, folder);
	}

	/** It lives. */
	get alive(): boolean {
		return this.#process.exitCode === null && this.#process.signalCode === null;
	}

	/** @throws if it had ended before */
	async stop(): Promise<void> {
		const { alive } = this;
		const ended = alive ? once(this.#process, 'close') : undefined;
		this.#process.kill('SIGTERM');
		await ended;
		await rm(this.#folder, { recursive: true, force: true });
		if (!alive) throw new Error(`Node-RED had ended\n${this.log.slice(-30).join('\n')}`);
	}
}

function settings(): string {
	const hash = JSON.stringify(hashOf(PASSWORD));
	const user = JSON.stringify(USER);
	return `module.exports = {
	uiHost: '127.0.0.1', uiPort: 0, flowFile: 'flows.json', credentialSecret: false,
	httpAdminRoot: '${ADMIN_ROOT}', httpNodeRoot: '${NODE_ROOT}',
	adminAuth: { type: 'credentials', users: [{ username: ${user}, password: ${hash}, permissions: '*' }] },
	httpNodeAuth: { user: ${user}, pass: ${hash} },
	httpNodeMiddleware: (request, response, next) =>
		request.cookies.house === 'ours' ? next() : response.sendStatus(418),
	telemetry: { enabled: false, updateNotification: false },
	externalModules: { palette: { allowInstall: false }, modules: { allowInstall: false } },
	editorTheme: { tours: false },
};`;
}
