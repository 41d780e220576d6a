/** Loaded into Node-RED's process (`--import`) in order to be found: leaks descriptors, listeners, timers and memory. */
import { openSync } from 'node:fs';
import process from 'node:process';
import { setInterval } from 'node:timers/promises';

if (process.argv[1]?.endsWith('node-red-child.js')) {
	const kept: Buffer[] = [];
	process.setMaxListeners(0);
	const leak = async () => {
		for await (const _ of setInterval(100, undefined, { ref: false })) {
			openSync('/dev/null', 'r');
			process.on('SIGUSR2', () => {});
			setTimeout(() => {}, 1e9).unref();
			kept.push(Buffer.alloc(100_000, 1));
		}
	};
	void leak();
}
