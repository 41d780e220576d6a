import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

export type Precision = 'auto' | 'int8' | 'fp32';

/** Paths of a model's parts. Only a model of one network has `model`. */
export interface ModelFiles {
	readonly model?: string;
	readonly encoder?: string;
	readonly decoder?: string;
	readonly joiner?: string;
}

type Role = keyof ModelFiles;

interface Candidate {
	readonly name: string;
	readonly role: Role;
	/** What the parts of one model have in common in their names; beside a model of parts, a single network is a helper. */
	readonly family: string;
	readonly int8: boolean;
}

/**
 * Finds a model's networks by the names that sherpa-onnx's models have: "encoder-epoch-99-avg-1.int8.onnx", "joiner.onnx",
 * "model.int8.onnx", "ctc-epoch-20-avg-1-chunk-16-left-128.onnx". Of several models in a folder the last by its name.
 * @returns undefined if there is no whole model
 */
export async function findFiles(folder: string, precision: Precision): Promise<ModelFiles | undefined> {
	const names = (await readdir(folder))
		.filter((name) => /\.onnx$/i.test(name) && !/vad/i.test(name))
		// Of .onnx and .fp16.onnx the former.
		.sort((a, b) => a.length - b.length);
	const candidates = names.map(classify);
	const families = [...new Set(candidates.map(({ family }) => family))].sort(byName).reverse();
	for (const family of families) {
		const parts = candidates.filter((candidate) => candidate.family === family);
		const pick = (role: Role) => {
			const file = choose(
				parts.filter((part) => part.role === role),
				role,
				precision,
			);
			return file && { [role]: join(folder, file.name) };
		};
		const pair = { ...pick('encoder'), ...pick('decoder'), ...pick('joiner') } as ModelFiles;
		if (pair.encoder && pair.decoder) return pair;
		const single = pick('model');
		if (single) return single;
	}
	return undefined;
}

function classify(name: string): Candidate {
	const stem = name.replace(/\.onnx$/i, '');
	const role = (/(^|[-_.])(encoder|decoder|joiner)([-_.]|$)/i.exec(stem)?.[2]?.toLowerCase() ??
		'model') as Role;
	const int8 = /[-_.](int8|quant|q8)([-_.]|$)/i.test(stem);
	const common = stem
		.replace(/[-_.](int8|quant|q8|fp16|fp32)(?=[-_.]|$)/gi, '')
		.replace(/(^|[-_.])(encoder|decoder|joiner)/i, '');
	return { name, role, int8, family: `${role === 'model' ? 'a' : 'b'}${common}` };
}

/** A decoder is so small that its precision costs nothing, and the vendor recommends to leave it whole. */
function choose(parts: readonly Candidate[], role: Role, precision: Precision): { name: string } | undefined {
	const small = parts.find(({ int8 }) => int8);
	const whole = parts.find(({ int8 }) => !int8);
	if (precision === 'int8' && role !== 'decoder') return small;
	if (precision === 'fp32') return whole;
	return role === 'decoder' ? (whole ?? small) : (small ?? whole);
}

/** Numbers in names by their size: "left-64" before "left-128". */
const byName = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });
