import { type Extent, percentile, rounded } from '../statistics.ts';
import { measureAnswers } from './answers.ts';
import { measureFrames, SOURCES, type SourceName } from './frames.ts';
import { OtherWork } from './other-work.ts';
import { PathLab } from './path-lab.ts';
import { measureTalks, TALKS, type TalkCase } from './talks.ts';

// The way of sound through our nodes, and of text back: how long each part of it takes.

/** A part of the way, over all times that it was gone. */
export interface PathFigures {
	readonly case: string;
	readonly samples: number;
	/** Milliseconds; below zero: before. */
	readonly minMs: number;
	readonly p50Ms: number;
	readonly p99Ms: number;
	readonly maxMs: number;
}

export interface PathRow extends PathFigures {
	/** Of the machine's processor time, what others took meanwhile: the figures are for a quiet machine. */
	readonly othersPercent: number;
}

export function figuresOf(name: string, values: readonly number[]): PathFigures {
	return rounded({
		case: name,
		samples: values.length,
		minMs: Math.min(...values),
		p50Ms: percentile(values, 50),
		p99Ms: percentile(values, 99),
		maxMs: Math.max(...values),
	});
}

export interface PathOptions {
	readonly sources?: readonly SourceName[];
	readonly answers?: boolean;
	readonly talks?: readonly TalkCase[];
	/** Talks of each case, for each run. */
	readonly talksPerRun?: number;
}

/** One row for each part of the way. `seconds` of sound for each microphone. */
export async function measurePath(
	{ seconds, runs }: Extent,
	{ sources = SOURCES, answers = true, talks = TALKS, talksPerRun = 2 }: PathOptions = {},
): Promise<PathRow[]> {
	const lab = await PathLab.start();
	try {
		const rows: PathRow[] = [];
		const part = async (measure: () => Promise<PathFigures[]>) => {
			const others = new OtherWork();
			const figures = await measure();
			const othersPercent = rounded(others.percent);
			rows.push(...figures.map((one) => ({ ...one, othersPercent })));
		};
		for (const source of sources) await part(() => measureFrames(lab, source, seconds));
		if (answers) await part(() => measureAnswers(lab, seconds));
		for (const talk of talks) await part(() => measureTalks(lab, talk, runs * talksPerRun));
		return rows;
	} finally {
		await lab.stop();
	}
}
