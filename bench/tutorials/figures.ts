import { median, percentile, rounded } from '../statistics.ts';
import type { Take } from './take.ts';

/** Where there is nothing to measure. */
export type Figure = number | '–';

/** What somebody's way of wiring costs, and what it loses. Of processes, all that belong to it count. */
export interface Figures {
	readonly case: string;
	readonly frame: string;
	/**
	 * Seconds of processor time for each minute of audio: all of it; the microphone's without a recogniser; and what one
	 * more recogniser on that microphone takes. For a script, whose streams are processes, that is all but the capture.
	 */
	readonly cpu: { readonly all: Figure; readonly capture: Figure; readonly oneMoreStream: Figure };
	/** Resident megabytes; pages that processes share count in each. */
	readonly memoryMb: { readonly all: Figure; readonly oneMoreStream: Figure };
	/** From the start to the first audio at the recogniser, whose session begins 300 ms after it is asked for. */
	readonly firstAudioMs: Figure;
	/** From a sample at the microphone to its bytes at the recogniser, once it is under way; of all samples. */
	readonly latencyMs: { readonly p50: Figure; readonly p99: Figure };
	/** The same of the newest sample of each message: without the wait until its frame is full. */
	readonly afterFrameMs: { readonly p50: Figure; readonly p99: Figure };
	/** From the release of a button to the first sound of the answer. */
	readonly answerMs: Figure;
	/**
	 * Samples that were at the microphone and never at the recogniser; the most of all runs. The microphone has a period
	 * of 10 ms: what is less at the start or the stop may be none.
	 */
	readonly lost: {
		readonly atStart: Figure;
		readonly atStartWithPreRoll: Figure;
		readonly between: Figure;
		readonly atStop: Figure;
		/** In the seconds around a drop of the network that lasts one. */
		readonly overDrop: Figure;
	};
}

/** The takes of one contestant; each list has one for each run. */
export interface Takes {
	readonly whole: Take[];
	/** The microphone, without a recogniser. */
	readonly capture: Take[];
	readonly cut: Take[];
	/** Many streams of one microphone; empty where a stream is a process of its own. */
	readonly more: Take[];
}

export const noTakes = (): Takes => ({ whole: [], capture: [], cut: [], more: [] });

/** @param streams how many there were in the takes `more` */
export function figuresOf(
	name: string,
	frame: string,
	{ whole, capture, cut, more }: Takes,
	{ streams, preRoll }: { readonly streams: number; readonly preRoll: boolean },
): Figures {
	const of = (takes: readonly Take[], read: (one: Take) => number) => median(takes.map(read));
	const most = (takes: readonly Take[], read: (lost: Take['lost']) => number) =>
		Math.max(...takes.map(({ lost }) => read(lost)));
	const ms = (kind: keyof Take['latencies'], percent: number) =>
		of(whole, ({ latencies }) => percentile(latencies[kind], percent));
	const cpu = (takes: readonly Take[]) => of(takes, (one) => one.cpu);
	const memory = (takes: readonly Take[]) => of(takes, (one) => one.memory) / 2 ** 20;
	const slope = (read: (takes: readonly Take[]) => number) => (read(more) - read(whole)) / (streams - 1);
	return rounded({
		case: name,
		frame,
		cpu: {
			all: cpu(whole),
			capture: cpu(capture),
			oneMoreStream: more.length ? slope(cpu) : cpu(whole) - cpu(capture),
		},
		memoryMb: { all: memory(whole), oneMoreStream: more.length ? slope(memory) : memory(whole) },
		firstAudioMs: of(whole, (one) => one.firstAudioMs),
		latencyMs: { p50: ms('samples', 50), p99: ms('samples', 99) },
		afterFrameMs: { p50: ms('messages', 50), p99: ms('messages', 99) },
		answerMs: '–',
		lost: {
			atStart: most(whole, ({ start }) => start),
			atStartWithPreRoll: preRoll ? most(cut, ({ start }) => start) : '–',
			between: most(whole, ({ between }) => between),
			atStop: most([...whole, ...(preRoll ? cut : [])], ({ stop }) => stop),
			overDrop: most(cut, (lost) => lost.cut),
		},
	});
}
