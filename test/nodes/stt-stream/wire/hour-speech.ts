import { BLOCK_MS, numberedAudio } from '../../../lab/recognisers/numbered-audio.ts';

// What is said in an hour, and how the two processes of that test talk about it.

export const FORMAT = { sampleRate: 8000, channels: 1 };
export const BYTES_PER_MS = 16;
/** So many words, then silence, so that there are pauses too. */
export const CYCLE_MS = 30_000;
export const CYCLE_WORDS = 288;

/** Part number `index` of the speech: CYCLE_MS of it. */
export function cycle(index: number): Buffer {
	const pcm = Buffer.alloc(CYCLE_MS * BYTES_PER_MS);
	numberedAudio(CYCLE_WORDS, FORMAT.sampleRate, index * CYCLE_WORDS).copy(pcm);
	return pcm;
}

/** When the word begins, in milliseconds of the stream. */
export const wordAtMs = (word: number): number =>
	Math.floor(word / CYCLE_WORDS) * CYCLE_MS + (word % CYCLE_WORDS) * BLOCK_MS + 10;

export interface Job {
	readonly vendor: 'assemblyai' | 'yandex' | 'google';
	readonly endpoint: string;
	readonly apiKey: string;
	readonly minutes: number;
	readonly seed: number;
	/** Instead of what the adapter says. */
	readonly sessionLimit?: { readonly ms: number; readonly bytes: number };
	/** Lets go of no session, so that the measurement shows what it is worth. */
	readonly leaks: boolean;
}

export type Report =
	/** Memory in use after a minute of audio. */
	| { readonly type: 'minute'; readonly bytes: number }
	| {
			readonly type: 'end';
			/** Words understood, each the one after the one before, unless something is `wrong`. */
			readonly words: number;
			readonly wanted: number;
			readonly wrong?: string;
			/** How often each event came; and droppedMs and reconnects. */
			readonly counts: Readonly<Record<string, number>>;
			/** How far the finals were behind at most. */
			readonly greatestLagMs: number;
			/** Of the engine's, and its sessions, after the end. */
			readonly timers: number;
			readonly sessions: number;
	  };
