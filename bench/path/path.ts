import { needs } from '../../test/lab/needs.ts';
import { type Extent, percentile, rounded } from '../statistics.ts';
import { measureAnswers } from './answers.ts';
import { measureFrames, SOURCES, type SourceName } from './frames.ts';
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
): Promise<PathFigures[]> {
	const missing = needs('pulseaudio', 'alsa-utils', 'naudiodon', 'onoff', 'fuse', 'mount-namespace', 'gcc');
	if (missing) throw new Error(`This needs more than is here: ${missing}`);
	const lab = await PathLab.start();
	try {
		const figures: PathFigures[] = [];
		for (const source of sources) figures.push(...(await measureFrames(lab, source, seconds)));
		if (answers) figures.push(...(await measureAnswers(lab, seconds)));
		for (const talk of talks) figures.push(...(await measureTalks(lab, talk, runs * talksPerRun)));
		return figures;
	} finally {
		await lab.stop();
	}
}
