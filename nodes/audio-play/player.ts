import { bytesToMs, type PcmFormat } from '../../lib/audio/format.ts';
import { toVoiceError, VoiceError } from '../../lib/node/errors.ts';
import type { Item, Playback } from './item.ts';
import { Pump } from './pump.ts';
import type { Sink, SinkEvents } from './sinks/sink.ts';

/** Items that may wait, however short they are. */
const MAX_ITEMS = 1000;

export interface PlayerSettings {
	/** `queue`: one item after the other. `interrupt`: a new item silences what came before it. */
	mode: 'queue' | 'interrupt';
	/** Percent, 0 to 100. */
	volume: number;
	/** Sound that may wait to be played. */
	maxQueueMs: number;
	/** A stream begins to sound when so much and a piece of it are there. */
	prebufferMs: number;
	open(format: PcmFormat, events: SinkEvents): Promise<Sink>;
}

export interface PlayerEvents {
	/** The last that is heard of an item; exactly once for each that `begin` took. */
	finished(item: Item, playback: Playback): void;
	/** Why an item fails or loses sound; `finished` follows at once, or when it was played. */
	failed(item: Item, error: VoiceError): void;
	/** `state` may have changed. */
	changed(): void;
}

export type PlayerState = 'idle' | 'playing' | 'paused';

/**
 * Plays items one at a time, each through a device that is opened for it. What cannot be played is told, dropped,
 * and followed by the next item, which tries the device anew.
 */
export class Player {
	volume: number;
	readonly #settings: PlayerSettings;
	readonly #events: PlayerEvents;
	readonly #waiting: Item[] = [];
	readonly #live = new Set<Item>();
	#current: { item: Item; pump: Pump; over: Promise<void> } | undefined;
	#paused = false;
	#closed = false;

	constructor(settings: PlayerSettings, events: PlayerEvents) {
		this.#settings = settings;
		this.#events = events;
		this.volume = settings.volume;
	}

	get state(): PlayerState {
		if (this.#paused) return 'paused';
		return this.#current || this.#waiting.length ? 'playing' : 'idle';
	}

	/** Milliseconds of the current item that were heard. */
	get positionMs(): number {
		return this.#current?.pump.playedMs ?? 0;
	}

	/** Milliseconds of sound that cannot be held back any more, by a pause either. */
	get queuedMs(): number {
		return this.#current?.pump.queuedMs ?? 0;
	}

	/** Takes an item; its sound comes with `feed`, its end with `end`. Both are ignored once it has finished. */
	begin(item: Item): void {
		this.#live.add(item);
		if (this.#settings.mode === 'interrupt') this.#silence();
		this.#waiting.push(item);
		if (this.#waiting.length > MAX_ITEMS) this.#refuse(item, `${MAX_ITEMS} items are waiting`);
		this.#next();
		this.#events.changed();
	}

	/**
	 * An item whose beginning finds no room is dropped; later sound that finds none leaves a gap. A recording is
	 * in memory already, so when nothing else waits it may be of any length.
	 */
	feed(item: Item, pcm: Buffer): void {
		if (item.ended || !this.#live.has(item)) return;
		const ms = bytesToMs(pcm.length, item.format);
		const waitingMs = this.#pendingMs();
		const { maxQueueMs } = this.#settings;
		if (waitingMs > 0 && waitingMs + ms > maxQueueMs) {
			const first = item.droppedBytes === 0;
			item.droppedBytes += pcm.length;
			const what = `${Math.round(waitingMs / 100) / 10} s of sound are waiting, the limit is ${maxQueueMs / 1000} s`;
			if (!item.begun) this.#refuse(item, what);
			else if (first) this.#events.failed(item, queueFull(`A part of the stream was dropped: ${what}`));
		} else item.push(pcm);
		if (this.#current?.item === item) this.#current.pump.wake();
	}

	end(item: Item): void {
		item.ended = true;
		if (this.#current?.item === item) this.#current.pump.wake();
	}

	/** Drops the items of a stream, or all: what sounds is cut short, what waits is never heard. */
	drop(id?: string): void {
		this.#silence(id);
		this.#events.changed();
	}

	stop(): void {
		this.#paused = false;
		this.drop();
	}

	/** Nothing is lost; new items wait. */
	pause(): void {
		if (this.state !== 'playing') return;
		this.#paused = true;
		this.#current?.pump.pause();
		this.#events.changed();
	}

	resume(): void {
		if (!this.#paused) return;
		this.#paused = false;
		this.#current?.pump.resume();
		this.#next();
		this.#events.changed();
	}

	/** Stops; resolves when the device is free. */
	async close(): Promise<void> {
		this.#closed = true;
		this.stop();
		await this.#current?.over;
	}

	#pendingMs(): number {
		return [...this.#live].reduce((sum, item) => sum + item.pendingMs, 0);
	}

	#next(): void {
		if (this.#current || this.#paused || this.#closed) return;
		const item = this.#waiting.shift();
		if (!item) return;
		const { open, prebufferMs } = this.#settings;
		const pump = new Pump(item, { open, prebufferMs, volume: () => this.volume }, this.#paused);
		this.#current = { item, pump, over: this.#play(item, pump) };
	}

	async #play(item: Item, pump: Pump): Promise<void> {
		try {
			await pump.run();
		} catch (thrown) {
			if (!pump.aborted) this.#fail(item, toVoiceError(thrown, 'PLAY_STALLED', 'Playing'));
		}
		this.#current = undefined;
		this.#finish(item, pump.playedMs, pump.aborted);
		this.#next();
		this.#events.changed();
	}

	/** Ends what sounds and what waits, of one stream or of all. */
	#silence(id?: string): void {
		const isMeant = (item: Item) => id === undefined || item.id === id;
		for (const item of this.#waiting.filter(isMeant)) this.#remove(item);
		if (this.#current && isMeant(this.#current.item)) {
			this.#current.item.clear();
			this.#current.pump.abort();
		}
	}

	#refuse(item: Item, why: string): void {
		this.#fail(item, queueFull(`The sound was not played: ${why}`));
		if (this.#current?.item === item) this.#current.pump.abort();
		else this.#remove(item);
	}

	#fail(item: Item, error: VoiceError): void {
		item.failure = error;
		this.#events.failed(item, error);
	}

	#remove(item: Item): void {
		const at = this.#waiting.indexOf(item);
		if (at >= 0) this.#waiting.splice(at, 1);
		this.#finish(item, 0, true);
	}

	#finish(item: Item, durationMs: number, cut: boolean): void {
		this.#live.delete(item);
		item.clear();
		const playback: Playback = {
			durationMs: Math.round(durationMs),
			underruns: item.underruns,
			interrupted: cut || item.failure !== undefined,
		};
		if (item.droppedBytes) playback.droppedMs = Math.round(bytesToMs(item.droppedBytes, item.format));
		if (item.failure) playback.code = item.failure.code;
		this.#events.finished(item, playback);
	}
}

const queueFull = (problem: string): VoiceError =>
	new VoiceError(
		'PLAY_QUEUE_FULL',
		problem,
		'send less at a time, use the mode "interrupt", or raise the queue limit of the node',
	);
