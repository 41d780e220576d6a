import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { hashOf, startRedJs } from '../lab/red-js.ts';
import { userFolder } from './shell.ts';

export const PASSWORD = 'of the pages';
/** The snippets that are parts of settings.js; settings.test.ts has them all. */
export const SETTINGS = ['https-settings', 'trust-proxy', 'admin-auth', 'http-node-auth'];

/** Node-RED as its own command starts it, with a settings.js that holds snippets of the pages. */
export class SettingsNodeRed {
	readonly url: string;
	readonly #child: ChildProcess;

	private constructor(url: string, child: ChildProcess) {
		this.url = url;
		this.#child = child;
	}

	/**
	 * @param folder becomes the user folder
	 * @param snippets parts of settings.js; the hashes that the page leaves out are put in
	 * @throws with its log, if it does not start
	 */
	static async start(
		folder: string,
		snippets: readonly string[],
		flow: readonly object[],
	): Promise<SettingsNodeRed> {
		const settings = snippets.join('\n').replaceAll(/'\$2y\$08\$…'/g, () => JSON.stringify(hashOf(PASSWORD)));
		userFolder(folder);
		writeFileSync(join(folder, 'flows.json'), JSON.stringify(flow));
		writeFileSync(
			join(folder, 'settings.js'),
			`module.exports = {
	${settings}
	uiHost: '127.0.0.1', uiPort: 0, flowFile: 'flows.json',
	telemetry: { enabled: false, updateNotification: false },
	externalModules: { palette: { allowInstall: false }, modules: { allowInstall: false } },
	editorTheme: { tours: false },
};`,
		);
		const { url, child } = await startRedJs(folder);
		return new SettingsNodeRed(url, child);
	}

	/** Resolves when the process has ended; does nothing if it had. */
	async stop(): Promise<void> {
		if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
		const ended = once(this.#child, 'close');
		this.#child.kill('SIGTERM');
		await ended;
	}
}

export interface Asked {
	method?: string;
	headers?: Record<string, string>;
	body?: string;
	/** Of the authority that is trusted, PEM. */
	ca: string;
	/** The name that the certificate has to be for, if not that of the address. */
	name?: string;
}

/** A request over HTTPS that believes this authority, and no other. */
export function ask(
	url: string,
	{ method = 'GET', headers = {}, body, ca, name }: Asked,
): Promise<{ status: number; text: string }> {
	return new Promise((resolve, reject) => {
		const sent = request(url, { method, headers, ca, ...(name && { servername: name }) }, (response) => {
			let text = '';
			response.setEncoding('utf8').on('data', (piece: string) => {
				text += piece;
			});
			response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
		});
		sent.on('error', reject);
		sent.end(body);
	});
}
