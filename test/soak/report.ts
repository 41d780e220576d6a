import type { NodeFailure } from '../lab/node-red.ts';
import type { Books, Sum } from './books.ts';
import type { Drift } from './drift.ts';
import { afterWarmUp, fitLine, type Line } from './statistics.ts';
import type { Sample } from './vitals.ts';

/** What a run has shown. */
export interface Outcome {
	readonly kind: 'hour' | 'day';
	readonly samples: readonly Sample[];
	/** Of the first and the last look, by kind. */
	readonly details: readonly unknown[];
	readonly sums: Readonly<Record<string, Sum>>;
	readonly errors: readonly NodeFailure[];
	/** How many sounds were to be played, how many were, and how often one ran dry. */
	readonly toPlay: number;
	readonly playbacks: number;
	readonly underruns: number;
	/** What the player's file lacks. */
	readonly lostInPlayingMs?: number;
	/** Streams that did not come to their end. */
	readonly open: readonly string[];
	readonly drift?: { readonly ms: number; readonly ppm: Line };
	/** Warnings and errors in Node-RED's log. */
	readonly log: readonly string[];
}

/** What a run comes to. */
export interface Report {
	/** Memory over the last three quarters, in MB for each hour of the run (`perAudioHour`: of audio). */
	readonly slopes: Readonly<Record<'rss' | 'heap' | 'childrenRss', Line>>;
	readonly perAudioHour: Readonly<Record<'rss' | 'heap', Line>>;
	/** Anything that must not be, in words. */
	readonly wrong: readonly string[];
}

const MB = 1e6;
const HOUR_S = 3600;
/** Shorter runs are warming up for most of their time. */
const SLOPE_SECONDS = 1200;
/**
 * The text of a stream, up to 10,000 finals, is kept for its end: of a stream that is never closed that is some
 * 0.5 MB in its first hours for each recogniser, and then no more.
 */
const HEAP_PER_HOUR = 3;
/** Less than this can not be told from what the allocators do with their own, in an hour. */
const RSS_PER_HOUR = 8;

/** One line of a run. */
export function line(sample: Sample, books: Books, drift?: Drift): string {
	const sums = Object.values(books.sums);
	const add = (name: keyof Sum) => sums.reduce((sum, one) => sum + one[name], 0);
	const mb = (bytes: number) => (bytes / MB).toFixed(1);
	const time = (seconds: number) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
	return [
		time(sample.seconds),
		`audio ${time(sample.audioSeconds)}`,
		`rss ${mb(sample.rss)} heap ${mb(sample.heap)} MB`,
		`${sample.children} children ${mb(sample.childrenRss)} MB`,
		`fds ${sample.descriptors}+${sample.childrenDescriptors}`,
		`handles ${sample.handles} listeners ${sample.listeners} emitters ${sample.emitters}`,
		...(drift ? [`drift ${drift.ms.toFixed(2)} ms`] : []),
		`dropped ${add('droppedMs')} ms`,
		`unexplained ${add('unexplainedMs')} ms`,
		`streams ${add('streams')} finals ${add('finals')} rotations ${add('rotations')} errors ${books.errors.length}`,
	].join(' | ');
}

