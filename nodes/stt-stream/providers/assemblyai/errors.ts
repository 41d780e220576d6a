import { connectionError, type Meaning, PeerFaults, permanent, transient } from '../faults.ts';
import { VoiceError } from '../provider.ts';
import { HandshakeRefused, type WebSocketEnd } from '../websocket.ts';

// What AssemblyAI's codes mean for whoever speaks. Sources: the vendor's page "Common session errors and closures"
// (1008, 3005 to 3009), the error tables of the npm package assemblyai 4.41.5 (4000 to 4104, 1013), RFC 6455 (the
// other 10xx). Older servers of v3 used 3005 and 1008 for much that has a code of its own today, and v2 also reports
// errors without a code: there the text decides.

const AGAIN = 'start the stream again';
const LATER = 'wait a while and try again';
const REPORT = 'report it together with the version of this package';
const SETTINGS = 'check the model and the options of the stt-provider';

const DEPRECATED = permanent(
	'STT_CONFIG',
	'no longer serves this model or this version of its interface',
	'choose the provider "assemblyai" (v3) with one of its current models',
);
const AUTH = permanent(
	'STT_AUTH',
	'refused the API key',
	'check the API key; a temporary token is good for one session',
);
const FUNDS = permanent('STT_QUOTA', 'refused the account', 'check the balance and the state of the account');
const BUSY = transient(
	'STT_QUOTA',
	'has too many sessions of this account open',
	'end other sessions, or raise the limit',
);
const EXPIRED = transient('STT_TIMEOUT', 'ended a session that had reached its maximum duration', AGAIN);
const PACE = transient('STT_PROTOCOL', 'got audio too fast, or in pieces of the wrong length', REPORT);
const INVALID = permanent('STT_PROTOCOL', 'did not understand a message', REPORT);
const SERVER = transient('STT_ENGINE', 'had an internal error', LATER);
const LOST = transient('STT_CONNECT', 'broke off the connection', 'check the network');
const GARBLED = transient('STT_PROTOCOL', 'and this node disagree about the WebSocket protocol', REPORT);
const RATE = permanent('STT_AUDIO_FORMAT', 'does not take this sample rate', REPORT);
const CLOSED = transient('STT_PROTOCOL', 'no longer knows this session', AGAIN);
const UNKNOWN = transient('STT_PROTOCOL', 'closed the session', AGAIN);
const BAD_SETTING = permanent('STT_CONFIG', 'refused a setting', SETTINGS);
const NOT_THERE = permanent('STT_CONFIG', 'has no such service', 'check the endpoint');
const UNAVAILABLE = transient('STT_CONNECT', 'is not available', LATER);

const CLOSE_CODES: Readonly<Record<number, Meaning>> = {
	1001: transient('STT_CONNECT', 'went away', AGAIN),
	1002: GARBLED,
	1003: permanent('STT_PROTOCOL', 'refused the kind of data', REPORT),
	1006: LOST,
	1007: GARBLED,
	1008: AUTH,
	1009: permanent('STT_PROTOCOL', 'refused a message as too large', REPORT),
	1010: GARBLED,
	1011: SERVER,
	1012: transient('STT_CONNECT', 'restarts', LATER),
	1013: UNAVAILABLE,
	1014: UNAVAILABLE,
	3005: SERVER,
	3006: INVALID,
	3007: PACE,
	3008: EXPIRED,
	3009: BUSY,
	4000: RATE,
	4001: AUTH,
	4002: FUNDS,
	4003: FUNDS,
	4004: CLOSED,
	4008: EXPIRED,
	4010: CLOSED,
	4029: PACE,
	4030: CLOSED,
	4031: transient('STT_TIMEOUT', 'ended a session in which nothing happened', AGAIN),
	4032: PACE,
	4033: PACE,
	4034: PACE,
	4100: INVALID,
	4101: INVALID,
	4102: BUSY,
	4103: CLOSED,
	4104: permanent('STT_CONFIG', 'does not understand the word boost', 'check the option word_boost'),
};

/** Codes that say little: the text may say more. */
const VAGUE = new Set([1000, 1005, 1006, 1008, 3005]);

const TEXTS: readonly (readonly [RegExp, Meaning])[] = [
	[/too many (concurrent )?(sessions|streams)|concurrency/i, BUSY],
	[/balance|funds|credit card|billing|payment|account.*(disabled|suspended)|paid-only/i, FUNDS],
	[/unauthori[sz]ed|not authori[sz]ed|api key|\btoken\b/i, AUTH],
	[/session (has )?expired|maximum session duration/i, EXPIRED],
	[/input duration|audio (transmission|too)|too fast|rate limited/i, PACE],
	[/invalid (json|message)|bad (json|schema)/i, INVALID],
	[/sample rate/i, RATE],
];

const STATUSES: Readonly<Record<number, Meaning>> = {
	400: BAD_SETTING,
	401: AUTH,
	402: FUNDS,
	403: AUTH,
	404: NOT_THERE,
	405: NOT_THERE,
	408: transient('STT_TIMEOUT', 'did not get the request in time', LATER),
	410: NOT_THERE,
	422: BAD_SETTING,
	426: NOT_THERE,
	429: BUSY,
};

/** Makes the errors of one provider. */
export class Faults extends PeerFaults {
	/** Why a session did not open. */
	opening(thrown: unknown): VoiceError {
		if (!(thrown instanceof HandshakeRefused)) return connectionError(this.peer, thrown);
		const { status, body } = thrown;
		const text = bodyText(body);
		const meaning = isDeprecated(text) ? DEPRECATED : (STATUSES[status] ?? otherStatus(status));
		return this.make(meaning, `HTTP status ${status}`, text);
	}

	/**
	 * What an error message or a close means.
	 * @param code of the message, or of the close
	 * @param isOpen false before the session has begun: what is wrong then are the settings
	 */
	code(code: number, text: string, isOpen: boolean): VoiceError {
		return this.make(meaningOf(code, text, isOpen), `code ${code}`, text);
	}

	/** What the end of a connection means, with the text of the error message that came before it, if one did. */
	closed(end: WebSocketEnd, message: string | undefined, isOpen: boolean): VoiceError {
		if (end.error instanceof VoiceError) return end.error;
		if (end.error) return this.make(GARBLED, `code ${end.code}`, end.error.message);
		return this.code(end.code, message ?? end.reason, isOpen);
	}

	/** A message that is not what the interface promises. */
	garbled(what: string): VoiceError {
		return this.make(transient('STT_PROTOCOL', 'sent something that cannot be read', REPORT), what, '');
	}
}

const isDeprecated = (text: string) => /deprecated/i.test(text);

function meaningOf(code: number, text: string, isOpen: boolean): Meaning {
	if (isDeprecated(text)) return DEPRECATED;
	if (code === 3006 && !isOpen) return BAD_SETTING;
	const byText = VAGUE.has(code) ? TEXTS.find(([pattern]) => pattern.test(text))?.[1] : undefined;
	return byText ?? CLOSE_CODES[code] ?? UNKNOWN;
}

function otherStatus(status: number): Meaning {
	if (status >= 500) return UNAVAILABLE;
	if (status >= 400) return BAD_SETTING;
	// Also a redirection: the key goes only to the host that the user named.
	return NOT_THERE;
}

/** The message in a refusal: JSON such as {"error": "…"}, or plain text; an error page says nothing. */
function bodyText(body: string): string {
	try {
		const { error, detail, message } = JSON.parse(body) as Record<string, unknown>;
		return String(error ?? detail ?? message ?? '');
	} catch {
		return body.trimStart().startsWith('<') ? '' : body;
	}
}
