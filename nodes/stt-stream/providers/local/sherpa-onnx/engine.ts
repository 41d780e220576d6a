import { ForkedChild } from '../../../../../lib/process/forked.ts';
import { type SttSession, VoiceError } from '../../provider.ts';
import { died, modelRefused, ownWords } from './errors.ts';
import type {
	EndedPayload,
	LoadPayload,
	OpenPayload,
	ResultsPayload,
	Stats,
	StreamPayload,
	TakenPayload,
} from './protocol.ts';
import { SherpaSession } from './session.ts';

export interface EngineSettings {
	readonly load: LoadPayload;
	/** Of the model, for errors. */
	readonly folder: string;
	/** For how long the process stays without a stream. */
	readonly unloadAfterMs: number;
	/** For how long it may say nothing while it owes an answer; default half a minute. */
	readonly stallMs?: number;
}

/** A big model on a slow card takes its time. */
const LOAD_MS = 180_000;
const STALL_MS = 30_000;
const STATS_MS = 30_000;
/** Codes of signals by which others end a process; by the rest it ended itself. */
const KILLED = [128 + 9, 128 + 15];

let lastStream = 0;

/**
 * One model in one process, which serves all of its streams and is started when one comes. When it ends, its streams
 * fail with an error that may be retried, unless the model is at fault.
 */
export class SherpaEngine {
	readonly #settings: EngineSettings;
	#child: EngineChild | undefined;

	constructor(settings: EngineSettings) {
		this.#settings = settings;
	}

	get isIdle(): boolean {
		return !this.#child;
	}

	/** The process; undefined while there is none. For tests and measurements. */
	get child(): Pick<EngineChild, 'exited' | 'isUsable' | 'stats' | 'endIfIdle'> | undefined {
		return this.#child;
	}

	/** Rejects with a VoiceError; with the signal's reason when that is given. */
	async open(options: Omit<OpenPayload, 'stream'>, signal: AbortSignal): Promise<SttSession> {
		signal.throwIfAborted();
		const child = this.#usable();
		const release = child.hold();
		try {
			await abortable(child.ready, signal);
			return child.open(options);
		} finally {
			release();
		}
	}

