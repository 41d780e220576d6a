import type { PcmFormat } from '../audio/format.ts';
import type { VoiceError } from '../node/errors.ts';

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

export interface OpenRequest {
	/** Exact name; '' = the default device. */
	device: string;
	/** Wanted; the stream's `format` tells what the device agreed to. */
	format: PcmFormat;
	/** PortAudio's buffer, in frames. Inputs deliver in pieces of it; outputs use at least 1024. */
	framesPerBuffer: number;
}

export interface InputHandlers {
	/**
	 * Captured sound, whole frames, in order and without gaps; the Buffer is the receiver's own.
	 * `capturedAt` estimates when its first frame met the microphone (milliseconds as `Date.now()`): PulseAudio
	 * delivers up to 0.2 s late, in bursts.
	 */
	data(pcm: Buffer, capturedAt: number): void;
	/** The stream is over by itself and already closed: MIC_STALLED. Called at most once, never after `close()`. */
	lost(error: VoiceError): void;
}

export interface PortAudioInput {
	/** What `data` really brings. */
	readonly format: PcmFormat;
	/** Bytes that this process took too slowly and that therefore were dropped. */
	readonly droppedBytes: number;
	/** Resolves, never rejects, after the last `data`: what was captured until now is still delivered. Bounded. */
	close(): Promise<void>;
}

export interface OutputHandlers {
	/** The queue has room again after a `write` that returned false. */
	drain(): void;
	/** The stream is over by itself and already closed: PLAY_STALLED. Called at most once, never after `abort()`. */
	lost(error: VoiceError): void;
	/** The loudspeaker fell silent because `write` came too late (or the machine was too slow). */
	underrun(): void;
}

export interface PortAudioOutput {
	/** What `write` must bring. */
	readonly format: PcmFormat;
	/** Bytes written and not yet taken by the sound system. */
	readonly queuedBytes: number;
	/**
	 * Takes whole frames and keeps the Buffer until it is played. False: taken, but wait for `drain`.
	 * @throws VoiceError PLAY_QUEUE_FULL for one who does not wait
	 */
	write(pcm: Buffer): boolean;
	/** Resolves when the sound has really left the speaker; rejects with PLAY_STALLED, then `lost` is not called. */
	end(): Promise<void>;
	/** Silence now. Resolves, never rejects, when the device is free again. Bounded. */
	abort(): Promise<void>;
}

/** All devices that can be opened now, and those that this process has open. Rejects with MIC_BACKEND_MISSING. */
export function listDevices(): Promise<PortAudioDevice[]> {
	return Promise.reject(new Error('not yet'));
}

/**
 * Opens a microphone and starts it. Rejects with MIC_BACKEND_MISSING, MIC_DEVICE_NOT_FOUND, MIC_DEVICE_BUSY,
 * MIC_FORMAT or MIC_STALLED.
 */
export function openInput(_request: OpenRequest, _handlers: InputHandlers): Promise<PortAudioInput> {
	return Promise.reject(new Error('not yet'));
}

/**
 * Opens a loudspeaker. Rejects with PLAY_BACKEND_MISSING, PLAY_DEVICE_NOT_FOUND, PLAY_DEVICE_BUSY, AUDIO_FORMAT or
 * PLAY_STALLED.
 */
export function openOutput(_request: OpenRequest, _handlers: OutputHandlers): Promise<PortAudioOutput> {
	return Promise.reject(new Error('not yet'));
}

/** Ends idle children now instead of after their idle time, and resolves when they are gone. For tests. */
export function endIdleChildren(): Promise<void> {
	return Promise.resolve();
}
