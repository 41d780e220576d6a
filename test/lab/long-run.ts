/**
 * What the long commands (`npm run bench`, `soak`, `test:chaos`, `fuzz`) have in common: how they are called, how they
 * end when somebody has enough of them, and what their figures were made with.
 */
import { execFileSync } from 'node:child_process';
import {
	closeSync,
	existsSync,
	mkdtempSync,
	openSync,
	readdirSync,
	readFileSync,
	rmdirSync,
	rmSync,
	writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { arch, cpus, loadavg, platform, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { type Need, needs } from './needs.ts';
import { packageRoot } from './root.ts';

export interface NumberOption {
	readonly default: number;
	/** The least that makes sense. */
	readonly least: number;
	readonly whole?: boolean;
}

/** How a command is called. It always has --help, too. */
export interface Shape<N extends string, F extends string, P extends string> {
	readonly help: string;
	readonly numbers: Readonly<Record<N, NumberOption>>;
	readonly flags?: readonly F[];
	/** Each the path of a file to be written. */
	readonly files?: readonly P[];
	/** Words beside the options: those that there are, and what one is called. */
	readonly words?: { readonly known: readonly string[]; readonly called: string };
}

export interface Given<N extends string, F extends string, P extends string> {
	readonly numbers: Readonly<Record<N, number>>;
	readonly flags: Readonly<Record<F, boolean>>;
	readonly words: readonly string[];
	/** They can be written. */
	readonly files: Readonly<Record<P, string | undefined>>;
}

/**
 * Reads the options of this process. @throws Error in words for whoever has typed them
 * @returns 'help' if that was asked for
 */
export function readOptions<N extends string, F extends string = never, P extends string = never>(
	args: readonly string[],
	{ numbers, flags = [], files = [], words }: Shape<N, F, P>,
): Given<N, F, P> | 'help' {
	const text = { type: 'string' as const };
	const flag = { type: 'boolean' as const };
	const { values, positionals } = parseArgs({
		args: joined(args),
		allowPositionals: true,
		options: Object.fromEntries([
			...[...Object.keys(numbers), ...files].map((name) => [name, text]),
			...['help', ...flags].map((name) => [name, flag]),
		]) as Record<string, typeof text | typeof flag>,
	});
	if (values['help']) return 'help';
	for (const word of positionals)
		if (!words?.known.includes(word))
			throw new Error(words ? `There is no ${words.called} "${word}".` : `What is "${word}"?`);
	const entries = Object.entries<NumberOption>(numbers).map(([name, option]) => {
		const given = values[name] as string | undefined;
		return [name, given === undefined ? option.default : numberOf(name, given, option)] as const;
	});
	const paths = files.map((name) => [name, values[name] as string | undefined] as const);
	for (const [name, path] of paths) if (path !== undefined) checkWritable(name, path);
	return {
		numbers: Object.fromEntries(entries) as Record<N, number>,
		flags: Object.fromEntries(flags.map((name) => [name, values[name] === true])) as Record<F, boolean>,
		words: positionals,
		files: Object.fromEntries(paths) as Record<P, string | undefined>,
	};
}

/** A number below zero belongs to the option before it: it is to be refused as a number. */
function joined(args: readonly string[]): string[] {
	const all: string[] = [];
	for (const arg of args)
		if (/^-[\d.]/.test(arg) && all.at(-1)?.startsWith('--')) all.push(`${all.pop()}=${arg}`);
		else all.push(arg);
	return all;
}

function numberOf(name: string, given: string, { least, whole = false }: NumberOption): number {
	const value = given.trim() === '' ? Number.NaN : Number(given);
	if (!Number.isFinite(value) || value < least || (whole && !Number.isInteger(value)))
		throw new Error(`--${name} ${given}: not a ${whole ? 'whole ' : ''}number of at least ${least}.`);
	return value;
}

const REASONS: Readonly<Record<string, string>> = {
	ENOENT: 'there is no such folder',
	ENOTDIR: 'there is no such folder',
	EISDIR: 'it is a folder',
	EACCES: 'you may not',
	EROFS: 'it is on a read-only file system',
};

/** Before hours of work, not after them. */
function checkWritable(name: string, path: string): void {
	const isNew = !existsSync(path);
	try {
		closeSync(openSync(path, 'a'));
	} catch (error) {
		const { code = '' } = error as NodeJS.ErrnoException;
		throw new Error(`--${name}: cannot write ${path}: ${REASONS[code] ?? code}.`);
	}
	if (isNew) rmSync(path, { force: true });
}

/** Begins a long command of this process. It does not come back after --help, nor where something was typed wrongly. */
export function begin<N extends string, F extends string = never, P extends string = never>(
	shape: Shape<N, F, P>,
): Given<N, F, P> {
	let given: Given<N, F, P> | 'help';
	try {
		given = readOptions(process.argv.slice(2), shape);
	} catch (error) {
		// Of parseArgs: its first sentence; the rest is for programmers.
		console.error(`${(error as Error).message.split(/(?<=\.|')[ \n](?=[A-Z])/)[0]}\n\n${shape.help}`);
		process.exit(2);
	}
	if (given === 'help') {
		console.log(shape.help);
		process.exit(0);
	}
	endWithoutTraces();
	return given;
}

/** Ends this process, with words, where something is not here. */
export function demand(...what: Need[]): void {
	let missing: string | false;
	try {
		missing = needs(...what);
	} catch (error) {
		missing = (error as Error).message;
	}
	if (!missing) return;
	console.error(`This does not work here:\n  ${missing.replaceAll('; ', '\n  ')}`);
	process.exit(1);
}

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
/** As of a SIGPIPE, which Node.js makes an error: `| head` has enough. */
const PIPE = 141;
const LOOK_MS = 1000;

/**
 * Whoever stops a run gets a plain end, and their temporary folder back: all of this run is in one of its own. What a
 * failed run has left there for its reader stays. Other processes of a run end by themselves when this one does.
 */
function endWithoutTraces(): void {
	const folder = mkdtempSync(join(tmpdir(), 'voice-run-'));
	process.env['TMPDIR'] = folder;
	let isStopped = false;
	process.on('exit', () => {
		try {
			// The lab's compiled programs, which are kept for the next run where there is no such folder.
			for (const name of readdirSync(folder))
				if (isStopped || name.startsWith('voice-lab-'))
					rmSync(join(folder, name), { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
			rmdirSync(folder);
		} catch {
			// not empty
		}
	});
	const end = (signal: keyof typeof SIGNALS) => {
		isStopped = true;
		console.error(`\nEnded by ${signal}.`);
		process.exit(SIGNALS[signal]);
	};
	for (const signal of Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]) process.on(signal, end);
	process.stdout.on('error', () => {
		isStopped = true;
		process.exit(PIPE);
	});
	if (process.env['npm_lifecycle_event'] === undefined) return;
	// npm hands a SIGTERM to its shell, which ends and tells nobody.
	const parent = process.ppid;
	setInterval(() => process.ppid !== parent && end('SIGTERM'), LOOK_MS).unref();
}

/** What figures were made with. */
export interface About {
	readonly arguments: readonly string[];
	readonly writtenAt: string;
	/** Of this package, if it is a clone; `+` where something in it was changed. */
	readonly commit: string | undefined;
	readonly node: string;
	readonly nodeRed: string | undefined;
	readonly machine: {
		readonly processors: number;
		readonly processor: string;
		readonly memoryGb: number;
		readonly system: string;
		/** How many processes wanted a processor in the last minute. */
		readonly load: number;
	};
}

export function about(): About {
	const memory = Math.round(totalmem() / 1e8) / 10;
	return {
		arguments: process.argv.slice(2),
		writtenAt: new Date().toISOString(),
		commit: commit(),
		node: process.version,
		nodeRed: nodeRedVersion(),
		machine: {
			processors: cpus().length,
			processor: cpus()[0]?.model.trim() ?? 'unknown',
			memoryGb: memory,
			system: systemName(),
			load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
		},
	};
}

/** @param units what the numbers are, for whoever finds the file later */
export function writeFigures(path: string, units: object, figures: object): void {
	const all = { about: { ...about(), units }, ...figures };
	writeFileSync(path, `${JSON.stringify(all, undefined, '\t')}\n`);
}

function commit(): string | undefined {
	const git = (...args: string[]) =>
		execFileSync('git', args, { cwd: packageRoot, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
	try {
		return git('rev-parse', 'HEAD').trim() + (git('status', '--porcelain').trim() ? '+' : '');
	} catch {
		return undefined;
	}
}

function nodeRedVersion(): string | undefined {
	try {
		return (createRequire(import.meta.url)('node-red/package.json') as { version: string }).version;
	} catch {
		return undefined;
	}
}

function systemName(): string {
	const kernel = `${platform()} ${release()} ${arch()}`;
	try {
		const name = /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
		return name ? `${name}, ${kernel}` : kernel;
	} catch {
		return kernel;
	}
}
