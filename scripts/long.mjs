// What takes long, and of which npm test runs a bounded part: `npm run test:chaos -- --faults 1000 --seed 7`,
// `npm run fuzz -- wav --seconds 600`, `npm run soak -- --hour`, `npm run bench`. Prepares the clone as npm test does.
// Plain Node.js: it runs before node_modules exists.
import process from 'node:process';
import { PrepareError, prepare } from './prepare.mjs';

// The programs read their own options from what is left.
const [suite] = process.argv.splice(2, 1);
try {
	const isBench = suite === 'bench';
	prepare(isBench ? 'bench' : 'test', { addons: true });
	await import(`../dist/${isBench ? '' : 'test/'}${suite}/${suite}.js`);
} catch (error) {
	console.error(error instanceof PrepareError ? error.message : error);
	process.exit(1);
}
