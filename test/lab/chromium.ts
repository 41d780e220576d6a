import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';

/** Path of the Chromium in PATH; needs('chromium'). */
export function findChromium(): string {
	for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
		const path = join(folder, 'chromium');
		try {
			accessSync(path, constants.X_OK);
			return path;
		} catch {
			// the next
		}
	}
	throw new Error('chromium is not installed');
}
