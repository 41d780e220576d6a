// The suites that take long, of which npm test runs a bounded part: `npm run test:chaos -- --faults 1000 --seed 7` and
// `npm run fuzz -- wav --seconds 600`. Prepares the clone as npm test does. Plain Node.js: it runs before node_modules
// exists.
import process from 'node:process';
import { PrepareError, prepare } from './prepare.mjs';

// The programs read their own options from what is left.
const [suite] = process.argv.splice(2, 1);
try {
	prepare('test', { addons: true });
	await import(`../dist/test/${suite}/${suite}.js`);
} catch (error) {
	console.error(error instanceof PrepareError ? error.message : error);
	process.exit(1);
}
