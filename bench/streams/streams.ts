import { type Extent, rounded } from '../statistics.ts';
import { runTrial, type Trial } from './trial.ts';

// How many paced streams of 16 kHz one Node-RED carries: from a source that is a process of its own, through ordinary
// wires and stt-stream, to a loopback recogniser that is another, in the framing of AssemblyAI.

/** Streams are carried as long as timers in Node-RED are no later than so, in 99 of 100 cases … */
const DELAY_MAX_MS = 20;
/** … and what is not new is not piling up: a frame is at the recogniser so soon after it was due. */
const LATENCY_MAX_MS = 100;

export interface StreamsFigures {
	readonly frames: string;
	/** The most that were carried, of the numbers tried. */
	readonly streams: number;
	/** The numbers tried, and what was wrong. */
	readonly tried: string;
	/** How late a timer of one millisecond is in Node-RED, in milliseconds. */
	readonly delay: { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number };
	/** From when a frame was due to when its last byte had reached the recogniser, without the wait for its piece. */
	readonly latency: { readonly p50Ms: number; readonly p99Ms: number };
	/** Processors used; `perStreamMs`: milliseconds of Node-RED for a second of one stream. */
	readonly cpu: {
		readonly nodeRed: number;
		readonly perStreamMs: number;
		readonly source: number;
		readonly recogniser: number;
	};
	readonly memoryMb: number;
	/** Of the source, behind its schedule; of the recogniser, its timers. Where these are high, they are what is slow. */
	readonly sourceLateP99Ms: number;
	readonly recogniserLateP99Ms: number;
	/** Sent by the source, not at the recogniser, at the recogniser in a wrong place, dropped by stt-stream. */
	readonly samples: { readonly sent: number; readonly missing: number };
	readonly misplacedFrames: number;
	readonly droppedMs: number;
	/** Streams that lost their connection or failed. */
	readonly disturbed: number;
}

export interface Search {
	readonly frameMs: number;
	/** Tried first; the next is more if these were carried, else less. */
	readonly streams: number;
}

const SEARCHES: readonly Search[] = [
	{ frameMs: 20, streams: 300 },
	{ frameMs: 100, streams: 1000 },
];
/** As long as none were too many, and as long as none were carried. */
const MORE = 1.5;
const LESS = 0.7;
/** The search ends when so little is between what is carried and what is too much. */
const CLOSE = 1.1;
const SECONDS_MAX = 10;

interface Tried {
	readonly streams: number;
	readonly trial: Trial;
	/** Why they do not count as carried. */
	readonly problem: string | undefined;
}

/**
 * Searches, with at most `runs` numbers of streams for each size of frames and `seconds` of each, but no more than ten.
 * The figures are those of the most streams that were carried.
 */
export async function measureStreams(
	{ seconds, runs }: Extent,
	searches: readonly Search[] = SEARCHES,
): Promise<StreamsFigures[]> {
	const figures: StreamsFigures[] = [];
	for (const search of searches)
		figures.push(figuresOf(search.frameMs, await find(search, Math.min(seconds, SECONDS_MAX), runs)));
	return figures;
}

/** All that were tried, in the order of their number. */
async function find({ frameMs, streams: first }: Search, seconds: number, runs: number): Promise<Tried[]> {
	const tried: Tried[] = [];
	for (let streams = first; tried.length < runs; ) {
		const trial = await runTrial({ streams, frameMs, seconds });
		tried.push({ streams, trial, problem: problemOf(trial, streams) });
		tried.sort((a, b) => a.streams - b.streams);
		const low = tried.findLast(({ problem }) => !problem)?.streams;
		const high = tried.find(({ problem }) => problem)?.streams;
		if (low && high && high < low * CLOSE) break;
		const next = low ? (high ? Math.sqrt(low * high) : low * MORE) : streams * LESS;
		streams = Math.max(1, next > 100 ? Math.round(next / 10) * 10 : Math.round(next));
	}
	return tried;
}

function problemOf({ nodeRed, recogniser, source, outcome }: Trial, streams: number): string | undefined {
	if (recogniser.samples !== source.samples || recogniser.misplaced) return 'lost';
	if (outcome.droppedMs || outcome.events['dropped-audio']) return 'dropped';
	if (outcome.events['closed'] !== streams || disturbed(outcome)) return 'disturbed';
	if (nodeRed.delayP99Ms >= DELAY_MAX_MS) return 'held up';
	return recogniser.latencyP99Ms < LATENCY_MAX_MS ? undefined : 'late';
}

const disturbed = ({ reconnects, codes }: Trial['outcome']) =>
	reconnects + Object.values(codes).reduce((sum, count) => sum + count, 0);

function figuresOf(frameMs: number, tried: readonly Tried[]): StreamsFigures {
	const best = tried.findLast(({ problem }) => !problem);
	const { streams, trial } = (best ?? tried[0])!;
	const { source, recogniser, nodeRed, outcome } = trial;
	const figures = rounded({
		delay: { p50Ms: nodeRed.delayP50Ms, p99Ms: nodeRed.delayP99Ms, maxMs: nodeRed.delayMaxMs },
		latency: { p50Ms: recogniser.latencyP50Ms, p99Ms: recogniser.latencyP99Ms },
		cpu: {
			nodeRed: nodeRed.cpu,
			perStreamMs: (nodeRed.cpu * 1000) / streams,
			source: source.cpu,
			recogniser: recogniser.cpu,
		},
		memoryMb: nodeRed.memoryMb,
		sourceLateP99Ms: source.lateP99Ms,
		recogniserLateP99Ms: recogniser.delayP99Ms,
	});
	return {
		frames: `${frameMs} ms`,
		streams: best ? streams : 0,
		tried: tried.map((one) => `${one.streams}${one.problem ? ` ${one.problem}` : ''}`).join(', '),
		...figures,
		samples: { sent: source.samples, missing: source.samples - recogniser.samples },
		misplacedFrames: recogniser.misplaced,
		droppedMs: outcome.droppedMs,
		disturbed: disturbed(outcome),
	};
}
