import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A process of a trial, which talks in messages; it ends with the bench. */
export class Part {
	readonly #process: ChildProcess;
	readonly #said: Record<string, unknown>[] = [];
	#looks: () => void = () => {};
	#end: string | undefined;

	/** @param name of a module beside this one */
	constructor(name: string, args: readonly (string | number)[]) {
		this.#process = fork(new URL(`./${name}.js`, import.meta.url), args.map(String));
		this.#process.on('message', (message) => {
			this.#said.push(message as Record<string, unknown>);
			this.#looks();
		});
		const end = (how: unknown) => {
			this.#end = `The ${name} of the bench ended: ${how}`;
			this.#looks();
		};
		this.#process.on('error', (error) => end(error.message));
		this.#process.on('close', (code, signal) => end(code ?? signal));
	}

	tell(message: object | string): void {
		this.#process.send(message);
	}

	/** The next message with that key; what it holds there. */
	async hears<T>(key: string): Promise<T> {
		for (;;) {
			const at = this.#said.findIndex((message) => key in message || 'failed' in message);
			const [message] = at < 0 ? [] : this.#said.splice(at, 1);
			if (message && 'failed' in message) throw new Error(String(message['failed']));
			if (message) return message[key] as T;
			if (this.#end !== undefined) throw new Error(this.#end);
			await new Promise<void>((resolve) => {
				this.#looks = resolve;
			});
		}
	}

	async stop(): Promise<void> {
		if (this.#end !== undefined) return;
		const ended = new Promise((resolve) => this.#process.once('close', resolve));
		this.#process.kill('SIGKILL');
		await ended;
	}
}

/** Writes the files by which Node-RED finds the bench's own nodes; it wants CommonJS and a template for each. */
export function writeNodes(folder: string): string {
	const target = join(folder, 'nodes');
	mkdirSync(target);
	const module = new URL('./bench-nodes.js', import.meta.url).href;
	writeFileSync(
		join(target, 'bench.js'),
		`module.exports = (RED) => import(${JSON.stringify(module)}).then((nodes) => nodes.default(RED));`,
	);
	const defaults = { 'bench-source': ['path', 'frameMs', 'frameBytes'], 'bench-counter': [] };
	const types = Object.entries(defaults).map(([type, names]) => {
		const fields = Object.fromEntries(names.map((name) => [name, { value: '' }]));
		const definition = { category: 'bench', defaults: fields, inputs: 1, outputs: 1 };
		return `RED.nodes.registerType('${type}', ${JSON.stringify(definition)});`;
	});
	writeFileSync(join(target, 'bench.html'), `<script type="text/javascript">${types.join('\n')}</script>`);
	return target;
}
