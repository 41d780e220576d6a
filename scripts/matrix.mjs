// npm run test:matrix: the packed package in every Node-RED and on every Node.js that it is said to run on, flows of
// Node-RED 4 in 5, the tests of the editor in Node-RED 4.0 and 5.0, and node-red-dev's scorecard.
// `npm run test:matrix -- 5.0 Flows` takes only the parts whose title holds one of the words; --fresh gets the newest
// versions again, which are else kept in the temporary folder. Asks no other machine than npm's registry. Plain Node.js:
// it runs before node_modules exists.
import process from 'node:process';
import { PrepareError, prepare } from './prepare.mjs';

try {
	const args = process.argv.slice(2);
	prepare('test');
	const { Matrix } = await import('../dist/test/matrix/run.js');
	const words = args.filter((arg) => !arg.startsWith('--'));
	const failures = await new Matrix(words).run({ fresh: args.includes('--fresh') });
	process.exit(failures > 0 ? 1 : 0);
} catch (error) {
	console.error(error instanceof PrepareError ? error.message : error);
	process.exit(1);
}
