import type { Credentials, FlowNode } from '../../../lab/node-red.ts';
import type { Behaviour } from '../../../lab/recognisers/script.ts';
import { providerNode, streamNode } from './failing-flow.ts';
import { newSecret } from './secrets.ts';

/** One stream on a node. */
export interface Try {
	readonly node: string;
	/** What the recogniser does that is not broken by itself. */
	readonly behaviour?: Behaviour;
	/** The code of the failure, or 'any'; undefined = it works. */
	readonly code: string | undefined;
}

/** Where the servers are. */
export interface Places {
	/** By protocol: a recogniser that works, and host:port of one that does so with TLS. */
	readonly works: string;
	readonly secure: string;
	/** host:port at which nobody is. */
	readonly gone: string;
	/** PEM file of an authority that signed nothing. */
	readonly otherCa: string;
}

/** The nodes of a flow with secrets in all places, and what they are to try. */
export class Tries {
	readonly nodes: FlowNode[] = [];
	readonly credentials: Credentials = {};
	readonly env: Record<string, string> = {};
	readonly all: Try[] = [];
	readonly secrets = new Map<string, string>();
	/** Secrets that somebody has put into a setting, not into a credential: they are in the flow. */
	readonly inFlow = new Map<string, string>();

	/** Invents one. */
	secret(name: string, into = this.secrets): string {
		const value = newSecret();
		into.set(name, value);
		return value;
	}

	/** A reference to a variable with this value. */
	variable(value: string): string {
		const name = `SECRET_${Object.keys(this.env).length}`;
		this.env[name] = value;
		return `\${${name}}`;
	}

	/** A node with a provider of its own, and what is to be tried on it. */
	add(
		id: string,
		config: object,
		given: Record<string, string>,
		settings: object,
		tries: Omit<Try, 'node'>[],
	) {
		this.nodes.push(
			providerNode(`${id} provider`, { ...config }),
			...streamNode(id, `${id} provider`, { ...settings }),
		);
		this.credentials[`${id} provider`] = given;
		this.all.push(...tries.map((one) => ({ node: id, ...one })));
	}

	/** A node that fails of itself. */
	fails(code: string, id: string, config: object, given: Record<string, string>): void {
		this.add(id, config, given, { reconnectMs: 400 }, [{ code }]);
	}
}

/** So that each failure is final. */
export const BRIEFLY = { reconnectMs: 0 };
const WORKS: Omit<Try, 'node'> = { code: undefined };

/** AssemblyAI with `key`, which is also good as a token. */
export function tryAssemblyAi(
	tries: Tries,
	provider: 'assemblyai' | 'assemblyai-v2',
	key: string,
	at: Places,
) {
	const { works: endpoint, secure, gone, otherCa } = at;
	const { pathname } = new URL(endpoint);
	const inAddress = new URL(endpoint);
	inAddress.searchParams.set('token', key);
	const quoted = [
		WORKS,
		...quoting(key).map((behaviour) => ({ behaviour, code: 'any' })),
		...remarking(key).map((behaviour) => ({ behaviour, code: undefined })),
	];
	tries.add(`${provider} key`, { provider, endpoint }, { apiKey: key }, BRIEFLY, quoted);
	tries.add(`${provider} token`, { provider, endpoint }, { token: key }, BRIEFLY, quoted);
	tries.add(`${provider} $ key`, { provider, endpoint }, { apiKey: tries.variable(key) }, BRIEFLY, quoted);
	tries.add(`${provider} $ token`, { provider, endpoint }, { token: tries.variable(key) }, BRIEFLY, quoted);
	const variable = tries.variable(inAddress.href);
	tries.add(`${provider} $ address`, { provider, endpoint: variable }, {}, BRIEFLY, quoted);

	const secret = (what: string) => tries.secret(`${provider}, ${what}`);
	const setting = (what: string) => encodeURIComponent(tries.secret(`${provider}, ${what}`, tries.inFlow));
	const nobody = { provider, endpoint: `ws://${gone}${pathname}` };
	tries.fails('STT_CONNECT', `${provider} gone`, nobody, { apiKey: secret('gone') });
	tries.fails('STT_CONNECT', `${provider} gone token`, nobody, { token: secret('gone token') });
	const address = `${nobody.endpoint}?token=${setting('address')}`;
	tries.fails('STT_CONNECT', `${provider} gone address`, { provider, endpoint: address }, {});
	const tls = { provider, endpoint: `wss://${secure}${pathname}`, caFile: otherCa };
	tries.fails('STT_CONNECT', `${provider} tls`, tls, { apiKey: secret('tls') });

	const broken = (what: string) => `${secret(what)}\n${secret(`${what}, second line`)}`;
	tries.fails('STT_CONFIG', `${provider} break`, { provider, endpoint }, { apiKey: broken('break') });
	tries.fails(
		'STT_CONFIG',
		`${provider} token break`,
		{ provider, endpoint },
		{ token: broken('token break') },
	);
	const user = { provider, endpoint: `ws://me:${setting('user')}@${gone}` };
	tries.fails('STT_CONFIG', `${provider} user`, user, {});
	const option = { provider, endpoint, options: JSON.stringify({ apiKey: setting('option') }) };
	tries.fails('STT_CONFIG', `${provider} option`, option, { apiKey: key });
	const noJson = { provider, endpoint, options: `{"apiKey":"${setting('no JSON')}` };
	tries.fails('STT_CONFIG', `${provider} no json`, noJson, { apiKey: key });
}

