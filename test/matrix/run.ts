import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type NodeRedOptions, startNodeRed } from '../lab/node-red.ts';
import { cacheFolder, packPackage } from '../package/npm.ts';
import { addonsIn, CELLS, type Cell, installFor, programs, versionOf } from './cells.ts';
import { CHECKS, PACKAGE } from './checks.ts';
import { runAsCommand } from './command.ts';
import { EDITOR_RUNS, runEditorTests } from './editor.ts';
import { ANSWERED, checkScorecard } from './node-red-dev.ts';
import { upgrade } from './upgrade.ts';

type Installation = Required<Pick<NodeRedOptions, 'packageDir' | 'nodeBin' | 'nodeRedDir'>>;

/** From which cells flows are taken to which: what somebody has who upgrades at last. */
const UPGRADES: readonly [from: Cell, to: Cell][] = [
	[
		{ nodeRed: '4.0', node: '20' },
		{ nodeRed: '5.0', node: '22' },
	],
	[
		{ nodeRed: '4.1', node: '22' },
		{ nodeRed: '5.0', node: '24' },
	],
];

const titleOf = ({ nodeRed, node }: Cell) => `Node-RED ${nodeRed} on Node.js ${node}`;

/** Runs the whole matrix, or those of its parts whose title holds one of the words; prints a table of it. */
export class Matrix {
	readonly #words: readonly string[];
	readonly #folder = mkdtempSync(join(tmpdir(), 'voice-matrix-'));
	/** Per Node.js, the user folder that has the tarball. */
	readonly #users = new Map<string, Promise<string>>();
	readonly #rows: string[][] = [];
	readonly #failures: string[] = [];
	#tarball = '';
	#done = 0;

	constructor(words: readonly string[]) {
		this.#words = words;
	}

	/** `--fresh`: forgets the versions that an earlier run has installed. Resolves to the number of failures. */
	async run({ fresh = false } = {}): Promise<number> {
		try {
			if (fresh) rmSync(cacheFolder(), { recursive: true, force: true });
			this.#tarball = (await packPackage(this.#folder)).tarball;
			console.log(`Packed ${basename(this.#tarball)}`);
			for (const cell of CELLS) if (this.#isWanted(titleOf(cell))) await this.#cell(cell);
			for (const [from, to] of UPGRADES) {
				const title = `Flows of ${titleOf(from)} in ${titleOf(to)}`;
				if (this.#isWanted(title)) await this.#try(title, () => this.#upgrade(from, to));
			}
			for (const { title, tests, env } of EDITOR_RUNS)
				if (this.#isWanted(title)) await this.#try(title, () => runEditorTests(tests, env));
			if (this.#isWanted('node-red-dev')) await this.#try('node-red-dev validate', () => this.#scorecard());
			if (this.#failures.length + this.#done === 0) this.#failures.push(`no part is called ${this.#words}`);
			this.#print();
			return this.#failures.length;
		} finally {
			rmSync(this.#folder, { recursive: true, force: true });
		}
	}

	#isWanted(title: string): boolean {
		return this.#words.length === 0 || this.#words.some((word) => title.includes(word));
	}

	async #installation(cell: Cell): Promise<Installation> {
		const user = this.#users.get(cell.node) ?? installFor(cell.node, this.#folder, this.#tarball);
		this.#users.set(cell.node, user);
		return { ...(await programs(cell)), packageDir: join(await user, 'node_modules', PACKAGE) };
	}

	async #cell(cell: Cell): Promise<void> {
		const row = [cell.nodeRed, cell.node, ...CHECKS.map(() => '-'), '-', '-', '-'];
		this.#rows.push(row);
		await this.#try(titleOf(cell), async () => {
			const installation = await this.#installation(cell);
			row[0] = versionOf(installation.nodeRedDir);
			row[1] = versionOf(dirname(dirname(installation.nodeBin)));
			const user = await this.#users.get(cell.node)!;
			row[row.length - 1] = addonsIn(user, installation.nodeBin).join(' ') || 'none';
			const nodeRed = await startNodeRed({ flow: [], ...installation });
			try {
				for (const [index, { run }] of CHECKS.entries()) {
					row[2 + index] = 'FAILED';
					await run(nodeRed);
					row[2 + index] = 'ok';
				}
			} finally {
				row[row.length - 2] = 'FAILED';
				await nodeRed.stop();
				row[row.length - 2] = 'ok';
			}
			row[2 + CHECKS.length] = 'FAILED';
			await runAsCommand(user, installation);
			row[2 + CHECKS.length] = 'ok';
			return `${row[0]}, ${row[1]}`;
		});
	}

	async #upgrade(from: Cell, to: Cell): Promise<string> {
		await upgrade(await this.#installation(from), await this.#installation(to));
		return 'open unchanged, keep their keys, run';
	}

	async #scorecard(): Promise<string> {
		const newest = await this.#installation({ nodeRed: '5.0', node: '24' });
		const maintained = await programs({ nodeRed: '4.1', node: '24' });
		const open = await checkScorecard(newest.packageDir, [newest.nodeRedDir, maintained.nodeRedDir]);
		const answers = Object.entries(ANSWERED).map(([id, answer]) => `\n    ${id} ${answer}`);
		return `open: ${open.join(', ') || 'none'}; without the network:${answers.join('')}`;
	}

	/** Prints how it went; `work` resolves to a remark. */
	async #try(title: string, work: () => Promise<string>): Promise<void> {
		const began = Date.now();
		const seconds = () => `${((Date.now() - began) / 1000).toFixed(0)} s`;
		try {
			const remark = await work();
			this.#done += 1;
			console.log(`ok      ${title} (${seconds()}): ${remark}`);
		} catch (error) {
			this.#failures.push(title);
			console.log(`FAILED  ${title} (${seconds()})\n${error instanceof Error ? error.stack : String(error)}`);
		}
	}

	#print(): void {
		const head = [
			'Node-RED',
			'Node.js',
			...CHECKS.map(({ short }) => short),
			'command',
			'end',
			'native addons',
		];
		const table = [head, ...this.#rows];
		const widths = head.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
		console.log();
		if (this.#rows.length > 0)
			for (const row of table)
				console.log(
					row
						.map((text, column) => text.padEnd(widths[column]!))
						.join('  ')
						.trimEnd(),
				);
		console.log(this.#failures.length ? `\nFailed:\n  ${this.#failures.join('\n  ')}` : '\nAll is well.');
	}
}
