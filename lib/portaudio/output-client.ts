import { bytesToMs, frameBytes, msToBytes } from '../audio/format.ts';
import { VoiceError } from '../node/errors.ts';
import { nameOf } from './errors.ts';
import type { Child } from './pool.ts';
import { BUFFERS_AHEAD, type StreamPayload, type TakenEvent, type WritePayload } from './protocol.ts';
import { isCount, StreamClient } from './stream-client.ts';

const ABORT_TIMEOUT_MS = 1500;
/** Who writes on without waiting for `drain` is refused at this length. */
const LIMIT_MS = 30_000;

export interface OutputHandlers {
	/** The queue has room again after a `write` that returned false. */
	drain(): void;
	/** The stream is over by itself and already closed: PLAY_STALLED. At most once, never after `end` or `abort`. */
	lost(error: VoiceError): void;
	/** The loudspeaker falls silent for want of sound, once for each gap; or the machine was too slow. */
	underrun(): void;
}

export interface OutputTimes {
	/** For how long the device may take no sound while there is some. */
	stallMs: number;
	/** Sound that waits in the child, and makes `write` return false. */
	queueMs: number;
}

/** The client's end of a loudspeaker. */
export class OutputClient extends StreamClient {
	readonly #handlers: OutputHandlers;
	readonly #times: OutputTimes;
	/** Written and not yet sent: the child gets no more than it may soon play, so that an abort acts at once. */
	#unsent: Buffer[] = [];
	#unsentBytes = 0;
	/** Sent and not yet taken by PortAudio. */
	#sentBytes = 0;
	#isFull = false;
	#ending: Promise<void> | undefined;
	#aborting: Promise<void> | undefined;
	/** Called when all is sent, or the stream is over. */
	#allSent: (() => void) | undefined;

	constructor(device: string, stream: number, child: Child, handlers: OutputHandlers, times: OutputTimes) {
		super('output', device, stream, child, () => this.#sentBytes === 0);
		this.#handlers = handlers;
		this.#times = times;
	}

	get queuedBytes(): number {
		return this.#unsentBytes + this.#sentBytes;
	}

	get startMs(): number {
		return BUFFERS_AHEAD * this.bufferMs;
	}

	write(pcm: Buffer): boolean {
		if (this.isOver || this.#ending || this.#aborting) return true;
		if (this.queuedBytes >= msToBytes(LIMIT_MS, this.format))
			throw new VoiceError(
				'PLAY_QUEUE_FULL',
				`${nameOf('output', this.device)} already has ${LIMIT_MS / 1000} s of sound waiting`,
				'write more slowly than it plays',
			);
		const whole = pcm.length - (pcm.length % frameBytes(this.format));
		if (whole) this.#unsent.push(pcm.subarray(0, whole));
		this.#unsentBytes += whole;
		if (this.#sentBytes === 0) this.watchdog.feed(this.#times.stallMs);
		this.#forward();
		this.#isFull = this.queuedBytes >= this.#queueBytes;
		return !this.#isFull;
	}

	end(): Promise<void> {
		this.#ending ??= this.#end();
		return this.#ending;
	}

	abort(): Promise<void> {
		this.#aborting ??= this.#abort();
		return this.#aborting;
	}

	protected handle(event: string, payload: StreamPayload): void {
		if (event === 'underrun') this.#handlers.underrun();
		if (event !== 'taken') return;
		const { bytes } = payload as TakenEvent;
		if (!isCount(bytes) || bytes > this.#sentBytes) {
			this.lose('has a process that says what cannot be understood');
			return;
		}
		this.#sentBytes -= bytes;
		this.watchdog.feed(this.#times.stallMs);
		this.#forward();
		if (!this.#isFull || this.queuedBytes > this.#queueBytes / 2) return;
		this.#isFull = false;
		if (!this.#ending && !this.#aborting) this.#handlers.drain();
	}

	protected reportLost(error: VoiceError): void {
		this.#unsent = [];
		this.#allSent?.();
		if (!this.#ending && !this.#aborting) this.#handlers.lost(error);
	}

	get #queueBytes(): number {
		// The child starts when it has enough for PortAudio's buffers.
		return msToBytes(Math.max(this.#times.queueMs, this.startMs + this.bufferMs), this.format);
	}

	#forward(): void {
		while (this.#unsent[0]) {
			const room = this.#queueBytes - this.#sentBytes;
			const first = this.#unsent[0];
			const pcm = first.subarray(0, room - (room % frameBytes(this.format)));
			if (room <= 0 || pcm.length === 0) return;
			if (pcm.length === first.length) this.#unsent.shift();
			else this.#unsent[0] = first.subarray(pcm.length);
			this.#unsentBytes -= pcm.length;
			this.#sentBytes += pcm.length;
			const write: WritePayload = { stream: this.stream, pcm };
			this.notify('write', write);
		}
		this.#allSent?.();
	}

	async #end(): Promise<void> {
		if (!this.isOver && this.#unsent.length)
			await new Promise<void>((resolve) => {
				this.#allSent = resolve;
			});
		if (!this.isOver && !this.#aborting) await this.#endInChild();
		if (this.#aborting) await this.#aborting;
		else if (this.failure) throw this.failure;
	}

	async #endInChild(): Promise<void> {
		const dueMs = bytesToMs(this.#sentBytes, this.format) + 2 * this.startMs + 1000;
		try {
			await this.request('end', dueMs + this.#times.stallMs);
			this.over();
		} catch {
			if (!this.#aborting) this.lose('does not come to the end of its sound');
		}
	}

	async #abort(): Promise<void> {
		this.watchdog.stop();
		this.#unsent = [];
		this.#allSent?.();
		if (!this.isOver) await this.closeInChild(ABORT_TIMEOUT_MS);
	}
}
