/** Loudness of a piece of PCM in dBFS: 0 is full scale, -120 stands for silence (JSON has no -Infinity). */
export interface Level {
	rms: number;
	peak: number;
}

export const LEVEL_FLOOR = -120;

const FULL_SCALE = 32768;

/** Level of interleaved s16le PCM, over all channels. An empty Buffer is silence. */
export function measureLevel(pcm: Buffer): Level {
	const samples = pcm.length >> 1;
	let sum = 0;
	let peak = 0;
	for (let i = 0; i < samples; i++) {
		const value = pcm.readInt16LE(i * 2);
		sum += value * value;
		const size = value < 0 ? -value : value;
		if (size > peak) peak = size;
	}
	return { rms: toDb(samples ? Math.sqrt(sum / samples) : 0), peak: toDb(peak) };
}

function toDb(amplitude: number): number {
	if (amplitude <= 0) return LEVEL_FLOOR;
	const db = 20 * Math.log10(amplitude / FULL_SCALE);
	return Math.max(LEVEL_FLOOR, Math.round(db * 10) / 10);
}
