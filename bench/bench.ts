import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { measureFrameSizes } from './frame-sizes.ts';

// `npm run bench`: each measurement side by side in one run, as a table and, with --json, in a file.

const { values } = parseArgs({
	options: { json: { type: 'string' }, seconds: { type: 'string', default: '20' } },
});

const frameSizes = await measureFrameSizes(Number(values.seconds));
console.log(
	'Size of a chunk: how late a word is in a partial, and what Node-RED spends (local engine, toy model)',
);
console.table(frameSizes);
if (values.json) writeFileSync(values.json, `${JSON.stringify({ frameSizes }, undefined, '\t')}\n`);
process.exitCode = frameSizes.every(({ partialP50Ms }) => Number.isFinite(partialP50Ms)) ? 0 : 1;
