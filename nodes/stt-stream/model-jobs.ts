import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type GuardedProcess, spawnGuarded } from '../../lib/process/guarded.ts';
import { MIRROR_VARIABLE } from './providers/local/models/catalogue.ts';
import { isModelName } from './providers/local/models/store.ts';
import { VoiceError } from './providers/provider.ts';

/** The same program that users run; in a process of its own, as unpacking computes for minutes on a small machine. */
const COMMAND = fileURLToPath(new URL('./providers/local/models/cli.js', import.meta.url));
const AT_ONCE_MAX = 2;
const KEPT_MAX = 20;

/** How a download stands; what the dialog gets. */
export interface ModelJob {
	readonly name: string;
	readonly state: 'running' | 'done' | 'failed' | 'cancelled';
	/** While it runs. */
	readonly phase?: 'download' | 'check' | 'unpack';
	/** Bytes of the archive; `total` is 0 while unknown. */
	readonly done: number;
	readonly total: number;
	/** Where it has failed. */
	readonly code?: string;
	readonly message?: string;
}

interface Running {
	job: ModelJob;
	readonly guarded: GuardedProcess;
	cancelled: boolean;
}

/** The downloads of models that this Node-RED does or has done. They end with it. */
export class ModelJobs {
	readonly #userDir: string;
	readonly #running = new Map<string, Running>();
	readonly #ended = new Map<string, ModelJob>();

	constructor(userDir: string) {
		this.#userDir = userDir;
	}

	/** Those that run, then the last ones that have ended. */
	get all(): ModelJob[] {
		return [...[...this.#running.values()].map(({ job }) => job), ...this.#ended.values()];
	}

	isRunning(name: string): boolean {
		return this.#running.has(name);
	}

	/**
	 * Begins a download; nothing happens to one that runs already.
	 * @param mirror address of the archives, '' = the publisher's
	 * @throws VoiceError STT_CONFIG for a name that no model can have; STT_QUOTA when too many run
	 */
	start(name: string, mirror: string): ModelJob {
		const running = this.#running.get(name);
		if (running) return running.job;
		if (!isModelName(name))
			throw new VoiceError('STT_CONFIG', 'That is no name of a speech model', 'choose one of the list');
		if (this.#running.size >= AT_ONCE_MAX)
			throw new VoiceError(
				'STT_QUOTA',
				`${AT_ONCE_MAX} models are being downloaded already`,
				'wait until one has ended',
				{ retryable: true },
			);
		const args = [COMMAND, 'download', '--json', '--dir', this.#userDir, '--', name];
		// Not as an argument, which every user of the machine can see: it may hold a password.
		const env = mirror ? { ...process.env, [MIRROR_VARIABLE]: mirror } : process.env;
		const guarded = spawnGuarded(process.execPath, args, { env });
		const begun: Running = {
			job: { name, state: 'running', done: 0, total: 0 },
			guarded,
			cancelled: false,
		};
		this.#ended.delete(name);
		this.#running.set(name, begun);
		this.#follow(begun);
		return begun.job;
	}

	/** Ends a download; what there is of it stays for the next time. @returns whether one ran */
	async cancel(name: string): Promise<boolean> {
		const running = this.#running.get(name);
		if (!running) return false;
		running.cancelled = true;
		await running.guarded.stop();
		return true;
	}

	#follow(running: Running): void {
		const { guarded } = running;
		const { stdin, stdout, stderr } = guarded.process;
		stdin?.end();
		stderr?.resume();
		unref(guarded);
		let failure: { code?: unknown; message?: unknown } | undefined;
		const lines = stdout && createInterface({ input: stdout });
		lines?.on('line', (line) => {
			const said = parse(line);
			if (said?.phase === 'failed') failure = said;
			else if (said && /^(download|check|unpack)$/.test(String(said.phase)))
				running.job = { ...running.job, ...said } as ModelJob;
		});
		const read = new Promise((resolve) => (lines ? lines.once('close', resolve) : resolve(undefined)));
		guarded.exited
			.then(async ({ code }) => {
				await read;
				this.#end(running, code === 0, failure ?? { message: `the download ended with exit code ${code}` });
			})
			.catch(() => this.#end(running, false, {}));
	}

	#end(running: Running, done: boolean, { code, message }: { code?: unknown; message?: unknown }): void {
		const { phase: _, name, ...rest } = running.job;
		const state = done ? 'done' : running.cancelled ? 'cancelled' : 'failed';
		const why = { code: String(code ?? 'STT_ENGINE'), message: String(message ?? 'unknown') };
		this.#running.delete(name);
		this.#ended.set(name, { ...rest, name, state, ...(state === 'failed' && why) });
		for (const oldest of this.#ended.keys()) {
			if (this.#ended.size <= KEPT_MAX) break;
			this.#ended.delete(oldest);
		}
	}
}

/** A download keeps no program alive in which Node-RED is embedded; it ends with it. */
function unref({ process: child }: GuardedProcess): void {
	child.unref();
	// Pipes are sockets, which the types of `stdio` do not tell.
	for (const pipe of (child.stdio ?? []) as ({ unref?(): void } | null)[]) pipe?.unref?.();
}

function parse(line: string): { phase?: unknown; code?: unknown; message?: unknown } | undefined {
	try {
		return JSON.parse(line) as { phase?: unknown };
	} catch {
		return undefined;
	}
}
