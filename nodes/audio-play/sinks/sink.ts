import type { DeviceName } from '../../../lib/audio/device-name.ts';
import type { PcmFormat } from '../../../lib/audio/format.ts';
import type { VoiceError } from '../../../lib/node/errors.ts';

/** What plays s16le PCM: a sound card through some library or program, or a file. */
export interface SinkOptions {
	/** Exact name; '' is the system's default device. */
	device: string;
	/** What the item has. A device that cannot do that answers with the nearest that it can. */
	format: PcmFormat;
	framesPerBuffer: number;
	/** Path of the WAV file that the `file` backend writes. */
	file: string;
}

export interface SinkEvents {
	/** After `write` returned false: there is room again. */
	drain(): void;
	/** The device ran dry before the end; once for each gap. Not while paused. */
	underrun(): void;
	/** The device is gone; at most once, and never after `end` or `abort` was called. */
	lost(error: VoiceError): void;
}

/** An open device that plays one item. It must be given back by `end` or `abort`, which may cut an `end` short. */
export interface Sink {
	/** What `write` takes. */
	readonly format: PcmFormat;
	/** So much sound the device takes at once when it starts; with less it would run dry. Default 0. */
	readonly startMs?: number;
	/** Whole frames of s16le. All of it is taken; false asks to wait for `drain`. */
	write(pcm: Buffer): boolean;
	/** Bytes written whose sound has not left yet, as well as the backend can tell. */
	readonly queuedBytes: number;
	/** Running dry is no underrun from now on, until the next `write`. */
	pause(): void;
	/** No more writes. Resolves when the sound has left and the device is free; rejects with a VoiceError. */
	end(): Promise<void>;
	/** Silence at once. Resolves, within seconds at most, when the device is free. Never rejects. */
	abort(): Promise<void>;
}

export interface SinkBackend {
	/** Rejects with a VoiceError; PLAY_BACKEND_MISSING if what it needs is not installed. Bounded in time. */
	open(options: SinkOptions, events: SinkEvents): Promise<Sink>;
	/** The devices that can be opened. Rejects like `open`. */
	devices(): Promise<DeviceName[]>;
}
