import type { GoogleAuth } from 'google-auth-library';
import { connectionError, PeerFaults, permanent, transient } from '../faults.ts';
import { VoiceError } from '../provider.ts';
import { unlessAborted } from '../unless-aborted.ts';
import type { Access, Credentials, ServiceAccountKey } from './credentials.ts';

// Credentials that the vendor's library turns into headers, loaded with the first of them. It is told what the vendor's
// own clients tell it (google-gax 5, src/clientInterface and src/v1/speech_client.js of @google-cloud/speech 7): with
// the key of a service account it then asks nobody for a token, but signs a JWT for the service itself, good for an
// hour (https://google.aip.dev/auth/4111). It never looks at the key's `token_uri`.

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
const SERVICE = 'speech.googleapis.com';
/** For the whole of it: the library asks the machine's metadata server again and again. */
const PATIENCE_MS = 10_000;
const PEER = 'The sign-in at Google';

/** The key of a service account, or what this machine has: the application default credentials. */
export class LibraryCredentials implements Credentials {
	readonly #key: ServiceAccountKey | undefined;
	#auth: GoogleAuth | undefined;
	#fetching: Promise<Access> | undefined;

	constructor(key: ServiceAccountKey | undefined) {
		this.#key = key;
	}

	get project(): string | undefined {
		return this.#key ? (this.#key.project_id ?? '') : undefined;
	}

	async get(signal: AbortSignal): Promise<Access> {
		// Sessions that open at the same time share one request.
		this.#fetching ??= this.#fetch().finally(() => {
			this.#fetching = undefined;
		});
		return unlessAborted(signal, this.#fetching);
	}

	refused(): void {
		this.#auth = undefined;
	}

	async #fetch(): Promise<Access> {
		const timeout = AbortSignal.timeout(PATIENCE_MS);
		try {
			return await unlessAborted(timeout, this.#ask());
		} catch (thrown) {
			// Whatever it waits for, the next attempt shall not wait for the same.
			this.#auth = undefined;
			throw timeout.aborted ? noAnswer() : toError(thrown, this.#secrets);
		}
	}

	async #ask(): Promise<Access> {
		this.#auth ??= await createAuth(this.#key);
		const client = await this.#auth.getClient();
		const headers = Object.fromEntries((await client.getRequestHeaders(`https://${SERVICE}/`)).entries());
		const token = /^Bearer (.+)$/.exec(headers['authorization'] ?? '')?.[1] ?? '';
		const project = this.#key?.project_id || process.env['GOOGLE_CLOUD_PROJECT'] || client.projectId || '';
		return { headers, project, secrets: [...this.#secrets, token] };
	}

	get #secrets(): string[] {
		return this.#key ? [this.#key.private_key] : [];
	}
}

async function createAuth(key: ServiceAccountKey | undefined): Promise<GoogleAuth> {
	const { GoogleAuth } = await import('google-auth-library');
	// Told of a project, it does not run the program `gcloud` to learn one.
	const auth = new GoogleAuth({
		projectId: 'unused',
		clientOptions: { transporterOptions: { timeout: PATIENCE_MS } },
		...(key && { credentials: { ...key } }),
	});
	auth.defaultScopes = [SCOPE];
	auth.defaultServicePath = SERVICE;
	auth.useJWTAccessWithScope = true;
	return auth;
}

const noAnswer = () => connectionError(PEER, Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }));

const NONE = permanent(
	'STT_CONFIG',
	'found no application default credentials on this machine',
	'run "gcloud auth application-default login", set GOOGLE_APPLICATION_CREDENTIALS, or enter a key in the stt-provider',
);
const UNUSABLE = permanent(
	'STT_CONFIG',
	'cannot use the credentials',
	'check the file that GOOGLE_APPLICATION_CREDENTIALS names, or "gcloud auth application-default login" has written',
);
const REFUSED = permanent(
	'STT_AUTH',
	'refused the credentials',
	'check that they still exist, for example by "gcloud auth application-default login", and the date of this machine',
);
const BUSY = transient('STT_CONNECT', 'is not available', 'wait a while and try again');

/** As gaxios throws it, or anything else in the library. */
interface Thrown {
	readonly message: string;
	readonly code?: unknown;
	readonly status?: unknown;
	readonly cause?: unknown;
	readonly response?: { readonly status?: number; readonly data?: unknown };
}

function toError(thrown: unknown, secrets: readonly string[]): VoiceError {
	if (thrown instanceof VoiceError) return thrown;
	const faults = new PeerFaults(PEER, secrets);
	const { message, response, status: other } = thrown as Thrown;
	if (/could not load the default credentials/i.test(message)) return faults.make(NONE, '', '');
	const status = Number(response?.status ?? other);
	if (status) {
		const meaning = status === 429 || status >= 500 ? BUSY : REFUSED;
		return faults.make(meaning, `HTTP status ${status}`, errorCode(response?.data));
	}
	const code = networkCode(thrown);
	if (code) return connectionError(PEER, Object.assign(new Error(code), { code }));
	return faults.make(UNUSABLE, '', knownWords(message));
}

/** Of an answer, only the code (RFC 6749, 5.2): its description may quote what was sent. */
function errorCode(data: unknown): string {
	const { error } = (data ?? {}) as { readonly error?: unknown };
	return typeof error === 'string' && /^\w{1,40}$/.test(error) ? error : '';
}

/** Of a message of the library's, only what cannot be a piece of the file: what is no JSON it quotes. */
const knownWords = (message: string): string =>
	/The file at .* does not exist|does not contain an? \w+ field/.exec(message)?.[0] ?? 'it cannot be read';

/** Node.js's name of why there was no connection: ECONNREFUSED, ENOTFOUND, CERT_… It can be some causes deep. */
function networkCode(thrown: unknown): string | undefined {
	for (let error = thrown as Thrown | undefined, depth = 0; error && depth < 5; depth++) {
		const { code } = error;
		if (
			typeof code === 'string' &&
			/^(E[A-Z]{3,}|EAI_[A-Z]+|CERT_|UNABLE_|ERR_(TLS|SSL)|DEPTH_|SELF_)/.test(code)
		)
			// A file that is not there is no network.
			return ['ENOENT', 'EACCES', 'EISDIR'].includes(code) ? undefined : code;
		error = error.cause as Thrown | undefined;
	}
	return undefined;
}
