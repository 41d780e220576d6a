import { delimiter } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { VoiceError } from '../node/errors.ts';
import { ForkedChild } from '../process/forked.ts';
import { lastLine, noAlsaDefault, stalled } from './errors.ts';
import { CHILD_THREADS, type Direction, STREAMS_PER_CHILD, type StreamPayload } from './protocol.ts';

/** More than any process needs to die that is not stuck in a driver. */
const ENDING_MS = 2000;

export interface PoolOptions {
	/** A child that serves no stream ends after this time. */
	idleMs: number;
	/** Where to look for naudiodon besides this package's own folder. */
	folders: readonly string[];
	/** The children's environment. */
	env: () => NodeJS.ProcessEnv;
}

/** The client's end of a stream. */
export interface StreamEnd {
	/** The device's name, for errors. */
	readonly device: string;
	receive(event: string, payload: StreamPayload): void;
	/** The child is gone. */
	childLost(error: VoiceError): void;
}

/** The `cause` of an error that a child's end or silence brought; its message says how, with the child's last words. */
export class ChildFailure extends Error {
	override readonly name = 'ChildFailure';
}

/** A child process and the streams that it serves. */
export class Child {
	/** No new streams: it has become untrustworthy. It ends when its last stream does. */
	#retired = false;
	/** Streams being opened: PortAudio then blocks the child's event loop. */
	#opening = 0;
	/** Requests that belong to no stream. */
	#guests = 0;
	#idle: NodeJS.Timeout | undefined;
	readonly #direction: Direction;
	readonly #idleMs: number;
	readonly #forked: ForkedChild;
	readonly #streams = new Map<number, StreamEnd>();

	constructor(direction: Direction, { env, folders, idleMs }: PoolOptions) {
		this.#direction = direction;
		this.#idleMs = idleMs;
		const variables: NodeJS.ProcessEnv = { ...env(), UV_THREADPOOL_SIZE: String(CHILD_THREADS) };
		const named = variables['VOICE_NAUDIODON_FOLDERS'];
		variables['VOICE_NAUDIODON_FOLDERS'] = [...folders, ...(named ? [named] : [])].join(delimiter);
		this.#forked = new ForkedChild(new URL('./child.js', import.meta.url), {
			env: variables,
			onEvent: (event, payload) => {
				const about = payload as StreamPayload;
				this.#streams.get(about.stream)?.receive(event, about);
			},
			lost: (reason, stderr) => this.#lost(reason === 'timeout' ? 'does not answer' : 'ended', stderr, ''),
		});
		void this.#forked.exited.then(({ code }) => this.#exited(code));
	}

	get isUsable(): boolean {
		return !this.#retired && this.#forked.alive;
	}

	get isOpening(): boolean {
		return this.#opening > 0;
	}

	get streams(): number {
		return this.#streams.size;
	}

	/** It was killed, and may not be gone yet. */
	get isEnding(): boolean {
		return this.#retired && this.#streams.size + this.#guests === 0;
	}

	get exited(): Promise<unknown> {
		return this.#forked.exited;
	}

	/** Serves a stream until `detach`. */
	attach(stream: number, end: StreamEnd): void {
		this.#streams.set(stream, end);
		this.#settle();
	}

	detach(stream: number): void {
		if (this.#streams.delete(stream)) this.#settle();
	}

	/** For an opening: others do not expect to hear of this child meanwhile. */
	async requestOpening(payload: unknown, timeoutMs: number): Promise<unknown> {
		this.#opening++;
		try {
			return await this.#forked.request('open', payload, timeoutMs);
		} finally {
			this.#opening--;
		}
	}

	/** For what concerns no stream; keeps the child meanwhile. */
	async requestAsGuest(op: string, payload: unknown, timeoutMs: number): Promise<unknown> {
		this.#guests++;
		this.#settle();
		try {
			return await this.#forked.request(op, payload, timeoutMs);
		} catch (thrown) {
			this.retire();
			throw thrown;
		} finally {
			this.#guests--;
			this.#settle();
		}
	}

	request(op: string, payload: object, timeoutMs: number): Promise<unknown> {
		return this.#forked.request(op, payload, timeoutMs);
	}

	notify(op: string, payload: StreamPayload): void {
		this.#forked.notify(op, payload);
	}

	/** New streams go elsewhere. Kills it as soon as it serves none. */
	retire(): void {
		this.#retired = true;
		this.#settle();
	}

	/** Ends it now if it serves nothing. */
	endIfIdle(): void {
		if (this.#streams.size === 0 && this.#guests === 0) this.retire();
	}

	#settle(): void {
		clearTimeout(this.#idle);
		this.#idle = undefined;
		this.#forked.ref();
		if (this.#streams.size + this.#guests > 0) return;
		if (this.#retired) {
			void this.#forked.kill();
			return;
		}
		// An idle child keeps nobody from ending; it ends with us.
		this.#forked.unref();
		this.#idle = setTimeout(() => this.retire(), this.#idleMs).unref();
	}

	#exited(code: number): void {
		clearTimeout(this.#idle);
		this.#retired = true;
		const ends = [...this.#streams.values()];
		this.#streams.clear();
		for (const end of ends)
			end.childLost(this.#lost(`ended with code ${code}`, this.#forked.stderr, end.device));
	}

	#lost(how: string, stderr: string, device: string): VoiceError {
		// PortAudio's assertion (pa_linux_alsa.c, BuildDeviceList) fails where ALSA's configuration lacks pcm.default.
		if (stderr.includes('devIdx < numDeviceNames')) return noAlsaDefault(this.#direction);
		const failure = new ChildFailure(`PortAudio's process ${how}${lastLine(stderr)}`);
		return stalled(this.#direction, device, `was lost: ${failure.message}`, failure);
	}
}

/** The children of one direction: as a rule one, which serves all streams. */
export class Pool {
	readonly direction: Direction;
	readonly #options: PoolOptions;
	readonly #children = new Set<Child>();

	constructor(direction: Direction, options: PoolOptions) {
		this.direction = direction;
		this.#options = options;
	}

	/** A child for one more stream. */
	acquire(): Child {
		const child = [...this.#children].find((each) => each.isUsable && each.streams < STREAMS_PER_CHILD);
		return child ?? this.#start();
	}

	/** A child that will see the devices as they are now: PortAudio looks only while no stream is open. */
	acquireFresh(): Child {
		return [...this.#children].find((each) => each.isUsable && each.streams === 0) ?? this.#start();
	}

	/** Resolves when the children that were killed are gone, or will not go. */
	async ended(): Promise<void> {
		const ending = [...this.#children].filter((child) => child.isEnding);
		if (ending.length)
			await Promise.race([
				Promise.all(ending.map((child) => child.exited)),
				sleep(ENDING_MS, undefined, { ref: false }),
			]);
	}

	/** Those that serve streams. */
	serving(): Child[] {
		return [...this.#children].filter((child) => child.streams > 0);
	}

	/** Ends all idle children; resolves when they are gone. */
	async endIdle(): Promise<void> {
		const idle = [...this.#children].filter((child) => child.streams === 0);
		for (const child of idle) child.endIfIdle();
		await Promise.all(idle.map((child) => child.exited));
	}

	#start(): Child {
		const child = new Child(this.direction, this.#options);
		this.#children.add(child);
		void child.exited.then(() => this.#children.delete(child));
		return child;
	}
}
