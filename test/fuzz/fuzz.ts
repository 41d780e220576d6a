import process from 'node:process';
import { parseArgs } from 'node:util';
import { keepInput } from './corpus.ts';
import { TARGETS } from './targets.ts';
import { fuzzWatched } from './watch.ts';

// node dist/test/fuzz/fuzz.js [parser …] [--seconds 60] [--tries N] [--seed S] [--keep]
// Coverage-guided fuzzing, for so long for each parser. Inputs that break one are put into test/fuzz/corpus/<parser>/
// as crash-…; with --keep also those that reach what the corpus does not. Ends with 1 if anything broke.

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		seconds: { type: 'string', default: '60' },
		tries: { type: 'string', default: 'Infinity' },
		seed: { type: 'string', default: String(Date.now() % 1_000_000) },
		keep: { type: 'boolean', default: false },
	},
});
const seed = Number(values.seed);
const unknown = positionals.filter((name) => !(name in TARGETS));
if (unknown.length)
	throw new Error(`no such parser: ${unknown}; there are ${Object.keys(TARGETS).join(', ')}`);

console.log(`seed ${seed}`);
console.log('parser               inputs   per second   coverage (corpus, then)   broken');
for (const parser of positionals.length ? positionals : Object.keys(TARGETS)) {
	const [seconds, tries] = [Number(values.seconds), Number(values.tries)];
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
	if (values.keep) for (const input of best) if (input.length <= 4096) keepInput(parser, input, 'found');
}
