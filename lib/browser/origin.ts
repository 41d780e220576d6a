import type { IncomingHttpHeaders } from 'node:http';

/** What a request says about where it goes, and which page makes it. */
export interface Asked {
	headers: IncomingHttpHeaders;
	socket: { remoteAddress?: string | undefined };
}

/** Express's compiled setting `trust proxy`: is the machine at that address a proxy whose word counts? */
export type TrustsProxy = (address: string, hop: number) => boolean;

/**
 * Does a page of this very host make the request? Browsers say so truly in `Origin`, also where their scripts would
 * lie (RFC 6454); without it, no browser asks. Schemes are not compared: a proxy may end TLS.
 *
 * `X-Forwarded-Host` counts in place of `Host` only from a proxy that Node-RED's settings trust:
 * `httpServerOptions: { 'trust proxy': 'loopback' }`. Proxies that keep `Host` need no such setting.
 */
export function isOwnOrigin(request: Asked, trusts: TrustsProxy = () => false): boolean {
	const { origin } = request.headers;
	const host = hostOf(request, trusts);
	if (!origin || !host) return false;
	try {
		const page = new URL(origin);
		// Read with the page's scheme, so that its default port may be there or not.
		return page.host !== '' && page.host === new URL(`${page.protocol}//${host}`).host;
	} catch {
		return false;
	}
}

function hostOf({ headers, socket }: Asked, trusts: TrustsProxy): string | undefined {
	const forwarded = headers['x-forwarded-host'];
	if (typeof forwarded !== 'string' || !trusts(socket.remoteAddress ?? '', 0)) return headers.host;
	return forwarded.split(',')[0]?.trim();
}
