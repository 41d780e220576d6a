import type { IncomingHttpHeaders } from 'node:http';
import type { Watch } from './watch.ts';

/** How a session ended, as the recogniser saw it. */
export interface Closed {
	readonly by: 'recogniser' | 'client';
	/** Of the close, or the HTTP status of a refusal; 1006 = dropped. */
	readonly code: number;
	readonly reason: string;
}

/** Everything that one connection brought. Times are `performance.now()`. */
export class ConnectionRecord {
	/** Counts the attempts from 0, refused ones too. */
	readonly index: number;
	readonly at = performance.now();
	readonly path: string;
	readonly query: Readonly<Record<string, string>>;
	readonly headers: IncomingHttpHeaders;
	/** Pieces of audio, as they came. */
	readonly arrivals: { readonly at: number; readonly bytes: number }[] = [];
	/** Every other message, parsed if it was JSON. */
	readonly controls: { readonly at: number; readonly message: unknown }[] = [];
	/** What was said to the client, when it was handed to the connection. */
	readonly said: { readonly at: number; readonly message: object }[] = [];
	/** When the session began. */
	begunAt: number | undefined;
	/** When the client said that there is no more audio. */
	finishedAt: number | undefined;
	closed: Closed | undefined;
	#bytes = 0;
	readonly #keep: boolean;
	readonly #pieces: Buffer[] = [];
	readonly #watch: Watch;

	constructor(
		index: number,
		request: { path: string; query: Record<string, string>; headers: IncomingHttpHeaders },
		keepAudio: boolean,
		watch: Watch,
	) {
		this.index = index;
		this.path = request.path;
		this.query = request.query;
		this.headers = request.headers;
		this.#keep = keepAudio;
		this.#watch = watch;
	}

	/** Audio received. */
	get bytes(): number {
		return this.#bytes;
	}

	get isOpen(): boolean {
		return this.begunAt !== undefined && !this.closed;
	}

	/** The exact audio received, padding of the client's included. */
	audio(): Buffer {
		if (!this.#keep) throw new Error('this recogniser was told to keep no audio');
		return Buffer.concat(this.#pieces);
	}

	addAudio(pcm: Buffer): void {
		this.#bytes += pcm.length;
		if (this.#keep) {
			this.arrivals.push({ at: performance.now(), bytes: pcm.length });
			this.#pieces.push(pcm);
		}
		this.#watch.changed();
	}

	addControl(message: unknown): void {
		this.controls.push({ at: performance.now(), message });
		this.#watch.changed();
	}

	/** To be called just before `message` is sent. */
	addSaid(message: object): void {
		if (this.#keep) this.said.push({ at: performance.now(), message });
	}

	finish(): void {
		this.finishedAt ??= performance.now();
		this.#watch.changed();
	}

	begin(): void {
		this.begunAt = performance.now();
		this.#watch.changed();
	}

	/** Only the first end counts. */
	end(closed: Closed): void {
		this.closed ??= closed;
		this.#watch.changed();
	}
}
