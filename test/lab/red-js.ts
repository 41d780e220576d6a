import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';

const nodeRedDir = dirname(createRequire(import.meta.url).resolve('node-red/package.json'));

/** A password as settings.js wants it. */
export function hashOf(password: string): string {
	const { hashSync } = createRequire(join(nodeRedDir, 'package.json'))('bcryptjs') as {
		hashSync(password: string, rounds: number): string;
	};
	return hashSync(password, 4);
}

export interface RedJs {
	/** As it was printed, without the roots that settings.js may add. */
	url: string;
	/** Grows as long as it runs. */
	log: string[];
	child: ChildProcess;
}

/**
 * Starts Node-RED by its own red.js, for what startNodeRed leaves out: a settings.js with code in it.
 * @param folder the user folder, with settings.js and flows.json
 * @throws with its log, if it does not start
 */
export async function startRedJs(folder: string): Promise<RedJs> {
	const child = spawn(process.execPath, [join(nodeRedDir, 'red.js'), '-u', folder], {
		env: { PATH: process.env['PATH'], HOME: folder, LANG: 'C.UTF-8' },
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	process.once('exit', () => child.kill('SIGKILL'));
	const log: string[] = [];
	const url = await new Promise<string>((resolve, reject) => {
		let address = '';
		let started = false;
		const look = (line: string) => {
			log.push(line);
			address ||= /now running at (https?:\/\/[\d.]+:\d+)/.exec(line)?.[1] ?? '';
			started ||= line.includes('Started flows');
			if (address && started) resolve(address);
		};
		for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', look);
		child.once('close', (code) => reject(new Error(`Node-RED ended with ${code}\n${log.join('\n')}`)));
	});
	return { url, log, child };
}
