import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { type GuardedProcess, spawnGuarded } from '../../../../lib/process/guarded.ts';
import { eachLine } from '../../../../lib/process/lines.ts';
import { EventQueue } from '../event-queue.ts';
import { type SttEvent, type SttSession, SuddenEnd, VoiceError } from '../provider.ts';
import { AudioPipe } from './audio-pipe.ts';
import type { Engine, LineParser } from './engine.ts';
import { EngineLog } from './engine-log.ts';

/** Starts a process for one stream and waits until its model is loaded. */
export async function openEngine(engine: Engine, signal: AbortSignal): Promise<SttSession> {
	signal.throwIfAborted();
	const pipe = engine.namedPipe ? await AudioPipe.make() : undefined;
	const session = new EngineSession(engine, pipe);
	const onAbort = () => session.abort(signal.reason);
	signal.addEventListener('abort', onAbort, { once: true });
	try {
		await session.loaded;
		return session;
	} finally {
		signal.removeEventListener('abort', onAbort);
	}
}

class EngineSession implements SttSession {
	/** Rejects if the engine ends first. */
	readonly loaded: Promise<void>;
	readonly #engine: Engine;
	readonly #guarded: GuardedProcess;
	#input: Writable | Socket | undefined;
	readonly #events = new EventQueue();
	readonly #over: Promise<void>;
	#isLoaded = false;
	#finishing = false;
	#aborted: { reason: Error | undefined } | undefined;

	constructor(engine: Engine, pipe: AudioPipe | undefined) {
		this.#engine = engine;
		this.#guarded = spawnGuarded(engine.command, engine.args(pipe?.path ?? ''));
		const { stdin, stdout, stderr } = this.#guarded.process as {
			[name in 'stdin' | 'stdout' | 'stderr']: NonNullable<GuardedProcess['process'][name]>;
		};
		let settle = (_error?: Error): void => {};
		this.loaded = new Promise((resolve, reject) => {
			settle = (error) => (error ? reject(error) : resolve());
		});
		this.loaded.catch(() => {});
		const onLoaded = () => {
			this.#isLoaded = true;
			log.listening();
			if (this.#input) settle();
		};
		const connected = (input: Writable | Socket) => {
			this.#input = input;
			input.on('drain', () => this.#events.push({ type: 'drain' }));
			input.write(engine.lead);
			if (this.#isLoaded) settle();
		};
		// At once, because `pocketsphinx live` looks for a WAV header before it loads anything.
		if (!pipe) connected(stdin);
		else
			pipe.connect().then(
				(input) => input && connected(input),
				(cause) => this.abort(noPipe(cause)),
			);
		const log = new EngineLog(stderr, engine.loaded, onLoaded);
		const parser = engine.parser();
		const parse = (read: () => ReturnType<LineParser['line']>) => {
			try {
				const events = read();
				if (events === 'ready') onLoaded();
				else for (const event of events) this.#events.push(event);
			} catch (cause) {
				this.abort(garbled(cause));
			}
		};
		const read = eachLine(stdout, (line) => parse(() => parser.line(line)));
		this.#over = this.#guarded.exited.then(async ({ code }) => {
			await read;
			await pipe?.remove();
			parse(() => parser.end());
			const failure = this.#failure(code, log.error);
			this.#events.end(failure);
			settle(failure ?? new VoiceError('STT_ENGINE', 'PocketSphinx ended', 'start the stream again'));
		});
	}

	write(pcm: Buffer): boolean {
		if (this.#events.ended || this.#finishing || this.#aborted) return true;
		return this.#input?.write(pcm) ?? true;
	}

	finish(): Promise<void> {
		if (!this.#finishing && !this.#aborted) {
			this.#finishing = true;
			this.#input?.end(this.#engine.tail);
		}
		return this.#over;
	}

	abort(reason?: Error): void {
		this.#aborted ??= { reason };
		this.#events.abort(this.#aborted.reason);
		this.#input?.destroy();
		void this.#guarded.kill();
	}

	[Symbol.asyncIterator](): AsyncIterator<SttEvent> {
		return this.#events[Symbol.asyncIterator]();
	}

	#failure(code: number, reason: string): Error | undefined {
		if (this.#aborted) return this.#aborted.reason;
		if (code === 0 && this.#finishing) return undefined;
		if (!this.#isLoaded && code < 128) return this.#engine.refused(reason || `exit code ${code}`);
		const how = code > 128 ? `was killed by signal ${code - 128}` : `ended with exit code ${code}`;
		const when = this.#isLoaded ? 'in the middle of a stream' : 'while it loaded its model';
		return new SuddenEnd(
			'STT_ENGINE',
			`PocketSphinx ${how} ${when}${reason && ` (${reason})`}`,
			'look for a lack of memory in the system log, and at the model',
		);
	}
}

const garbled = (cause: unknown) =>
	new VoiceError(
		'STT_PROTOCOL',
		'PocketSphinx printed a line that cannot be read',
		'report it together with the version of PocketSphinx',
		{ cause },
	);

const noPipe = (cause: unknown) =>
	new VoiceError(
		'STT_ENGINE',
		'The named pipe to PocketSphinx cannot be opened',
		'install python3-pocketsphinx, which needs none',
		{ cause },
	);
