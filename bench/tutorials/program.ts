import { type ChildProcess, spawn } from 'node:child_process';
import process from 'node:process';
import { createInterface } from 'node:readline';

const START_MS = 60_000;

/** A program that is measured; it ends with the bench, however that ends. */
export class Program {
	/** Resolves with its exit code or signal. */
	readonly ended: Promise<number | string>;
	readonly #process: ChildProcess;
	readonly #lines: string[] = [];
	#looks: () => void = () => {};
	#isOver = false;

	constructor(command: string, args: readonly string[], env: Readonly<Record<string, string>>) {
		this.#process = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], {
			env: { PATH: process.env['PATH'], LANG: 'C.UTF-8', ...env },
		});
		for (const input of [this.#process.stdout!, this.#process.stderr!])
			createInterface({ input }).on('line', (line) => {
				this.#lines.push(line);
				if (this.#lines.length > 1000) this.#lines.shift();
				this.#looks();
			});
		this.#process.stdin!.on('error', () => {}); // it has ended: that is told below
		this.ended = new Promise((resolve) => {
			const end = (how: number | string) => {
				this.#isOver = true;
				this.#looks();
				resolve(how);
			};
			this.#process.on('error', (error) => end(error.message));
			this.#process.on('close', (code, signal) => end(code ?? signal ?? ''));
		});
	}

	get pid(): number {
		return this.#process.pid!;
	}

	get isOver(): boolean {
		return this.#isOver;
	}

	/** The last lines that it wrote. */
	get words(): string {
		return this.#lines.slice(-15).join('\n');
	}

	/** Resolves once it has written such a line; rejects with its last words if it ends first. */
	wrote(line: RegExp): Promise<void> {
		return new Promise((resolve, reject) => {
			const fail = (what: string) => reject(new Error(`${what}:\n${this.words}`));
			const timer = setTimeout(() => fail(`${line} was not written`), START_MS);
			this.#looks = () => {
				const isThere = this.#lines.some((one) => line.test(one));
				if (!isThere && !this.#isOver) return;
				clearTimeout(timer);
				this.#looks = () => {};
				if (isThere) resolve();
				else fail('The program ended');
			};
			this.#looks();
		});
	}

	/** The user presses Enter. */
	enter(): void {
		this.#process.stdin!.write('\n');
	}

	/** Resolves when it has ended, which is not waited for longer than so. */
	async stop(signal: NodeJS.Signals = 'SIGKILL', graceMs = 20_000): Promise<void> {
		this.#process.kill(signal);
		const timer = setTimeout(() => this.#process.kill('SIGKILL'), graceMs);
		await this.ended;
		clearTimeout(timer);
	}
}
