import process from 'node:process';
import { begin } from '../lab/long-run.ts';
import { keepInput } from './corpus.ts';
import { TARGETS } from './targets.ts';
import { fuzzWatched } from './watch.ts';

// Coverage-guided fuzzing, for so long for each parser. Inputs that break one are put into test/fuzz/corpus/<parser>/
// as crash-…; with --keep also those that reach what the corpus does not. Ends with 1 if anything broke.

const PARSERS = Object.keys(TARGETS);
const HELP = `npm run fuzz -- [--seconds n] [--tries n] [--seed n] [--keep] [parser…]
  --seconds  for each parser (default 60)
  --tries    inputs for each parser, at most
  --seed     the same seed, corpus and code make the same inputs (default: any)
  --keep     keeps inputs that reach what the corpus does not, too; those that
             break a parser are kept in any case
Parsers (default: all):
  ${PARSERS.slice(0, 9).join(', ')},
  ${PARSERS.slice(9).join(', ')}`;

const { numbers, flags, words } = begin({
	help: HELP,
	numbers: {
		seconds: { default: 60, least: 0.1 },
		tries: { default: Number.POSITIVE_INFINITY, least: 1, whole: true },
		seed: { default: Date.now() % 1_000_000, least: 0, whole: true },
	},
	flags: ['keep'],
	words: { known: PARSERS, called: 'parser' },
});
const { seconds, tries, seed } = numbers;

console.log(`seed ${seed}`);
console.log('parser               inputs   per second   coverage (corpus, then)   broken');
for (const parser of words.length ? words : PARSERS) {
	const {
		executions,
		seconds: took,
		coverage,
		failures,
		best,
	} = await fuzzWatched(parser, {
		seed,
		tries,
		seconds,
		guided: true,
	});
	const percent = (ran: number) => `${((100 * ran) / (coverage?.total || 1)).toFixed(1)} %`.padStart(8);
	const reached = coverage ? `${percent(coverage.atFirst)} ${percent(coverage.ran)}` : '';
	const rate = String(Math.round(executions / took));
	console.log(
		`${parser.padEnd(18)} ${String(executions).padStart(8)} ${rate.padStart(12)}   ${reached.padEnd(23)} ${String(failures.length).padStart(8)}`,
	);
	for (const { input, text, attempt } of failures) {
		process.exitCode = 1;
		// Nothing was tried: the target itself cannot be loaded.
		const path = !input.length
			? '(no input)'
			: keepInput(parser, input, text.startsWith('hangs') ? 'hang' : 'crash');
		console.log(`\n${path}${attempt === undefined ? '' : ` (attempt ${attempt})`}\n${text}\n`);
	}
	if (flags.keep) for (const input of best) if (input.length <= 4096) keepInput(parser, input, 'found');
}
