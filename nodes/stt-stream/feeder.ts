import { bytesToMs, type PcmFormat } from '../../lib/audio/format.ts';
import { type Converter, createConverter } from '../../lib/audio/resample.ts';
import { toVoiceError } from '../../lib/node/errors.ts';
import type { AudioQueue } from './audio-queue.ts';
import { Chunker } from './chunker.ts';
import type { Capabilities, SttSession } from './providers/provider.ts';
import type { Timeline } from './timeline.ts';

/** Audio converted at once; a recording of minutes must not hold up Node-RED. */
const BLOCK_MS = 250;
const BLOCKS_AT_ONCE = 4;

export interface FeederParts {
	readonly queue: AudioQueue;
	readonly session: SttSession;
	readonly timeline: Timeline;
	readonly capabilities: Capabilities;
	readonly from: PcmFormat;
	readonly to: PcmFormat;
	/** After every piece that the recogniser took. */
	readonly onProgress: () => void;
}

/**
 * Moves audio from the queue to a session: converts it to the session's rate and to mono, cuts it to the size that
 * the recogniser takes, and pauses while that is busy.
 */
export class Feeder {
	readonly #parts: FeederParts;
	readonly #converter: Converter;
	readonly #chunker: Chunker;
	/** Converted pieces that wait for `drain`. */
	#ready: Buffer[] = [];
	#takenMs = 0;
	#sentBytes = 0;
	#busy = false;
	#stopped = false;
	#flushed = false;
	#scheduled: NodeJS.Immediate | undefined;
	#onEmpty: (() => void) | undefined;

	/** `loadResampler()` must have resolved. */
	constructor(parts: FeederParts) {
		this.#parts = parts;
		this.#converter = createConverter(parts.from, parts.to);
		this.#chunker = new Chunker(parts.capabilities, parts.to);
	}

	/** Milliseconds that the recogniser took. */
	get sentMs(): number {
		return bytesToMs(this.#sentBytes, this.#parts.to);
	}

	/** There is audio in the queue. */
	poke(): void {
		if (!this.#scheduled) this.#pump();
	}

	/** The recogniser takes audio again. */
	drain(): void {
		this.#busy = false;
		this.poke();
	}

	/** No more audio comes into the queue; `onEmpty` is called when the last of it was written. */
	end(onEmpty: () => void): void {
		this.#onEmpty = onEmpty;
		this.poke();
	}

	stop(): void {
		this.#stopped = true;
		this.#ready = [];
		clearImmediate(this.#scheduled);
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
			if (this.#busy || this.#flushed) break;
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
		const audio = queue.take(BLOCK_MS);
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

	/** Writes what is ready until the recogniser is busy. */
	#send(): void {
		while (this.#ready.length && !this.#busy) {
			const piece = this.#ready.shift() as Buffer;
			this.#busy = !this.#parts.session.write(piece);
			this.#sentBytes += piece.length;
			this.#parts.onProgress();
		}
	}
}
