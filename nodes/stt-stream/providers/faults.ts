import { VoiceError } from './provider.ts';

/** What a code of a protocol means for whoever speaks. */
export interface Meaning {
	readonly code: VoiceError['code'];
	/** Goes on from the peer's name: "refused the API key". */
	readonly says: string;
	readonly remedy: string;
	readonly retryable: boolean;
}

export const permanent = (code: Meaning['code'], says: string, remedy: string): Meaning => ({
	code,
	says,
	remedy,
	retryable: false,
});
export const transient = (code: Meaning['code'], says: string, remedy: string): Meaning => ({
	code,
	says,
	remedy,
	retryable: true,
});

/** Makes the errors about one peer. Secrets do not get into their text, even if the server sends them back. */
export class PeerFaults {
	readonly peer: string;
	readonly #secrets: readonly string[];

	/** @param peer who it is about: "AssemblyAI at streaming.assemblyai.com" */
	constructor(peer: string, secrets: readonly string[]) {
		this.peer = peer;
		this.#secrets = secrets.filter((secret) => secret.length > 3);
	}

	/** The server's words, fit for a log. */
	clean(text: string): string {
		let clean = text;
		for (const secret of this.#secrets)
			for (const form of [secret, encodeURIComponent(secret)]) clean = clean.replaceAll(form, '[secret]');
		return clean
			.replace(/[\p{Cc}\s]+/gu, ' ')
			.trim()
			.slice(0, 200);
	}

	/**
	 * @param what the protocol's own name of it: "code 3005"
	 * @param text the server's words
	 */
	make({ code, says, remedy, retryable }: Meaning, what: string, text: string): VoiceError {
		const details = [what, this.clean(text)].filter(Boolean).join(': ');
		return new VoiceError(code, `${this.peer} ${says} (${details})`, remedy, { retryable });
	}
}

/** Why a connection did not come about, or broke, in words for a user. */
export function connectionError(peer: string, thrown: unknown): VoiceError {
	if (thrown instanceof VoiceError) return thrown;
	const { code = '', message } = (thrown instanceof Error ? thrown : new Error(String(thrown))) as {
		code?: string;
		message: string;
	};
	const fail = (what: string, remedy: string, retryable: boolean) =>
		new VoiceError('STT_CONNECT', `${peer} ${what} (${code || message})`, remedy, { retryable });
	if (/^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/.test(code))
		// A Raspberry Pi has no clock of its own and learns the time a while after it has started.
		return fail('shows a certificate that is not valid now', 'check the date of this machine', true);
	if (/CERT|UNABLE_TO|SIGNATURE/.test(code))
		return fail(
			'shows a certificate that is not trusted',
			'set the PEM file of its certificate authority, and use the host name that the certificate is for',
			false,
		);
	if (/^(EPROTO|ERR_SSL_|ERR_TLS_)/.test(code))
		return fail('does not speak TLS as expected', 'check the port, and whether it is one for TLS', false);
	if (code === 'ENOTFOUND') return fail('was not found', 'check the host name and the network', true);
	if (code === 'ECONNREFUSED')
		return fail('refused the connection', 'check the host, the port and that the server runs', true);
	return fail('could not be reached', 'check the network and the endpoint', true);
}
