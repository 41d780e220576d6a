import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { compileC, pkgConfig } from './root.ts';

const SOURCES = ['gpio-sysfs.c', 'gpio-lines.c', 'gpio-namespace.c', 'gpio-lines.h', 'gpio-namespace.h'];

export interface GpioChip {
	/** The sysfs number of the chip's first line. */
	base: number;
	/** How many lines it has (at most 256). */
	ngpio: number;
	/** e.g. `pinctrl-bcm2711`, `pinctrl-rp1`. */
	label: string;
}

export interface VirtualGpio {
	/** Pid of the process whose mount namespace holds the virtual /sys/class/gpio. */
	pid: number;
	/** The command and arguments that run `command` where /sys/class/gpio is the virtual one. The pid stays the same. */
	wrap(command: string, args: readonly string[]): [string, string[]];
	/** Puts a level on the pin with this sysfs number. All pins begin at 1, as with a pull-up. */
	set(number: number, level: 0 | 1): void;
	/** Another process holds the line, or lets it go: exporting it answers EBUSY. Throws EBUSY if it is exported. */
	hold(number: number, held: boolean): void;
	/** The chip with this base vanishes: its files are gone, open ones answer ENODEV. */
	remove(base: number): void;
	/** The sysfs numbers of the lines that are exported now. */
	exported(): number[];
	/** A file of an exported line, trimmed, e.g. `read(529, 'edge')`. */
	read(number: number, file: 'value' | 'direction' | 'edge' | 'active_low'): string;
	stop(): Promise<void>;
}

/**
 * Starts a virtual /sys/class/gpio (gpio-sysfs.c, compiled on first use): a FUSE filesystem in a mount namespace of
 * its own, so the machine's own /sys is untouched. Needs gcc, libfuse3, and root or user namespaces. Only
 * /sys/class/gpio is there, not the character devices /dev/gpiochip*; on a machine without GPIO, the rest of
 * /sys/class is empty inside.
 * @throws if it cannot be compiled or mounted
 */
export async function startGpio({ chips }: { chips: readonly GpioChip[] }): Promise<VirtualGpio> {
	const program = compileC(SOURCES, pkgConfig('fuse3'));
	const holder = spawn(
		program,
		chips.map(({ base, ngpio, label }) => `${base}:${ngpio}:${label}`),
		{ stdio: ['ignore', 'pipe', 'pipe'] },
	);
	const exited = once(holder, 'exit');
	let stderr = '';
	holder.stderr.on('data', (data) => {
		stderr += data;
	});
	const lines = createInterface({ input: holder.stdout });
	await Promise.race([
		once(lines, 'line'), // "ready"
		exited.then(() => Promise.reject(new Error(`gpio-sysfs did not start: ${stderr}`))),
	]);
	const pid = holder.pid!;
	const enter = ['--target', String(pid), '--mount'];
	if (process.getuid?.() !== 0) enter.push('--user', '--preserve-credentials');
	const folder = `/proc/${pid}/root/sys/class/gpio`;
	const control = (command: string) => writeFileSync(join(folder, '.ctl'), command);
	return {
		pid,
		wrap: (command, args) => ['nsenter', [...enter, `--wdns=${process.cwd()}`, '--', command, ...args]],
		set: (number, level) => control(`set ${number} ${level}`),
		hold: (number, held) => control(`hold ${number} ${held ? 1 : 0}`),
		remove: (base) => control(`remove ${base}`),
		exported: () =>
			readdirSync(folder)
				.flatMap((name) => /^gpio(\d+)$/.exec(name)?.slice(1).map(Number) ?? [])
				.sort((a, b) => a - b),
		read: (number, file) => readFileSync(join(folder, `gpio${number}`, file), 'utf8').trim(),
		stop: async () => {
			holder.kill('SIGKILL');
			await exited;
		},
	};
}
