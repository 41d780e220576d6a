import http from 'node:http';
import https from 'node:https';
import type { Readable } from 'node:stream';

const REDIRECTS_MAX = 5;
const USER_AGENT = 'node-red-voice-models';

export interface GetOptions {
	readonly headers?: Readonly<Record<string, string>>;
	readonly signal: AbortSignal;
	/** Without an answer or without a byte for so long, the connection is given up. */
	readonly stallMs: number;
}

/** An answer whose body is still to be read; errors of the connection come from the body. */
export interface Answer {
	readonly status: number;
	readonly headers: http.IncomingHttpHeaders;
	readonly body: Readable;
}

/** Thrown when nothing came for a while. */
export class StalledError extends Error {}

/** Thrown for an address that redirects for ever, or from encrypted to plain text. */
export class RedirectError extends Error {}

/** An address without what may be secret in it: user, password and query. */
export const shown = ({ origin, pathname }: URL): string => `${origin}${pathname}`;

/**
 * GET that follows redirects. Rejects with the connection's error; whoever gets an answer must read or destroy its
 * body.
 */
export async function get(address: URL, options: GetOptions): Promise<Answer> {
	let url = address;
	for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
		const answer = await request(url, options);
		const { location } = answer.headers;
		if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return answer;
		answer.body.on('error', () => {}).destroy();
		const next = nextUrl(location, url);
		if (url.protocol === 'https:' && next.protocol !== 'https:')
			throw new RedirectError(`${url.host} redirects to plain text at ${next.host}`);
		url = next;
	}
	throw new RedirectError(`${address.host} redirects more than ${REDIRECTS_MAX} times`);
}

function nextUrl(location: string, from: URL): URL {
	const next = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
	if (next && /^https?:$/.test(next.protocol)) return next;
	throw new RedirectError(`${from.host} redirects to no web address`);
}

function request(url: URL, { headers, signal, stallMs }: GetOptions): Promise<Answer> {
	return new Promise((resolve, reject) => {
		let answer: http.IncomingMessage | undefined;
		const { get: send } = url.protocol === 'https:' ? https : http;
		const sent = send(
			url,
			// Compressed on the way, its length and ranges would be those of something else.
			{
				headers: { 'user-agent': USER_AGENT, 'accept-encoding': 'identity', ...headers },
				signal,
				agent: false,
			},
			(body) => {
				answer = body;
				resolve({ status: body.statusCode ?? 0, headers: body.headers, body });
			},
		);
		sent.setTimeout(stallMs, () =>
			(answer ?? sent).destroy(
				new StalledError(`${url.host} sent nothing for ${Math.round(stallMs / 1000)} s`),
			),
		);
		sent.on('error', reject);
	});
}