/** Ways in which AssemblyAI could send back a key. */
const quoting = (key: string): Behaviour[] => [
	{ refuse: { status: 401, body: JSON.stringify({ error: `Bad key ${key}, ${encodeURIComponent(key)}` }) } },
	{ refuse: { status: 403, body: `no entry for ${key}` } },
	{ refuse: { status: 400, body: JSON.stringify({ error: { of: key } }) } },
	{ cues: [{ at: 'open', do: 'close', code: 1008, error: `Unauthorized Connection: ${key}` }] },
	{ cues: [{ at: { audioMs: 100 }, do: 'close', code: 4001, reason: `Not authorized: ${key}` }] },
	// Cut where no more fits into a close.
	{
		cues: [{ at: 'open', do: 'close', code: 1008, reason: `${'No access. '.repeat(9)}${key}`.slice(0, 123) }],
	},
	{ cues: [say({ type: 'Turn', message_type: 'FinalTranscript', [key]: key })] },
];

/** They do not end the session. */
const remarking = (key: string): Behaviour[] => [
	{ cues: [say({ type: 'Warning', message_type: key, warning_code: key, warning: key })] },
	{ cues: [say({ type: key, message_type: key })] },
];

const say = (message: object) => ({ at: { audioMs: 100 }, do: 'send', message }) as const;

export interface YandexPlaces extends Places {
	/** A recogniser that knows nobody, and quotes whom it refuses. */
	readonly stranger: string;
	readonly iam: string;
}

/** Yandex by key, by token and by service account. */
export function tryYandex(
	tries: Tries,
	{ apiKey, token, serviceAccount }: { apiKey: string; token: string; serviceAccount: string },
	at: YandexPlaces,
): void {
	const provider = 'yandex';
	const { works: endpoint, secure, gone, stranger, iam } = at;
	const withIam = { options: JSON.stringify({ iamEndpoint: iam }) };
	for (const [id, given, more, known] of [
		['yandex key', { apiKey }, {}, apiKey],
		['yandex token', { token }, {}, token],
		['yandex account', { serviceAccount }, withIam, ''],
		['yandex $ key', { apiKey: tries.variable(apiKey) }, {}, apiKey],
		['yandex $ token', { token: tries.variable(token) }, {}, token],
		['yandex $ account', { serviceAccount: tries.variable(serviceAccount) }, withIam, ''],
	] as const) {
		const quoted = known ? quotingByGrpc(known) : [];
		tries.add(id, { provider, endpoint, ...more }, given, BRIEFLY, [WORKS, ...quoted]);
		tries.add(`${id} stranger`, { provider, endpoint: stranger, ...more }, given, BRIEFLY, [
			{ code: 'STT_AUTH' },
		]);
		tries.fails('STT_CONNECT', `${id} tls`, { provider, endpoint: secure, ...more }, given);
		tries.fails('STT_CONNECT', `${id} gone`, { provider, endpoint: `grpc://${gone}`, ...more }, given);
	}

	const secret = (what: string) => tries.secret(`yandex, ${what}`);
	const setting = (what: string) => encodeURIComponent(tries.secret(`yandex, ${what}`, tries.inFlow));
	const broken = `${secret('break')}\n${secret('break, second line')}`;
	tries.fails('STT_CONFIG', 'yandex break', { provider, endpoint }, { apiKey: broken });
	const noJson = `{"id":"a","private_key":"${secret('no JSON')}`;
	tries.fails('STT_CONFIG', 'yandex no json', { provider, endpoint }, { serviceAccount: noJson });
	const pem = `-----BEGIN PRIVATE KEY-----\n${secret('no PEM')}\n-----END PRIVATE KEY-----`;
	const noPem = JSON.stringify({ id: 'a', service_account_id: 'b', private_key: pem });
	tries.fails('STT_CONFIG', 'yandex no pem', { provider, endpoint }, { serviceAccount: noPem });
	const user = { provider, endpoint: `grpc://me:${setting('user')}@${gone}` };
	tries.fails('STT_CONFIG', 'yandex user', user, {});
	const query = { provider, endpoint: `${gone}?token=${setting('query')}` };
	tries.fails('STT_CONFIG', 'yandex query', query, {});
	const option = { provider, endpoint, options: JSON.stringify({ token: setting('option') }) };
	tries.fails('STT_CONFIG', 'yandex option', option, { apiKey });
	const noIam = { provider, endpoint, options: JSON.stringify({ iamEndpoint: `http://${gone}/tokens` }) };
	tries.fails('STT_CONNECT', 'yandex no iam', noIam, { serviceAccount });
}

function quotingByGrpc(known: string): Omit<Try, 'node'>[] {
	const warning = { status_code: { code_type: 'WARNING', message: `of ${known}` } };
	const statuses = [3, 7, 13, 16].flatMap((code) =>
		(['open', { audioMs: 200 }] as const).map((at) => ({
			behaviour: { cues: [{ at, do: 'close', code, reason: `Bad ${known}` } as const] },
			code: 'any',
		})),
	);
	return [{ behaviour: { cues: [say(warning)] }, code: undefined }, ...statuses];
}
