import { PcmDecoder, type SampleEncoding } from '../audio/convert.ts';
import { AudioFormatError, type PcmFormat, sameFormat } from '../audio/format.ts';
import { type AudioMessage, partsId, type RawFormat, readAudioMessage } from './audio-message.ts';
import { isReset } from './control.ts';

type Message = Readonly<Record<string, unknown>>;

/** One stream of audio that messages bring. */
export interface AudioStream {
	readonly id: string;
	/** Of the message that began the stream. */
	readonly topic: string;
	readonly format: PcmFormat;
	/** The message that began the stream, for error reports. */
	readonly first: Message;
	/** That message is also the last one, as a recording's is. */
	readonly whole: boolean;
}

export interface StreamConsumer {
	/** Always first. May throw: the stream is then discarded, and the error goes to the message at hand. */
	start(stream: AudioStream): void;
	/** s16le in the stream's format; whole frames, never empty. */
	audio(stream: AudioStream, pcm: Buffer): void;
	/** Always last, exactly once, unless `reset` or `discard` came. Must not throw: idleness ends from a timer. */
	end(stream: AudioStream, why: 'complete' | 'idle'): void;
	reset(stream: AudioStream): void;
}

export interface StreamSettings extends RawFormat {
	/** A stream ends after so long without a message; 0 = never. */
	streamIdleMs: number;
}

/** How long the chunks of an abandoned stream are awaited where streams have no idle limit. */
const DISCARD_MS = 10_000;

interface Entry {
	stream: AudioStream;
	decoder: PcmDecoder;
	encoding: SampleEncoding;
	/** Sample bytes that a WAV header promised and that have not come yet. */
	bytesLeft: number;
	/** What still comes is thrown away, up to the stream's end. */
	discarding: boolean;
	explicit: boolean;
	idle: NodeJS.Timeout | undefined;
}

/**
 * Sorts a node's messages into streams: format and identity, samples that are cut across messages, the end by
 * `complete`, reset or idleness. What a consumer node does with the audio is its own affair.
 */
export class AudioStreams {
	readonly #settings: StreamSettings;
	readonly #consumer: StreamConsumer;
	readonly #streams = new Map<string, Entry>();

	constructor(settings: StreamSettings, consumer: StreamConsumer) {
		this.#settings = settings;
		this.#consumer = consumer;
	}

	/** Takes a reset or an audio message; throws AudioFormatError for anything else. */
	accept(message: Message): void {
		if (isReset(message)) {
			this.#reset(partsId(message));
			return;
		}
		const audio = readAudioMessage(message, this.#settings, (id) => this.#streams.has(id));
		const entry = this.#streams.get(audio.stream) ?? this.#begin(audio, message);
		if (!entry) return;
		this.#rearm(entry);
		try {
			if (!entry.discarding) this.#feed(entry, audio);
		} finally {
			if (audio.last) this.#finish(entry, 'complete');
		}
	}

	/** Throws away what still comes of a stream, up to its end: its consumer has failed or was stopped. */
	discard(id: string): void {
		const entry = this.#streams.get(id);
		if (!entry) return;
		entry.discarding = true;
		this.#rearm(entry);
	}

	/** Forgets everything, without telling the consumer; for the node's end. */
	close(): void {
		for (const entry of this.#streams.values()) clearTimeout(entry.idle);
		this.#streams.clear();
	}

	#begin(audio: AudioMessage, message: Message): Entry | undefined {
		const { source } = audio;
		if (!source) return undefined;
		const stream = {
			id: audio.stream,
			topic: audio.topic,
			format: source.format,
			first: message,
			whole: audio.last,
		};
		const decoder = new PcmDecoder(source.format, source.encoding);
		const { explicit } = audio;
		const entry: Entry = {
			stream,
			decoder,
			encoding: source.encoding,
			bytesLeft: source.bytes,
			discarding: false,
			explicit,
			idle: undefined,
		};
		this.#streams.set(stream.id, entry);
		try {
			this.#consumer.start(stream);
		} catch (thrown) {
			entry.discarding = true;
			this.#rearm(entry);
			if (audio.last) this.#finish(entry, 'complete');
			throw thrown;
		}
		return entry;
	}

	#feed(entry: Entry, audio: AudioMessage): void {
		const { source, data } = audio;
		if (source && !sameFormat(source.format, entry.stream.format)) {
			this.#finish(entry, 'complete');
			throw new AudioFormatError(
				`The audio changed from ${describe(entry.stream.format)} to ${describe(source.format)} within a stream`,
				'end a stream with msg.complete before its format changes, or give each its own msg.parts.id or topic',
			);
		}
		if (source && source.encoding !== entry.encoding) {
			entry.decoder = new PcmDecoder(source.format, source.encoding);
			entry.encoding = source.encoding;
		}
		// One more WAV file in the same stream, as Split makes them of an array.
		if (source?.skip) entry.bytesLeft = source.bytes;
		const bytes = source?.skip ? data.subarray(source.skip) : data;
		// After the samples a WAV file may hold other chunks.
		const samples = bytes.length > entry.bytesLeft ? bytes.subarray(0, entry.bytesLeft) : bytes;
		entry.bytesLeft -= samples.length;
		const pcm = entry.decoder.push(samples);
		if (pcm.length) this.#consumer.audio(entry.stream, pcm);
	}

	#finish(entry: Entry, why: 'complete' | 'idle'): void {
		if (!this.#remove(entry) || entry.discarding) return;
		this.#consumer.end(entry.stream, why);
	}

	#reset(id: string | undefined): void {
		for (const entry of [...this.#streams.values()]) {
			if (id !== undefined && entry.stream.id !== id) continue;
			const wasLive = !entry.discarding;
			// Chunks on their way must not begin the stream anew; an implicit stream may begin again at once.
			if (entry.explicit) {
				entry.discarding = true;
				this.#rearm(entry);
			} else this.#remove(entry);
			if (wasLive) this.#consumer.reset(entry.stream);
		}
	}

	#remove(entry: Entry): boolean {
		clearTimeout(entry.idle);
		if (this.#streams.get(entry.stream.id) !== entry) return false;
		return this.#streams.delete(entry.stream.id);
	}

	#rearm(entry: Entry): void {
		clearTimeout(entry.idle);
		const ms = this.#settings.streamIdleMs || (entry.discarding ? DISCARD_MS : 0);
		if (ms) entry.idle = setTimeout(() => this.#finish(entry, 'idle'), ms);
	}
}

const describe = (format: PcmFormat): string =>
	`${format.sampleRate} Hz with ${format.channels} channel${format.channels === 1 ? '' : 's'}`;
