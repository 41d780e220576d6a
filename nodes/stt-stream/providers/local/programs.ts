import { fileURLToPath } from 'node:url';
import { findCommand, spawnGuarded } from '../../../../lib/process/guarded.ts';
import { VoiceError } from '../provider.ts';

/** The ways in which a system may offer PocketSphinx, the best first. */
export const PROGRAMS = ['python3', 'pocketsphinx_continuous', 'pocketsphinx'] as const;

export interface Program {
	readonly kind: (typeof PROGRAMS)[number];
	readonly command: string;
}

/** Runs with python3-pocketsphinx 0.1.15; copied beside the compiled module. */
export const SIDECAR = fileURLToPath(new URL('./sphinx_sidecar.py', import.meta.url));

const PROBE_MS = 20_000;

/**
 * Looks for PocketSphinx. Only python3-pocketsphinx gives partial results.
 * @throws VoiceError STT_ENGINE with what to install
 */
export async function findProgram(wanted: 'auto' | Program['kind']): Promise<Program> {
	for (const kind of wanted === 'auto' ? PROGRAMS : [wanted]) {
		const command = kind === 'python3' ? await findPython() : findCommand(kind);
		if (command) return { kind, command };
	}
	throw new VoiceError(
		'STT_ENGINE',
		wanted === 'auto'
			? 'PocketSphinx is not installed'
			: `The program "${wanted}" for PocketSphinx is not installed`,
		'sudo apt install pocketsphinx pocketsphinx-en-us python3-pocketsphinx',
	);
}

/** Debian's modules are Debian's Python's, which need not be the first in PATH. */
async function findPython(): Promise<string | undefined> {
	const candidates = new Set(
		[findCommand('python3'), findCommand('/usr/bin/python3')].filter((path) => path !== undefined),
	);
	for (const command of candidates) if (await hasModule(command)) return command;
	return undefined;
}

async function hasModule(python: string): Promise<boolean> {
	const probe = spawnGuarded(python, [SIDECAR, '--probe']);
	probe.process.stdout?.resume();
	probe.process.stderr?.resume();
	const timer = setTimeout(() => void probe.kill(), PROBE_MS);
	const { code } = await probe.exited;
	clearTimeout(timer);
	return code === 0;
}
