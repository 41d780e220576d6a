import { createPublicKey, generateKeyPairSync, randomBytes, verify } from 'node:crypto';

// A service account of Google Cloud's: its key, and what signs for it. Sources: https://google.aip.dev/auth/4111; the
// JWT that @google-cloud/speech 7.5 sends (google-sdk.test.ts).

const AUDIENCE = 'https://speech.googleapis.com/';
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
const HOUR_S = 3600;
const SKEW_S = 60;

export class LoopbackAccount {
	/** The key's file, as the vendor's console writes it. */
	readonly json: string;
	readonly #email: string;
	readonly #key = randomBytes(20).toString('hex');
	readonly #publicKey: string;

	constructor(project: string) {
		const { publicKey, privateKey } = generateKeyPairSync('rsa', {
			modulusLength: 2048,
			publicKeyEncoding: { type: 'spki', format: 'pem' },
			privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
		});
		this.#publicKey = publicKey;
		this.#email = `lab@${project}.iam.gserviceaccount.com`;
		this.json = JSON.stringify({
			type: 'service_account',
			project_id: project,
			private_key_id: this.#key,
			private_key: privateKey,
			client_email: this.#email,
			client_id: '123456789012345678901',
			auth_uri: 'https://accounts.google.com/o/oauth2/auth',
			// Whoever asks there gets no answer.
			token_uri: 'http://127.0.0.1:9/token',
			universe_domain: 'googleapis.com',
		});
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
		if (header['alg'] !== 'RS256' || header['typ'] !== 'JWT') return 'JWT algorithm is not supported';
		if (header['kid'] !== this.#key) return 'key not found';
		if (payload['iss'] !== this.#email || payload['sub'] !== this.#email) return 'JWT issuer is wrong';
		const [aud, scope] = [payload['aud'], payload['scope']];
		if ((aud !== AUDIENCE && scope !== SCOPE) || (aud && scope)) return 'JWT audience or scope is wrong';
		const [iat, exp, now] = [Number(payload['iat']), Number(payload['exp']), Date.now() / 1000];
		if (!(iat <= now + SKEW_S && exp > now - SKEW_S && exp > iat && exp - iat <= HOUR_S))
			return 'JWT is expired, not valid yet, or valid for too long';
		const isSigned = verify(
			'sha256',
			Buffer.from(`${head}.${claims}`),
			createPublicKey(this.#publicKey),
			Buffer.from(signature, 'base64url'),
		);
		return isSigned ? undefined : 'JWT signature is wrong';
	}
}
