import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Why a folder holds no model that sherpa-onnx could stream with, or undefined if it looks like one: `tokens.txt` and
 * the networks of a transducer (encoder, decoder, joiner), a paraformer (encoder, decoder) or a CTC model (one file).
 * Looks at names and sizes only.
 */
export function unusable(folder: string): string | undefined {
	let names: string[];
	try {
		names = readdirSync(folder).filter((name) => isFilled(join(folder, name)));
	} catch (thrown) {
		const { code = '' } = thrown as NodeJS.ErrnoException;
		return code === 'ENOENT' ? 'there is no such folder' : `it cannot be read (${code})`;
	}
	const networks = names.filter((name) => name.endsWith('.onnx'));
	if (networks.length === 0) return 'it has no .onnx file';
	if (!names.includes('tokens.txt')) return 'it has no tokens.txt';
	const has = (part: string) => networks.some((name) => name.includes(part));
	if (has('encoder') && !has('decoder')) return 'it has an encoder, but no decoder';
	if (has('joiner') && !has('encoder')) return 'it has a joiner, but no encoder';
	return undefined;
}

/** Is it a file that is not empty? Not one, for example, is a link that leads nowhere. */
export function isFilled(path: string): boolean {
	try {
		const found = statSync(path);
		return found.isFile() && found.size > 0;
	} catch {
		return false;
	}
}
