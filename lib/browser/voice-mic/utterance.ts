import type { PageMessage } from '../protocol.ts';

/** Audio that waits for the connection is bounded. */
const QUEUE_MS = 30_000;

export type StopCause = 'max' | 'start-timeout';

/** Where an utterance goes: the connection, while it is there. */
export interface Outlet {
	send(message: PageMessage | ArrayBuffer): void;
}

/** The audio of one utterance on its way: kept until there is a connection, cut at its limit. */
export class Utterance {
	readonly sampleRate: number;
	/** The `parts.id` that it has in Node-RED; known when Node-RED has answered. */
	stream: string | undefined;
	/** Counted on its connection. */
	number: number | undefined;
	readonly #room: number;
	#samples = 0;
	#queue: ArrayBuffer[] | undefined = [];
	#queuedBytes = 0;
	#outlet: Outlet | undefined;
	#ending: { cause?: StopCause } | undefined;

	/** @param maxMs the utterance is cut there; 0: no limit */
	constructor(sampleRate: number, maxMs: number) {
		this.sampleRate = sampleRate;
		this.#room = maxMs ? Math.round((maxMs * sampleRate) / 1000) : Number.POSITIVE_INFINITY;
	}

	/** Milliseconds recorded. */
	get ms(): number {
		return (this.#samples * 1000) / this.sampleRate;
	}

	get ended(): boolean {
		return this.#ending !== undefined;
	}

	/** Is there something to send, as soon as there is a connection? Not once it was abandoned. */
	get waits(): boolean {
		return this.#queue !== undefined && this.#samples > 0;
	}

	/** Takes the next s16le samples. False: no more fits, the utterance has ended. */
	push(pcm: ArrayBuffer): boolean {
		if (this.#ending) return false;
		const samples = Math.min(pcm.byteLength / 2, this.#room - this.#samples);
		this.#samples += samples;
		if (samples > 0) this.#put(pcm.slice(0, samples * 2));
		if (this.#samples < this.#room) return true;
		this.end('max');
		return false;
	}

	end(cause?: StopCause): void {
		if (this.#ending) return;
		this.#ending = cause ? { cause } : {};
		this.#sendEnd();
	}

	/** The connection is there: everything that has waited goes out, in order. */
	attach(outlet: Outlet, number: number): void {
		this.#outlet = outlet;
		this.number = number;
		outlet.send({ type: 'start', utterance: number, sampleRate: this.sampleRate });
		for (const pcm of this.#queue ?? []) outlet.send(pcm);
		this.#queue = undefined;
		this.#sendEnd();
	}

	/** Nobody wants it any more. */
	abandon(): void {
		this.#ending ??= {};
		this.#queue = undefined;
		if (this.number !== undefined) this.#outlet?.send({ type: 'reset', utterance: this.number });
		this.#outlet = undefined;
	}

	#put(pcm: ArrayBuffer): void {
		if (this.#outlet) this.#outlet.send(pcm);
		else if (this.#queue && this.#queuedBytes < (QUEUE_MS / 500) * this.sampleRate) {
			this.#queuedBytes += pcm.byteLength;
			this.#queue.push(pcm);
		}
	}

	#sendEnd(): void {
		if (this.#ending && this.#outlet && this.number !== undefined)
			this.#outlet.send({ type: 'stop', utterance: this.number, ...this.#ending });
	}
}
