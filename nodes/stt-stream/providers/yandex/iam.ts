import { constants, createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { rootCertificates } from 'node:tls';
import { readAuthority } from '../authority.ts';
import { connectionError, type Meaning, PeerFaults, permanent, transient } from '../faults.ts';
import { textOf, VoiceError } from '../provider.ts';
import { unlessAborted } from '../unless-aborted.ts';

// IAM tokens for a service account: a JWT, signed with the account's key, is exchanged for a token that is good for
// at most 12 hours. Source: the vendor's page "Getting an IAM token for a service account".

/** Younger tokens are used again: the vendor asks for fewer requests than one for each session … */
const REFRESH_MS = 5 * 60_000;
/** … unless they end within this time: a session may outlive its token, but must not begin with a dead one. */
const MARGIN_MS = 60_000;
/** The longest that the vendor allows. */
const JWT_LIFETIME_S = 3600;
const BODY_MAX = 64 * 1024;

/** An "authorised key" of a service account, as the vendor's console and `yc iam key create` write it. */
export interface ServiceAccountKey {
	readonly id: string;
	readonly accountId: string;
	readonly privateKey: KeyObject;
	/** The texts that nobody may see. */
	readonly secrets: readonly string[];
}

/** @throws VoiceError STT_CONFIG, without anything of the key in it */
export function readServiceAccountKey(json: string): ServiceAccountKey {
	try {
		const key = JSON.parse(json) as Record<string, unknown>;
		const [id, accountId, pem] = ['id', 'service_account_id', 'private_key'].map((name) => key[name]);
		if (typeof id !== 'string' || typeof accountId !== 'string' || typeof pem !== 'string') throw new Error();
		// The vendor writes a line of warning before it.
		const privateKey = createPrivateKey(pem.slice(pem.indexOf('-----BEGIN')));
		if (privateKey.asymmetricKeyType !== 'rsa') throw new Error();
		return { id, accountId, privateKey, secrets: [pem] };
	} catch {
		throw new VoiceError(
			'STT_CONFIG',
			'The key of the service account cannot be used',
			'enter the whole JSON file that "yc iam key create" has written, with its private key',
		);
	}
}

/** The JWT that is exchanged for a token, signed by PS256 (RFC 7518). */
export function createJwt({ id, accountId, privateKey }: ServiceAccountKey, audience: string): string {
	const now = Math.floor(Date.now() / 1000);
	const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
	const head = encode({ alg: 'PS256', typ: 'JWT', kid: id });
	const claims = encode({ iss: accountId, aud: audience, iat: now, exp: now + JWT_LIFETIME_S });
	const signature = sign('sha256', Buffer.from(`${head}.${claims}`), {
		key: privateKey,
		padding: constants.RSA_PKCS1_PSS_PADDING,
		saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
	});
	return `${head}.${claims}.${signature.toString('base64url')}`;
}

interface Token {
	readonly value: string;
	/** By `performance.now()`: from then on another one is fetched. */
	readonly until: number;
	/** Fetched because the one before was refused; unless it was accepted since, another will not help. */
	isLastHope: boolean;
}

/** The tokens of one service account, fetched when they are needed. */
export class IamTokens {
	readonly #key: ServiceAccountKey;
	readonly #endpoint: URL;
	readonly #caFile: string;
	readonly #peer: string;
	readonly #patienceMs: number;
	#current: Token | undefined;
	#fetching: Promise<Token> | undefined;
	#wasRefused = false;

	/**
	 * @param caFile PEM file of a certificate authority to trust besides the usual ones, '' = none
	 * @param patienceMs for the whole exchange; by default as the vendor's own client waits
	 */
	constructor(key: ServiceAccountKey, endpoint: URL, caFile: string, patienceMs = 10_000) {
		this.#key = key;
		this.#endpoint = endpoint;
		this.#caFile = caFile;
		this.#patienceMs = patienceMs;
		this.#peer = `Yandex IAM at ${endpoint.host}`;
	}

	/** A token that is a few minutes old at most. Rejects with a VoiceError, or with the reason of `signal`. */
	async get(signal: AbortSignal): Promise<string> {
		signal.throwIfAborted();
		const { value } = await unlessAborted(signal, this.#get());
		return value;
	}

	/** The recogniser has taken this token. */
	accepted(value: string): void {
		if (this.#current?.value === value) this.#current.isLastHope = false;
	}

	/** The recogniser has refused this token. True if another one may help. */
	refused(value: string): boolean {
		const current = this.#current;
		if (current && current.value !== value) return true;
		this.#current = undefined;
		this.#wasRefused = true;
		return !current?.isLastHope;
	}

	#get(): Promise<Token> {
		if (this.#current && performance.now() < this.#current.until) return Promise.resolve(this.#current);
		// Sessions that open at the same time share one request.
		this.#fetching ??= this.#fetch().finally(() => {
			this.#fetching = undefined;
		});
		return this.#fetching;
	}

	async #fetch(): Promise<Token> {
		const began = performance.now();
		const { value, lastsMs } = await this.#exchange();
		const until = began + Math.min(REFRESH_MS, lastsMs - MARGIN_MS);
		this.#current = { value, until, isLastHope: this.#wasRefused };
		this.#wasRefused = false;
		return this.#current;
	}

	async #exchange(): Promise<{ value: string; lastsMs: number }> {
		const authority = await readAuthority(this.#caFile);
		const ca = authority === undefined ? undefined : [...rootCertificates, authority];
		const jwt = createJwt(this.#key, this.#endpoint.href);
		let answer: { status: number; body: string };
		try {
			answer = await post(this.#endpoint, JSON.stringify({ jwt }), ca, this.#patienceMs);
		} catch (thrown) {
			throw connectionError(this.#peer, thrown);
		}
		const { status, body } = answer;
		const { iamToken, expiresAt, message } = parse(body);
		if (status === 200 && typeof iamToken === 'string' && /^[\x21-\x7e]+$/.test(iamToken)) {
			const lastsMs = Date.parse(typeof expiresAt === 'string' ? expiresAt : '') - Date.now();
			return { value: iamToken, lastsMs: Number.isNaN(lastsMs) ? Number.POSITIVE_INFINITY : lastsMs };
		}
		const text = status === 200 ? 'no token in the answer' : textOf(message);
		const faults = new PeerFaults(this.#peer, [...this.#key.secrets, jwt]);
		throw faults.make(meaningOf(status), `HTTP status ${status}`, text);
	}
}

function meaningOf(status: number): Meaning {
	if (status === 429 || status >= 500)
		return transient('STT_CONNECT', 'is not available', 'wait a while and try again');
	if ([400, 401, 403].includes(status))
		return permanent(
			'STT_AUTH',
			'refused the key of the service account',
			'check that the key still exists, and the date of this machine',
		);
	return permanent('STT_CONFIG', 'did not give a token', 'check the option iamEndpoint');
}

function post(
	url: URL,
	body: string,
	ca: string[] | undefined,
	patienceMs: number,
): Promise<{ status: number; body: string }> {
	return new Promise((resolve, reject) => {
		const signal = AbortSignal.timeout(patienceMs);
		const fail = (error: Error) =>
			reject(signal.aborted ? Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }) : error);
		const options = {
			method: 'POST',
			headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) },
			signal,
			agent: false,
		};
		const receive = (response: IncomingMessage) => {
			const chunks: Buffer[] = [];
			let length = 0;
			response.on('data', (chunk: Buffer) => {
				length += chunk.length;
				if (length > BODY_MAX) request.destroy(new Error('the answer is too long'));
				else chunks.push(chunk);
			});
			response.on('error', fail);
			response.on('end', () =>
				resolve({ status: response.statusCode ?? 0, body: String(Buffer.concat(chunks)) }),
			);
		};
		const request =
			url.protocol === 'https:'
				? httpsRequest(url, { ...options, rejectUnauthorized: true, ...(ca && { ca }) }, receive)
				: httpRequest(url, options, receive);
		request.on('error', fail);
		request.end(body);
	});
}

interface Answer {
	readonly iamToken?: unknown;
	readonly expiresAt?: unknown;
	readonly message?: unknown;
}

function parse(body: string): Answer {
	try {
		return (JSON.parse(body) ?? {}) as Answer;
	} catch {
		return {};
	}
}