	#usable(): EngineChild {
		if (this.#child?.isUsable) return this.#child;
		const child: EngineChild = new EngineChild(this.#settings);
		this.#child = child;
		void child.exited.then(() => {
			if (this.#child === child) this.#child = undefined;
		});
		return child;
	}
}

/** A process and its streams. */
class EngineChild {
	readonly exited: Promise<void>;
	/** The model is loaded; rejects with the VoiceError of its failure. */
	readonly ready: Promise<void>;
	readonly #settings: EngineSettings;
	readonly #forked: ForkedChild;
	readonly #sessions = new Map<number, SherpaSession>();
	/** What it has not answered yet, also for streams that did not wait so long: a piece of audio, an end. */
	#untaken = 0;
	readonly #unended = new Set<number>();
	#holds = 0;
	#isLoading = true;
	#isRetired = false;
	/** Its end is our will, and nobody's failure. */
	#isOurs = false;
	#how: string | undefined;
	#idle: NodeJS.Timeout | undefined;
	#watch: NodeJS.Timeout | undefined;
	#quietMs = 0;

	constructor(settings: EngineSettings) {
		this.#settings = settings;
		this.#forked = new ForkedChild(new URL('./child.js', import.meta.url), {
			onEvent: (event, payload) => this.#receive(event, payload as StreamPayload),
			lost: (reason) => died(reason === 'timeout' ? 'did not answer' : 'ended', this.#isLoading),
		});
		let failure: VoiceError | undefined;
		this.exited = this.#forked.exited.then(({ code }) => {
			this.#isRetired = true;
			clearTimeout(this.#idle);
			clearInterval(this.#watch);
			if (this.#isOurs) return;
			failure = this.#failure(code);
			for (const session of [...this.#sessions.values()]) session.ended(failure);
		});
		this.ready = this.#load(() => failure);
		this.ready.catch(() => {});
	}

	get isUsable(): boolean {
		return !this.#isRetired && this.#forked.alive;
	}

	/** Keeps it for somebody who is about to open a stream; call what it returns when that is done. */
	hold(): () => void {
		this.#holds++;
		this.#settle();
		return () => {
			this.#holds--;
			this.#settle();
		};
	}

	open(options: Omit<OpenPayload, 'stream'>): SherpaSession {
		const stream = ++lastStream;
		const session = new SherpaSession(stream, options.sampleRate, {
			notify: (op, payload) => {
				this.#forked.notify(op, payload);
				if (op === 'audio') this.#untaken++;
				else if (op === 'finish') this.#unended.add(stream);
				this.#guard();
			},
			detach: () => {
				this.#sessions.delete(stream);
				this.#settle();
			},
		});
		this.#sessions.set(stream, session);
		this.#forked.notify('open', { ...options, stream } satisfies OpenPayload);
		this.#settle();
		return session;
	}

	stats(): Promise<Stats> {
		return this.#forked.request('stats', {}, STATS_MS) as Promise<Stats>;
	}

	endIfIdle(): void {
		if (this.#sessions.size + this.#holds === 0) this.#retire();
	}

	async #load(failure: () => VoiceError | undefined): Promise<void> {
		const release = this.hold();
		try {
			await this.#forked.request('load', this.#settings.load, LOAD_MS);
			this.#isLoading = false;
		} catch (thrown) {
			if (this.#forked.alive) this.#retire();
			await this.exited;
			const words = ownWords(this.#forked.stderr);
			throw failure() ?? (isConfigRefused(thrown) ? modelRefused(this.#settings.folder, words) : thrown);
		} finally {
			release();
		}
	}

	#receive(event: string, payload: StreamPayload): void {
		this.#quietMs = 0;
		const session = this.#sessions.get(payload.stream);
		switch (event) {
			case 'results':
				session?.heard((payload as ResultsPayload).events);
				break;
			case 'taken':
				this.#untaken--;
				session?.taken((payload as TakenPayload).bytes);
				break;
			case 'ended': {
				const { error } = payload as EndedPayload;
				this.#unended.delete(payload.stream);
				session?.ended(error && VoiceError.from(error));
			}
		}
	}

	/** Why its streams failed, when it has ended. */
	#failure(code: number): VoiceError {
		const how = this.#how ?? endOf(code);
		const words = ownWords(this.#forked.stderr);
		if (this.#isLoading && !KILLED.includes(code)) return modelRefused(this.#settings.folder, words || how);
		return died(words ? `${how} (${words})` : how, this.#isLoading);
	}

	/** An engine that hangs is ended. Counts ticks, so that a pause of this process is not taken for one of the other. */
	#guard(): void {
		if (this.#watch) return;
		const stallMs = this.#settings.stallMs ?? STALL_MS;
		const tickMs = stallMs / 10;
		this.#quietMs = 0;
		this.#watch = setInterval(() => {
			if (!this.#untaken && !this.#unended.size) {
				clearInterval(this.#watch);
				this.#watch = undefined;
				return;
			}
			// What nobody waits for any more keeps nobody from ending.
			if (!this.#sessions.size) this.#watch?.unref();
			this.#quietMs += tickMs;
			if (this.#quietMs < stallMs) return;
			this.#how = 'did not answer any more';
			this.#isRetired = true;
			void this.#forked.kill();
		}, tickMs);
	}

	#settle(): void {
		clearTimeout(this.#idle);
		this.#idle = undefined;
		if (!this.#forked.alive) return;
		this.#forked.ref();
		if (this.#sessions.size + this.#holds > 0) return;
		// A process without a stream keeps nobody from ending; it ends with us.
		this.#forked.unref();
		this.#idle = setTimeout(() => this.#retire(), this.#settings.unloadAfterMs).unref();
	}

	#retire(): void {
		this.#isOurs = true;
		this.#isRetired = true;
		void this.#forked.kill();
	}
}

/** The addon's only words where the engine refuses files; what is wrong with them is only on stderr. */
const isConfigRefused = (thrown: unknown) => /check your config/.test(String(thrown));

const endOf = (code: number): string =>
	code > 128 ? `was killed by signal ${code - 128}` : `ended with exit code ${code}`;

/** Waits for `promise` until the signal is given. */
async function abortable(promise: Promise<void>, signal: AbortSignal): Promise<void> {
	let onAbort = (): void => {};
	const aborted = new Promise<never>((_, reject) => {
		onAbort = () => reject(signal.reason);
		signal.addEventListener('abort', onAbort, { once: true });
	});
	try {
		await Promise.race([promise, aborted]);
	} finally {
		signal.removeEventListener('abort', onAbort);
	}
	signal.throwIfAborted();
}

/** The engines of this process, by what they have loaded: nodes with the same settings share one. */
const engines = new Map<string, SherpaEngine>();

export function engineFor(settings: EngineSettings): SherpaEngine {
	const key = JSON.stringify(settings);
	for (const [other, engine] of engines) if (other !== key && engine.isIdle) engines.delete(other);
	const engine = engines.get(key) ?? new SherpaEngine(settings);
	engines.set(key, engine);
	return engine;
}

/** Ends the processes without a stream now; resolves when they are gone. For tests. */
export async function endIdleEngines(): Promise<void> {
	const children = [...engines.values()].flatMap(({ child }) => child ?? []);
	for (const child of children) child.endIfIdle();
	await Promise.all(children.filter(({ isUsable }) => !isUsable).map(({ exited }) => exited));
}
