/** Peak below which audio holds no speech: -40 dBFS. */
const QUIET_PEAK = 328;

/** Whether nobody can be speaking in this s16le audio. */
export function isQuiet(pcm: Buffer): boolean {
	for (let at = 0; at + 1 < pcm.length; at += 2) if (Math.abs(pcm.readInt16LE(at)) > QUIET_PEAK) return false;
	return true;
}
