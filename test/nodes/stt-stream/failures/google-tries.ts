import { BRIEFLY, type Places, type Tries, type Try } from './tries.ts';

export interface GooglePlaces extends Places {
	/** A recogniser that knows nobody, and quotes whom it refuses. */
	readonly stranger: string;
}

/** Google, v1 and v2, by key, by token and by service account. */
export function tryGoogle(
	tries: Tries,
	{ apiKey, token, serviceAccount }: { apiKey: string; token: string; serviceAccount: string },
	at: GooglePlaces,
): void {
	const provider = 'google';
	const { works: endpoint, secure, gone, stranger } = at;
	const v2 = { options: JSON.stringify({ apiVersion: 'v2', project: 'lab-project' }) };
	for (const [id, given, more, known] of [
		['google key', { apiKey }, {}, apiKey],
		['google token', { token }, {}, token],
		['google account', { serviceAccount }, {}, ''],
		['google v2 token', { token }, v2, token],
		['google v2 account', { serviceAccount }, v2, ''],
		['google $ key', { apiKey: tries.variable(apiKey) }, {}, apiKey],
		['google $ token', { token: tries.variable(token) }, {}, token],
		['google $ account', { serviceAccount: tries.variable(serviceAccount) }, v2, ''],
	] as const) {
		const quoted = known ? quoting(known, 'options' in more) : [];
		tries.add(id, { provider, endpoint, ...more }, given, BRIEFLY, [{ code: undefined }, ...quoted]);
		tries.add(`${id} stranger`, { provider, endpoint: stranger, ...more }, given, BRIEFLY, [
			{ code: 'STT_AUTH' },
		]);
		tries.fails('STT_CONNECT', `${id} tls`, { provider, endpoint: secure, ...more }, given);
		tries.fails('STT_CONNECT', `${id} gone`, { provider, endpoint: `grpc://${gone}`, ...more }, given);
	}

	const secret = (what: string) => tries.secret(`google, ${what}`);
	const setting = (what: string) => encodeURIComponent(tries.secret(`google, ${what}`, tries.inFlow));
	const broken = `${secret('break')}\n${secret('break, second line')}`;
	tries.fails('STT_CONFIG', 'google break', { provider, endpoint }, { apiKey: broken });
	const noJson = `{"type":"service_account","private_key":"${secret('no JSON')}`;
	tries.fails('STT_CONFIG', 'google no json', { provider, endpoint }, { serviceAccount: noJson });
	const pem = `-----BEGIN PRIVATE KEY-----\n${secret('no PEM')}\n-----END PRIVATE KEY-----`;
	const noPem = JSON.stringify({ type: 'service_account', client_email: 'a', private_key: pem });
	tries.fails('STT_CONFIG', 'google no pem', { provider, endpoint }, { serviceAccount: noPem });
	const user = { provider, endpoint: `grpc://me:${setting('user')}@${gone}` };
	tries.fails('STT_CONFIG', 'google user', user, {});
	const option = { provider, endpoint, options: JSON.stringify({ apiKey: setting('option') }) };
	tries.fails('STT_CONFIG', 'google option', option, { apiKey });
}

/** Ways in which it could send back a key; in v1 also inside a response. */
function quoting(known: string, isV2: boolean): Omit<Try, 'node'>[] {
	const say = (message: object) => ({ at: { audioMs: 100 }, do: 'send', message }) as const;
	const statuses = [3, 7, 13, 16].flatMap((code) =>
		(['open', { audioMs: 200 }] as const).map((at) => ({
			behaviour: { cues: [{ at, do: 'close', code, reason: `Bad ${known}` } as const] },
			code: 'any',
		})),
	);
	const inside = isV2
		? { behaviour: { cues: [say({ metadata: { request_id: known } })] }, code: undefined }
		: { behaviour: { cues: [say({ error: { code: 13, message: `of ${known}` } })] }, code: 'any' };
	return [inside, ...statuses];
}
