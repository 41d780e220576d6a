import type { PcmFormat } from '../audio/format.ts';

/** What the client and the child that owns naudiodon say to each other, over lib/process/forked.ts. */

export type Direction = 'input' | 'output';

/** A device of PortAudio; one that has both directions may still be able to open only one at a time. */
export interface PortAudioDevice {
	/** What `device` names; on Linux an ALSA card reads "USB Audio: - (hw:1,0)". */
	name: string;
	/** 0 = not a microphone. */
	inputChannels: number;
	/** 0 = not a loudspeaker. */
	outputChannels: number;
	/** Hz */
	defaultSampleRate: number;
	isDefaultInput: boolean;
	isDefaultOutput: boolean;
}

/** `list`: the reply is PortAudioDevice[]. */
export interface ListPayload {
	/** Whose error codes a failure gets. */
	direction: Direction;
}

/** `open`: the reply is OpenReply. */
export interface OpenPayload {
	stream: number;
	direction: Direction;
	/** Exact name; '' = the default device. */
	device: string;
	format: PcmFormat;
	framesPerBuffer: number;
	/** What this device agreed to the last time that it was asked for `format`. */
	hint: PcmFormat | undefined;
	/** Where ALSA tells about its cards: /proc/asound. */
	asoundFolder: string;
}

export interface OpenReply {
	/** What the device agreed to. */
	format: PcmFormat;
	/** In frames of that format. */
	framesPerBuffer: number;
	/** A refused attempt went before: PortAudio stays initialised, so this child never sees new devices again. */
	tainted: boolean;
}

/** `write` (no reply): sound for an output. */
export interface WritePayload extends StreamPayload {
	pcm: Buffer;
}

/** `close` (input, output: now), `end` (output: after what was written); the reply comes when it is done. */
export interface StreamPayload {
	stream: number;
}

/** Event `data`: captured sound. */
export interface DataEvent extends StreamPayload {
	pcm: Buffer;
	/** Bytes dropped since the stream began, because the client read too slowly. */
	droppedBytes: number;
}

/** Event `taken`: PortAudio has got so many more of the bytes written. Event `underrun` is a StreamPayload. */
export interface TakenEvent extends StreamPayload {
	bytes: number;
}

/** Event `failed`: the stream is unusable. */
export interface FailedEvent extends StreamPayload {
	reason: string;
}

/** Sends an event to the client; `sent` is called when the pipe has taken it. */
export type Send = (event: string, payload: StreamPayload, sent?: () => void) => void;

/** Buffers of `framesPerBuffer` that PortAudio fills ahead of the sound: measured with ALSA's pulse plugin. */
export const BUFFERS_AHEAD = 3;

/** Streams for which one child has enough threads: each may block one of libuv's, and one more while it closes. */
export const STREAMS_PER_CHILD = 16;
export const CHILD_THREADS = 2 * STREAMS_PER_CHILD + 4;
