import { sine } from '../signals.ts';

/** The words of the toy models and the tones, in hertz, that they take for them. */
export const TONES = {
	ZERO: 400,
	ONE: 600,
	TWO: 850,
	THREE: 1150,
	FOUR: 1500,
	FIVE: 1950,
	SIX: 2500,
	SEVEN: 3200,
} as const;

export type Word = keyof typeof TONES;

export interface Manner {
	readonly sampleRate?: number;
	/** Length of a tone, and of the silence between two. */
	readonly toneMs?: number;
	readonly gapMs?: number;
	/** Peak in sample values. */
	readonly amplitude?: number;
}

/** Words as the toy models hear them: mono s16le, without silence around it. */
export function toneSpeech(text: string, manner: Manner = {}): Buffer {
	const { sampleRate = 16_000, toneMs = 300, gapMs = 100, amplitude = 10_000 } = manner;
	const frames = (ms: number) => Math.round((ms * sampleRate) / 1000);
	const gap = Buffer.alloc(frames(gapMs) * 2);
	const tones = text
		.split(' ')
		.filter(Boolean)
		.map((word) => sine(frames(toneMs), TONES[word as Word], sampleRate, amplitude));
	return Buffer.concat(tones.flatMap((tone, index) => (index ? [gap, tone] : [tone])));
}
