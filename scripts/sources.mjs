// Is dist/ what the sources say? The build leaves a fingerprint of its inputs in dist/.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const INPUTS = [
	'nodes',
	'lib',
	'test',
	'bench',
	'scripts',
	'tsconfig.json',
	'package.json',
	'package-lock.json',
];

/** Every file below `path`, in a stable order. */
function filesBelow(path) {
	if (!existsSync(path)) return [];
	try {
		return readdirSync(path)
			.sort()
			.flatMap((name) => filesBelow(join(path, name)));
	} catch (error) {
		if (error.code === 'ENOTDIR') return [path];
		throw error;
	}
}

/** A hash over the names and contents of everything that the build reads. */
export function fingerprint(root) {
	const hash = createHash('sha256');
	for (const file of INPUTS.flatMap((name) => filesBelow(join(root, name)))) {
		hash.update(file.slice(root.length)).update('\0').update(readFileSync(file)).update('\0');
	}
	return hash.digest('hex');
}

const stampOf = (root) => join(root, 'dist', '.sources');

/** Was dist/ built from exactly these sources? */
export function isBuilt(root) {
	return existsSync(stampOf(root)) && readFileSync(stampOf(root), 'utf8') === fingerprint(root);
}

/** Says that dist/ was built from sources with this fingerprint (taken before the build began). */
export function markBuilt(root, sources) {
	writeFileSync(stampOf(root), sources);
}
