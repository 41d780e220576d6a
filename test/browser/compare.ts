/** How well a recording agrees with its source. */
export interface Comparison {
	/** Of each whole second in which there is sound, at its best place. */
	correlations: number[];
	/** Where in the source each second of the recording lies, in samples, minus where it lies in the recording. */
	offsets: number[];
	summary: string;
}

/** A device may begin so long after the recording, with silence; and so much of its beginning may be lost. */
const EARLIEST_S = 4;
const LATEST_S = 1;
/** Sound is below 1 kHz: the best place is found in coarse steps first, and lies between two samples. */
const COARSE = 4;
const FINE = 0.25;

/**
 * Compares two mono s16le recordings, second by second; each second is sought around where the one before was found. Sound
 * has to be below 1 kHz.
 */
export function compareWindows(recorded: Buffer, source: Buffer, rate: number): Comparison {
	const heard = samplesOf(recorded);
	const said = samplesOf(source);
	const correlations: number[] = [];
	const offsets: number[] = [];
	let around = ((LATEST_S - EARLIEST_S) * rate) / 2;
	let reach = ((LATEST_S + EARLIEST_S) * rate) / 2;
	for (let from = 0; from + rate <= heard.length; from += rate) {
		const window = heard.subarray(from, from + rate);
		if (window.every((sample) => sample === 0)) continue;
		const at = (offset: number) => correlation(window, said, from + offset);
		const coarse = best(around - reach, around + reach, COARSE, at);
		const { offset, value } = best(coarse.offset - COARSE, coarse.offset + COARSE, FINE, at);
		correlations.push(value);
		offsets.push(offset);
		around = Math.round(offset);
		reach = rate / 20;
	}
	const list = correlations.map((value, index) => `${value.toFixed(4)} at ${offsets[index]}`);
	return { correlations, offsets, summary: `correlation per second: ${list.join(', ')}` };
}

function best(from: number, to: number, step: number, at: (offset: number) => number) {
	let found = { value: -1, offset: from };
	for (let offset = from; offset <= to; offset += step) {
		const value = at(offset);
		if (value > found.value) found = { value, offset };
	}
	return found;
}

/** Of a window and the source from a place in it, which may lie between two samples. Around the source is silence. */
function correlation(window: Float64Array, said: Float64Array, from: number): number {
	const whole = Math.floor(from);
	const share = from - whole;
	// Only coarse places are tried in great number, and some samples tell enough of them.
	const step = share === 0 && whole % COARSE === 0 ? COARSE : 1;
	let ab = 0;
	let aa = 0;
	let bb = 0;
	for (let i = 0; i < window.length; i += step) {
		const x = window[i] ?? 0;
		const y = (said[whole + i] ?? 0) * (1 - share) + (said[whole + i + 1] ?? 0) * share;
		ab += x * y;
		aa += x * x;
		bb += y * y;
	}
	return aa && bb ? ab / Math.sqrt(aa * bb) : 0;
}

function samplesOf(pcm: Buffer): Float64Array {
	return Float64Array.from({ length: pcm.length >> 1 }, (_, index) => pcm.readInt16LE(index * 2));
}
