import { EventQueue } from '../event-queue.ts';
import type { GrpcEnd, GrpcEvents, GrpcStream } from '../grpc.ts';
import type { GrpcFaults } from '../grpc-status.ts';
import type { SttEvent, SttSession } from '../provider.ts';
import { type Request, type Response, readResponse } from './messages.ts';

/** What a chunk costs besides its audio, about. */
const OVERHEAD = 16;

/** What differs between the versions of the interface. */
export interface SessionParts {
	/** The first message, which says what is wanted. */
	readonly first: Request;
	readonly audio: (pcm: Buffer) => Request;
	readonly faults: GrpcFaults;
	/** The recogniser has refused the session. */
	refused(end: GrpcEnd): void;
}

/** One session of StreamingRecognize. */
export class GoogleSession implements SttSession, GrpcEvents<Response> {
	readonly #stream: GrpcStream<Request, Response>;
	readonly #parts: SessionParts;
	readonly #events = new EventQueue();
	#requestId = '';

	constructor(stream: GrpcStream<Request, Response>, parts: SessionParts) {
		this.#stream = stream;
		this.#parts = parts;
		stream.write(parts.first, JSON.stringify(parts.first).length);
	}

	write(pcm: Buffer): boolean {
		if (this.#events.ended || !pcm.length) return true;
		return this.#stream.write(this.#parts.audio(pcm), pcm.length + OVERHEAD);
	}

	finish(): Promise<void> {
		this.#stream.halfClose();
		return this.#stream.gone;
	}

	abort(reason?: Error): void {
		this.#events.abort(reason);
		this.#stream.cancel();
	}

	[Symbol.asyncIterator](): AsyncIterator<SttEvent> {
		return this.#events[Symbol.asyncIterator]();
	}

	message(response: Response): void {
		const { error, metadata } = response;
		if (error?.code) {
			const end = { code: error.code, details: error.message };
			this.#parts.refused(end);
			throw this.#parts.faults.closed(end);
		}
		for (const event of readResponse(response)) this.#events.push(event);
		const id = metadata?.request_id ?? '';
		if (!id || id === this.#requestId) return;
		this.#requestId = id;
		// The vendor's support asks for it.
		this.#events.push({ type: 'status', detail: this.#parts.faults.clean(`request ${id}`) });
	}

	drain(): void {
		this.#events.push({ type: 'drain' });
	}

	closed(end: GrpcEnd): void {
		const isAsItShould = end.code === 0 && !end.error;
		if (!isAsItShould) this.#parts.refused(end);
		if (isAsItShould || this.#events.ended) this.#events.end();
		else this.#events.end(this.#parts.faults.closed(end));
	}
}
