import { createPrivateKey } from 'node:crypto';
import { isObject, parseJson } from '../option-rules.ts';
import { type ProviderConfig, VoiceError } from '../provider.ts';
import { LibraryCredentials } from './library-credentials.ts';

/** What a session needs to be let in. */
export interface Access {
	/** Metadata of the call, names in lower case. */
	readonly headers: Readonly<Record<string, string>>;
	/** The project that the credentials belong to, '' = unknown. */
	readonly project: string;
	/** The texts that nobody may see. */
	readonly secrets: readonly string[];
}

export interface Credentials {
	/** What is known of it without asking anybody: undefined = that it may be found out. */
	readonly project: string | undefined;
	/** Rejects with a VoiceError, or with the reason of `signal`. */
	get(signal: AbortSignal): Promise<Access>;
	/** What `get` gave last was refused. */
	refused(): void;
}

/**
 * An API key counts before an access token, that before the key of a service account, and that before the application
 * default credentials, which are used only on request: a machine may have some that are meant for something else.
 * @throws VoiceError STT_CONFIG, without anything of the credentials in it
 */
export function readCredentials(config: ProviderConfig, applicationDefault: boolean): Credentials {
	const { apiKey, token, serviceAccount } = config.credentials;
	const secret = apiKey || token;
	if (!/^[\x21-\x7e]*$/.test(secret))
		throw new VoiceError(
			'STT_CONFIG',
			`The ${apiKey ? 'API key' : 'access token'} holds a character that none has`,
			'copy it again',
		);
	if (apiKey) return fixed({ 'x-goog-api-key': apiKey }, [apiKey]);
	if (token) return fixed({ authorization: `Bearer ${token}` }, [token]);
	if (serviceAccount) return new LibraryCredentials(readServiceAccountKey(serviceAccount));
	if (applicationDefault) return new LibraryCredentials(undefined);
	// A recogniser of one's own may do without.
	if (config.endpoint) return fixed({}, []);
	throw new VoiceError(
		'STT_CONFIG',
		'Google Speech-to-Text needs an API key, an access token or the key of a service account',
		'enter one in the stt-provider, or set the option "applicationDefaultCredentials": true where this machine has some',
	);
}

const fixed = (headers: Record<string, string>, secrets: string[]): Credentials => ({
	project: '',
	get: async () => ({ headers, project: '', secrets }),
	refused() {},
});

/** The JSON file of a service account's key, as the vendor's console writes it. */
export interface ServiceAccountKey {
	readonly type: 'service_account';
	readonly project_id?: string;
	readonly client_email: string;
	readonly private_key_id?: string;
	readonly private_key: string;
}

/**
 * Only of this type: the vendor's library also takes others, which can name any address to ask and any program to run.
 * @throws VoiceError STT_CONFIG, without anything of the key in it
 */
export function readServiceAccountKey(json: string): ServiceAccountKey {
	try {
		const key = parseJson(json);
		if (!isObject(key) || key['type'] !== 'service_account') throw new Error();
		const { client_email, private_key } = key;
		if (typeof client_email !== 'string' || typeof private_key !== 'string') throw new Error();
		if (createPrivateKey(private_key).asymmetricKeyType !== 'rsa') throw new Error();
		const { project_id, private_key_id } = key;
		return {
			type: 'service_account',
			client_email,
			private_key,
			...(typeof project_id === 'string' && { project_id }),
			...(typeof private_key_id === 'string' && { private_key_id }),
		};
	} catch {
		throw new VoiceError(
			'STT_CONFIG',
			'The key of the service account cannot be used',
			'enter the whole JSON file that the Google Cloud console has written, with "type": "service_account"',
		);
	}
}
