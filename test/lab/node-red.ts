import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CELLS, type Programs, programs } from '../matrix/cells.ts';
import { descendants, isAlive, LAB_MARK, type Proc } from './descendants.ts';
import type { Credentials, FlowNode, FromChild, Message, NodeSet, Request } from './node-red-protocol.ts';
import { NodeRedRecord } from './node-red-record.ts';
import { packageRoot } from './root.ts';

export type { Credentials, FlowNode, Message, NodeFailure, NodeSet, Status } from './node-red-protocol.ts';

export interface NodeRedOptions {
	flow: readonly FlowNode[];
	/** By node id, e.g. `{ stt: { apiKey: '…' } }`. */
	credentials?: Credentials;
	/** Added to a bare environment (PATH, HOME, LANG): nothing else of the test's own is passed on. */
	env?: Record<string, string>;
	/** Where it is started (default: its user folder). */
	cwd?: string;
	/** Runs the process elsewhere, e.g. `gpio.wrap`; must keep its pid. */
	wrap?: (command: string, args: readonly string[]) => [string, string[]];
	/** Settings beside, or instead of, the lab's (plain data). */
	settings?: Record<string, unknown>;
	/** Folder of the package whose nodes are loaded (default: this package). */
	packageDir?: string;
	/** A Node-RED as it is, without any package. */
	bare?: boolean;
	/** The Node.js that runs Node-RED (default: this one, or that of LAB_NODE_RED). */
	nodeBin?: string;
	/** Folder of the node-red package (default: the installed one, or that of LAB_NODE_RED). */
	nodeRedDir?: string;
	/** Lowest level of the lines in `log` (default 'info'). */
	logLevel?: 'error' | 'warn' | 'info' | 'debug' | 'trace';
	/** Loads FlowFuse Dashboard too, which is installed beside this package's node-red. */
	dashboard?: boolean;
}

/**
 * Starts a real Node-RED in a process of its own, on a free port of 127.0.0.1, with this package installed in its user
 * folder as npm would, and watches everything that its nodes send, show and fail with. Nothing goes to the network.
 *
 * With LAB_NODE_RED=5.0 in the environment it is that version, on Node.js 22, unless the options name another.
 *
 * As in Node-RED itself, what a node sends to an output without a wire does not exist; wire it to a `sink`.
 * @throws if Node-RED or its flows do not start; the message says why
 */
export async function startNodeRed(options: NodeRedOptions): Promise<LabNodeRed> {
	const userDir = await mkdtemp(join(tmpdir(), 'voice-lab-nr-'));
	const nodeRed = new LabNodeRed(userDir, { ...(await wantedNodeRed()), ...options });
	try {
		await nodeRed.ready;
		return nodeRed;
	} catch (error) {
		await nodeRed.kill();
		await nodeRed.stop().catch(() => {});
		throw error;
	}
}

const DASHBOARD = '@flowfuse/node-red-dashboard';

/** What the environment variable LAB_NODE_RED asks for: a version of Node-RED other than the installed one. */
async function wantedNodeRed(): Promise<Partial<Programs>> {
	const wanted = process.env['LAB_NODE_RED'];
	if (!wanted) return {};
	const cell = CELLS.find(({ nodeRed, node }) => nodeRed === wanted && node === '22');
	if (!cell) throw new Error(`LAB_NODE_RED is "${wanted}": use 4.0, 4.1 or 5.0`);
	return programs(cell);
}

/** A node that takes messages and does nothing, so that an output that leads to it is wired. */
export function sink(id: string, z?: string): FlowNode {
	return { id, type: 'debug', active: false, tosidebar: false, console: false, wires: [], ...(z && { z }) };
}

export class LabNodeRed extends NodeRedRecord {
	/** Resolves when the flows have started. */
	readonly ready: Promise<void>;
	/** Its user folder and working directory, until `stop`. */
	readonly userDir: string;
	/** Resolves when the process has ended. */
	readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
	readonly #process: ChildProcess;
	readonly #id = randomUUID();
	readonly #answers = new Map<number, (answer: { result?: unknown; failure?: string }) => void>();
	readonly #children = new Map<number, Proc>();
	#requests = 0;
	#url = '';
	#failure: string | undefined;
	#killed = false;

