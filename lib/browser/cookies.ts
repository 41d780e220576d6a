/** The `Cookie` header by name, as cookie-parser gives it (without its signed and its JSON cookies). */
export function cookiesOf(header: string | undefined): Record<string, string> {
	const cookies: Record<string, string> = Object.create(null);
	for (const pair of header?.split(';') ?? []) {
		const at = pair.indexOf('=');
		const name = pair.slice(0, at).trim();
		if (at < 0 || name in cookies) continue;
		const value = pair.slice(at + 1).trim();
		cookies[name] = decoded(/^".*"$/.test(value) ? value.slice(1, -1) : value);
	}
	return cookies;
}

function decoded(value: string): string {
	try {
		return decodeURIComponent(value);
	} catch {
		return value;
	}
}
