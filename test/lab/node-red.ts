import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { descendants, isAlive, LAB_MARK, type Proc, readProc } from './descendants.ts';
import type {
	Credentials,
	FlowNode,
	FromChild,
	Message,
	NodeFailure,
	NodeSet,
	Request,
} from './node-red-protocol.ts';
import { packageRoot } from './root.ts';

export type { Credentials, FlowNode, Message, NodeFailure, NodeSet } from './node-red-protocol.ts';

export interface NodeRedOptions {
	flow: readonly FlowNode[];
	/** By node id, e.g. `{ stt: { apiKey: '…' } }`. */
	credentials?: Credentials;
	/** Added to a bare environment (PATH, HOME, LANG): nothing else of the test's own is passed on. */
	env?: Record<string, string>;
	/** Runs the process elsewhere, e.g. `gpio.wrap`; must keep its pid. */
	wrap?: (command: string, args: readonly string[]) => [string, string[]];
	/** Settings beside, or instead of, the lab's (plain data). */
	settings?: Record<string, unknown>;
	/** Folder of the package whose nodes are loaded (default: this package). */
	packageDir?: string;
	/** The Node.js that runs Node-RED (default: this one). */
	nodeBin?: string;
	/** Folder of the node-red package (default: the installed one). */
	nodeRedDir?: string;
	/** Lowest level of the lines in `log` (default 'info'). */
	logLevel?: 'error' | 'warn' | 'info' | 'debug' | 'trace';
}

export interface WaitOptions {
	/** Output of the node, from 0 (default: any). */
	port?: number;
	/** Default 60 s; only there to end a test that hangs. */
	timeoutMs?: number;
}

/** A status as node.status() was given it; `{}` = cleared. */
export interface Status {
	fill?: string;
	shape?: string;
	text?: string;
}

/**
 * Starts a real Node-RED in a process of its own, on a free port of 127.0.0.1, with this package installed in its user
 * folder as npm would, and watches everything that its nodes send, show and fail with. Nothing goes to the network.
 *
 * As in Node-RED itself, what a node sends to an output without a wire does not exist; wire it to a `sink`.
 * @throws if Node-RED does not start; the message holds its output
 */
export async function startNodeRed(options: NodeRedOptions): Promise<LabNodeRed> {
	const userDir = await mkdtemp(join(tmpdir(), 'voice-lab-nr-'));
	const nodeRed = new LabNodeRed(userDir, options);
	try {
		await nodeRed.ready;
		return nodeRed;
	} catch (error) {
		await nodeRed.kill('SIGKILL');
		await rm(userDir, { recursive: true, force: true });
		throw error;
	}
}

/** A node that takes messages and does nothing, so that an output that leads to it is wired. */
export function sink(id: string, z?: string): FlowNode {
	return { id, type: 'debug', active: false, tosidebar: false, console: false, wires: [], ...(z && { z }) };
}

const LEVELS: Record<number, string> = {
	10: 'fatal',
	20: 'error',
	30: 'warn',
	40: 'info',
	50: 'debug',
	60: 'trace',
};

export class LabNodeRed {
	/** Resolves when the flows have started. */
	readonly ready: Promise<void>;
	/** Its user folder and working directory; `stop` and `kill` leave it until the process has ended. */
	readonly userDir: string;
	/** Lines of its log and of its stdout and stderr, so far. */
	readonly log: string[] = [];
	/** Resolves when the process has ended. */
	readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
	readonly #process: ChildProcess;
	readonly #id = randomUUID();
	readonly #happened = new EventEmitter();
	readonly #messages: { node: string; port: number; msg: Message }[] = [];
	readonly #statuses: { node: string; status: Status }[] = [];
	readonly #errors: NodeFailure[] = [];
	readonly #answers = new Map<number, (answer: { result?: unknown; failure?: string }) => void>();
	readonly #seen = new Map<number, Proc>();
	#requests = 0;
	#url = '';
	#ended = false;

