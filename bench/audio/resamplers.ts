import { noise } from '../../test/lab/signals.ts';
import { type Extent, median, rounded } from '../statistics.ts';
import { ours, type Resampler, sox } from './contestants.ts';
import { measureTones, roundingLimitDb, type Tone, tones } from './tones.ts';

/** The ratios that our nodes meet. */
export const RATIOS = [
	[48_000, 16_000],
	[44_100, 16_000],
	[16_000, 48_000],
	[48_000, 8000],
	[8000, 16_000],
	[44_100, 48_000],
] as const;

/** Shares of the lower Nyquist frequency that every resampler must pass … */
const WITHIN = [0.013, 0.05, 0.125, 0.251, 0.377, 0.503, 0.629, 0.751, 0.83];
/** … among which its edge is looked for … */
const EDGES = Array.from({ length: 80 }, (_, i) => 0.84 + i * 0.002);
/** … and beyond it, where a lower rate has no room. */
const BEYOND = Array.from({ length: 60 }, (_, i) => 1.005 + i * 0.01);

/** The processor time of a child comes in hundredths of a second: it gets so much more audio. */
const SOX_TIMES = 20;

export interface Quality {
	/** Worst and median over the pass band, against all that is not the tone. */
	readonly snrWorstDb: number;
	readonly snrMedianDb: number;
	/** Where the level falls by so much, as a share of the lower Nyquist frequency (in steps of 0.002). */
	readonly edge01: number;
	readonly edge3: number;
	/** How far down everything is that comes from a tone that would fold into the pass band; nothing does where the rate goes up. */
	readonly aliasesDb: number | string;
}

export interface ResamplerFigures extends Quality {
	/** Seconds of audio for each second of processor time, in chunks of 20 ms; of SoX, at once. */
	readonly speed: number;
}

export interface RatioFigures {
	readonly case: string;
	/** The SNR that is to be had with 16 bits. */
	readonly limitDb: number;
	readonly ours: ResamplerFigures;
	readonly soxHigh?: ResamplerFigures;
	readonly soxVeryHigh?: ResamplerFigures;
}

/** One line for each ratio. @param withSox beside ours, the two best of SoX */
export async function measureResamplers(
	{ seconds, runs }: Extent,
	{ withSox = true, ratios = RATIOS as readonly (readonly [number, number])[] } = {},
): Promise<RatioFigures[]> {
	const figures: RatioFigures[] = [];
	for (const [from, to] of ratios) {
		const sound = noise(Math.round(seconds * from), 1);
		const long = Buffer.concat(Array.from({ length: SOX_TIMES }, () => sound));
		const measure = async (resampler: Resampler, times = 1): Promise<ResamplerFigures> => {
			const quality = await measureQuality(resampler, from, to);
			const cpu: number[] = [];
			for (let run = 0; run < runs; run++)
				cpu.push((await resampler(times > 1 ? long : sound, from, to)).cpuSeconds);
			return rounded({ ...quality, speed: (seconds * times) / median(cpu) });
		};
		figures.push({
			case: `${from}→${to}`,
			limitDb: rounded(roundingLimitDb(from, to)),
			ours: await measure(ours),
			...(withSox && {
				soxHigh: await measure(sox('-h'), SOX_TIMES),
				soxVeryHigh: await measure(sox('-v'), SOX_TIMES),
			}),
		});
	}
	return figures;
}

/** What a resampler does to tones. */
export async function measureQuality(resampler: Resampler, from: number, to: number): Promise<Quality> {
	const nyquist = Math.min(from, to) / 2;
	// None that divides a rate: all its errors would fall on the same few values.
	const hz = (share: number) => share * nyquist + 0.37;
	const frequencies = [...WITHIN, ...EDGES].map(hz);
	const beyond = to < from ? BEYOND.map(hz).filter((one) => one < from / 2 - 50) : [];
	const signal = tones([...frequencies, ...beyond], from);
	const { pcm } = await resampler(signal, from, to);
	const all = measureTones(pcm, [...frequencies, ...beyond], to);
	const passed = all.slice(0, frequencies.length);
	const first = edge(passed, 0.1, nyquist);
	const within = passed.filter((tone) => tone.hz <= first * nyquist).map(({ snrDb }) => snrDb);
	const folding = all.slice(frequencies.length).filter((tone) => tone.hz >= (2 - first) * nyquist);
	return {
		snrWorstDb: Math.min(...within),
		snrMedianDb: median(within),
		edge01: first,
		edge3: edge(passed, 3, nyquist),
		aliasesDb: folding.length ? -Math.max(...folding.map(({ levelDb }) => levelDb)) : '–',
	};
}

/** The last share of the Nyquist frequency up to which no tone is weaker by more than that. */
function edge(passed: readonly Tone[], db: number, nyquist: number): number {
	const weak = passed.findIndex(({ gainDb }) => Math.abs(gainDb) > db);
	const last = passed[weak < 0 ? passed.length - 1 : weak - 1];
	return last ? last.hz / nyquist : 0;
}
