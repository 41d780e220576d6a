import { frameBytes } from '../audio/format.ts';
import type { VoiceError } from '../node/errors.ts';
import type { Child } from './pool.ts';
import type { DataEvent, StreamPayload } from './protocol.ts';
import { isCount, StreamClient } from './stream-client.ts';

const CLOSE_TIMEOUT_MS = 3000;

export interface InputHandlers {
	/** Captured sound: whole frames, in order. The Buffer is the receiver's own. Never before `openInput` resolved. */
	data(pcm: Buffer): void;
	/** The stream is over by itself and already closed: MIC_STALLED. Called at most once, never after `close()`. */
	lost(error: VoiceError): void;
}

/** The client's end of a microphone. */
export class InputClient extends StreamClient {
	readonly #handlers: InputHandlers;
	readonly #stallMs: number;
	#droppedBytes = 0;
	#closing: Promise<void> | undefined;

	constructor(device: string, stream: number, child: Child, handlers: InputHandlers, stallMs: number) {
		super('input', device, stream, child, () => false);
		this.#handlers = handlers;
		this.#stallMs = stallMs;
	}

	get droppedBytes(): number {
		return this.#droppedBytes;
	}

	close(): Promise<void> {
		this.watchdog.stop();
		this.#closing ??= this.isOver ? Promise.resolve() : this.closeInChild(CLOSE_TIMEOUT_MS);
		return this.#closing;
	}

	protected handle(event: string, payload: StreamPayload): void {
		if (event !== 'data') return;
		const { pcm, droppedBytes } = payload as DataEvent;
		if (!Buffer.isBuffer(pcm) || pcm.length % frameBytes(this.format) || !isCount(droppedBytes)) {
			this.lose('has a process that says what cannot be understood');
			return;
		}
		if (!this.#closing) this.watchdog.feed(this.#stallMs);
		this.#droppedBytes = droppedBytes;
		this.#handlers.data(pcm);
	}

	protected reportLost(error: VoiceError): void {
		if (!this.#closing) this.#handlers.lost(error);
	}
}