	constructor(userDir: string, options: NodeRedOptions) {
		this.userDir = userDir;
		this.#happened.setMaxListeners(0);
		const nodeRed =
			options.nodeRedDir ?? dirname(createRequire(import.meta.url).resolve('node-red/package.json'));
		this.#install(options);
		const config = join(userDir, 'lab.json');
		const main = createRequire(join(nodeRed, 'package.json')).resolve(nodeRed);
		const settings = { ...labSettings(userDir), ...options.settings };
		writeFileSync(config, JSON.stringify({ nodeRed: main, settings, logLevel: options.logLevel ?? 'info' }));
		const script = fileURLToPath(new URL('./node-red-child.js', import.meta.url));
		const wrap = options.wrap ?? ((command, args) => [command, [...args]]);
		const [command, args] = wrap(options.nodeBin ?? process.execPath, [script, config]);
		this.#process = spawn(command, args, {
			cwd: userDir,
			env: {
				PATH: process.env['PATH'],
				HOME: userDir,
				LANG: 'C.UTF-8',
				...options.env,
				[LAB_MARK]: this.#id,
			},
			stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
			serialization: 'advanced',
		});
		this.exited = new Promise((resolve, reject) => {
			this.#process.on('error', reject);
			this.#process.on('close', (code, signal) => {
				this.#ended = true;
				this.#happened.emit('change');
				for (const answer of this.#answers.values()) answer({ failure: this.#obituary() });
				resolve({ code, signal });
			});
		});
		for (const stream of [this.#process.stdout!, this.#process.stderr!])
			stream
				.setEncoding('utf8')
				.on('data', (text: string) => this.log.push(...text.split('\n').filter(Boolean)));
		this.#process.on('message', (event: FromChild) => this.#take(event));
		this.ready = this.#until('Node-RED to start', () => (this.#url ? true : undefined), 120_000).then(
			() => {},
		);
		this.ready.catch(() => {});
	}

	/** `http://127.0.0.1:<port>`, of the editor, the admin API and the HTTP nodes. */
	get url(): string {
		return this.#url;
	}

	get pid(): number {
		return this.#process.pid!;
	}

	/** Every message that the node has sent, in order: the state at that moment, without req and res. */
	messages(node: string, port?: number): Message[] {
		return this.#messages
			.filter((sent) => sent.node === node && (port === undefined || sent.port === port))
			.map((sent) => sent.msg);
	}

	/** The first message of the node, also one sent already, for which `predicate` is true. */
	waitFor(
		node: string,
		predicate: (msg: Message, index: number) => boolean = () => true,
		{ port, timeoutMs }: WaitOptions = {},
	): Promise<Message> {
		const what = `a message of ${node}${port === undefined ? '' : ` on output ${port}`}`;
		return this.#until(what, () => this.messages(node, port).find(predicate), timeoutMs);
	}

	/** What nodes reported with node.error() or done(error), in order. */
	errors(node?: string): NodeFailure[] {
		return this.#errors.filter((error) => node === undefined || error.node === node);
	}

	waitForError(
		node: string,
		predicate: (error: NodeFailure) => boolean = () => true,
		{ timeoutMs }: Pick<WaitOptions, 'timeoutMs'> = {},
	): Promise<NodeFailure> {
		return this.#until(`an error of ${node}`, () => this.errors(node).find(predicate), timeoutMs);
	}

	/** Every status that the node has shown, in order. */
	statuses(node: string): Status[] {
		return this.#statuses.filter((shown) => shown.node === node).map((shown) => shown.status);
	}

	/** The first status of the node from the `after`-th on (default: any) for which `predicate` is true. */
	waitForStatus(
		node: string,
		predicate: (status: Status) => boolean,
		{ timeoutMs, after = 0 }: { timeoutMs?: number; after?: number } = {},
	): Promise<Status> {
		return this.#until(
			`a status of ${node}`,
			() => this.statuses(node).slice(after).find(predicate),
			timeoutMs,
		);
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
		await this.#request({ kind: 'flows', flow, type, credentials });
	}

	/** Every node set that Node-RED knows, also those that it could not load. */
	async installed(): Promise<NodeSet[]> {
		return (await this.#request({ kind: 'installed' })) as NodeSet[];
	}

	/** Live descendants of the process, also those that have left its process group or outlived their parent. */
	children(): Proc[] {
		for (const proc of descendants(this.pid, this.#id)) this.#seen.set(proc.pid, proc);
		for (const [pid, proc] of this.#seen) if (!isAlive(proc)) this.#seen.delete(pid);
		return [...this.#seen.values()];
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
			const list = alive.map(({ pid, parent, command }) => `\n  ${pid} (of ${parent}) ${command}`).join('');
			throw new Error(`${alive.length} processes outlive Node-RED:${list}`);
		}
	}

	/** SIGKILL, or another signal, for Node-RED itself; resolves when it has ended. Its descendants are not touched. */
	async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
		this.children();
		this.#process.kill(signal);
		await this.exited;
	}

	/**
	 * Stops Node-RED as Ctrl+C would and removes its user folder. Also cleans up after `kill` or a crash.
	 * @throws if it does not end, ended other than by being stopped or killed, or leaves a process behind (which is
	 * killed then)
	 */
	async stop(): Promise<void> {
		this.children();
		if (!this.#ended) {
			this.#process.kill('SIGTERM');
			const timer = setTimeout(() => this.#process.kill('SIGKILL'), 40_000); // Node-RED gives nodes 15 s to close
			const { code, signal } = await this.exited.finally(() => clearTimeout(timer));
			if (code !== 0) this.log.push(`[lab] ended with ${code ?? signal}`);
		}
		try {
			await this.waitForNoChildren();
			const { exitCode, signalCode } = this.#process;
			if (exitCode) throw new Error(this.#obituary());
			if (signalCode === 'SIGKILL' && this.log.at(-1)?.startsWith('[lab]'))
				throw new Error('Node-RED did not stop');
		} finally {
			for (const { pid } of this.children()) if (readProc(pid)) process.kill(pid, 'SIGKILL');
			await rm(this.userDir, { recursive: true, force: true });
		}
	}

	/** Writes the flow and installs the package in the user folder, as `npm install <folder>` would. */
	#install({ flow, credentials = {}, packageDir = packageRoot }: NodeRedOptions): void {
		const { name } = JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8')) as { name: string };
		const target = join(this.userDir, 'node_modules', name);
		mkdirSync(dirname(target), { recursive: true });
		symlinkSync(packageDir, target, 'dir');
		const manifest = { name: 'lab', private: true, dependencies: { [name]: `file:${packageDir}` } };
		writeFileSync(join(this.userDir, 'package.json'), JSON.stringify(manifest));
		writeFileSync(join(this.userDir, 'flows.json'), JSON.stringify(flow));
		writeFileSync(join(this.userDir, 'flows_cred.json'), JSON.stringify(credentials));
	}

	#take(event: FromChild): void {
		switch (event.kind) {
			case 'ready':
				this.#url = event.url;
				break;
			case 'message':
				this.#messages.push(event);
				break;
			case 'status':
				this.#statuses.push(event);
				break;
			case 'error':
				this.#errors.push(event.error);
				break;
			case 'log':
				this.log.push(`[${LEVELS[event.level] ?? event.level}] ${event.text}`);
				break;
			case 'answer':
				this.#answers.get(event.id)?.(event);
				break;
		}
		this.#happened.emit('change');
	}

	#request(request: Request): Promise<unknown> {
		if (this.#ended) return Promise.reject(new Error(this.#obituary()));
		const id = ++this.#requests;
		return new Promise((resolve, reject) => {
			this.#answers.set(id, ({ result, failure }) => {
				this.#answers.delete(id);
				if (failure === undefined) resolve(result);
				else reject(new Error(failure));
			});
			this.#process.send({ ...request, id }, (error) => {
				if (error) this.#answers.get(id)?.({ failure: `${error.message}; ${this.#obituary()}` });
			});
		});
	}

	/** Resolves with the first value of `look` that is not undefined, looking whenever something happens. */
	#until<T>(what: string, look: () => T | undefined, timeoutMs = 60_000): Promise<T> {
		return new Promise((resolve, reject) => {
			const settle = () => {
				clearTimeout(timer);
				this.#happened.off('change', check);
			};
			const fail = (reason: string) => {
				settle();
				reject(new Error(`waited for ${what}: ${reason}\n${this.log.slice(-15).join('\n')}`));
			};
			const check = () => {
				const found = look();
				if (found !== undefined) {
					settle();
					resolve(found);
				} else if (this.#ended) fail(this.#obituary());
			};
			const timer = setTimeout(() => fail(`nothing in ${timeoutMs} ms`), timeoutMs);
			this.#happened.on('change', check);
			check();
		});
	}

	#obituary(): string {
		const { exitCode, signalCode } = this.#process;
		return `Node-RED ended with ${exitCode ?? signalCode}\n${this.log.slice(-30).join('\n')}`;
	}
}

/** Nothing that leaves the machine, asks the user, or is not needed. */
function labSettings(userDir: string): Record<string, unknown> {
	return {
		userDir,
		flowFile: 'flows.json',
		credentialSecret: false,
		telemetry: { enabled: false, updateNotification: false },
		diagnostics: { enabled: false, ui: false },
		externalModules: {
			autoInstall: false,
			palette: { allowInstall: false, allowUpdate: false, allowUpload: false },
			modules: { allowInstall: false },
		},
		editorTheme: { tours: false, projects: { enabled: false }, palette: { catalogues: [] } },
	};
}
