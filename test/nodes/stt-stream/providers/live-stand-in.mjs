#!/usr/bin/env node
// A stand-in for `pocketsphinx live -` 5.x, which Debian 12 and 13 do not have. It recognises nothing: it checks how it
// is called, and prints what the real program printed (recorded/README.md) when it has heard as much audio.
import { readFileSync } from 'node:fs';
import process from 'node:process';

const lines = readFileSync(process.env.STAND_IN_RECORDING, 'utf8').trim().split('\n');
const [flags, [command, input]] = [process.argv.slice(2, -2), process.argv.slice(-2)];
const settings = Object.fromEntries(
	Array.from({ length: flags.length / 2 }, (_, index) => flags.slice(index * 2, index * 2 + 2)),
);
for (const flag of ['-hmm', '-dict', '-lm', '-loglevel'])
	if (!settings[flag]) fail(`ERROR: "cmd_ln.c", line 1: ${flag} is missing`);
if (command !== 'live' || input !== '-') fail('Usage: pocketsphinx [PARAMS] live -');

/** Audio after which it dies as of a failed assertion. */
const fatalAt = Number(process.env.STAND_IN_FATAL_S ?? Number.POSITIVE_INFINITY);
let heard = 0;
process.stdin.on('data', (data) => {
	// The real one wants to see the beginning of its input before it loads its model.
	if (!heard)
		process.stderr.write(
			'INFO: ps_endpointer.c(92): Threshold 90% of 0.300s window (>9 frames <1 frames of 10)\n',
		);
	heard += data.length / 32_000;
	if (heard >= fatalAt) {
		process.stderr.write(
			'ERROR: "acmod.c", line 99: Something is amiss\nFATAL: "hmm.c", line 7: No more senones\n',
		);
		process.kill(process.pid, 'SIGABRT');
	}
	while (lines.length && heard > end(lines[0]) + 0.3) console.log(lines.shift());
});

function end(line) {
	const { b, d } = JSON.parse(line);
	return b + d;
}

function fail(reason) {
	console.error(reason);
	process.exit(1);
}
