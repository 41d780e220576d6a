import { randomBytes } from 'node:crypto';

/** So many characters of a secret in a row, wherever they are, are a leak. */
const WINDOW = 10;
/** In long secrets, such as PEM, only the beginning, the middle and the end of each line are looked for. */
const LONG = 100;

/** One that looks like a key, and holds what an address writes differently. */
export const newSecret = (): string =>
	`${randomBytes(12).toString('hex')}/+=${randomBytes(12).toString('hex')}`;

/** What of a secret may be found. */
function traces(secret: string): string[] {
	const found = [0, 1, 2].map((from) =>
		Buffer.from(secret)
			.toString('base64')
			.slice(from * 4, from * 4 + 16),
	);
	for (const line of secret.length > LONG ? secret.split(/[\n."]/) : [secret])
		for (let at = 0; at + WINDOW <= line.length; at++)
			if (line === secret || [0, line.length >> 1, line.length - WINDOW].includes(at))
				found.push(line.slice(at, at + WINDOW));
	return found;
}

/** The places whose text holds something of a secret; what is found there is not said, nor shown. */
export function findLeaks(
	places: Readonly<Record<string, string>>,
	secrets: ReadonlyMap<string, string>,
): string[] {
	const leaks: string[] = [];
	for (const [name, secret] of secrets) {
		const all = traces(secret);
		for (const [place, text] of Object.entries(places))
			if (all.some((trace) => text.includes(trace))) leaks.push(`${name} in ${place}`);
	}
	return leaks;
}
