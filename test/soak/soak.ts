/**
 * `npm run soak -- --hour | --minutes 3 | --day [--hours 24] [--json file] [--seed n]`: a real Node-RED for an hour of
 * real time, or a day of audio as fast as the machine allows; prints what must not grow, and where the samples went.
 */
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { soakInCompressedTime } from './day.ts';
import { soakInRealTime } from './hour.ts';
import { judge, print } from './report.ts';

/** In a day, one for each half hour. */
const LOOKS = 48;

const { values } = parseArgs({
	options: {
		day: { type: 'boolean', default: false },
		hours: { type: 'string', default: '24' },
		hour: { type: 'boolean', default: false },
		minutes: { type: 'string', default: '60' },
		seed: { type: 'string', default: '1' },
		json: { type: 'string' },
	},
});
const tell = (line: string) => console.log(line);
const [minutes, hours, seed] = [values.minutes, values.hours, values.seed].map(Number) as [
	number,
	number,
	number,
];
const outcome = values.day
	? await soakInCompressedTime({ hours, everyHours: hours / LOOKS, tell })
	: await soakInRealTime({ minutes, seed, tell });
const report = judge(outcome);
print(outcome, report, tell);
if (values.json)
	writeFileSync(values.json, `${JSON.stringify({ ...outcome, ...report }, undefined, '\t')}\n`);
process.exitCode = report.wrong.length ? 1 : 0;
