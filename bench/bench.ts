import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { measureHour } from './audio/hour.ts';
import { measureResamplers } from './audio/resamplers.ts';
import { measureEventLoop } from './event-loop.ts';
import { measureFrameSizes } from './frame-sizes.ts';
import { measureLocalEngine } from './local-engine.ts';
import { measurePath } from './path/path.ts';
import { measurePeers } from './peers/peers.ts';
import type { Extent } from './statistics.ts';
import { measureStreams } from './streams/streams.ts';
import { measureTutorials } from './tutorials/tutorials.ts';

// `npm run bench`: each measurement side by side in one run, as a table and, with --json, in a file.

const BENCHES: Readonly<
	Record<string, { readonly about: string; measure(extent: Extent): Promise<readonly object[]> }>
> = {
	'frame-sizes': {
		about:
			'Size of a chunk: how late a word is in a partial, and what Node-RED spends (local engine, toy model)',
		measure: measureFrameSizes,
	},
	'local-engine': {
		about: 'The local engine in a child process, and bare in one process: what the difference costs',
		measure: measureLocalEngine,
	},
	'event-loop': {
		about: "Node-RED's event loop while the local engine decodes a heavy network, and without a recogniser",
		measure: measureEventLoop,
	},
	streams: {
		about: 'How many streams one Node-RED carries from a source to a recogniser, at two sizes of frames',
		measure: (extent) => measureStreams(extent),
	},
	T1: {
		about: 'Hold to talk, hear it back: the Python script of a tutorial, and our nodes at the same work',
		measure: (extent) => measureTutorials(extent, { tutorials: ['T1'] }),
	},
	T2: {
		about:
			'Live transcription over a WebSocket: the Python script of a tutorial, and our nodes at the same work',
		measure: (extent) => measureTutorials(extent, { tutorials: ['T2'] }),
	},
	T3: {
		about: 'Streaming recognition over gRPC: the Python script of a tutorial, and our nodes at the same work',
		measure: (extent) => measureTutorials(extent, { tutorials: ['T3'] }),
	},
	path: {
		about: 'How long sound and text take through our nodes, part by part',
		measure: (extent) => measurePath(extent),
	},
	audio: {
		about: 'The resampler, and SoX at two of its qualities: SNR, band and seconds of audio for each of CPU',
		measure: (extent) => measureResamplers(extent),
	},
	'audio-hour': {
		about: 'A WAV of one hour, played by mic-capture and recorded by audio-play: memory on the way',
		measure: measureHour,
	},
	peers: {
		about: 'arecord and core nodes as users wire them today, and our nodes at the same work',
		measure: (extent) => measurePeers(extent),
	},
};

/** Names for several of them. */
const GROUPS: Readonly<Record<string, readonly string[]>> = { tutorials: ['T1', 'T2', 'T3'] };

const HELP = `npm run bench -- [--seconds n] [--runs n] [--json file] [name…]
  --seconds  of audio for each run (default 20)
  --runs     of each case, of which the median is shown (default 5)
  --json     writes the figures to a file too
Names (default: all): ${[...Object.keys(BENCHES), ...Object.keys(GROUPS)].join(', ')}`;

/** One line for a table: nested figures as "name.part". */
function flat(row: object, prefix = ''): Record<string, unknown> {
	return Object.fromEntries(
		Object.entries(row).flatMap(([name, value]) =>
			value !== null && typeof value === 'object'
				? Object.entries(flat(value as object, `${prefix}${name}.`))
				: [[prefix + name, value]],
		),
	);
}

/** More cases than fit beside each other. */
const MANY_CASES = 12;

/** Figures side by side: one line for each, one column for each case; of many cases, one line for each. */
function print(rows: readonly object[]): void {
	const cases = rows.map((row) => flat(row));
	if (cases.length > MANY_CASES) {
		console.table(
			Object.fromEntries(
				cases.map((one) => {
					const [[, title] = [], ...figures] = Object.entries(one);
					return [String(title), Object.fromEntries(figures)];
				}),
			),
		);
		return;
	}
	const lines = Object.keys(cases[0] ?? {}).map((name) => [name, cases.map((one) => one[name])] as const);
	const [[, titles] = ['', []], ...figures] = lines;
	console.table(
		Object.fromEntries(
			figures.map(([name, values]) => [
				name,
				Object.fromEntries(values.map((value, at) => [String(titles[at]), value])),
			]),
		),
	);
}

const isComplete = (row: object) =>
	Object.values(flat(row)).every((value) => typeof value !== 'number' || Number.isFinite(value));

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		json: { type: 'string' },
		seconds: { type: 'string', default: '20' },
		runs: { type: 'string', default: '5' },
		help: { type: 'boolean', default: false },
	},
});
const [seconds, runs] = [Number(values.seconds), Number(values.runs)];
const wanted = positionals.flatMap((name) => (Object.hasOwn(GROUPS, name) ? (GROUPS[name] ?? []) : [name]));
const unknown = wanted.filter((name) => !Object.hasOwn(BENCHES, name));
if (values.help || unknown.length || !(seconds > 0 && runs >= 1)) {
	console.log(unknown.length ? `There is no bench "${unknown[0]}".\n${HELP}` : HELP);
	process.exitCode = values.help ? 0 : 2;
} else {
	const figures: Record<string, readonly object[]> = {};
	for (const [name, { about, measure }] of Object.entries(BENCHES)) {
		if (wanted.length && !wanted.includes(name)) continue;
		console.log(`\n${about}`);
		const rows = await measure({ seconds, runs });
		print(rows);
		figures[name] = rows;
		if (!rows.every(isComplete)) process.exitCode = 1;
	}
	if (values.json) writeFileSync(values.json, `${JSON.stringify(figures, undefined, '\t')}\n`);
}
