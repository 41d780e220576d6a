import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** The engine frees a stream's memory, megabytes with a real model, only when its object is collected … */
const AFTER_MS = 1000;

let collect: (() => void) | undefined;
let isDue = false;

/** … and V8, which sees a few bytes, is in no hurry. Collects soon, once for all that is asked meanwhile. */
export function collectSoon(): void {
	if (isDue) return;
	isDue = true;
	setTimeout(() => {
		isDue = false;
		collect ??= exposed();
		collect();
	}, AFTER_MS).unref();
}

function exposed(): () => void {
	setFlagsFromString('--expose-gc');
	return runInNewContext('gc') as () => void;
}
