import { bytesToMs, frameBytes, msToBytes, type PcmFormat } from '../../../lib/audio/format.ts';
import type { Sink, SinkEvents } from '../../../nodes/audio-play/sinks/sink.ts';

/**
 * A sound device in memory whose time the test turns by hand: sound leaves when `play` is called, never by itself.
 * It lets the player be tested without a clock; the real devices are tested beside it.
 */
export class HandDevice {
	/** Everything that left, per opening. */
	readonly heard: Buffer[] = [];
	/** 'open', 'end', 'over', 'abort' in the order in which they happened. */
	readonly log: string[] = [];
	/** What `write` takes before it answers false. */
	capacityMs = Number.POSITIVE_INFINITY;
	startMs = 0;
	/** Answers every opening with this format instead of the one asked for. */
	format: PcmFormat | undefined;
	/** Thrown by the next opening. */
	refusal: Error | undefined;
	/** Set to hold openings back until it is called. */
	holdOpen = false;
	releaseOpen: () => void = () => {};
	events: SinkEvents | undefined;
	#queue = Buffer.alloc(0);
	#open: PcmFormat | undefined;
	#over: (() => void) | undefined;

	readonly open = async (format: PcmFormat, events: SinkEvents): Promise<Sink> => {
		if (this.#open) throw new Error('opened twice');
		this.#open = this.format ?? format;
		if (this.holdOpen)
			await new Promise<void>((resolve) => {
				this.releaseOpen = resolve;
			});
		if (this.refusal) {
			this.#open = undefined;
			const refusal = this.refusal;
			this.refusal = undefined;
			throw refusal;
		}
		this.log.push('open');
		this.heard.push(Buffer.alloc(0));
		this.events = events;
		const device = this;
		return {
			format: this.#open,
			startMs: this.startMs,
			get queuedBytes() {
				return device.#queue.length;
			},
			write(pcm) {
				if (!device.#open) throw new Error('written after its end');
				if (pcm.length % frameBytes(device.#open)) throw new Error('half a frame');
				device.#queue = Buffer.concat([device.#queue, pcm]);
				return device.queuedMs < device.capacityMs;
			},
			pause() {},
			async end() {
				device.log.push('end');
				await new Promise<void>((resolve) => {
					device.#over = resolve;
					device.#settle();
				});
				device.log.push('over');
				device.#open = undefined;
			},
			async abort() {
				device.log.push('abort');
				device.#queue = Buffer.alloc(0);
				device.#open = undefined;
				device.#over?.();
			},
		};
	};

	get queuedMs(): number {
		return this.#open ? bytesToMs(this.#queue.length, this.#open) : 0;
	}

	get isOpen(): boolean {
		return this.#open !== undefined;
	}

	/** Lets `ms` of what was written be heard; fewer if there is not so much. */
	play(ms = Number.POSITIVE_INFINITY): void {
		if (!this.#open) return;
		const bytes = Number.isFinite(ms) ? msToBytes(ms, this.#open) : this.#queue.length;
		const last = this.heard.length - 1;
		this.heard[last] = Buffer.concat([this.heard[last] as Buffer, this.#queue.subarray(0, bytes)]);
		this.#queue = this.#queue.subarray(bytes);
		if (this.queuedMs < this.capacityMs) this.events?.drain();
		this.#settle();
	}

	#settle(): void {
		if (this.#queue.length === 0) this.#over?.();
	}
}

/** Resolves when all promises that can go on without time passing have done so. */
export async function settled(): Promise<void> {
	for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
