import { VoiceError } from '../../../lib/node/errors.ts';
import { LineSplitter } from '../../../lib/process/lines.ts';
import {
	readChips,
	readEdge,
	readMajor,
	readPlace,
} from '../../../nodes/button-trigger/lines/gpiod-output.ts';
import { toolError } from '../../../nodes/button-trigger/lines/gpiod-tools.ts';
import { readLineUse } from '../../../nodes/button-trigger/lines/gpioinfo.ts';
import { headerChip } from '../../../nodes/button-trigger/lines/line.ts';
import { lineMutator } from '../mutate.ts';
import { rule, type Target, unless } from '../target.ts';

const SEEDS = [
	'gpiomon (libgpiod) v1.6.3\nCopyright (C)\n',
	'gpiomon v2.2.1 (libgpiod v2.2.1)\n',
	'gpiochip0 [pinctrl-bcm2711] (58 lines)\ngpiochip1 [raspberrypi-exp-gpio] (8 lines)\n',
	'gpiochip0 17\n',
	'gpiochip0 17\t"GPIO17" input\n',
	'1\n0\n1\n',
	'Monitoring line 17 of gpiochip0...\nrising\r\nfalling\nrising\n',
	'gpiochip0 - 54 lines:\n\tline   2:      unnamed       unused   input  active-high \n\tline  17:     "GPIO17"    "gpiomon"   input  active-low [used pull-up]\n\tline 18: "A" unused output active-high [kernel]\n\tline 3: unnamed kernel input active-high [used]\n',
	'gpiochip0 - 54 lines:\n\tline  17:\t"GPIO17"        \tinput edges=both consumer="gpiomon"\n\tline   4:\tunnamed\tinput consumer=x\n',
	`line 1: ${'" '.repeat(9000)}x\n`,
	'gpiomon: error waiting for events: Device or resource busy\n',
	'gpioget: unable to open: Permission denied\n',
];

/** What libgpiod's tools print, into every reader of it. */
export const target: Target = {
	covers: ['gpiod-output', 'gpioinfo', 'line']
		.map((name) => `nodes/button-trigger/lines/${name}.js`)
		.concat('lib/process/lines.js'),
	seeds: SEEDS.map((seed) => Buffer.from(seed)),
	mutate: lineMutator([
		...SEEDS.flatMap((seed) => seed.split('\n')),
		'"',
		'" "',
		' consumer=',
		' ',
		'\t',
		'\r',
		'" input active-',
	]),
	maxBytes: 20_000,
	run(input, random) {
		const text = String(input);
		readMajor(text);
		for (const { line, by } of readLineUse(text))
			rule(Number.isInteger(line) && typeof by === 'string', `line ${line}`);
		const chips = readChips(text);
		for (const { name, lines } of chips)
			rule(/^gpiochip\d+$/.test(name) && Number.isInteger(lines), `chip ${name}`);
		unless([VoiceError], () => headerChip(17, chips));
		const place = readPlace(text);
		if (place) rule(Number.isInteger(place.offset), `offset ${place.offset}`);
		rule(toolError(text, 'GPIO 17', 1) instanceof VoiceError, 'no error');
		for (const major of [1, 2] as const) {
			const edges = (pieces: readonly Buffer[]) => {
				const splitter = new LineSplitter();
				const lines = pieces.flatMap((piece) => splitter.push(piece));
				return [...lines, ...splitter.end()].map((line) => readEdge(major, line));
			};
			const whole = edges([input]);
			rule(JSON.stringify(edges(random.cut(input))) === JSON.stringify(whole), 'cut and whole');
		}
	},
};
