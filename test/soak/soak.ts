/** `npm run soak`: a real Node-RED for long; prints what must not grow, and where the samples went. */
import process from 'node:process';
import { begin, demand, writeFigures } from '../lab/long-run.ts';
import { soakInCompressedTime } from './day.ts';
import { soakInRealTime } from './hour.ts';
import { judge, print } from './report.ts';

/** In a day, one for each half hour. */
const LOOKS = 48;
const DAY_HOURS = 24;

const HELP = `npm run soak -- [--hour | --minutes n | --day [--hours n]] [--seed n] [--json file]
  --hour     in real time, with a sound card (default)
  --minutes  the same for so long (default 60)
  --day      of audio, as fast as the machine allows: some 15 minutes
  --hours    of audio, in place of the day's 24
  --seed     of how long is talked in real time (default 1)
  --json     writes the figures to a file, too`;

const UNITS = {
	samples: 'rss, heap, childrenRss: bytes; audioSeconds: of audio; all else: how many',
	sums: 'a name with Ms: milliseconds of audio; all else: how many',
	slopes: 'MB for each hour, and its standard error',
	perAudioHour: 'MB for each hour of audio, and its standard error',
	lostInPlayingMs: 'milliseconds of audio',
	drift: 'audio time ahead of wall time: milliseconds, and parts per million',
};

const { numbers, flags, files } = begin({
	help: HELP,
	numbers: {
		minutes: { default: 60, least: 0.5 },
		hours: { default: DAY_HOURS, least: 0.01 },
		seed: { default: 1, least: 0, whole: true },
	},
	flags: ['day', 'hour'],
	files: ['json'],
});
const { minutes, hours, seed } = numbers;
const tell = (line: string) => console.log(line);
const isDay = flags.day || hours !== DAY_HOURS;
if (!isDay) demand('pulseaudio', 'alsa-utils', 'naudiodon', 'sherpa-onnx');
try {
	const outcome = isDay
		? await soakInCompressedTime({ hours, everyHours: hours / LOOKS, tell })
		: await soakInRealTime({ minutes, seed, tell });
	const report = judge(outcome);
	print(outcome, report, tell);
	if (files.json) writeFigures(files.json, UNITS, { ...outcome, ...report });
	process.exitCode = report.wrong.length ? 1 : 0;
} catch (error) {
	console.error((error as Error).message);
	process.exitCode = 1;
}
// Not exitCode alone: what a failed run has left would keep this process.
process.exit();
