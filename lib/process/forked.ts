import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type SerializedVoiceError, VoiceError } from '../node/errors.ts';
import { collectTail, type ExitState, type GuardedProcess, spawnGuarded } from './guarded.ts';

const STDERR_MS = 500;

/**
 * Nearly all that these children make is garbage soon. With V8's usual 16 MB for it, one with twelve microphones grew from 53 to
 * 171 MB in four minutes; so to 80 MB. With 1 MB, buffers are taken for old ones: two microphones then need 75 MB, not 60.
 */
const NODE_OPTIONS = ['--max-semi-space-size=4'];

interface Request {
	request: number;
	op: string;
	payload: unknown;
}
interface Reply {
	reply: number;
	value?: unknown;
	error?: SerializedVoiceError;
}
interface Notice {
	event: string;
	payload: unknown;
}

/** Reads a message of a child's; undefined for what `serveParent` does not send. */
export function readChildMessage(message: unknown): Reply | Notice | undefined {
	if (message === null || typeof message !== 'object') return undefined;
	const { event, payload, reply, value, error } = message as Partial<Reply & Notice>;
	if (typeof event === 'string')
		return payload !== null && typeof payload === 'object' ? { event, payload } : undefined;
	if (typeof reply !== 'number') return undefined;
	if (error === undefined) return { reply, value };
	return isError(error) ? { reply, error } : undefined;
}

const isError = (error: unknown): error is SerializedVoiceError => {
	if (error === null || typeof error !== 'object') return false;
	const { code, problem, remedy } = error as Partial<Record<string, unknown>>;
	return [code, problem, remedy].every((text) => typeof text === 'string');
};

/** What keeps our event loop alive, or not. */
interface Handle {
	ref?(): void;
	unref?(): void;
}

export interface ForkedOptions {
	env?: NodeJS.ProcessEnv;
	/** Called for each event that the child sends; Buffers arrive as Buffers. */
	onEvent?: (event: string, payload: unknown) => void;
	/** The error for a request that the child can no longer answer. `stderr` is the child's last output. */
	lost: (reason: 'exited' | 'timeout', stderr: string) => VoiceError;
}

/**
 * A child process that runs one of our own modules around a native addon: request and reply, and events from
 * the child. A request never hangs: it is answered, or rejects when the child exits or `timeoutMs` passes.
 */
export class ForkedChild {
	readonly exited: Promise<ExitState>;
	readonly #guarded: GuardedProcess;
	readonly #options: ForkedOptions;
	readonly #pending = new Map<
		number,
		{ resolve: (value: unknown) => void; reject: (error: Error) => void }
	>();
	readonly #stderr: () => string;
	#next = 1;
	#alive = true;

