import { collectTail, findCommand, type GuardedProcess, spawnGuarded } from '../../../lib/process/guarded.ts';
import { type DetectedChip, type Major, readChips, readEdge, readMajor, readPlace } from './gpiod-output.ts';
import { type LineUse, readLineUse } from './gpioinfo.ts';
import { bcmNumber, headerChip, type LineRequest, VoiceError } from './line.ts';

// The command line tools of libgpiod. Versions 1 and 2 differ in nearly every option.

/** How long a tool that only looks something up may take. */
const TOOL_TIMEOUT_MS = 5000;
const INSTALL = 'install it (on a Raspberry Pi: sudo apt install gpiod)';

/** A line as the kernel's character devices know it. */
export interface Target {
	/** e.g. "gpiochip0" */
	chip: string;
	/** Number of the line on its chip. */
	offset: number;
	/** For people. */
	name: string;
}

/** Untranslated messages, for `toolError`. */
const env = (): NodeJS.ProcessEnv => ({ ...process.env, LC_ALL: 'C' });

export class GpiodTools {
	readonly #major: Major;

	private constructor(major: Major) {
		this.#major = major;
	}

	/** Finds out which version is installed. Rejects with GPIO_UNAVAILABLE if none is. */
	static async find(): Promise<GpiodTools> {
		const text = await run('gpiomon', ['--version'], 'libgpiod');
		const major = readMajor(text);
		if (major) return new GpiodTools(major);
		throw new VoiceError(
			'GPIO_UNAVAILABLE',
			`gpiomon is of an unknown version (${text.split('\n')[0]})`,
			'install libgpiod 1 or 2 (sudo apt install gpiod) or use the backend "onoff"',
			{ retryable: true },
		);
	}

	/** Finds a line by its BCM number or its name. */
	async locate(pin: string): Promise<Target> {
		const bcm = bcmNumber(pin);
		if (bcm === undefined) return this.#locateByName(pin);
		const chip = headerChip(bcm, await this.#chips());
		return { chip: chip.name, offset: bcm, name: `GPIO ${bcm}` };
	}

	async #locateByName(pin: string): Promise<Target> {
		// `--`: a name like "-h" is no option.
		const tool = this.#major === 1 ? 'gpiofind' : 'gpioinfo';
		const { code, stdout, stderr } = await attempt(tool, ['--', pin]);
		const place = readPlace(stdout);
		if (place) return { ...place, name: `GPIO line ${pin}` };
		const error = toolError(stderr, `GPIO line ${pin}`, code);
		if (error.code === 'GPIO_PERMISSION') throw error;
		throw new VoiceError(
			'GPIO_LINE_NOT_FOUND',
			`There is no GPIO line with the name "${pin}"`,
			'use a BCM number such as 17, or one of the names that gpioinfo shows',
			// Its chip may be plugged in later.
			{ retryable: true },
		);
	}

	async #chips(): Promise<DetectedChip[]> {
		const { code, stdout, stderr } = await attempt('gpiodetect', []);
		const chips = readChips(stdout);
		// It fails, but lists the others, if only one of the chips cannot be opened.
		if (code !== 0 && chips.length === 0) throw toolError(stderr, 'GPIO', code);
		return chips;
	}

	/**
	 * Who uses the lines of the header's chip.
	 * @throws VoiceError GPIO_UNAVAILABLE (also: no Raspberry Pi) or GPIO_PERMISSION
	 */
	async headerUse(): Promise<LineUse[]> {
		const chip = headerChip(0, await this.#chips());
		const args = this.#major === 1 ? ['--', chip.name] : ['--chip', chip.name];
		return readLineUse(await run('gpioinfo', args, `The GPIO chip ${chip.label}`));
	}

	/**
	 * Reads the line once, which shows that it can be opened: unlike v2's, v1's gpiomon does not tell when it
	 * begins to watch.
	 */
	async probe(target: Target, pull: LineRequest['pull']): Promise<void> {
		if (this.#major === 1)
			await run('gpioget', [...biasArgs('-B', pull), target.chip, String(target.offset)], target.name);
	}

	/** Starts to watch both edges. `parseEdge` reads its output. */
	watch({ chip, offset }: Target, pull: LineRequest['pull']): GuardedProcess {
		const args =
			this.#major === 1
				? ['--line-buffered', '--format=%e', ...biasArgs('-B', pull), chip, String(offset)]
				: ['--banner', '--edges=both', '--format=%E', ...biasArgs('-b', pull), '-c', chip, String(offset)];
		return spawnGuarded(path('gpiomon'), args, { env: env() });
	}

	/** Does gpiomon print a line when it begins to watch? */
	get announces(): boolean {
		return this.#major >= 2;
	}

	/** Reads a line of the output of `watch`: an edge to high or low, the announcement, or nothing known. */
	parseEdge(text: string): 'high' | 'low' | 'watching' | undefined {
		return readEdge(this.#major, text);
	}
}

/** 'none' leaves the line as it is: before Linux 5.5 and libgpiod 1.5 any bias is refused. */
function biasArgs(option: string, pull: LineRequest['pull']): string[] {
	return pull === 'none' ? [] : [option, `pull-${pull}`];
}

function path(tool: string): string {
	const found = findCommand(tool);
	if (found) return found;
	throw new VoiceError('GPIO_UNAVAILABLE', `${tool} of libgpiod is not installed`, INSTALL, {
		retryable: true,
	});
}

/** Runs a tool to its end and returns its output; rejects with the error that its failure means for `device`. */
async function run(tool: string, args: readonly string[], device: string): Promise<string> {
	const { code, stdout, stderr } = await attempt(tool, args);
	if (code !== 0) throw toolError(stderr, device, code);
	return stdout;
}

async function attempt(
	tool: string,
	args: readonly string[],
): Promise<{ code: number; stdout: string; stderr: string }> {
	const guarded = spawnGuarded(path(tool), args, { env: env() });
	const { stdout, stderr } = guarded.process;
	const out = stdout ? collectTail(stdout, 100_000) : () => '';
	const err = stderr ? collectTail(stderr) : () => '';
	const timer = setTimeout(() => guarded.kill(), TOOL_TIMEOUT_MS);
	const code = await ended(guarded);
	clearTimeout(timer);
	return { code, stdout: out(), stderr: err() };
}

/** Resolves with the exit code when the process has ended and all of its output is here. */
export async function ended({ process, exited }: GuardedProcess): Promise<number> {
	const closed = new Promise<void>((resolve) => {
		process.once('close', () => resolve());
		process.once('error', () => resolve()); // could not even be started
	});
	const { code } = await exited;
	await closed;
	return code;
}

/** What a tool's failure means. The tools end their messages with strerror(3) of the failed system call. */
export function toolError(stderr: string, device: string, code: number): VoiceError {
	const said = stderr.split('\n').at(-1) || `exit code ${code}`;
	if (/resource busy/.test(said))
		return new VoiceError(
			'GPIO_BUSY',
			`${device} is in use by another program`,
			'end that program (gpioinfo shows its name) or use another pin',
			{ retryable: true },
		);
	if (/Permission denied|not permitted/.test(said))
		return new VoiceError(
			'GPIO_PERMISSION',
			`The user of Node-RED may not use ${device}`,
			'add the user to the group gpio (sudo usermod -aG gpio "$USER") and restart Node-RED',
		);
	return new VoiceError(
		'GPIO_UNAVAILABLE',
		`${device} cannot be used (${said})`,
		'see what gpiodetect and gpioinfo show, or use the backend "onoff"',
		{ retryable: true },
	);
}
