import { msToFrames, type PcmFormat } from '../../lib/audio/format.ts';

/** A rate that every loudspeaker has. */
export const TONE_FORMAT: PcmFormat = { sampleRate: 48_000, channels: 1 };

/** Three notes of a major chord, rising; each begins while the one before fades. */
const NOTES = [
	{ hz: 523.25, atMs: 0 },
	{ hz: 659.26, atMs: 180 },
	{ hz: 783.99, atMs: 360 },
];
const TONE_MS = 1200;
const ATTACK_MS = 12;
const DECAY_MS = 220;
/** Of full scale, for one note: loud enough to be heard, and no shock. */
const AMPLITUDE = 0.2;

/** What a loudspeaker is tried with: a short chime of 1.2 s, as s16le in TONE_FORMAT. */
export function testTone(): Buffer {
	const frames = msToFrames(TONE_MS, TONE_FORMAT);
	const pcm = Buffer.alloc(frames * 2);
	for (let i = 0; i < frames; i++) {
		const ms = (i * 1000) / TONE_FORMAT.sampleRate;
		let sum = 0;
		for (const { hz, atMs } of NOTES) {
			const since = ms - atMs;
			if (since > 0)
				sum +=
					Math.min(1, since / ATTACK_MS) *
					Math.exp(-since / DECAY_MS) *
					Math.sin((2 * Math.PI * hz * since) / 1000);
		}
		// To nothing at its end, so that it does not click.
		const fade = Math.min(1, (TONE_MS - ms) / 50);
		pcm.writeInt16LE(Math.round(sum * fade * AMPLITUDE * 32_767), i * 2);
	}
	return pcm;
}
