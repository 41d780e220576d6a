import { type SttEvent, VoiceError } from './provider.ts';

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

/** So much of a secret is one already: servers cut what they quote. */
const TELLING = 8;
/** Of what a server says, so much is looked at, and so much is passed on. */
const SERVERS_MAX = 4096;
const TEXT_MAX = 200;

/**
 * Makes the errors about one peer. This is where secrets are kept out of whatever a server sends back: every text of
 * a server's goes through `clean` before it is in an error or an event.
 */
export class PeerFaults {
	readonly peer: string;
	readonly #secrets: readonly string[];

	/** @param peer who it is about: "AssemblyAI at streaming.assemblyai.com" */
	constructor(peer: string, secrets: readonly string[]) {
		this.peer = peer;
		const forms = secrets.filter((secret) => secret.length > 3).flatMap(writtenForms);
		this.#secrets = [...new Set(forms)];
	}

	/** The server's words, fit for a log. */
	clean(text: string): string {
		return mask(text.slice(0, SERVERS_MAX), this.#secrets)
			.replace(/[\p{Cc}\s]+/gu, ' ')
			.trim()
			.slice(0, TEXT_MAX);
	}

	/** An event, fit for a message: of these, only remarks are a server's own words. */
	cleanEvent(event: SttEvent): SttEvent {
		return event.type === 'status' ? { ...event, detail: this.clean(event.detail) } : event;
	}

	/**
	 * @param what the protocol's own name of it: "code 3005"
	 * @param text the server's words
	 */
	make({ code, says, remedy, retryable }: Meaning, what: string, text: string): VoiceError {
		const parts = [what, text].map((part) => this.clean(part)).filter(Boolean);
		const details = parts.length ? ` (${parts.join(': ')})` : '';
		return new VoiceError(code, `${this.peer} ${says}${details}`, remedy, { retryable });
	}
}

/** How a text can come back: in an address, in JSON, or as it is. */
const writtenForms = (text: string): string[] => [
	text,
	// By way of its bytes: half of a surrogate pair cannot be encoded.
	encodeURIComponent(String(Buffer.from(text))),
	new URLSearchParams([['', text]]).toString().slice(1),
	JSON.stringify(text).slice(1, -1),
];

/** Replaces the secrets, also where they are cut off. */
function mask(text: string, secrets: readonly string[]): string {
	const masked: string[] = [];
	for (let at = 0; at < text.length; ) {
		const length = Math.max(0, ...secrets.map((secret) => tellingLength(text, at, secret)));
		masked.push(length ? '[secret]' : text.charAt(at));
		at += length || 1;
	}
	return masked.join('');
}

/** How much of the beginning of `secret` stands in `text` at `at`; 0 if that tells nothing. */
function tellingLength(text: string, at: number, secret: string): number {
	let length = 0;
	while (length < secret.length && text[at + length] === secret[length]) length++;
	return length >= Math.min(TELLING, secret.length) ? length : 0;
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
