/**
 * `npm run test:chaos -- [--faults 1000] [--seed N] [--check-every 50]`: runs the chaos suite and prints what it found.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { compare } from './checkpoint.ts';
import { faketimeLibrary, hasLine } from './house.ts';
import { run } from './run.ts';

const { values } = parseArgs({
	options: {
		faults: { type: 'string', default: '1000' },
		seed: { type: 'string', default: String(Date.now() % 1_000_000) },
		'check-every': { type: 'string', default: '50' },
	},
});
const [faults, seed, checkEvery] = [values.faults, values.seed, values['check-every']].map(Number) as [
	number,
	number,
	number,
];
console.log(`seed ${seed}, ${faults} faults`);
if (!faketimeLibrary()) console.log('without a jumping clock: apt install faketime');
if (!hasLine()) console.log('with a simulated button: apt install fuse3, npm install onoff');
try {
	const outcome = await run({ seed, faults, checkEvery, tell: (line) => console.log(line) });
	const { struck, rounds, sums, checkpoints, seconds } = outcome;
	console.table(struck);
	console.table(sums);
	for (const point of checkpoints)
		console.log(`after ${point.faults} faults: ${compare(checkpoints[0] as typeof point, point)}`);
	console.log(`${outcome.faults} faults in ${rounds} rounds, ${seconds.toFixed(0)} s: all is well`);
} catch (error) {
	console.error((error as Error).message);
	process.exitCode = 1;
}
