// Also used by the editor: knows neither Node.js nor the DOM.

/** Longer ones do not fit any address field. */
const LONGEST = 200;

/**
 * The path of a page's microphone below httpNodeRoot, as it is used: `voice/` is `/voice`. Undefined for what is no such
 * path: empty, with `.` or `..`, with wildcards, or with characters that an address must write in another way.
 */
export function pagePath(text: string): string | undefined {
	const path = `/${text.trim().replace(/^\/|\/$/g, '')}`;
	const valid = /^(\/(?!\.{1,2}(\/|$))[\w.~-]+)+$/.test(path) && path.length <= LONGEST;
	return valid ? path : undefined;
}
