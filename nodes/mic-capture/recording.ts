import { bytesToMs, frameBytes, msToBytes, type PcmFormat } from '../../lib/audio/format.ts';
import { encodeWav } from '../../lib/audio/wav.ts';
import type { RecordingMessage } from '../../lib/node/messages.ts';
import type { StreamLabel } from './take.ts';

/** A Buffer cannot be of any size, and nobody sends a recording of hours through a flow. */
const MOST_BYTES = 2 ** 30;

/** Collects a stream for the recording output, up to a limit: a microphone may stay open for months. */
export class Recording {
	readonly #label: StreamLabel;
	readonly #format: PcmFormat;
	readonly #limitBytes: number;
	readonly #pieces: Buffer[] = [];
	#bytes = 0;
	#truncated = false;

	constructor(label: StreamLabel, format: PcmFormat, limitMs: number) {
		this.#label = label;
		this.#format = format;
		const most = MOST_BYTES - (MOST_BYTES % frameBytes(format));
		this.#limitBytes = Math.min(msToBytes(limitMs, format), most);
	}

	/** More was said than is kept. */
	get truncated(): boolean {
		return this.#truncated;
	}

	/** Keeps the Buffer, which must not change. Returns true the first time that something does not fit. */
	push(pcm: Buffer): boolean {
		const kept = pcm.subarray(0, this.#limitBytes - this.#bytes);
		this.#bytes += kept.length;
		if (kept.length) this.#pieces.push(kept);
		if (kept.length === pcm.length || this.#truncated) return false;
		this.#truncated = true;
		return true;
	}

	message(): RecordingMessage {
		return {
			payload: encodeWav(this.#pieces, this.#format),
			audio: {
				sampleRate: this.#format.sampleRate,
				channels: this.#format.channels,
				encoding: 'wav',
				durationMs: bytesToMs(this.#bytes, this.#format),
				...(this.#truncated ? { truncated: true } : {}),
			},
			topic: this.#label.topic,
			stream: this.#label.id,
		};
	}
}