/** Judges a run. */
export function judge(outcome: Outcome): Report {
	const { samples, sums, errors, open, log } = outcome;
	const late = afterWarmUp(samples);
	const slope = (of: 'rss' | 'heap' | 'childrenRss', time: 'seconds' | 'audioSeconds') =>
		fitLine(late.map((sample) => [sample[time] / HOUR_S, sample[of] / MB] as const));
	const slopes = {
		rss: slope('rss', 'seconds'),
		heap: slope('heap', 'seconds'),
		childrenRss: slope('childrenRss', 'seconds'),
	};
	const perAudioHour = { rss: slope('rss', 'audioSeconds'), heap: slope('heap', 'audioSeconds') };
	const wrong: string[] = [];
	const judged = outcome.kind === 'hour' ? slopes : { ...perAudioHour, childrenRss: slopes.childrenRss };
	const seconds = samples.at(-1)?.[outcome.kind === 'hour' ? 'seconds' : 'audioSeconds'] ?? 0;
	if (seconds >= SLOPE_SECONDS)
		for (const [of, most] of [
			['rss', RSS_PER_HOUR],
			['heap', HEAP_PER_HOUR],
			['childrenRss', RSS_PER_HOUR],
		] as const)
			if (judged[of].slope - 2 * judged[of].error > most)
				wrong.push(`${of} grows by ${judged[of].slope.toFixed(2)} MB an hour`);
	for (const of of ['descriptors', 'listeners', 'handles', 'children', 'childrenDescriptors'] as const) {
		const [before, after] = growth(late, of);
		if (after > before) wrong.push(`${of}: ${before} became ${after}`);
	}
	for (const [name, sum] of Object.entries(sums)) {
		const bad = (what: keyof Sum) => sum[what] > 0 && wrong.push(`${name}: ${what} ${sum[what]}`);
		for (const what of ['unexplainedMs', 'droppedMs', 'foreignMs', 'missingWords', 'failures'] as const)
			bad(what);
		if (!sum.streams) wrong.push(`${name}: closed no stream`);
	}
	if (outcome.lostInPlayingMs) wrong.push(`${outcome.lostInPlayingMs} ms were not played`);
	if (outcome.playbacks !== outcome.toPlay)
		wrong.push(`${outcome.playbacks} of ${outcome.toPlay} sounds were played`);
	for (const what of open) wrong.push(`not closed: ${what}`);
	for (const { node, message } of errors.slice(0, 10)) wrong.push(`error of ${node}: ${message}`);
	for (const text of log.filter((one) => /MaxListeners|Unhandled|^\[error\]/.test(one)).slice(0, 10))
		wrong.push(`log: ${text}`);
	return { slopes, perAudioHour, wrong };
}

/** The least of the first and of the last third: what comes and goes does not count. */
export function growth(samples: readonly Sample[], of: keyof Sample): [before: number, after: number] {
	const third = Math.max(1, Math.floor(samples.length / 3));
	const least = (part: readonly Sample[]) => Math.min(...part.map((sample) => sample[of]));
	return [least(samples.slice(0, third)), least(samples.slice(-third))];
}

/** The whole report, for a terminal. */
export function print(outcome: Outcome, report: Report, tell: (text: string) => void): void {
	const { samples, drift, sums } = outcome;
	const [first] = samples;
	const last = samples.at(-1);
	const span = ({ slope, error }: Line, digits = 2) =>
		Number.isFinite(error) ? `${slope.toFixed(digits)} ± ${(2 * error).toFixed(digits)}` : '(too short)';
	const { slopes, perAudioHour } = report;
	tell(`RSS ${span(slopes.rss)}, heap ${span(slopes.heap)}, children's RSS ${span(slopes.childrenRss)} MB/h`);
	tell(`for each hour of audio: RSS ${span(perAudioHour.rss, 3)}, heap ${span(perAudioHour.heap, 3)} MB`);
	for (const of of [
		'descriptors',
		'childrenDescriptors',
		'handles',
		'listeners',
		'emitters',
		'children',
	] as const)
		tell(
			`${of}: ${first?.[of]} at first, ${last?.[of]} at last, least ${growth(samples, of).join(' then ')}`,
		);
	if (drift) tell(`drift ${drift.ms.toFixed(2)} ms, ${span(drift.ppm)} ppm`);
	tell(`${outcome.playbacks} of ${outcome.toPlay} sounds played, ${outcome.underruns} underruns`);
	const columns = Object.entries(sums);
	const rows = Object.keys(columns[0]?.[1] ?? {}) as (keyof Sum)[];
	for (const row of rows)
		tell(
			`${row.padEnd(14)} ${columns.map(([name, sum]) => `${name} ${Math.round(sum[row] * 10) / 10}`).join('  ')}`,
		);
	tell(report.wrong.length ? `WRONG:\n${report.wrong.join('\n')}` : 'all is well');
}
