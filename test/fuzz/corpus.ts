import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../lab/root.ts';

const CORPUS = join(packageRoot, 'test', 'fuzz', 'corpus');

/** The inputs that are kept for a parser, in the order of their names; those that once broke it begin with "crash-". */
export function readCorpus(parser: string): Buffer[] {
	const folder = join(CORPUS, parser);
	if (!existsSync(folder)) return [];
	return readdirSync(folder)
		.sort()
		.map((name) => readFileSync(join(folder, name)));
}

/** Keeps an input. @returns its path */
export function keepInput(parser: string, input: Uint8Array, kind: 'found' | 'crash' | 'hang'): string {
	const folder = join(CORPUS, parser);
	mkdirSync(folder, { recursive: true });
	const hash = createHash('sha256').update(input).digest('hex').slice(0, 12);
	const path = join(folder, kind === 'found' ? hash : `${kind}-${hash}`);
	writeFileSync(path, input);
	return path;
}
