import { bytesToMs, frameBytes, msToBytes, type PcmFormat } from '../audio/format.ts';
import type { NativeStream } from './addon.ts';
import type { DataEvent, FailedEvent, Send } from './protocol.ts';

/** Between PortAudio's thread and ours: a thread that finds no room there loses sound. */
const QUEUE_MS = 2000;
/** Sound on its way to a client that does not read; what comes then is dropped. */
const UNSENT_MS = 20_000;

export interface InputOptions {
	stream: number;
	format: PcmFormat;
	/** Bytes of a piece. */
	pieceBytes: number;
}

/** Pieces for naudiodon's `maxQueue`. */
export function inputQueue(pieceBytes: number, format: PcmFormat): number {
	return Math.max(4, Math.ceil(QUEUE_MS / bytesToMs(pieceBytes, format)));
}

/** Bytes of a piece of so many frames; one read of naudiodon brings exactly that. */
export function pieceBytes(framesPerBuffer: number, format: PcmFormat): number {
	return framesPerBuffer * frameBytes(format);
}

/** An open microphone in the child: every piece goes to the client at once. */
export class InputStream {
	readonly #native: NativeStream;
	readonly #options: InputOptions;
	readonly #send: Send;
	readonly #unsentLimit: number;
	#unsent = 0;
	#dropped = 0;
	#reading: Promise<void> | undefined;
	#closed: Promise<void> | undefined;

	constructor(native: NativeStream, options: InputOptions, send: Send) {
		this.#native = native;
		this.#options = options;
		this.#send = send;
		this.#unsentLimit = msToBytes(UNSENT_MS, options.format);
	}

	/** Throws with PortAudio's words; `close` is due then too. */
	start(): void {
		// A stream that is opened and not started blocks the thread of its first read for good.
		this.#native.start();
		this.#reading = this.#read();
	}

	/** Resolves when all that was captured is on its way and the device is free. */
	close(): Promise<void> {
		this.#closed ??= this.#native.quit('WAIT').then(() => this.#reading);
		return this.#closed;
	}

	async #read(): Promise<void> {
		try {
			for (;;) {
				const { buf, finished } = await this.#native.read(this.#options.pieceBytes);
				if (buf.length) this.#deliver(buf);
				if (finished) return;
			}
		} catch (thrown) {
			const failed: FailedEvent = { stream: this.#options.stream, reason: String(thrown) };
			this.#send('failed', failed);
		}
	}

	#deliver(pcm: Buffer): void {
		if (this.#unsent + pcm.length > this.#unsentLimit) {
			this.#dropped += pcm.length;
			return;
		}
		this.#unsent += pcm.length;
		const event: DataEvent = { stream: this.#options.stream, pcm, droppedBytes: this.#dropped };
		this.#send('data', event, () => {
			this.#unsent -= pcm.length;
		});
	}
}
