/** `npm run test:chaos`: runs the chaos suite and prints what it found. */
import process from 'node:process';
import { begin, demand } from '../lab/long-run.ts';
import { compare } from './checkpoint.ts';
import { faketimeLibrary, missingForLine } from './house.ts';
import { run } from './run.ts';

const HELP = `npm run test:chaos -- [--faults n] [--seed n] [--check-every n]
  --faults       how many (default 1000: some twenty minutes)
  --seed         the same seed strikes the same faults (default: any)
  --check-every  so many faults the flow is taken down, and what is left of it
                 is counted (default 50)`;

const { numbers } = begin({
	help: HELP,
	numbers: {
		faults: { default: 1000, least: 1, whole: true },
		seed: { default: Date.now() % 1_000_000, least: 0, whole: true },
		'check-every': { default: 50, least: 1, whole: true },
	},
});
demand('pulseaudio', 'alsa-utils', 'mount-namespace', 'naudiodon', 'sherpa-onnx');
const { faults, seed, 'check-every': checkEvery } = numbers;
console.log(`seed ${seed}, ${faults} faults`);
if (!faketimeLibrary()) console.log('without a jumping clock: apt install faketime');
const missing = missingForLine();
if (missing) console.log(`with a simulated button: ${missing}`);
try {
	const outcome = await run({ seed, faults, checkEvery, tell: (line) => console.log(line) });
	const { struck, reported, rounds, sums, checkpoints, seconds } = outcome;
	console.table(struck);
	console.table(reported);
	console.table(sums);
	for (const point of checkpoints)
		console.log(`after ${point.faults} faults: ${compare(checkpoints[0] as typeof point, point)}`);
	console.log(`${outcome.faults} faults in ${rounds} rounds, ${seconds.toFixed(0)} s: all is well`);
} catch (error) {
	console.error((error as Error).message);
	process.exitCode = 1;
}
// Not exitCode alone: what a failed run has left would keep this process.
process.exit();
