import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

// Where programs on Google's machines and elsewhere get access tokens: the metadata server
// (https://cloud.google.com/compute/docs/access/authenticate-workloads) and the exchange of tokens of other clouds
// (https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token; RFC 8693). As google-auth-library 10 asks.

const INSTANCE = '/computeMetadata/v1/instance';
const TOKEN = `${INSTANCE}/service-accounts/default/token`;
const EXCHANGE = '/v1/token';

export interface TokenSettings {
	/** The answer to request number `index` (from 0) for a token, in place of one. */
	readonly answer?: (index: number) => { readonly status: number; readonly body: string } | undefined;
	/** It comes so late. */
	readonly delayMs?: number;
	/** How long tokens last. Default 3600. */
	readonly expiresIn?: number;
}

/** On 127.0.0.1. */
export async function startGoogleTokens(settings: TokenSettings = {}): Promise<LoopbackGoogleTokens> {
	const tokens = new LoopbackGoogleTokens(settings);
	await tokens.listen();
	return tokens;
}

export class LoopbackGoogleTokens {
	/** May be changed at any time. */
	answer: NonNullable<TokenSettings['answer']>;
	/** The bodies of all requests for a token; those to the metadata server have none. */
	readonly requests: string[] = [];
	/** The tokens that were given. */
	readonly tokens: string[] = [];
	readonly #settings: TokenSettings;
	readonly #server: Server;
	readonly #timers = new Set<NodeJS.Timeout>();

	constructor(settings: TokenSettings) {
		this.#settings = settings;
		this.answer = settings.answer ?? (() => undefined);
		this.#server = createServer((request, response) => void this.#serve(request, response));
	}

	listen(): Promise<void> {
		return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
	}

	/** For the variable GCE_METADATA_HOST. */
	get host(): string {
		return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
	}

	/** A file of credentials that names this exchange; it trusts whatever is in the file `subjectToken`. */
	externalAccount(subjectToken: string): string {
		return JSON.stringify({
			type: 'external_account',
			audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/lab/providers/lab',
			subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
			token_url: `http://${this.host}${EXCHANGE}`,
			credential_source: { file: subjectToken },
		});
	}

	async stop(): Promise<void> {
		for (const timer of this.#timers) clearTimeout(timer);
		const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
		this.#server.closeAllConnections();
		await closed;
	}

	async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
		let body = '';
		for await (const chunk of request) body += chunk;
		const path = (request.url ?? '').replace(/\?.*/, '');
		const isMetadata = path.startsWith('/computeMetadata/');
		const headers = {
			'Content-Type': 'application/json',
			...(isMetadata && { 'Metadata-Flavor': 'Google' }),
		};
		const say = (status: number, text: string) => response.writeHead(status, headers).end(text);
		if (isMetadata && request.headers['metadata-flavor'] !== 'Google') return void say(403, 'Forbidden');
		if (path === INSTANCE) return void say(200, '{}');
		if (path !== TOKEN && path !== EXCHANGE) return void say(404, 'Not Found');
		const index = this.requests.push(body) - 1;
		const timer = setTimeout(() => {
			this.#timers.delete(timer);
			const other = this.answer(index);
			if (other) return void say(other.status, other.body);
			const access_token = `ya29.${randomUUID()}`;
			this.tokens.push(access_token);
			const { expiresIn: expires_in = 3600 } = this.#settings;
			const issued_token_type = 'urn:ietf:params:oauth:token-type:access_token';
			say(200, JSON.stringify({ access_token, expires_in, token_type: 'Bearer', issued_token_type }));
		}, this.#settings.delayMs ?? 0);
		this.#timers.add(timer);
	}
}
