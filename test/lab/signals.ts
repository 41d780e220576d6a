/** Signed 16-bit little-endian test signals, and the proof that a recording is a piece of one. */

/**
 * A known signal that never repeats and is never zero: white noise of moderate amplitude (|sample| 1..8000), the same
 * for the same seed on every machine. Holds `frames` frames of `channels` interleaved samples.
 */
export function noise(frames: number, seed = 1, channels = 1): Buffer {
	const samples = new Int16Array(frames * channels);
	let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
	for (let i = 0; i < samples.length; i++) {
		state ^= state << 13; // xorshift32, Marsaglia 2003
		state ^= state >>> 17;
		state ^= state << 5;
		samples[i] = ((state >>> 0) % 16_001) - 8000 || 1;
	}
	return Buffer.from(samples.buffer);
}

/** A sine of `hz` at `sampleRate`, mono; `amplitude` is its peak in sample values. */
export function sine(frames: number, hz: number, sampleRate: number, amplitude = 10_000): Buffer {
	const pcm = Buffer.alloc(frames * 2);
	for (let i = 0; i < frames; i++)
		pcm.writeInt16LE(Math.round(amplitude * Math.sin((2 * Math.PI * hz * i) / sampleRate)), i * 2);
	return pcm;
}

/** `frames` frames of digital silence. */
export function silence(frames: number, channels = 1): Buffer {
	return Buffer.alloc(frames * channels * 2);
}

/** What `findRun` found; all counts are in frames. */
export interface Run {
	/** Every recorded frame (without the silence around them) equals the fed one at the same distance from `offset`. */
	exact: boolean;
	/** Where in the fed signal the recording begins; -1 if it begins nowhere in it. */
	offset: number;
	/** Recorded frames, without the silence around them. */
	frames: number;
	/** Frames equal to the fed signal before the first difference; equal to `frames` if `exact`. */
	matched: number;
	/** Frames of digital silence before and after the run. */
	leadingSilence: number;
	trailingSilence: number;
	/** A sentence for the assertion's message: what matched, or where it first differs and what follows there. */
	summary: string;
}

const WINDOW = 32;

/**
 * Is `recorded` one contiguous run of `fed`? Both s16le with `channels` interleaved channels.
 * Digital silence (zero frames) before and after the run is counted and left out unless `silence` is 'refuse'.
 */
export function findRun(
	recorded: Buffer,
	fed: Buffer,
	{ channels = 1, silence: around = 'allow' }: { channels?: number; silence?: 'allow' | 'refuse' } = {},
): Run {
	const size = channels * 2;
	const total = Math.floor(recorded.length / size);
	let start = 0;
	let end = total;
	if (around === 'allow') {
		const isZero = (frame: number) => {
			for (let i = frame * size; i < (frame + 1) * size; i++) if (recorded[i] !== 0) return false;
			return true;
		};
		while (start < total && isZero(start)) start++;
		while (end > start && isZero(end - 1)) end--;
	}
	const run = { frames: end - start, leadingSilence: start, trailingSilence: total - end };
	const body = recorded.subarray(start * size, end * size);
	const offset = locate(body, fed, size);
	if (offset < 0) {
		const summary =
			run.frames === 0 ? 'only silence was recorded' : 'the recording begins nowhere in the fed signal';
		return { ...run, exact: false, offset, matched: 0, summary };
	}
	const matched = matching(body, fed.subarray(offset * size), size);
	const exact = matched === run.frames;
	const summary = exact
		? `${matched} frames equal the fed ones from ${offset}`
		: `${matched} of ${run.frames} frames equal the fed ones from ${offset}, then ${describeBreak(body, fed, offset, matched, size)}`;
	return { ...run, exact, offset, matched, summary };
}

/** The first recorded frames in the fed signal, as a frame number, or -1. */
function locate(body: Buffer, fed: Buffer, size: number): number {
	if (body.length === 0) return -1;
	const window = body.subarray(0, WINDOW * size);
	for (let from = 0; ; ) {
		const at = fed.indexOf(window, from);
		if (at < 0) return -1;
		if (at % size === 0) return at / size;
		from = at + 1;
	}
}

function matching(body: Buffer, fed: Buffer, size: number): number {
	const limit = Math.min(body.length, fed.length);
	if (body.compare(fed, 0, limit, 0, limit) === 0) return Math.floor(limit / size);
	let same = 0;
	while (same < limit && body[same] === fed[same]) same++;
	return Math.floor(same / size);
}

function describeBreak(body: Buffer, fed: Buffer, offset: number, matched: number, size: number): string {
	const rest = body.subarray(matched * size);
	let zeros = 0;
	while (zeros < rest.length && rest[zeros] === 0) zeros++;
	const gap = Math.floor(zeros / size);
	const again = locate(rest.subarray(gap * size), fed, size);
	const continues =
		again < 0 ? 'nothing of the fed signal' : `the fed signal from ${again} (expected ${offset + matched})`;
	return gap > 0 ? `${gap} frames of silence and ${continues}` : continues;
}

/** Noise of a certain loudness, in dBFS of the root mean square. */
export function noiseAt(db: number, frames: number, seed = 1): Buffer {
	const pcm = noise(frames, seed);
	let sum = 0;
	for (let at = 0; at < pcm.length; at += 2) sum += pcm.readInt16LE(at) ** 2;
	const factor = (32_768 * 10 ** (db / 20)) / Math.sqrt(sum / Math.max(1, frames));
	for (let at = 0; at < pcm.length; at += 2) {
		const value = Math.round(pcm.readInt16LE(at) * factor);
		pcm.writeInt16LE(Math.max(-32_768, Math.min(32_767, value)) || 1, at);
	}
	return pcm;
}
