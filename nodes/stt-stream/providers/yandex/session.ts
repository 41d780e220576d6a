import { EventQueue } from '../event-queue.ts';
import type { GrpcEnd, GrpcEvents, GrpcStream } from '../grpc.ts';
import type { GrpcFaults } from '../grpc-status.ts';
import type { SttEvent, SttSession, VoiceError } from '../provider.ts';
import {
	readResponse,
	type SessionOptions,
	type StreamingRequest,
	type StreamingResponse,
} from './messages.ts';

/** What a chunk costs besides its audio, about. */
const OVERHEAD = 16;

/** What the provider wants to know of a session. */
export interface SessionParts {
	readonly faults: GrpcFaults;
	/** The recogniser has answered for the first time: the credentials are good. */
	accepted(): void;
	/** Gets the error of an end that is not as it should be, and may replace it. */
	failed(end: GrpcEnd, error: VoiceError): VoiceError;
}

export class YandexSession implements SttSession, GrpcEvents<StreamingResponse> {
	readonly #stream: GrpcStream<StreamingRequest, StreamingResponse>;
	readonly #parts: SessionParts;
	readonly #events = new EventQueue();
	#hasBegun = false;

	constructor(
		stream: GrpcStream<StreamingRequest, StreamingResponse>,
		options: SessionOptions,
		parts: SessionParts,
	) {
		this.#stream = stream;
		this.#parts = parts;
		stream.write({ session_options: options }, OVERHEAD);
	}

	write(pcm: Buffer): boolean {
		if (this.#events.ended || !pcm.length) return true;
		return this.#stream.write({ chunk: { data: pcm } }, pcm.length + OVERHEAD);
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

	message(response: StreamingResponse): void {
		if (!this.#hasBegun) this.#begin(response);
		for (const event of readResponse(response)) this.#events.push(this.#parts.faults.cleanEvent(event));
	}

	drain(): void {
		this.#events.push({ type: 'drain' });
	}

	closed(end: GrpcEnd): void {
		const isAsItShould = end.code === 0 && !end.error;
		if (isAsItShould || this.#events.ended) this.#events.end();
		else this.#events.end(this.#parts.failed(end, this.#parts.faults.closed(end)));
	}

	#begin({ session_uuid }: StreamingResponse): void {
		this.#hasBegun = true;
		this.#parts.accepted();
		// The vendor's support asks for both.
		const { uuid = '', user_request_id = '' } = session_uuid ?? {};
		const detail = `session ${uuid}${user_request_id && `, request ${user_request_id}`}`;
		if (uuid) this.#events.push({ type: 'status', detail: this.#parts.faults.clean(detail) });
	}
}
