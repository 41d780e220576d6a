import { SAMPLE_RATE } from './engine.ts';

/** Length of `detectorLead`. */
export const LEAD_MS = 200;

const AMPLITUDE = 200;
const LOUD_SAMPLES = 512;
const LOUD_FACTOR = 4.5;

/**
 * Noise to play to PocketSphinx 0.8 before the first sample. Its speech detector begins with a background of a
 * twentieth of what it hears first, so that with any microphone's hiss it takes the first second for speech, and the
 * mean of that "speech" then spoils the features of the first real words (measured with white noise at -78 dBFS: 35
 * of 43 words wrong; 3 with this lead). One loud frame followed by noise at -49 dBFS sets the background to that
 * noise, without ten loud frames that would count as speech; it falls at once where the room is quieter.
 */
export function detectorLead(): Buffer {
	const samples = (LEAD_MS * SAMPLE_RATE) / 1000;
	const lead = Buffer.alloc(samples * 2);
	let state = 1;
	for (let i = 0; i < samples; i++) {
		// Numerical Recipes' linear congruential generator: the same noise every time.
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		const noise = (state / 2 ** 31 - 1) * AMPLITUDE * (i < LOUD_SAMPLES ? LOUD_FACTOR : 1);
		lead.writeInt16LE(Math.round(noise), i * 2);
	}
	return lead;
}
