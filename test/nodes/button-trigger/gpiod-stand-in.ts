// A STAND-IN for libgpiod's command line tools, not the real ones: no machine of ours has GPIO character devices.
// It takes the options that the real tools take and no others, and prints what they print, for version 1 and for
// version 2 (taken down from the real tools of 1.6.3 and 2.3 and their sources; the real parsers are asked in
// gpiomon.test.ts where they are installed).
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { readProc } from '../../lab/descendants.ts';

export interface StandInState {
	version: 1 | 2;
	chips: { name: string; label: string; lines: number }[];
	/** Line names, e.g. { GPIO17: ['gpiochip0', 17] }. */
	names?: Record<string, [chip: string, offset: number]>;
	/** What users of lines call themselves, e.g. { gpiochip0: { 17: 'led0' } }; '': a part of the kernel without a name. */
	used?: Record<string, Record<number, string>>;
	/** What opening a line fails with, as strerror(3) says it; '' or undefined: nothing. */
	failure?: string;
}

export interface StandIn {
	/** The folder with the tools; put it before PATH. */
	folder: string;
	setUp(change: Partial<StandInState>): void;
	/** The arguments of all runs of a tool so far. */
	calls(tool: string): string[][];
	/** Pid of the gpiomon that watches a line now. */
	watching(chip: string, offset: number): number | undefined;
	/** Lets an edge happen on a line that is watched; resolves when gpiomon has printed it. */
	edge(chip: string, offset: number, edge: 'rising' | 'falling'): Promise<void>;
	/** gpiomon ends as it does when the chip is removed. */
	remove(chip: string, offset: number): Promise<void>;
	/** Another program has the line. */
	hold(chip: string, offset: number): Promise<{ letGo(): Promise<void> }>;
	cleanUp(): void;
}

const TOOLS = ['gpiomon', 'gpioget', 'gpiodetect', 'gpioinfo', 'gpiofind'];

export function standIn(setup: StandInState): StandIn {
	const folder = mkdtempSync(join(tmpdir(), 'voice-gpiod-'));
	const program = fileURLToPath(new URL('./gpiod-stand-in-program.js', import.meta.url));
	let state = setup;
	const setUp = (change: Partial<StandInState>) => {
		state = { ...state, ...change };
		for (const tool of TOOLS) {
			const path = join(folder, tool);
			rmSync(path, { force: true });
			if (tool === 'gpiofind' && state.version === 2) continue; // 2 has none
			writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' '${program}' '${folder}' ${tool} "$@"\n`);
			chmodSync(path, 0o755);
		}
		writeFileSync(join(folder, 'state.json'), JSON.stringify(state));
	};
	setUp({});
	const say = (chip: string, offset: number, word: string) =>
		new Promise<void>((resolve, reject) => {
			const socket = connect(join(folder, `${chip}-${offset}.line`), () => socket.write(`${word}\n`));
			socket.on('data', () => socket.end()).on('close', () => resolve());
			socket.on('error', reject);
		});
	const watching = (chip: string, offset: number) => {
		try {
			const pid = Number(readFileSync(join(folder, `${chip}-${offset}.pid`), 'utf8'));
			return readProc(pid) && pid;
		} catch {
			return undefined;
		}
	};
	return {
		folder,
		setUp,
		calls: (tool) =>
			readdirSync(folder)
				.filter((name) => name.startsWith(`${tool}.`) && name.endsWith('.call'))
				.sort()
				.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as string[]),
		watching,
		edge: say,
		remove: (chip, offset) => say(chip, offset, 'remove'),
		hold: async (chip, offset) => {
			const server = createServer();
			// One that was killed leaves its socket behind.
			if (!watching(chip, offset)) rmSync(join(folder, `${chip}-${offset}.line`), { force: true });
			await new Promise<void>((resolve) => server.listen(join(folder, `${chip}-${offset}.line`), resolve));
			return { letGo: () => new Promise((resolve) => server.close(() => resolve())) };
		},
		cleanUp: () => rmSync(folder, { recursive: true, force: true }),
	};
}
