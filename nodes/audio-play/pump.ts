import { scaleVolume } from '../../lib/audio/convert.ts';
import { bytesToMs, type PcmFormat } from '../../lib/audio/format.ts';
import { type Converter, createConverter, loadResampler } from '../../lib/audio/resample.ts';
import type { Item } from './item.ts';
import type { Sink, SinkEvents } from './sinks/sink.ts';

/** Sound is handed to the device in pieces of this length, so volume and pause act soon. */
const PIECE_MS = 50;

export interface PumpOptions {
	open(format: PcmFormat, events: SinkEvents): Promise<Sink>;
	/** Percent, 0 to 100; asked for each piece. */
	volume(): number;
	/** A stream begins to sound when so much and a piece of it are there, and again after it ran dry. */
	prebufferMs: number;
}

/** Plays one item through a device of its own: converts, scales, waits for the device or for more sound. */
export class Pump {
	readonly #item: Item;
	readonly #options: PumpOptions;
	#sink: Sink | undefined;
	#writtenBytes = 0;
	#playedMs: number | undefined;
	#failure: Error | undefined;
	#aborted = false;
	#paused: boolean;
	#full = false;
	#filling = true;
	/** The device ran dry and nothing has come since. */
	#gap = false;
	#wake: () => void = () => {};

	constructor(item: Item, options: PumpOptions, paused: boolean) {
		this.#item = item;
		this.#options = options;
		this.#paused = paused;
	}

	/** Milliseconds of the item that have left the device, as well as it can tell. */
	get playedMs(): number {
		if (this.#playedMs !== undefined) return this.#playedMs;
		if (!this.#sink) return 0;
		return bytesToMs(Math.max(0, this.#writtenBytes - this.#sink.queuedBytes), this.#sink.format);
	}

	/** Milliseconds that the device has taken and that are still to be heard, also while it is paused. */
	get queuedMs(): number {
		return this.#sink ? bytesToMs(this.#sink.queuedBytes, this.#sink.format) : 0;
	}

	/** Was it cut short by `abort`? */
	get aborted(): boolean {
		return this.#aborted;
	}

	/**
	 * Resolves when the sound has left, or was cut short, and the device is free again; rejects when it failed.
	 * Call once.
	 */
	async run(): Promise<void> {
		await this.#until(() => this.#item.pendingMs > 0 || this.#item.ended);
		if (this.#aborted || this.#item.pendingMs === 0) return;
		let converter: Converter | undefined;
		try {
			this.#sink = await this.#options.open(this.#item.format, this.#events());
			if (this.#paused) this.#sink.pause();
			if (this.#sink.format.sampleRate !== this.#item.format.sampleRate) await loadResampler();
			converter = createConverter(this.#item.format, this.#sink.format);
			await this.#play(this.#sink, converter);
		} catch (thrown) {
			this.#playedMs = this.playedMs;
			await this.#sink?.abort();
			throw thrown;
		} finally {
			converter?.close();
		}
	}

	/** More sound came, or the item ended. */
	wake(): void {
		this.#wake();
	}

	pause(): void {
		this.#paused = true;
		this.#sink?.pause();
	}

	resume(): void {
		this.#paused = false;
		this.#wake();
	}

	/** Silence as soon as the device can; `run` then resolves. */
	abort(): void {
		this.#aborted = true;
		this.#wake();
	}

	async #play(sink: Sink, converter: Converter): Promise<void> {
		for (;;) {
			await this.#until(() => !this.#paused && !this.#full && (this.#item.ended || !this.#starving()));
			if (this.#aborted) break;
			const piece = this.#item.take(PIECE_MS);
			if (piece) this.#write(sink, converter.push(piece));
			else if (this.#item.ended) break;
			else this.#filling = true;
		}
		if (!this.#aborted) {
			this.#gap = false;
			this.#write(sink, converter.flush());
			await this.#end(sink);
		}
		this.#playedMs ??= this.playedMs;
		if (this.#aborted) await sink.abort();
	}

	/** The device plays the rest, unless an abort cuts it short. */
	async #end(sink: Sink): Promise<void> {
		let over = false;
		const ended = sink.end().finally(() => {
			over = true;
			this.#wake();
		});
		ended.catch(() => {});
		await this.#until(() => over);
		if (over) {
			await ended;
			this.#playedMs = bytesToMs(this.#writtenBytes, sink.format);
		}
	}

	#write(sink: Sink, pcm: Buffer): void {
		if (!pcm.length) return;
		if (this.#gap) this.#item.underruns++;
		this.#gap = false;
		this.#full = !sink.write(scaleVolume(pcm, this.#options.volume()));
		this.#writtenBytes += pcm.length;
	}

	/**
	 * At the start and after an underrun sound is gathered first, so that the next piece comes before the device has
	 * played what it got; then whatever there is will do. A full queue is no reason to wait longer.
	 */
	#starving(): boolean {
		const { pendingMs, longestMs, droppedBytes } = this.#item;
		const wanted = Math.max(this.#options.prebufferMs, this.#writtenBytes ? 0 : (this.#sink?.startMs ?? 0));
		if (pendingMs >= wanted + longestMs || droppedBytes > 0) this.#filling = false;
		return this.#filling || pendingMs === 0;
	}

	#events(): SinkEvents {
		return {
			drain: () => {
				this.#full = false;
				this.#wake();
			},
			underrun: () => {
				// Silence after the last sound of a stream that ends late is no gap.
				if (this.#item.pendingMs > 0 || this.#item.ended) this.#item.underruns++;
				else this.#gap = true;
				this.#filling = true;
			},
			lost: (error) => {
				this.#failure = error;
				this.#wake();
			},
		};
	}

	/** Resolves when `condition` holds or the pump was aborted; rejects when the device is lost. */
	async #until(condition: () => boolean): Promise<void> {
		for (;;) {
			if (this.#failure) throw this.#failure;
			if (this.#aborted || condition()) return;
			await new Promise<void>((resolve) => {
				this.#wake = resolve;
			});
		}
	}
}
