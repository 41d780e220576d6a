import { bytesToMs, frameBytes, msToFrames, type PcmFormat } from '../../../lib/audio/format.ts';
import { type Converter, createConverter } from '../../../lib/audio/resample.ts';
import type { Clock } from '../../../lib/node/clock.ts';
import { toVoiceError } from '../../../lib/node/errors.ts';
import type { Capabilities, SttSession } from '../providers/provider.ts';
import type { AudioQueue } from './audio-queue.ts';
import { Chunker } from './chunker.ts';
import { Pacer } from './pacer.ts';
import type { Timeline } from './timeline.ts';

/**
 * Audio converted at once; a recording of minutes must not hold up Node-RED. More than a chunk of any microphone, which
 * is then sent in one message.
 */
const BLOCK_MS = 1000;
const BLOCKS_AT_ONCE = 1;
/** Silence that holds an idle session open. */
const SILENCE_MS = 100;

export interface FeederParts {
	readonly queue: AudioQueue;
	readonly session: SttSession;
	readonly timeline: Timeline;
	readonly capabilities: Capabilities;
	readonly from: PcmFormat;
	readonly to: PcmFormat;
	readonly clock: Clock;
	/** After every piece that the recogniser took. */
	readonly onProgress: () => void;
}

/**
 * Moves audio from the queue to a session: converts it to the session's rate and to mono, cuts it to the size that
 * the recogniser takes, keeps to its pace, and pauses while it is busy.
 */
export class Feeder {
	readonly #parts: FeederParts;
	readonly #converter: Converter;
	readonly #chunker: Chunker;
	readonly #pacer: Pacer;
	/** Converted pieces that wait for `drain` or for their time. */
	#ready: Buffer[] = [];
	/** Milliseconds that went into the converter. */
	#takenMs = 0;
	#sentBytes = 0;
	#busy = false;
	#stopped = false;
	#flushed = false;
	/** Takes no more from the queue. */
	#detached = false;
	#scheduled: NodeJS.Immediate | undefined;
	#cancelWait: (() => void) | undefined;
	#onEmpty: (() => void) | undefined;

	/** `loadResampler()` must have resolved. */
	constructor(parts: FeederParts) {
		this.#parts = parts;
		this.#converter = createConverter(parts.from, parts.to);
		this.#chunker = new Chunker(parts.capabilities, parts.to);
		this.#pacer = new Pacer(parts.capabilities, parts.clock);
	}

	/** Milliseconds that the recogniser took. */
	get sentMs(): number {
		return bytesToMs(this.#sentBytes, this.#parts.to);
	}

	/** All of the stream went into it, or all that it was to get. */
	get flushed(): boolean {
		return this.#flushed;
	}

	/** There is audio in the queue. */
	poke(): void {
		if (!this.#scheduled && !this.#cancelWait) this.#pump();
	}

	/** The recogniser takes audio again. */
	drain(): void {
		this.#busy = false;
		this.poke();
	}

	/** No more audio comes into the queue; `onEmpty` is called when the last of it was written. */
	end(onEmpty: () => void): void {
		this.#onEmpty ??= onEmpty;
		this.poke();
	}

	/** As `end`, but what is in the queue stays there, for another. */
	detach(onEmpty: () => void): void {
		this.#detached = true;
		this.end(onEmpty);
	}

	/** Sends silence that is none of the stream's, unless audio is waiting. */
	keepAlive(): void {
		if (this.#stopped || this.#flushed || this.#busy || this.#ready.length || this.#cancelWait) return;
		const { from, timeline, capabilities } = this.#parts;
		const frames = msToFrames(Math.max(SILENCE_MS, capabilities.chunkMs.min), from);
		const silence = Buffer.alloc(frames * frameBytes(from));
		const ms = bytesToMs(silence.length, from);
		timeline.pause(this.#takenMs, ms);
		this.#takenMs += ms;
		this.#ready.push(...this.#chunker.push(this.#converter.push(silence)));
		this.poke();
	}

	stop(): void {
		this.#stopped = true;
		this.#ready = [];
		clearImmediate(this.#scheduled);
		this.#cancelWait?.();
		this.#converter.close();
	}

	#pump(): void {
		try {
			this.#move();
		} catch (thrown) {
			// From an immediate it would end Node-RED.
			this.#parts.session.abort(toVoiceError(thrown, 'STT_AUDIO_FORMAT', 'Converting the audio'));
		}
	}

	#move(): void {
		for (let block = 0; !this.#stopped; block++) {
			this.#send();
			if (this.#busy || this.#ready.length || this.#flushed) break;
			if (block >= BLOCKS_AT_ONCE) {
				this.#scheduled = setImmediate(() => {
					this.#scheduled = undefined;
					this.#pump();
				});
				return;
			}
			if (!this.#convertBlock() && !this.#flush()) break;
		}
		if (this.#stopped || !this.#flushed || this.#ready.length) return;
		const onEmpty = this.#onEmpty;
		this.#onEmpty = undefined;
		onEmpty?.();
	}

	/** False if the queue is empty. */
	#convertBlock(): boolean {
		const { queue, timeline, from } = this.#parts;
		const audio = this.#detached ? undefined : queue.take(BLOCK_MS);
		if (!audio) return false;
		timeline.mark(this.#takenMs, audio.startMs);
		this.#takenMs += bytesToMs(audio.pcm.length, from);
		this.#ready.push(...this.#chunker.push(this.#converter.push(audio.pcm)));
		return true;
	}

	/** The rest, once the stream has ended; false if it has not. */
	#flush(): boolean {
		if (!this.#onEmpty) return false;
		this.#flushed = true;
		this.#ready.push(...this.#chunker.push(this.#converter.flush()));
		const last = this.#chunker.flush();
		if (last.length) this.#ready.push(last);
		return true;
	}

	/** Writes what is ready until the recogniser is busy or would get it too fast. */
	#send(): void {
		while (this.#ready.length && !this.#busy && !this.#stopped) {
			const { waitMs } = this.#pacer;
			if (waitMs > 0) {
				this.#wait(waitMs);
				return;
			}
			const piece = this.#ready.shift() as Buffer;
			this.#pacer.sent(bytesToMs(piece.length, this.#parts.to));
			this.#busy = !this.#parts.session.write(piece);
			this.#sentBytes += piece.length;
			this.#parts.onProgress();
		}
	}

	#wait(ms: number): void {
		this.#cancelWait?.();
		const cancel = this.#parts.clock.after(ms, () => {
			this.#cancelWait = undefined;
			this.#pump();
		});
		this.#cancelWait = () => {
			cancel();
			this.#cancelWait = undefined;
		};
	}
}
