import { setTimeout as sleep } from 'node:timers/promises';
import { bytesToMs, frameBytes, framesToMs, msToBytes, type PcmFormat } from '../audio/format.ts';
import type { NativeStream } from './addon.ts';
import type { FailedEvent, Send, TakenEvent } from './protocol.ts';

/** Small, so that an abort, which naudiodon lets act only when it has given away what it holds, comes soon. */
const PIECE_MS = 20;
/** Pieces in naudiodon's queue; PortAudio's thread must not wait for ours while it fills a buffer. */
export const OUTPUT_QUEUE = 5;
/** Sound that is too short to fill the queue, and not ended, starts after this time. */
const START_MS = 100;
const MIN_SILENCE_MS = 200;
/** Buffers of `framesPerBuffer` that PortAudio's ALSA part fills ahead: it measured 3, 4 is its constant. */
const BUFFERS_AHEAD = 4;

export interface OutputOptions {
	stream: number;
	format: PcmFormat;
	framesPerBuffer: number;
}

/** An open loudspeaker in the child. */
export class OutputStream {
	readonly #native: NativeStream;
	readonly #options: OutputOptions;
	readonly #send: Send;
	readonly #pieceBytes: number;
	/** Milliseconds that may lie between PortAudio's taking of a sample and its sound. */
	readonly #aheadMs: number;
	#queue: Buffer[] = [];
	#pumping: Promise<void> | undefined;
	#quit: Promise<void> | undefined;
	#startTimer: NodeJS.Timeout | undefined;
	#startedAt: number | undefined;
	#lastWrite = 0;
	#primed = 0;
	#soundBytes = 0;
	#ended = false;
	#aborted = false;
	#countUnderruns = true;

	constructor(native: NativeStream, options: OutputOptions, send: Send) {
		this.#native = native;
		this.#options = options;
		this.#send = send;
		this.#pieceBytes = msToBytes(PIECE_MS, options.format);
		this.#aheadMs = framesToMs(BUFFERS_AHEAD * options.framesPerBuffer, options.format);
	}

	/** Takes whole frames; an incomplete one at the end is left out. */
	write(pcm: Buffer): void {
		if (this.#ended || this.#aborted) return;
		const whole = pcm.length - (pcm.length % frameBytes(this.#options.format));
		this.#queue.push(pcm.subarray(0, whole));
		this.#pump();
	}

	/** Resolves when what was written has left the loudspeaker, or after `abort`, and the device is free. */
	async end(): Promise<void> {
		// PortAudio throws away what the device has not yet played when it stops (pa_linux_alsa.c, AlsaStop), and that
		// must be silence. A device that ran dry because the end came late did not underrun.
		this.#countUnderruns = performance.now() - this.#lastWrite < this.#aheadMs;
		await this.#pumping;
		this.#ended = true;
		const silence = Math.max(MIN_SILENCE_MS, this.#aheadMs);
		if (this.#soundBytes && !this.#aborted)
			this.#queue.push(Buffer.alloc(msToBytes(silence, this.#options.format)));
		this.#pump();
		await this.#pumping;
		if (this.#soundBytes && !this.#aborted) this.#start();
		await this.#stop('WAIT');
		// A sound shorter than the buffers is taken before it is heard.
		const endsAt = (this.#startedAt ?? 0) + bytesToMs(this.#soundBytes, this.#options.format);
		while (!this.#aborted && performance.now() < endsAt)
			await sleep(Math.min(50, endsAt - performance.now()));
	}

	/** Silence as soon as possible; resolves when the device is free. */
	async abort(): Promise<void> {
		this.#aborted = true;
		this.#queue = [];
		clearTimeout(this.#startTimer);
		await this.#stop('ABORT');
	}

	#stop(mode: 'WAIT' | 'ABORT'): Promise<void> {
		clearTimeout(this.#startTimer);
		this.#quit ??= this.#native.quit(mode);
		return this.#quit;
	}

	#pump(): void {
		this.#pumping ??= this.#empty().finally(() => {
			this.#pumping = undefined;
		});
	}

	async #empty(): Promise<void> {
		try {
			while (this.#queue.length) {
				if (this.#startedAt === undefined && this.#primed === OUTPUT_QUEUE) this.#start();
				await this.#give(this.#take());
			}
			if (this.#startedAt === undefined && !this.#ended && this.#primed)
				this.#startTimer ??= setTimeout(() => this.#startLate(), START_MS);
		} catch (thrown) {
			this.#fail(thrown);
		}
	}

	#startLate(): void {
		try {
			this.#start();
		} catch (thrown) {
			this.#fail(thrown);
		}
	}

	#fail(thrown: unknown): void {
		this.#queue = [];
		const failed: FailedEvent = { stream: this.#options.stream, reason: String(thrown) };
		this.#send('failed', failed);
	}

	async #give(piece: Buffer): Promise<void> {
		const isSound = !this.#ended;
		if (this.#startedAt === undefined) this.#primed++;
		if (isSound) this.#soundBytes += piece.length;
		const status = await this.#native.write(piece);
		this.#lastWrite = performance.now();
		const { stream } = this.#options;
		const taken: TakenEvent = { stream, bytes: piece.length };
		if (isSound) this.#send('taken', taken);
		if (status?.includes('underflow') && (isSound || this.#countUnderruns))
			this.#send('underrun', { stream });
	}

	/** At most a piece; less where no more is there, so that a live stream is not delayed. */
	#take(): Buffer {
		const pieces: Buffer[] = [];
		let room = this.#pieceBytes;
		for (let first = this.#queue[0]; first && room > 0; first = this.#queue[0]) {
			const part = first.subarray(0, room);
			pieces.push(part);
			room -= part.length;
			if (part.length === first.length) this.#queue.shift();
			else this.#queue[0] = first.subarray(part.length);
		}
		return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
	}

	/** Only once there is sound: a device that starts without would underrun at once. */
	#start(): void {
		clearTimeout(this.#startTimer);
		if (this.#startedAt !== undefined || this.#quit) return;
		this.#startedAt = performance.now();
		this.#native.start();
	}
}
