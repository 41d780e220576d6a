import { setTimeout as sleep } from 'node:timers/promises';
import { bytesToMs, frameBytes, framesToMs, msToBytes, type PcmFormat } from '../audio/format.ts';
import type { NativeStream } from './addon.ts';
import { BUFFERS_AHEAD, type FailedEvent, type Send, type TakenEvent } from './protocol.ts';

/** Small, so that an abort, which naudiodon lets act only when it has given away what it holds, comes soon. */
const PIECE_MS = 20;
/** Pieces in naudiodon's queue. */
export const OUTPUT_QUEUE = 2;
const MIN_SILENCE_MS = 200;
/** Sound that is too short to start with, and not ended, starts anyway after this time. */
const START_MS = 400;
const NOTHING = Buffer.alloc(0);

export interface OutputOptions {
	stream: number;
	format: PcmFormat;
	framesPerBuffer: number;
}

/**
 * An open loudspeaker in the child.
 *
 * PortAudio's thread waits inside naudiodon for more sound. If that takes longer than the device has sound left, ALSA
 * underruns and PortAudio throws a whole buffer away. So we must know when that thread waits, and give it silence.
 * naudiodon does not tell, but its queue is bounded and a write resolves when it has room: when one more empty piece
 * than the queue holds has gone in, all that was before them has been taken, and the thread waits.
 */
export class OutputStream {
	readonly #native: NativeStream;
	readonly #options: OutputOptions;
	readonly #send: Send;
	readonly #pieceBytes: number;
	readonly #bufferMs: number;
	#queue: Buffer[] = [];
	#queuedBytes = 0;
	/** Bytes of sound that naudiodon has got. */
	#soundBytes = 0;
	#startedAt: number | undefined;
	#startTimer: NodeJS.Timeout | undefined;
	#running: Promise<void> | undefined;
	#quit: Promise<void> | undefined;
	#wake: () => void = () => {};
	/** Empty pieces since the last one with sound or silence. */
	#probes = 0;
	#isDry = false;
	#ended = false;
	#aborted = false;

	constructor(native: NativeStream, options: OutputOptions, send: Send) {
		this.#native = native;
		this.#options = options;
		this.#send = send;
		this.#pieceBytes = msToBytes(PIECE_MS, options.format);
		this.#bufferMs = framesToMs(options.framesPerBuffer, options.format);
	}

	/** Takes whole frames; an incomplete one at the end is left out. */
	write(pcm: Buffer): void {
		if (this.#ended || this.#aborted) return;
		this.#push(pcm.subarray(0, pcm.length - (pcm.length % frameBytes(this.#options.format))));
		// A device that starts without enough to fill its buffers is dry at once.
		if (this.#startedAt !== undefined) this.#wake();
		else if (bytesToMs(this.#queuedBytes, this.#options.format) >= BUFFERS_AHEAD * this.#bufferMs)
			this.#start();
		else this.#startTimer ??= setTimeout(() => this.#start(), START_MS);
	}

	/** Resolves when what was written has left the loudspeaker, or after `abort`, and the device is free. */
	async end(): Promise<void> {
		if (this.#startedAt === undefined && this.#queuedBytes) this.#start();
		this.#ended = true;
		this.#wake();
		await this.#running;
		await this.#stop('WAIT');
		// A sound shorter than the device's buffers is taken before it is heard.
		const endsAt = (this.#startedAt ?? 0) + bytesToMs(this.#soundBytes, this.#options.format);
		while (!this.#aborted && performance.now() < endsAt)
			await sleep(Math.min(50, endsAt - performance.now()));
	}

	/** Silence as soon as possible; resolves when the device is free. */
	async abort(): Promise<void> {
		this.#aborted = true;
		this.#queue = [];
		this.#wake();
		await this.#stop('ABORT');
	}

	#stop(mode: 'WAIT' | 'ABORT'): Promise<void> {
		clearTimeout(this.#startTimer);
		this.#quit ??= this.#native.quit(mode);
		return this.#quit;
	}

	#start(): void {
		clearTimeout(this.#startTimer);
		if (this.#startedAt !== undefined || this.#aborted) return;
		this.#startedAt = performance.now();
		this.#running = this.#run().catch((thrown) => {
			this.#aborted = true;
			const failed: FailedEvent = { stream: this.#options.stream, reason: String(thrown) };
			this.#send('failed', failed);
		});
	}

	async #run(): Promise<void> {
		// What its queue holds is given before PortAudio's thread asks for it.
		for (let i = 0; i < OUTPUT_QUEUE && this.#queue.length; i++) await this.#give(this.#take());
		if (this.#aborted) return;
		this.#native.start();
		while (!this.#aborted) {
			if (this.#queue.length) await this.#give(this.#take());
			else if (this.#ended) return this.#giveClosingSilence();
			else if (this.#probes <= OUTPUT_QUEUE) {
				this.#probes++;
				await this.#native.write(NOTHING);
			} else await this.#fillGap();
		}
	}

	/** PortAudio's thread waits. The device still has sound, so more may come in time. */
	async #fillGap(): Promise<void> {
		await new Promise<void>((resolve) => {
			const timer = setTimeout(resolve, this.#bufferMs / 2);
			this.#wake = () => {
				clearTimeout(timer);
				resolve();
			};
		});
		if (this.#queue.length || this.#ended || this.#aborted) return;
		if (!this.#isDry) this.#underrun();
		this.#isDry = true;
		await this.#giveSilence(this.#bufferMs);
	}

	/** PortAudio throws away what the device has not yet played when it stops (pa_linux_alsa.c): let that be silence. */
	async #giveClosingSilence(): Promise<void> {
		const total = Math.max(MIN_SILENCE_MS, (BUFFERS_AHEAD + 1) * this.#bufferMs);
		for (let ms = 0; ms < total && !this.#aborted; ms += PIECE_MS) await this.#giveSilence(PIECE_MS);
	}

	async #giveSilence(ms: number): Promise<void> {
		this.#probes = 0;
		await this.#native.write(Buffer.alloc(msToBytes(ms, this.#options.format)));
	}

	async #give(piece: Buffer): Promise<void> {
		this.#probes = 0;
		this.#isDry = false;
		this.#soundBytes += piece.length;
		const status = await this.#native.write(piece);
		const taken: TakenEvent = { stream: this.#options.stream, bytes: piece.length };
		this.#send('taken', taken);
		// The machine was too slow, and what PortAudio had just got is lost.
		if (status?.includes('output underflow')) this.#underrun();
	}

	#underrun(): void {
		this.#send('underrun', { stream: this.#options.stream });
	}

	#push(pcm: Buffer): void {
		if (!pcm.length) return;
		this.#queue.push(pcm);
		this.#queuedBytes += pcm.length;
	}

	/** At most a piece; less where no more is there, so that a live stream is not delayed. */
	#take(): Buffer {
		const parts: Buffer[] = [];
		let room = this.#pieceBytes;
		for (let first = this.#queue[0]; first && room > 0; first = this.#queue[0]) {
			const part = first.subarray(0, room);
			parts.push(part);
			room -= part.length;
			if (part.length === first.length) this.#queue.shift();
			else this.#queue[0] = first.subarray(part.length);
		}
		this.#queuedBytes -= this.#pieceBytes - room;
		return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
	}
}
