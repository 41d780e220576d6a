import process from 'node:process';
import { begin, writeFigures } from '../test/lab/long-run.ts';
import { type Need, needs } from '../test/lab/needs.ts';
import { measureHour } from './audio/hour.ts';
import { measureResamplers } from './audio/resamplers.ts';
import { measureEventLoop } from './event-loop.ts';
import { measureFrameSizes } from './frame-sizes.ts';
import { measureLocalEngine } from './local-engine.ts';
import { measurePath } from './path/path.ts';
import { measurePeers } from './peers/peers.ts';
import type { Extent } from './statistics.ts';
import { measureStreams } from './streams/streams.ts';
import { isComplete, table } from './table.ts';
import { measureTutorials } from './tutorials/tutorials.ts';
import { BY_ENDING, UNITS } from './units.ts';

// `npm run bench`: each measurement side by side in one run, as a table and, with --json, in a file.

const SOUND: readonly Need[] = ['pulseaudio', 'alsa-utils', 'naudiodon'];

const BENCHES: Readonly<
	Record<
		string,
		{
			readonly about: string;
			readonly needs?: readonly Need[];
			measure(extent: Extent): Promise<readonly object[]>;
		}
	>
> = {
	'frame-sizes': {
		about: 'What the size of a chunk changes: latency and processor time',
		needs: ['sherpa-onnx'],
		measure: measureFrameSizes,
	},
	'local-engine': {
		about: 'The local engine in a child process, and bare in one process',
		needs: ['sherpa-onnx'],
		measure: measureLocalEngine,
	},
	'event-loop': {
		about: "Node-RED's event loop, with and without the local engine",
		needs: ['sherpa-onnx'],
		measure: measureEventLoop,
	},
	streams: {
		about: 'How many streams one Node-RED carries, at two sizes of frames',
		measure: (extent) => measureStreams(extent),
	},
	T1: {
		about: "Hold to talk: a tutorial's Python script, and our nodes",
		needs: SOUND,
		measure: (extent) => measureTutorials(extent, { tutorials: ['T1'] }),
	},
	T2: {
		about: 'Transcription over a WebSocket: a Python script, and our nodes',
		needs: SOUND,
		measure: (extent) => measureTutorials(extent, { tutorials: ['T2'] }),
	},
	T3: {
		about: "Recognition over gRPC: a tutorial's script, and our nodes",
		needs: SOUND,
		measure: (extent) => measureTutorials(extent, { tutorials: ['T3'] }),
	},
	path: {
		about: 'How long sound and text take through our nodes, part by part',
		needs: [...SOUND, 'onoff', 'fuse', 'mount-namespace', 'gcc', 'chromium'],
		measure: (extent) => measurePath(extent),
	},
	audio: {
		about: 'The resampler and SoX: SNR, pass band and speed',
		needs: ['sox'],
		measure: (extent) => measureResamplers(extent),
	},
	'audio-hour': {
		about: 'A WAV of one hour, played and recorded: memory on the way',
		measure: measureHour,
	},
	peers: {
		about: 'arecord and core nodes as wired today, and our nodes',
		needs: SOUND,
		measure: (extent) => measurePeers(extent),
	},
};

/** Names for several of them. */
const GROUPS: Readonly<Record<string, readonly string[]>> = { tutorials: ['T1', 'T2', 'T3'] };

const NAMES = [...Object.keys(BENCHES), ...Object.keys(GROUPS)];

const HELP = `npm run bench -- [--seconds n] [--runs n] [--json file] [name…]
  --seconds  of audio for each run (default 20)
  --runs     of each case, of which the median is shown (default 5);
             T1, T2, T3, peers: 3 at most; frame-sizes, audio-hour: always one;
             streams: so many numbers of them are tried
  --json     writes the figures to a file, too, after each of the names
Names (default: all):
${Object.entries(BENCHES)
	.map(([name, { about }]) => `  ${name.padEnd(12)}  ${about}`)
	.join('\n')}
  ${Object.entries(GROUPS).map(([name, those]) => `${name.padEnd(12)}  ${those.join(', ')}`)}`;

/** Of a terminal, or of what is made to be read in one. */
const WIDTH = process.stdout.columns || 80;

const { numbers, words, files } = begin({
	help: HELP,
	numbers: { seconds: { default: 20, least: 0.1 }, runs: { default: 5, least: 1, whole: true } },
	words: { known: NAMES, called: 'bench' },
	files: ['json'],
});
const wanted = words.flatMap((name) => (Object.hasOwn(GROUPS, name) ? (GROUPS[name] ?? []) : [name]));
const figures: Record<string, readonly object[]> = {};
for (const [name, { about, needs: what = [], measure }] of Object.entries(BENCHES)) {
	if (wanted.length && !wanted.includes(name)) continue;
	console.log(`\n${about}`);
	try {
		const missing = needs(...what);
		if (missing) {
			console.error(`Left out: ${missing}`);
			process.exitCode = 1;
			continue;
		}
		const rows = await measure(numbers);
		console.log(table(rows, WIDTH));
		figures[name] = rows;
		if (!rows.every(isComplete)) process.exitCode = 1;
	} catch (error) {
		// The others are worth their time all the same.
		console.error(error);
		process.exitCode = 1;
	}
	const units = Object.fromEntries(Object.keys(figures).map((one) => [one, UNITS[one]]));
	if (files.json) writeFigures(files.json, { endings: BY_ENDING, ...units }, figures);
}
// Not exitCode alone: what a failed one has left would keep this process.
process.exit();
