// Quality of a resampler, from what it makes of tones: all that is not the tone itself, fitted by least squares, is
// noise. Tones stand one after another in one signal, each long enough that its middle knows nothing of its neighbours.

/** Length of a tone, and how much of it is left out at either end, in seconds. */
const TONE_S = 0.3;
const EDGE_S = 0.1;
/** Full scale minus 1 dB. */
export const AMPLITUDE = 32_767 * 10 ** (-1 / 20);

/** Tones one after another: mono s16le, rounded without dither. */
export function tones(frequencies: readonly number[], rate: number): Buffer {
	const each = Math.round(TONE_S * rate);
	const samples = new Int16Array(each * frequencies.length);
	frequencies.forEach((hz, index) => {
		for (let i = 0; i < each; i++)
			samples[index * each + i] = Math.round(AMPLITUDE * Math.sin((2 * Math.PI * hz * i) / rate + index));
	});
	return Buffer.from(samples.buffer);
}

/** What has become of a tone, in dB. */
export interface Tone {
	readonly hz: number;
	/** Its level against what went in. */
	readonly gainDb: number;
	/** It against all else. */
	readonly snrDb: number;
	/** Level of all that came out, but for a constant, against what went in. */
	readonly levelDb: number;
}

/** Looks at the middle of each tone in what a resampler made of `tones`. */
export function measureTones(pcm: Buffer, frequencies: readonly number[], rate: number): Tone[] {
	const samples = new Int16Array(pcm.buffer.slice(pcm.byteOffset, pcm.byteOffset + pcm.length));
	return frequencies.map((hz, index) => {
		const from = Math.ceil((index * TONE_S + EDGE_S) * rate);
		const to = Math.floor(((index + 1) * TONE_S - EDGE_S) * rate);
		return measureTone(samples.subarray(from, to), hz, rate);
	});
}

function measureTone(samples: Int16Array, hz: number, rate: number): Tone {
	const columns = [
		(i: number) => Math.sin((2 * Math.PI * hz * i) / rate),
		(i: number) => Math.cos((2 * Math.PI * hz * i) / rate),
		() => 1,
	];
	// Normal equations of a fit to sine, cosine and a constant.
	const matrix = columns.map(() => [0, 0, 0, 0]);
	samples.forEach((sample, i) => {
		const values = columns.map((column) => column(i));
		matrix.forEach((row, r) => {
			for (let c = 0; c < 3; c++) row[c] = (row[c] ?? 0) + (values[r] ?? 0) * (values[c] ?? 0);
			row[3] = (row[3] ?? 0) + (values[r] ?? 0) * sample;
		});
	});
	const [sine = 0, cosine = 0, constant = 0] = solve(matrix);
	let [residue, power] = [0, 0];
	samples.forEach((sample, i) => {
		const fitted = sine * columns[0]!(i) + cosine * columns[1]!(i) + constant;
		residue += (sample - fitted) ** 2;
		power += (sample - constant) ** 2;
	});
	const signal = (sine ** 2 + cosine ** 2) / 2;
	const sent = AMPLITUDE ** 2 / 2;
	const n = samples.length;
	return {
		hz,
		gainDb: db(signal / sent),
		snrDb: db(signal / Math.max(residue / n, 1e-9)),
		levelDb: db(Math.max(power / n, 1e-9) / sent),
	};
}

/** Gaussian elimination; three unknowns, none degenerate. */
function solve(matrix: number[][]): number[] {
	const size = matrix.length;
	const at = (r: number, c: number) => matrix[r]?.[c] ?? 0;
	for (let pivot = 0; pivot < size; pivot++)
		for (let r = 0; r < size; r++) {
			if (r === pivot) continue;
			const factor = at(r, pivot) / at(pivot, pivot);
			for (let c = pivot; c <= size; c++) (matrix[r] as number[])[c] = at(r, c) - factor * at(pivot, c);
		}
	return matrix.map((_, r) => at(r, size) / at(r, r));
}

const db = (ratio: number): number => 10 * Math.log10(ratio);

/**
 * The SNR that 16 bits allow at these rates: what rounding adds before, as far as it is within the band of the result,
 * and after.
 */
export function roundingLimitDb(from: number, to: number): number {
	return db(AMPLITUDE ** 2 / 2 / ((1 + Math.min(1, to / from)) / 12));
}
