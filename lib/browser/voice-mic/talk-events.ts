import type { PageTranscript } from '../protocol.ts';
import type { Failure } from './failure.ts';
import type { Frame } from './frames.ts';

/** finishing: everything is said, the text is awaited. */
export type Phase = 'idle' | 'starting' | 'recording' | 'finishing';

/** Something to tell that is no failure. */
export type Note = 'asking' | 'holdLonger' | 'readyToHold' | 'limitReached' | 'sent' | 'done';

export interface TalkEvents {
	/** Something that can be seen has changed; while it records, with every frame. */
	changed(): void;
	started(): void;
	stopped(reason: string): void;
	level(frame: Frame): void;
	transcript(transcript: PageTranscript, stream: string): void;
	failed(failure: Failure): void;
}
