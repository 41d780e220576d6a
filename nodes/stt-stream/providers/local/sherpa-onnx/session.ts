import { EventQueue } from '../../event-queue.ts';
import type { SttEvent, SttSession } from '../../provider.ts';
import type { AudioPayload, StreamPayload } from './protocol.ts';

/** The way to the process that recognises. */
export interface Line {
	notify(op: string, payload: StreamPayload): void;
	/** Nothing more is wanted of this stream. */
	detach(stream: number): void;
}

/** Audio, in milliseconds, that may wait for the engine, and below which it takes more. */
const FULL_MS = 2000;
const LOW_MS = 1000;

/** One stream in the engine's process. */
export class SherpaSession implements SttSession {
	readonly stream: number;
	readonly #line: Line;
	readonly #bytesPerMs: number;
	readonly #events = new EventQueue();
	readonly #over: Promise<void>;
	#resolveOver = (): void => {};
	#waiting = 0;
	#isFull = false;
	#finishing = false;

	constructor(stream: number, sampleRate: number, line: Line) {
		this.stream = stream;
		this.#line = line;
		this.#bytesPerMs = (sampleRate * 2) / 1000;
		this.#over = new Promise((resolve) => {
			this.#resolveOver = resolve;
		});
	}

	write(pcm: Buffer): boolean {
		if (this.#events.ended || this.#finishing || !pcm.length) return true;
		this.#waiting += pcm.length;
		this.#line.notify('audio', { stream: this.stream, pcm } as AudioPayload);
		this.#isFull = this.#waiting >= FULL_MS * this.#bytesPerMs;
		return !this.#isFull;
	}

	finish(): Promise<void> {
		if (!this.#finishing && !this.#events.ended) {
			this.#finishing = true;
			this.#line.notify('finish', { stream: this.stream });
		}
		return this.#over;
	}

	abort(reason?: Error): void {
		if (this.#events.ended) return;
		this.#line.notify('close', { stream: this.stream });
		this.#events.abort(reason);
		this.#end();
	}

	[Symbol.asyncIterator](): AsyncIterator<SttEvent> {
		return this.#events[Symbol.asyncIterator]();
	}

	heard(events: readonly SttEvent[]): void {
		for (const event of events) this.#events.push(event);
	}

	taken(bytes: number): void {
		this.#waiting -= bytes;
		if (!this.#isFull || this.#waiting > LOW_MS * this.#bytesPerMs) return;
		this.#isFull = false;
		this.#events.push({ type: 'drain' });
	}

	/** The engine says that it is over, or that is known of it. */
	ended(failure?: Error): void {
		this.#events.end(failure);
		this.#end();
	}

	#end(): void {
		this.#line.detach(this.stream);
		// Results and the end may have come at once; whoever iterates reads them first.
		setImmediate(this.#resolveOver);
	}
}
