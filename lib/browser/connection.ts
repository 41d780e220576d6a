import type { RawData, WebSocket } from 'ws';
import { bytesToMs } from '../audio/format.ts';
import { toVoiceError, VoiceError } from '../node/errors.ts';
import { Flood } from './flood.ts';
import { readPageMessage } from './page-messages.ts';
import { CLOSE, type EndpointMessage, type PageMessage, SAMPLE_RATES } from './protocol.ts';

/** What a page does. Handlers may throw; the connection then ends. */
export interface PageEvents {
	message(message: PageMessage): void;
	/** Mono s16le, whole samples, at the rate of the last `start`. */
	audio(pcm: Buffer): void;
	/** Nothing more comes. `error`: the page was sent away, and why; absent where it went by itself. */
	gone(error?: VoiceError): void;
}

interface ConnectionOptions {
	/** Time between pings; a page that does not answer two of them is gone. */
	heartbeatMs: number;
	key: string;
}

/** More than a page leaves unread for long. */
const UNREAD_BYTES = 1_000_000;
/** So long a page has to answer a closing. */
const CLOSING_MS = 1000;

/** One page that is connected: checks what it sends, notices when it is gone. */
export class PageConnection {
	/** What the page is known by when it connects again; '' = nothing. A secret between it and Node-RED. */
	readonly key: string;
	readonly #socket: WebSocket;
	readonly #flood = new Flood();
	readonly #heartbeat: NodeJS.Timeout;
	readonly #closed: Promise<void>;
	#events: PageEvents | undefined;
	/** Pings since the last sign of life. */
	#unanswered = 0;
	#sampleRate: number = SAMPLE_RATES.min;
	#utterance = 0;
	/** It has been told to go, or has gone. */
	#over = false;

	constructor(socket: WebSocket, { heartbeatMs, key }: ConnectionOptions) {
		this.key = key;
		this.#socket = socket;
		this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs);
		this.#closed = new Promise((resolve) => {
			socket.once('close', () => {
				clearInterval(this.#heartbeat);
				this.#leave();
				resolve();
			});
		});
		// Whatever it is, 'close' follows: too large a frame, broken UTF-8, a reset connection.
		socket.on('error', (error: Error & { code?: string }) => {
			if (error.code?.startsWith('WS_ERR')) this.#violates(error.message);
		});
		socket.on('pong', () => {
			this.#unanswered = 0;
		});
		socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
	}

	/** Says who listens, in the same turn of the event loop in which the connection was made. */
	listen(events: PageEvents): void {
		this.#events = events;
	}

	/** Resolves when the connection has ended. */
	get closed(): Promise<void> {
		return this.#closed;
	}

	send(message: EndpointMessage): void {
		if (this.#over) return;
		// A page that does not read is of no use to anybody, and what waits for it takes memory.
		if (this.#socket.bufferedAmount > UNREAD_BYTES) {
			this.#socket.terminate();
			return;
		}
		this.#socket.send(JSON.stringify(message), () => {});
	}

	/** Ends it; resolves when it has ended. No event follows. */
	close(code: number, reason: string): Promise<void> {
		this.#events = undefined;
		this.#end(code, reason);
		return this.#closed;
	}

	#end(code: number, reason: string): void {
		if (this.#over) return;
		this.#over = true;
		this.#socket.close(code, reason);
		const timer = setTimeout(() => this.#socket.terminate(), CLOSING_MS);
		void this.#closed.then(() => clearTimeout(timer));
	}

	#beat(): void {
		// One answer may lie unread behind a Node-RED that was busy.
		if (this.#unanswered >= 2) this.#socket.terminate();
		this.#unanswered++;
		if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping(undefined, undefined, () => {});
	}

	/** Nothing may be thrown out of a socket's event: it would end Node-RED. */
	#receive(data: RawData, isBinary: boolean): void {
		if (this.#over) return;
		this.#unanswered = 0;
		try {
			// Buffers, as nobody asked for another type.
			const problem = isBinary ? this.#audio(data as Buffer) : this.#message(String(data));
			if (problem) this.#violates(problem);
		} catch (thrown) {
			this.#sendAway(toVoiceError(thrown, 'MIC_FORMAT', 'Taking what a page sent'));
		}
	}

	#audio(pcm: Buffer): string | undefined {
		const ms = bytesToMs(pcm.length, { sampleRate: this.#sampleRate, channels: 1 });
		const flood = this.#flood.count(ms);
		if (flood || pcm.length % 2) return flood ?? 'half a sample';
		this.#events?.audio(pcm);
		return undefined;
	}

	#message(text: string): string | undefined {
		const flood = this.#flood.count(0);
		if (flood) return flood;
		const message = readPageMessage(text);
		if (!message) return 'a message that is not of the protocol';
		if (message.type === 'start') {
			if (message.utterance <= this.#utterance) return 'an utterance twice';
			this.#utterance = message.utterance;
			// What is beyond is refused by who listens.
			this.#sampleRate = Math.max(SAMPLE_RATES.min, Math.min(SAMPLE_RATES.max, message.sampleRate));
		}
		this.#events?.message(message);
		return undefined;
	}

	#violates(what: string): void {
		const remedy = 'use the page and the voice-mic.js that this node serves';
		this.#sendAway(new VoiceError('MIC_FORMAT', `A page was sent away, because it sent ${what}`, remedy));
	}

	#sendAway(error: VoiceError): void {
		// A reason has at most 123 bytes (RFC 6455).
		this.#end(CLOSE.policy, error.problem.replace(/[^ -~]/g, '').slice(0, 120));
		this.#leave(error);
	}

	#leave(error?: VoiceError): void {
		this.#over = true;
		const events = this.#events;
		this.#events = undefined;
		try {
			events?.gone(error);
		} catch {
			// There is nobody left to tell.
		}
	}
}