	constructor(module: URL, options: ForkedOptions) {
		this.#options = options;
		this.#guarded = spawnGuarded(process.execPath, [...NODE_OPTIONS, fileURLToPath(module)], {
			ipc: true,
			env: options.env ?? process.env,
		});
		const child = this.#guarded.process;
		// Addons print to stdout; nobody reads it, so keep it flowing or the child blocks.
		child.stdout?.resume();
		this.#stderr = child.stderr ? collectTail(child.stderr) : () => '';
		child.on('message', (message) => this.#receive(readChildMessage(message)));
		const said = new Promise((resolve) => child.stderr?.once('close', resolve));
		this.exited = this.#guarded.exited.then(async (state) => {
			this.#alive = false;
			// The exit may overtake the last words, which tell why.
			await Promise.race([said, sleep(STDERR_MS, undefined, { ref: false })]);
			for (const { reject } of this.#pending.values()) reject(this.#options.lost('exited', this.#stderr()));
			this.#pending.clear();
			return state;
		});
	}

	get alive(): boolean {
		return this.#alive;
	}

	/** The child's last output on stderr. */
	get stderr(): string {
		return this.#stderr();
	}

	/** Resolves with the child's answer; rejects with its VoiceError or with `lost(…)`. */
	request(op: string, payload: unknown, timeoutMs: number): Promise<unknown> {
		if (!this.#alive) return Promise.reject(this.#options.lost('exited', this.#stderr()));
		const request = this.#next++;
		return new Promise((resolve, reject) => {
			const timer = setTimeout(() => {
				this.#pending.delete(request);
				reject(this.#options.lost('timeout', this.#stderr()));
			}, timeoutMs);
			const settle =
				<T>(act: (value: T) => void) =>
				(value: T) => {
					clearTimeout(timer);
					act(value);
				};
			const rejectSettled = settle(reject);
			this.#pending.set(request, { resolve: settle(resolve), reject: rejectSettled });
			try {
				this.#send({ request, op, payload } satisfies Request);
			} catch (notSendable) {
				this.#pending.delete(request);
				rejectSettled(notSendable as Error);
			}
		});
	}

	/** Sends without waiting for an answer; lost if the child is gone. Returns false when the pipe is full. */
	notify(op: string, payload: unknown): boolean {
		return this.#alive && this.#send({ request: 0, op, payload } satisfies Request);
	}

	/** Lets our own process end although the child runs; the guard then ends the child. */
	unref(): void {
		this.#each((handle) => handle.unref?.());
	}

	/** Undoes `unref`. */
	ref(): void {
		this.#each((handle) => handle.ref?.());
	}

	stop(graceMs?: number): Promise<ExitState> {
		return this.#guarded.stop(graceMs);
	}

	kill(): Promise<ExitState> {
		return this.#guarded.kill();
	}

	#each(act: (handle: Handle) => void): void {
		const child = this.#guarded.process;
		// Pipes are sockets, which the types of `stdio` do not tell.
		const handles = [child, child.channel, ...(child.stdio ?? [])] as (Handle | null | undefined)[];
		for (const handle of handles) if (handle) act(handle);
	}

	#send(message: Request): boolean {
		const child = this.#guarded.process;
		// A child that is just dying answers EPIPE or a closed channel; its exit settles the request.
		return child.connected && child.send(message, () => {});
	}

	#receive(message: Reply | Notice | undefined): void {
		if (!message) return;
		if ('event' in message) {
			try {
				this.#options.onEvent?.(message.event, message.payload);
			} catch {
				// Thrown out of here, it would end Node-RED. A child that cannot be understood is of no use to anybody.
				void this.kill();
			}
			return;
		}
		const pending = this.#pending.get(message.reply);
		this.#pending.delete(message.reply);
		if (message.error) pending?.reject(VoiceError.from(message.error));
		else pending?.resolve(message.value);
	}
}

export type Handlers = Record<string, (payload: never) => unknown>;

/**
 * The child's side: answers requests with the handlers' results, and ends the process when the parent is gone.
 * `toError` turns what a handler throws into a VoiceError.
 * Returns the function that sends an event to the parent; `sent` is called when the pipe has taken it, so that the
 * child can bound what waits for a parent that is slow to read.
 */
export function serveParent(
	handlers: Handlers,
	toError: (thrown: unknown) => VoiceError,
): (event: string, payload: unknown, sent?: () => void) => void {
	// process.exit can hang in an addon's clean-up (naudiodon, when its device is gone); a signal cannot.
	process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
	process.on('message', (message: Request) => {
		const answer = (reply: Omit<Reply, 'reply'>) => {
			if (message.request && process.connected) process.send?.({ reply: message.request, ...reply });
		};
		Promise.resolve()
			.then(() => {
				if (!Object.hasOwn(handlers, message.op)) throw new Error(`unknown request "${message.op}"`);
				return (handlers[message.op] as (payload: unknown) => unknown)(message.payload);
			})
			.then(
				(value) => answer({ value }),
				(thrown) => answer({ error: toError(thrown).toJSON() }),
			);
	});
	return (event, payload, sent) => {
		if (process.connected) process.send?.({ event, payload } satisfies Notice, () => sent?.());
	};
}
