import { SuddenEnd, VoiceError } from '../../provider.ts';

// Every error of the engine, in one voice.

const ALTERNATIVES = 'use the engine "pocketsphinx", or a recogniser on a server';

/** The versions for which sherpa-onnx-node 1.13 has compiled parts (its package.json). */
const PLATFORMS = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'win32-x64', 'win32-ia32'];
/** What they need of the C library: `objdump -T` of the files of 1.13.8. */
const GLIBC: Readonly<Record<string, string>> = { 'linux-x64': '2.32', 'linux-arm64': '2.17' };

/** The machine, as far as it decides whether compiled code runs. */
export interface Machine {
	readonly platform: string;
	readonly arch: string;
	/** Version of glibc; undefined where the C library is another: musl, as on Alpine. */
	readonly glibc: string | undefined;
}

/** The error for machines that the engine was never compiled for. */
export function unsupported({ platform, arch }: Omit<Machine, 'glibc'>): VoiceError | undefined {
	if (PLATFORMS.includes(`${platform}-${arch}`)) return undefined;
	const what =
		platform === 'linux' && arch === 'arm' ? '32-bit ARM (a 32-bit system)' : `${platform} on ${arch}`;
	const remedy =
		platform === 'linux' && arch === 'arm'
			? `install the 64-bit system where the processor has one, ${ALTERNATIVES}`
			: ALTERNATIVES;
	return new VoiceError('STT_ENGINE', `There is no sherpa-onnx for ${what}`, remedy);
}

/** Why the addon does not load, from what loading it threw. */
export function notLoaded(thrown: unknown, machine: Machine): VoiceError {
	const refusal = unsupported(machine);
	if (refusal) return refusal;
	const text = thrown instanceof Error ? thrown.message : String(thrown);
	const first = text.split('\n')[0]?.slice(0, 300) ?? '';
	const fail = (problem: string, remedy: string) =>
		new VoiceError('STT_ENGINE', problem, remedy, { cause: thrown });
	const name = `${machine.platform}-${machine.arch}`;
	const needed = GLIBC[name];
	if (machine.platform === 'linux' && machine.glibc === undefined)
		return fail(
			'sherpa-onnx needs the C library glibc, and this system has another (musl, as on Alpine)',
			`run Node-RED on Debian (the image nodered/node-red:latest-debian), ${ALTERNATIVES}`,
		);
	if (needed && machine.glibc && older(machine.glibc, needed))
		return fail(
			`sherpa-onnx needs glibc ${needed}, and this system has ${machine.glibc}`,
			`upgrade to Debian 12 or Ubuntu 22.04 or newer, ${ALTERNATIVES}`,
		);
	if (/GLIBCXX_|CXXABI_|GLIBC_/.test(text))
		return fail(
			`The system is too old for sherpa-onnx (${first})`,
			`upgrade to Debian 12 or Ubuntu 22.04 or newer, ${ALTERNATIVES}`,
		);
	if (/cannot find (module|package)/i.test(text))
		return fail(
			'sherpa-onnx-node is not installed, or not its part for this machine',
			'run "npm install sherpa-onnx-node" in the Node-RED user directory (~/.node-red)',
		);
	return fail(
		`sherpa-onnx does not load (${first})`,
		'run "npm install sherpa-onnx-node" in the Node-RED user directory (~/.node-red)',
	);
}

const older = (version: string, needed: string): boolean =>
	version.localeCompare(needed, 'en', { numeric: true }) < 0;

/** The model is at fault, as far as its files tell. */
export function badModel(folder: string, what: string, remedy: string, cause?: unknown): VoiceError {
	return new VoiceError('STT_CONFIG', `The model ${folder} ${what}`, remedy, { cause });
}

export function noModel(folder: string, what: string): VoiceError {
	return new VoiceError(
		'STT_MODEL_MISSING',
		`There is no sherpa-onnx model in ${folder} (${what})`,
		'set the model to a folder with a streaming model, or download one',
	);
}

/** The engine ended, or threw, while it loaded the model. */
export function modelRefused(folder: string, reason: string): VoiceError {
	return new VoiceError(
		'STT_ENGINE',
		`sherpa-onnx cannot use the model ${folder} (${reason})`,
		'get the model anew, or choose another streaming model',
	);
}

/** The engine's process ended, and why is anybody's guess. */
export function died(how: string, loading: boolean): SuddenEnd {
	return new SuddenEnd(
		'STT_ENGINE',
		`sherpa-onnx ${how} ${loading ? 'while it loaded its model' : 'in the middle of a stream'}`,
		'start the stream again; if it happens often, look for a lack of memory in the system log',
	);
}

/**
 * The engine's own words for what is wrong, from the end of its stderr; '' if there are none. Of an exception, also
 * of Node.js, that is what it says, and of sherpa-onnx's messages the last that says something, without the place in its sources.
 */
export function ownWords(stderr: string): string {
	const exception =
		/what\(\):\s*(.+(?:\n.*\S.*)*)/.exec(stderr)?.[1] ?? /^\w*Error(?: \[\w+\])?: .+$/m.exec(stderr)?.[0];
	const lines = stderr
		.split('\n')
		.map((line) => line.replace(/^\S*\/\S+\.(cc|h|cpp):\S+:\d+\s*/, '').trim())
		.filter((line) => line && !/^(terminate called|Aborted|Errors in config|node:|at )/.test(line));
	return (exception ?? lines.at(-1) ?? '').replaceAll(/\s+/g, ' ').trim().slice(0, 300);
}
