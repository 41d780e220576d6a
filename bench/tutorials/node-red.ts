import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import type { FlowNode } from '../../test/lab/node-red.ts';
import { packageRoot } from '../../test/lab/root.ts';
import { Program } from './program.ts';

type Wrap = (command: string, args: readonly string[]) => [string, readonly string[]];

// Node-RED as a user starts it. The lab's own tells of each message that is sent, which would be measured with it.

/** A Node-RED with this package, worked through its admin API as the editor does. */
export class BenchNodeRed {
	readonly program: Program;
	readonly url: string;
	readonly #userDir: string;

	/**
	 * @param nodesDir a folder of more nodes
	 * @param wrap runs it elsewhere, e.g. `gpio.wrap`
	 */
	static async start(
		env: Readonly<Record<string, string>>,
		nodesDir?: string,
		wrap: Wrap = (...command) => command,
	): Promise<BenchNodeRed> {
		const userDir = mkdtempSync(join(tmpdir(), 'voice-bench-nr-'));
		install(userDir, nodesDir);
		const nodeRed = new BenchNodeRed(userDir, await freePort(), env, wrap);
		try {
			await nodeRed.program.wrote(/Server now running at/);
			return nodeRed;
		} catch (error) {
			await nodeRed.stop();
			throw error;
		}
	}

	private constructor(userDir: string, port: number, env: Readonly<Record<string, string>>, wrap: Wrap) {
		this.#userDir = userDir;
		this.url = `http://127.0.0.1:${port}`;
		const main = join(dirname(createRequire(import.meta.url).resolve('node-red/package.json')), 'red.js');
		const args = [
			main,
			'--userDir',
			userDir,
			'--settings',
			join(userDir, 'settings.js'),
			'--port',
			`${port}`,
		];
		this.program = new Program(...wrap(process.execPath, args), { HOME: userDir, ...env });
	}

	/** Deploys these flows in place of those before; credentials are fields named so in the nodes. */
	async deploy(flow: readonly FlowNode[]): Promise<void> {
		const nodes = flow.map((node) => ('z' in node && 'wires' in node ? { x: 100, y: 100, ...node } : node));
		await this.post('flows', nodes, { 'Node-RED-Deployment-Type': 'full' });
	}

	/** Clicks the button of an inject node. */
	async click(id: string): Promise<void> {
		await this.post(`inject/${id}`, {});
	}

	/** What the admin API answers. */
	async post(path: string, body: object = {}, headers: Record<string, string> = {}): Promise<Response> {
		const response = await fetch(`${this.url}/${path}`, {
			method: 'POST',
			headers: { 'Content-Type': 'application/json', ...headers },
			body: JSON.stringify(body),
		});
		if (!response.ok) throw new Error(`Node-RED answers ${path} with ${response.status}`);
		return response;
	}

	async stop(): Promise<void> {
		await this.program.stop('SIGTERM');
		rmSync(this.#userDir, { recursive: true, force: true });
	}
}

/** As `npm install <folder>` in the user folder would; nothing that leaves the machine. */
function install(userDir: string, nodesDir?: string): void {
	const name = '@voxwire/node-red-voice';
	const target = join(userDir, 'node_modules', name);
	mkdirSync(dirname(target), { recursive: true });
	symlinkSync(packageRoot, target, 'dir');
	const manifest = { name: 'bench', private: true, dependencies: { [name]: `file:${packageRoot}` } };
	writeFileSync(join(userDir, 'package.json'), JSON.stringify(manifest));
	const settings = {
		uiHost: '127.0.0.1',
		flowFile: 'flows.json',
		nodesDir,
		credentialSecret: false,
		telemetry: { enabled: false, updateNotification: false },
		externalModules: { palette: { denyList: ['@flowfuse/node-red-dashboard'] } },
		editorTheme: { tours: false, palette: { catalogues: [] } },
	};
	writeFileSync(join(userDir, 'settings.js'), `module.exports = ${JSON.stringify(settings)}`);
}

/** A port that nobody has at this moment. */
function freePort(): Promise<number> {
	return new Promise((resolve, reject) => {
		const server = createServer().once('error', reject);
		server.listen(0, '127.0.0.1', () => {
			const address = server.address();
			server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
		});
	});
}
