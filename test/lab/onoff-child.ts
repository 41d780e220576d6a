/**
 * A child process with the real onoff, for the lab's own test. Answers [command, line, …] with { done } or
 * { error: code }, and sends { value } for every edge of a watched line.
 */
import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { type Edge, Gpio, type Options } from 'onoff';

const lines = new Map<number, Gpio>();
const commands: Record<string, (line: number, ...rest: never[]) => unknown> = {
	chips: () => {
		const folders = readdirSync('/sys/class/gpio').filter((name) => name.startsWith('gpiochip'));
		const read = (folder: string, file: string) =>
			readFileSync(`/sys/class/gpio/${folder}/${file}`, 'utf8').trim();
		return Object.fromEntries(
			folders.map((folder) => [
				folder,
				Object.fromEntries(
					readdirSync(`/sys/class/gpio/${folder}`).map((file) => [file, read(folder, file)]),
				),
			]),
		);
	},
	watch: (line, edge: Edge, options: Options) => {
		const gpio = new Gpio(line, 'in', edge, options);
		lines.set(line, gpio);
		gpio.watch((error, value) =>
			process.send!(error ? { error: (error as NodeJS.ErrnoException).code } : { value }),
		);
		return gpio.readSync();
	},
	output: (line, value: 0 | 1) => {
		const gpio = new Gpio(line, 'out');
		lines.set(line, gpio);
		gpio.writeSync(value);
		return gpio.readSync();
	},
	read: (line) => lines.get(line)!.readSync(),
	unexport: (line) => {
		lines.get(line)!.unexport();
		return null;
	},
};

process.on('message', ([command, ...args]: [string, ...never[]]) => {
	try {
		process.send!({ done: commands[command]!(...(args as unknown as [number, ...never[]])) });
	} catch (error) {
		process.send!({ error: (error as NodeJS.ErrnoException).code ?? String(error) });
	}
});
