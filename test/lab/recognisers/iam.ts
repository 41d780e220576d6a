import { constants, createPublicKey, generateKeyPairSync, randomUUID, verify } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

// Yandex Cloud's exchange of a service account's JWT for an IAM token. Sources: the vendor's page "Getting an IAM
// token for a service account"; @yandex-cloud/nodejs-sdk 3.2.0, src/token-service/iam-token-service.ts.

const VENDORS_AUDIENCE = 'https://iam.api.cloud.yandex.net/iam/v1/tokens';
const PATH = '/iam/v1/tokens';
const HOUR_S = 3600;
const SKEW_S = 60;

export interface IamSettings {
	/** Serves https with this certificate. */
	readonly tls?: { readonly cert: string; readonly key: string };
	/** The answer to request number `index` (from 0) in place of a token; it may come late. */
	readonly answer?: (index: number) => { readonly status: number; readonly body: string } | undefined;
	readonly delayMs?: number;
}

/** On 127.0.0.1. */
export async function startIam(settings: IamSettings = {}): Promise<LoopbackIam> {
	const iam = new LoopbackIam(settings);
	await iam.listen();
	return iam;
}

export class LoopbackIam {
	/** May be changed at any time. */
	answer: NonNullable<IamSettings['answer']>;
	/** The JWTs of all requests, in order, also of those that were refused. */
	readonly requests: string[] = [];
	/** The tokens that were given. */
	readonly tokens: string[] = [];
	/** A service account's key as `yc iam key create` writes it. */
	readonly serviceAccount: string;
	readonly #settings: IamSettings;
	readonly #server: Server;
	readonly #timers = new Set<NodeJS.Timeout>();
	readonly #key = randomUUID();
	readonly #account = randomUUID();
	readonly #publicKey: string;

	constructor(settings: IamSettings) {
		this.#settings = settings;
		this.answer = settings.answer ?? (() => undefined);
		this.#server = settings.tls ? createTlsServer(settings.tls) : createServer();
		this.#server.on('request', (request, response) => void this.#serve(request, response));
		this.#server.on('tlsClientError', () => {});
		const { publicKey, privateKey } = generateKeyPairSync('rsa', {
			modulusLength: 2048,
			publicKeyEncoding: { type: 'spki', format: 'pem' },
			privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
		});
		this.#publicKey = publicKey;
		const warning = `PLEASE DO NOT REMOVE THIS LINE! Yandex.Cloud SA Key ID <${this.#key}>\n`;
		this.serviceAccount = JSON.stringify({
			id: this.#key,
			service_account_id: this.#account,
			created_at: '2026-01-02T03:04:05.678901Z',
			key_algorithm: 'RSA_2048',
			public_key: publicKey,
			private_key: warning + privateKey,
		});
	}

	listen(): Promise<void> {
		return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
	}

	get url(): string {
		const { port } = this.#server.address() as AddressInfo;
		return `${this.#settings.tls ? 'https' : 'http'}://localhost:${port}${PATH}`;
	}

	async stop(): Promise<void> {
		for (const timer of this.#timers) clearTimeout(timer);
		const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
		this.#server.closeAllConnections();
		await closed;
	}

	/** What is wrong with a JWT, or nothing. */
	problemWith(jwt: string): string | undefined {
		const [head = '', claims = '', signature = '', ...rest] = jwt.split('.');
		if (!signature || rest.length) return 'JWT is malformed';
		let header: Record<string, unknown>;
		let payload: Record<string, unknown>;
		try {
			[header, payload] = [head, claims].map((part) =>
				JSON.parse(String(Buffer.from(part, 'base64url'))),
			) as [Record<string, unknown>, Record<string, unknown>];
		} catch {
			return 'JWT is malformed';
		}
		if (header['alg'] !== 'PS256' || header['typ'] !== 'JWT') return 'JWT algorithm is not supported';
		if (header['kid'] !== this.#key) return 'Key not found';
		if (payload['iss'] !== this.#account) return 'JWT issuer is wrong';
		if (![this.url, VENDORS_AUDIENCE].includes(String(payload['aud']))) return 'JWT audience is wrong';
		const [iat, exp, now] = [Number(payload['iat']), Number(payload['exp']), Date.now() / 1000];
		if (!(iat <= now + SKEW_S && exp > now - SKEW_S && exp > iat && exp - iat <= HOUR_S))
			return 'JWT is expired, not valid yet, or valid for too long';
		const isSigned = verify(
			'sha256',
			Buffer.from(`${head}.${claims}`),
			{
				key: createPublicKey(this.#publicKey),
				padding: constants.RSA_PKCS1_PSS_PADDING,
				saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
			},
			Buffer.from(signature, 'base64url'),
		);
		return isSigned ? undefined : 'JWT signature is wrong';
	}

	async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
		let body = '';
		for await (const chunk of request) body += chunk;
		const say = (status: number, text: string) => {
			const timer = setTimeout(() => {
				this.#timers.delete(timer);
				response.writeHead(status, { 'Content-Type': 'application/json' }).end(text);
			}, this.#settings.delayMs ?? 0);
			this.#timers.add(timer);
		};
		const refuse = (status: number, code: number, message: string) =>
			say(status, JSON.stringify({ code, message, details: [] }));
		if (request.method !== 'POST' || request.url !== PATH) return void refuse(404, 5, 'Not Found');
		const { jwt } = JSON.parse(body) as { jwt?: string };
		const index = this.requests.push(String(jwt)) - 1;
		const other = this.answer(index);
		if (other) return void say(other.status, other.body);
		const problem = this.problemWith(String(jwt));
		if (problem) return void refuse(401, 16, problem);
		const iamToken = `t1.${randomUUID()}`;
		this.tokens.push(iamToken);
		const expiresAt = new Date(Date.now() + 12 * HOUR_S * 1000).toISOString();
		say(200, JSON.stringify({ iamToken, expiresAt }));
	}
}
