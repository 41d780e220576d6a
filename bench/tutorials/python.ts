import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../test/lab/root.ts';
import type { SoundCard } from '../../test/lab/sound-card.ts';
import { Program } from './program.ts';

/** Debian's modules are Debian's Python's, which need not be the first in PATH. */
const PYTHON = '/usr/bin/python3';
const MODULES = { pyaudio: 'python3-pyaudio', websockets: 'python3-websockets', grpc: 'python3-grpcio' };

export type Module = keyof typeof MODULES;

/** Debian's packages that are not here, of those with these modules. */
export function missing(modules: readonly Module[]): string[] {
	return modules
		.filter((name) => spawnSync(PYTHON, ['-c', `import ${name}`], { stdio: 'ignore' }).status !== 0)
		.map((name) => MODULES[name]);
}

/** Starts a script of this folder; resolves when it waits for the user's Enter. */
export async function startScript(
	name: string,
	args: readonly (string | number)[],
	card: SoundCard,
): Promise<Program> {
	const file = join(packageRoot, 'bench', 'tutorials', name);
	const env = { ...card.env, HOME: card.folder, PYTHONDONTWRITEBYTECODE: '1' };
	const script = new Program(PYTHON, [file, ...args.map(String)], env);
	try {
		await script.wrote(/^ready$/);
		return script;
	} catch (error) {
		await script.stop();
		throw error;
	}
}