	constructor(userDir: string, options: NodeRedOptions) {
		super();
		this.userDir = userDir;
		install(userDir, options);
		const wrap = options.wrap ?? ((command, args) => [command, [...args]]);
		const script = fileURLToPath(new URL('./node-red-child.js', import.meta.url));
		const [command, args] = wrap(options.nodeBin ?? process.execPath, [script, join(userDir, 'lab.json')]);
		const base = { PATH: process.env['PATH'], HOME: userDir, LANG: 'C.UTF-8' };
		this.#process = spawn(command, args, {
			cwd: options.cwd ?? userDir,
			env: { ...base, ...options.env, [LAB_MARK]: this.#id },
			stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
			serialization: 'advanced',
		});
		for (const input of [this.#process.stdout!, this.#process.stderr!])
			createInterface({ input }).on('line', (line) => this.log.push(line));
		this.#process.on('message', (event: FromChild) => this.take(event));
		this.exited = new Promise((resolve) => {
			const end = (reason: string) => {
				this.end(reason);
				for (const answer of this.#answers.values()) answer({ failure: reason });
			};
			this.#process.on('error', (error) => {
				if (this.#process.pid !== undefined) return;
				end(`cannot start ${command}: ${error.message}`);
				resolve({ code: null, signal: null });
			});
			this.#process.on('close', (code, signal) => {
				end(this.#failure ?? `Node-RED ended with ${code ?? signal}`);
				resolve({ code, signal });
			});
		});
		const started = () => {
			if (this.#failure !== undefined) throw new Error(`Node-RED did not start: ${this.#failure}`);
			return this.#url || undefined;
		};
		this.ready = this.until('Node-RED to start', started, 120_000).then(() => {});
		this.ready.catch(() => {});
	}

	/** `http://127.0.0.1:<port>`, of the editor, the admin API and the HTTP nodes. */
	get url(): string {
		return this.#url;
	}

	get pid(): number {
		return this.#process.pid!;
	}

	/** Hands a message to the node's input, as a wire would. Rejects if there is no such node. */
	async send(node: string, msg: Message): Promise<void> {
		await this.#request({ kind: 'send', node, msg });
	}

	/** Deploys a flow; resolves when it has started. `nodes` restarts only what has changed. */
	async setFlows(
		flow: readonly FlowNode[],
		{ type = 'full', credentials }: { type?: 'full' | 'flows' | 'nodes'; credentials?: Credentials } = {},
	): Promise<void> {
		await this.#request({ kind: 'flows', flow: placed(flow), type, credentials });
	}

	/** Every node set that Node-RED knows, also those that it could not load. */
	async installed(): Promise<NodeSet[]> {
		return (await this.#request({ kind: 'installed' })) as NodeSet[];
	}

	/** Live descendants of the process, also those that have left its process group or outlived their parent. */
	children(): Proc[] {
		if (this.#process.pid === undefined) return [];
		for (const proc of descendants(this.pid, this.#id)) this.#children.set(proc.pid, proc);
		for (const [pid, proc] of this.#children) if (!isAlive(proc)) this.#children.delete(pid);
		return [...this.#children.values()];
	}

	childPids(): number[] {
		return this.children().map(({ pid }) => pid);
	}

	/** Resolves when the process has no descendants; rejects, naming them, if some live on after `timeoutMs`. */
	async waitForNoChildren(timeoutMs = 15_000): Promise<void> {
		for (const deadline = Date.now() + timeoutMs; ; await sleep(20)) {
			const alive = this.children();
			if (alive.length === 0) return;
			if (Date.now() < deadline) continue;
			const list = alive.map(
				({ pid, parent, command }) =>
					`\n  ${pid} (child of ${parent}): ${command.replace(/\s+/g, ' ').slice(-160)}`,
			);
			throw new Error(`${alive.length} descendants of Node-RED are alive:${list.join('')}`);
		}
	}

	/** SIGKILL, or another signal, for Node-RED itself; resolves when it has ended. Its descendants are not touched. */
	async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
		this.children();
		this.#killed = true;
		this.#process.kill(signal);
		await this.exited;
	}

	/**
	 * Stops Node-RED as Ctrl+C would and removes its user folder. Also cleans up after `kill` or a crash.
	 * @throws if it had crashed, does not end, or leaves a process behind (which is killed then) for `graceMs`
	 */
	async stop(graceMs = 15_000): Promise<void> {
		this.children();
		// Node-RED gives nodes 15 s to close.
		const timer = setTimeout(() => this.#process.kill('SIGKILL'), 40_000);
		this.#process.kill('SIGTERM'); // does nothing if it has ended
		const { code, signal } = await this.exited;
		clearTimeout(timer);
		try {
			if (code !== 0 && !this.#killed)
				throw new Error(`Node-RED ended with ${code ?? signal}\n${this.log.slice(-30).join('\n')}`);
			await this.waitForNoChildren(graceMs);
		} finally {
			for (const { pid } of this.children()) process.kill(pid, 'SIGKILL');
			await rm(this.userDir, { recursive: true, force: true });
		}
	}

	protected override take(event: FromChild): void {
		if (event.kind === 'ready') this.#url = event.url;
		else if (event.kind === 'failed') this.#failure = event.reason;
		else if (event.kind === 'answer') this.#answers.get(event.id)?.(event);
		super.take(event);
	}

	#request(request: Request): Promise<unknown> {
		const id = ++this.#requests;
		return new Promise((resolve, reject) => {
			this.#answers.set(id, ({ result, failure }) => {
				this.#answers.delete(id);
				if (failure === undefined) resolve(result);
				else reject(new Error(failure));
			});
			this.#process.send({ ...request, id }, (error) => {
				if (error) this.#answers.get(id)?.({ failure: `Node-RED is gone: ${error.message}` });
			});
		});
	}
}

/** The flow with a place on the canvas for every node on a tab: Node-RED takes one without for a config node. */
function placed(flow: readonly FlowNode[]): FlowNode[] {
	return flow.map((node) => ('z' in node && 'wires' in node ? { x: 100, y: 100, ...node } : node));
}

/** Writes the flow, and installs the package in the user folder as `npm install <folder>` would. */
function install(userDir: string, options: NodeRedOptions): void {
	const { flow, credentials = {}, packageDir = packageRoot, settings, logLevel = 'info' } = options;
	const without = options.dashboard ? [] : [DASHBOARD];
	const nodeRedDir =
		options.nodeRedDir ?? dirname(createRequire(import.meta.url).resolve('node-red/package.json'));
	const write = (name: string, content: unknown) =>
		writeFileSync(join(userDir, name), JSON.stringify(content));
	const folders = options.bare ? [] : [packageDir];
	if (options.dashboard && options.nodeRedDir) folders.push(join(packageRoot, 'node_modules', DASHBOARD));
	const dependencies: Record<string, string> = {};
	for (const folder of folders) {
		const { name } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name: string };
		const target = join(userDir, 'node_modules', name);
		mkdirSync(dirname(target), { recursive: true });
		symlinkSync(folder, target, 'dir');
		dependencies[name] = `file:${folder}`;
	}
	write('package.json', { name: 'lab', private: true, dependencies });
	write('flows.json', placed(flow));
	write('flows_cred.json', credentials);
	const nodeRed = createRequire(join(nodeRedDir, 'package.json')).resolve(nodeRedDir);
	write('lab.json', { nodeRed, settings: { ...labSettings(userDir, without), ...settings }, logLevel });
}

/**
 * Nothing that leaves the machine, asks the user, or is not needed.
 * @param without modules that Node-RED finds beside itself and shall not load
 */
function labSettings(userDir: string, without: readonly string[]): Record<string, unknown> {
	return {
		userDir,
		flowFile: 'flows.json',
		// As red.js sets them; Dashboard needs the second one.
		httpAdminRoot: '/',
		httpNodeRoot: '/',
		credentialSecret: false,
		telemetry: { enabled: false, updateNotification: false },
		diagnostics: { enabled: false, ui: false },
		externalModules: {
			autoInstall: false,
			palette: { allowInstall: false, allowUpdate: false, allowUpload: false, denyList: without },
			modules: { allowInstall: false },
		},
		editorTheme: { tours: false, projects: { enabled: false }, palette: { catalogues: [] } },
	};
}
