/** Zero crossings of the filter on each side: the transition from pass to stop is about a tenth of the band. */
const CROSSINGS = 32;
/** Share of the narrower band that passes; speech has nothing of worth above. */
const PASS = 0.93;
/** Shape of the Kaiser window: 80 dB of stop band. */
const BETA = 8;

/**
 * Converts mono audio from one rate to another, band-limited, in pieces of any length. A browser's microphone comes at the
 * rate of the sound card, and not every browser converts it. The result is in time with the input: sample n
 * out is the sound at the moment n / outRate.
 *
 * Polyphase windowed sinc (Smith, "Digital Audio Resampling"): output n lies at the input position n × in / out, whose
 * fraction is one of out / gcd(in, out) phases.
 */
export class Resampler {
	readonly #in: number;
	readonly #out: number;
	/** Coefficients of every phase, one after the other. */
	readonly #phases: Float32Array;
	readonly #taps: number;
	/** The input that is still needed: `#kept` samples, preceded by silence at the very beginning. */
	#input: Float32Array;
	#kept: number;
	/** Where the next output lies: whole samples from the beginning of `#input`, and the phase. */
	#at = 0;
	#phase = 0;

	/** @param inRate, outRate hertz, whole numbers */
	constructor(inRate: number, outRate: number) {
		const divisor = gcd(inRate, outRate);
		this.#in = inRate / divisor;
		this.#out = outRate / divisor;
		if (inRate === outRate) {
			this.#taps = 1;
			this.#phases = Float32Array.of(1);
		} else {
			const narrowing = Math.max(1, inRate / outRate);
			const half = Math.ceil(CROSSINGS * narrowing);
			this.#taps = 2 * half;
			this.#phases = coefficients(this.#out, half, narrowing);
		}
		this.#kept = Math.max(0, this.#taps / 2 - 1);
		this.#input = new Float32Array(this.#kept + 4096);
	}

	/** Takes the next samples; answers those that are complete with them. */
	push(samples: Float32Array): Float32Array {
		this.#append(samples);
		const room = this.#kept - this.#taps - this.#at;
		if (room < 0) return new Float32Array(0);
		const out = new Float32Array(Math.floor((room * this.#out + this.#out - 1 - this.#phase) / this.#in) + 1);
		for (let index = 0; index < out.length; index++) {
			out[index] = this.#sum();
			this.#phase += this.#in;
			const whole = Math.floor(this.#phase / this.#out);
			this.#at += whole;
			this.#phase -= whole * this.#out;
		}
		const gone = Math.min(this.#at, this.#kept);
		this.#input.copyWithin(0, gone, this.#kept);
		this.#kept -= gone;
		this.#at -= gone;
		return out;
	}

	/** What is left at the end: the last samples, for which silence follows. */
	flush(): Float32Array {
		return this.push(new Float32Array(Math.floor(this.#taps / 2)));
	}

	#append(samples: Float32Array): void {
		if (this.#kept + samples.length > this.#input.length) {
			const larger = new Float32Array(2 * (this.#kept + samples.length));
			larger.set(this.#input.subarray(0, this.#kept));
			this.#input = larger;
		}
		this.#input.set(samples, this.#kept);
		this.#kept += samples.length;
	}

	#sum(): number {
		const from = this.#phase * this.#taps;
		let sum = 0;
		for (let tap = 0; tap < this.#taps; tap++)
			sum += (this.#input[this.#at + tap] ?? 0) * (this.#phases[from + tap] ?? 0);
		return sum;
	}
}

/** Every phase has the sum 1, so that none is louder than another. */
function coefficients(phases: number, half: number, narrowing: number): Float32Array {
	const taps = 2 * half;
	const all = new Float32Array(phases * taps);
	const cutoff = PASS / narrowing;
	for (let phase = 0; phase < phases; phase++) {
		const row = Float64Array.from({ length: taps }, (_, tap) => {
			const distance = tap - (half - 1) - phase / phases;
			return sinc(distance * cutoff) * kaiser(distance / half);
		});
		const sum = row.reduce((total, value) => total + value, 0);
		for (let tap = 0; tap < taps; tap++) all[phase * taps + tap] = (row[tap] ?? 0) / sum;
	}
	return all;
}

function sinc(x: number): number {
	return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function kaiser(x: number): number {
	return Math.abs(x) > 1 ? 0 : bessel(BETA * Math.sqrt(1 - x * x)) / bessel(BETA);
}

/** Modified Bessel function of the first kind, order 0, by its series. */
function bessel(x: number): number {
	let term = 1;
	let sum = 1;
	for (let k = 1; term > sum * 1e-12; k++) {
		term *= (x / (2 * k)) ** 2;
		sum += term;
	}
	return sum;
}

function gcd(a: number, b: number): number {
	return b === 0 ? a : gcd(b, a % b);
}
