import { fileURLToPath } from 'node:url';
import type { Request, Response } from './routes.ts';

/** What the build puts there: the page and the web component. */
const FOLDER = fileURLToPath(new URL('./page/', import.meta.url));

/** Files that lie beside the page. */
export const STATIC_FILES = ['voice-mic.js', 'voice-mic-worklet.js'] as const;

const TYPES = {
	'index.html': 'text/html; charset=utf-8',
	'voice-mic.js': 'text/javascript; charset=utf-8',
	'voice-mic-worklet.js': 'text/javascript; charset=utf-8',
} as const;

/** Sends a file; browsers ask each time whether theirs is still good (ETag). */
export function sendStatic(name: keyof typeof TYPES, response: Response, folder = FOLDER): void {
	response.set({
		'Content-Type': TYPES[name],
		'Cache-Control': 'no-cache',
		'X-Content-Type-Options': 'nosniff',
		'Referrer-Policy': 'same-origin',
	});
	response.sendFile(name, { root: folder, cacheControl: false }, (error) => {
		if (!error || response.headersSent) return;
		response.removeHeader('Cache-Control');
		response
			.status(500)
			.type('text/plain')
			.send(`${name} is missing from this installation of node-red-voice: install the package again\n`);
	});
}

/**
 * The page's own addresses are relative: without a slash at its end, `/voice` would look for its scripts beside itself.
 * The redirection is relative as well, so that a proxy may serve Node-RED below any path. Answers if it was needed.
 */
export function redirectIntoFolder(request: Request, response: Response): boolean {
	const [path = '', query] = request.originalUrl.split('?');
	if (path.endsWith('/')) return false;
	const last = path.slice(path.lastIndexOf('/') + 1);
	response.set('Cache-Control', 'no-cache');
	response.redirect(`./${last}/${query === undefined ? '' : `?${query}`}`);
	return true;
}
