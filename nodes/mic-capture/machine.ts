import type { VoiceError } from '../../lib/node/errors.ts';
import type { Chunk, StreamLabel } from './take.ts';

/**
 * closed, opening: the device. armed: it is open, and only pre-roll is kept. recording: a stream runs (perhaps the
 * device is still being opened). stopping: what was said before the stop is still on its way.
 */
export type MicState = 'closed' | 'opening' | 'armed' | 'recording' | 'stopping';

export type MicCommand = 'start' | 'stop' | 'toggle';

export interface MicEvents {
	chunk(chunk: Chunk): void;
	/** The stream was reset: nothing more of it comes. */
	abandoned(label: StreamLabel): void;
	/** @param label the stream that failed; absent when the device went away while nothing was recorded */
	error(error: VoiceError, label?: StreamLabel): void;
	/** The sound card had to throw audio away. */
	dropped(ms: number): void;
	changed(): void;
}

/** What turns control words and a device into streams. Knows nothing of Node-RED, files or sound cards. */
export interface MicMachine {
	readonly state: MicState;
	/** Is there a device for the stream? */
	readonly deviceOpen: boolean;
	/** The last attempt to use the device failed. */
	readonly failing: boolean;
	/** Milliseconds of audio in the current stream. */
	readonly durationMs: number;
	/** Only digital silence has come, for some seconds. */
	readonly silent: boolean;
	/** A start while it runs and a stop while idle are no errors: buttons bounce, flows repeat themselves. */
	command(word: MicCommand, label: StreamLabel): void;
	/** Abandons the current stream: no last chunk. */
	reset(): void;
	/** Ends the current stream and lets the device go; resolves when it is free. */
	close(): Promise<void>;
}
