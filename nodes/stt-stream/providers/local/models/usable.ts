import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Why a folder holds no model that sherpa-onnx could stream with, or undefined if it looks like one: `tokens.txt` and
 * the networks of a transducer (encoder, decoder, joiner), a paraformer (encoder, decoder) or a CTC model (one file).
 * Looks at names and sizes only.
 */
export function unusable(folder: string): string | undefined {
	const names = filesOf(folder);
	if (!names) return 'there is no such folder';
	const networks = names.filter((name) => name.endsWith('.onnx'));
	if (networks.length === 0) return 'it has no .onnx file';
	if (!names.includes('tokens.txt')) return 'it has no tokens.txt';
	const has = (part: string) => networks.some((name) => name.includes(part));
	if (has('encoder') && !has('decoder')) return 'it has an encoder, but no decoder';
	if (has('joiner') && !has('encoder')) return 'it has a joiner, but no encoder';
	return undefined;
}

/** Names of the files in a folder that are not empty; undefined if there is no such folder. */
function filesOf(folder: string): string[] | undefined {
	try {
		return readdirSync(folder)
			.filter((name) => {
				const stat = statSync(join(folder, name), { throwIfNoEntry: false });
				return stat?.isFile() && stat.size > 0;
			})
			.sort();
	} catch {
		return undefined;
	}
}
