import process from 'node:process';
import { setImmediate } from 'node:timers/promises';
import { Coverage, type CoverageSum } from './coverage.ts';
import { Random } from './random.ts';
import type { Target } from './target.ts';

/** Inputs between two looks at the coverage, which cost more than an input. */
const BATCH = 64;
/** Inputs between two turns of the event loop. */
const TURN = 256;
const FAILURES_MAX = 20;
const POOL_MAX = 5000;
/** CPU time that no input of a few kilobytes may take. */
const SLOW_MS = 2000;
const MAX_BYTES = 4096;

export interface RunOptions {
	readonly seed: number;
	/** Ends with whichever comes first. */
	readonly tries: number;
	readonly seconds: number;
	/** Is guided by what runs of the parser, and tells how much that was. */
	readonly guided: boolean;
}

export interface Failure {
	readonly input: Uint8Array;
	/** The error with its stack. */
	readonly text: string;
	/** undefined: an input of the corpus. */
	readonly attempt?: number;
}

export interface RunReport {
	readonly executions: number;
	readonly seconds: number;
	readonly failures: readonly Failure[];
	readonly coverage?: CoverageSum & { readonly atFirst: number };
	/** The fewest inputs that together reach all that was reached; only of guided runs. */
	readonly best: readonly Uint8Array[];
}

/**
 * Feeds a parser: the corpus, then inputs made of it. The same seed and corpus give the same inputs.
 * @param load imports the target, once its coverage can be counted
 * @param about called with each input before it is tried
 */
export async function fuzz(
	load: () => Promise<Target>,
	corpus: readonly Buffer[],
	{ seed, tries, seconds, guided }: RunOptions,
	about: (input: Buffer) => void,
): Promise<RunReport> {
	let covers: readonly string[] = [];
	const counts = (url: string) => covers.some((path) => url.includes(`/dist/${path}`));
	const coverage = guided ? new Coverage(counts) : undefined;
	const target = await load();
	covers = target.covers;
	const failures = new Map<string, Failure>();
	let executions = 0;

	async function attempt(input: Buffer, number?: number): Promise<boolean> {
		about(input);
		executions++;
		const before = process.cpuUsage();
		try {
			const running = target.run(input, Random.of(input));
			if (running) await running;
			const { user, system } = process.cpuUsage(before);
			if ((user + system) / 1000 > SLOW_MS) throw new Error(`took more than ${SLOW_MS} ms of CPU time`);
			return true;
		} catch (thrown) {
			const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
			const key = kindOf(text);
			const known = failures.get(key);
			if (!known || known.input.length > input.length)
				failures.set(key, { input, text, ...(number !== undefined && { attempt: number }) });
			return false;
		}
	}

	const pool: Buffer[] = [];
	for (const input of [...corpus, ...target.seeds]) {
		if (await attempt(input)) pool.push(input);
		coverage?.take();
	}
	const atFirst = coverage?.sum().ran ?? 0;
	const began = performance.now();
	const [end, first] = [began + seconds * 1000, executions];
	let batch: Buffer[] = [];
	const most = guided ? tries : Math.min(tries, target.tries ?? tries);
	for (let number = 0; number < most && failures.size < FAILURES_MAX && performance.now() < end; number++) {
		// What a parser has left for the next tick is held until then.
		if (number % TURN === 0) await setImmediate();
		const random = new Random(seed ^ Math.imul(number, 0x9e3779b1));
		const base = random.chance(0.02) || !pool.length ? Buffer.alloc(0) : random.pick(pool);
		const input = target
			.mutate(base, random, random.pick(pool) ?? base)
			.subarray(0, target.maxBytes ?? MAX_BYTES);
		if ((await attempt(input, number)) && coverage) batch.push(input);
		if (!coverage || batch.length < BATCH) continue;
		if (coverage.take(false))
			for (const one of batch) {
				about(one);
				await target.run(one, Random.of(one));
				if (coverage.take() && pool.length < POOL_MAX) pool.push(one);
			}
		batch = [];
	}
	const elapsed = (performance.now() - began) / 1000;
	const sum = coverage?.sum();
	const best = coverage ? await smallest(target, pool, coverage) : [];
	coverage?.stop();
	return {
		executions: executions - first,
		seconds: elapsed,
		failures: [...failures.values()],
		...(sum && { coverage: { ...sum, atFirst } }),
		best,
	};
}

/** The same words at the same place: one failure, of which the shortest input is kept. */
function kindOf(text: string): string {
	const frames = text.split('\n').filter((line) => /^\s+at /.test(line) && !line.includes('/target.js'));
	const [words = ''] = text.split(/[:\n]/, 3).slice(text.startsWith('Error: ') ? 1 : 0);
	return words.replace(/[-\d.]+/g, '#').slice(0, 20) + frames[0];
}

/** Short inputs first; each that adds something stays. */
async function smallest(target: Target, pool: readonly Buffer[], coverage: Coverage): Promise<Buffer[]> {
	coverage.forget();
	const kept: Buffer[] = [];
	for (const input of [...pool].sort((a, b) => a.length - b.length)) {
		await target.run(input, Random.of(input));
		if (coverage.take()) kept.push(input);
	}
	return kept;
}
