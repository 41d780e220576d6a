// The program of the STAND-IN for libgpiod's tools, see gpiod-stand-in.ts: <folder> <tool> <the tool's arguments>
import { readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import type { StandInState } from './gpiod-stand-in.ts';

const flag = { type: 'boolean' } as const;
const text = { type: 'string' } as const;
type Options = Record<string, { type: 'boolean' | 'string'; short?: string }>;

const COMMON: Options = { help: { ...flag, short: 'h' }, version: { ...flag, short: 'v' } };
const LINE: Options = { ...COMMON, 'active-low': { ...flag, short: 'l' } };
const MONITOR: Options = {
	...LINE,
	format: { ...text, short: 'F' },
	'num-events': { ...text, short: 'n' },
};
const LINE_2: Options = {
	...LINE,
	bias: { ...text, short: 'b' },
	chip: { ...text, short: 'c' },
	consumer: { ...text, short: 'C' },
	'by-name': flag,
	strict: { ...flag, short: 's' },
	unquoted: flag,
};

/** The options of the tools' --help. */
const OPTIONS: Record<1 | 2, Record<string, Options>> = {
	1: {
		gpiodetect: COMMON,
		gpiofind: COMMON,
		gpioinfo: COMMON,
		gpioget: { ...LINE, bias: { ...text, short: 'B' } },
		gpiomon: {
			...MONITOR,
			bias: { ...text, short: 'B' },
			silent: { ...flag, short: 's' },
			'rising-edge': { ...flag, short: 'r' },
			'falling-edge': { ...flag, short: 'f' },
			'line-buffered': { ...flag, short: 'b' },
		},
	},
	2: {
		gpiodetect: COMMON,
		gpioinfo: { ...COMMON, chip: { ...text, short: 'c' }, strict: { ...flag, short: 's' } },
		gpioget: { ...LINE_2, numeric: flag, 'as-is': { ...flag, short: 'a' } },
		gpiomon: {
			...LINE_2,
			...MONITOR,
			banner: flag,
			edges: { ...text, short: 'e' },
			'debounce-period': { ...text, short: 'p' },
			quiet: { ...flag, short: 'q' },
		},
	},
};

function runTool(folder: string, tool: string, args: string[]): void {
	const state = JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8')) as StandInState;
	const { version, chips, names = {}, failure } = state;
	writeFileSync(join(folder, `${tool}.${process.hrtime.bigint()}.call`), JSON.stringify(args));
	const die: (why: string) => never = (why) => {
		process.stderr.write(`${tool}: ${why}\n`);
		process.exit(1);
	};
	const { values, positionals } = (() => {
		try {
			return parseArgs({ args, options: OPTIONS[version][tool]!, allowPositionals: true });
		} catch (error) {
			return die((error as Error).message);
		}
	})();
	if (values['version']) {
		const line = version === 1 ? `${tool} (libgpiod) v1.6.3` : `${tool} v2.2.1 (libgpiod v2.2.1)`;
		console.log(`${line}\nCopyright (C) 2017-2023 Bartosz Golaszewski\nLicense: GPL-2.0-or-later`);
		return;
	}
	if (values['bias'] && !['pull-up', 'pull-down'].includes(String(values['bias'])))
		die(`invalid bias: ${values['bias']}`);
	if (tool === 'gpiodetect') {
		if (failure) die(`unable to open chip '/dev/gpiochip0': ${failure}`);
		for (const chip of chips) console.log(`${chip.name} [${chip.label}] (${chip.lines} lines)`);
		return;
	}
	const listed = tool === 'gpioinfo' && chips.find(({ name }) => name === (values['chip'] ?? positionals[0]));
	if (listed) {
		listLines(version, listed, state.used?.[listed.name] ?? {});
		return;
	}
	if (tool === 'gpiofind' || tool === 'gpioinfo') {
		const found = names[positionals[0]!];
		if (!found) {
			if (tool === 'gpioinfo') die(`cannot find line '${positionals[0]}'`);
			process.exit(1);
		}
		const line = found.join(' ');
		console.log(tool === 'gpiofind' ? line : `${line}\t"${positionals[0]}"        \tinput`);
		return;
	}
	const named = version === 1 ? positionals.shift() : (values['chip'] as string);
	const chip = chips.find(({ name }) => name === named);
	const offset = Number(positionals[0]);
	const doing = tool === 'gpioget' ? 'error reading GPIO values' : 'error waiting for events';
	const failed: (why: string) => never = (why) =>
		die(version === 1 ? `${doing}: ${why}` : `unable to request lines on chip /dev/${named}: ${why}`);
	if (!chip && version === 2) die(`cannot find GPIO chip character device '${named}'`);
	if (!chip) failed('No such file or directory');
	if (failure) failed(failure);
	if (!(offset < chip.lines)) failed('Invalid argument');
	const path = join(folder, `${chip.name}-${offset}.line`);
	if (tool === 'gpioget') {
		const probe = connect(path, () => failed('Device or resource busy'));
		probe.on('error', () => console.log('0'));
		return;
	}
	monitor(path, {
		busy: () => failed('Device or resource busy'),
		ready: () => {
			if (values['banner']) console.log(`Monitoring line '${offset}'...`);
		},
		word: (word) => {
			if (word === 'remove') die('error waiting for events: No such device');
			const numeric = version === 1 ? Number(word === 'rising') : word === 'rising' ? 1 : 2;
			const format = String(values['format']).replace('%e', String(numeric));
			console.log(version === 1 ? format : format.replace('%E', word));
		},
	});
}

/** gpioinfo of one chip. */
function listLines(
	version: 1 | 2,
	chip: { name: string; lines: number },
	used: Readonly<Record<number, string>>,
): void {
	console.log(`${chip.name} - ${chip.lines} lines:`);
	for (let line = 0; line < chip.lines; line++) {
		const by = used[line];
		const start = `\tline ${String(line).padStart(3)}:`;
		const name = `"GPIO${line}"`;
		if (version === 1) {
			const user = by === undefined ? 'unused' : by === '' ? 'kernel' : `"${by}"`;
			const flags = by === undefined ? '' : '[used]';
			console.log(`${start} ${name.padStart(12)} ${user.padStart(12)}   input  active-high ${flags}`);
		} else {
			const user = by === undefined ? '' : ` consumer="${by || 'kernel'}"`;
			console.log(`${start}\t${name.padEnd(16)}\tinput${user}`);
		}
	}
}

/** Watches until it is ended; a second one on the same line is refused. */
function monitor(
	path: string,
	on: { busy: () => void; ready: () => void; word: (word: string) => void },
): void {
	const pidFile = path.replace(/line$/, 'pid');
	const server = createServer((socket) => {
		socket.on('error', () => {});
		socket.on('data', (data) => {
			on.word(data.toString().trim());
			socket.write('done\n');
		});
	});
	server.on('error', () => {
		// Held, or left over by one that was killed.
		const probe = connect(path, on.busy);
		probe.on('error', () => {
			unlinkSync(path);
			server.listen(path);
		});
	});
	server.on('listening', () => {
		writeFileSync(pidFile, String(process.pid));
		on.ready();
	});
	server.listen(path);
	process.on('SIGTERM', () => {
		rmSync(path, { force: true });
		rmSync(pidFile, { force: true });
		process.exit(0);
	});
}

const [folder, tool, ...args] = process.argv.slice(2);
runTool(folder!, tool!, args);
