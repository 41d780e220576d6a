import { type Meaning, PeerFaults, permanent, transient } from './faults.ts';
import type { GrpcEnd } from './grpc.ts';
import { VoiceError } from './provider.ts';

// What the status codes of gRPC mean for whoever speaks, as far as every vendor means the same by them.
// Sources: https://grpc.io/docs/guides/status-codes; grpc-js 1.14, src/subchannel-call.ts, for the statuses that it
// makes itself of what happens to a connection.

const LATER = 'wait a while and try again';
const AGAIN = 'start the stream again';
const NETWORK = 'check the network';
const REPORT = 'report it together with the version of this package';
const SETTINGS = 'check the model, the language and the options of the stt-provider';

const LOST = transient('STT_CONNECT', 'broke off the connection', NETWORK);
const SERVER = transient('STT_ENGINE', 'had an internal error', LATER);

export const EXPIRED = transient('STT_TIMEOUT', 'ended a session that had reached its limit', AGAIN);
export const IDLE = transient('STT_TIMEOUT', 'ended a session in which nothing happened', AGAIN);

const STATUSES: Readonly<Record<number, readonly [name: string, meaning: Meaning]>> = {
	1: ['CANCELLED', transient('STT_CONNECT', 'cancelled the session', AGAIN)],
	2: ['UNKNOWN', SERVER],
	3: ['INVALID_ARGUMENT', permanent('STT_CONFIG', 'refused a setting', SETTINGS)],
	4: ['DEADLINE_EXCEEDED', transient('STT_TIMEOUT', 'took too long', LATER)],
	5: ['NOT_FOUND', permanent('STT_CONFIG', 'does not know what was asked for', SETTINGS)],
	6: ['ALREADY_EXISTS', permanent('STT_PROTOCOL', 'refused the session', REPORT)],
	7: ['PERMISSION_DENIED', permanent('STT_AUTH', 'refused access', 'check the rights of the account')],
	8: ['RESOURCE_EXHAUSTED', transient('STT_QUOTA', 'has reached a quota of the account', LATER)],
	9: [
		'FAILED_PRECONDITION',
		permanent('STT_CONFIG', 'refused the session', 'check the state of the account'),
	],
	10: ['ABORTED', transient('STT_ENGINE', 'broke off the session', AGAIN)],
	11: ['OUT_OF_RANGE', EXPIRED],
	12: ['UNIMPLEMENTED', permanent('STT_CONFIG', 'has no such service', 'check the endpoint')],
	13: ['INTERNAL', SERVER],
	14: ['UNAVAILABLE', transient('STT_CONNECT', 'is not available', LATER)],
	15: ['DATA_LOSS', SERVER],
	16: ['UNAUTHENTICATED', permanent('STT_AUTH', 'refused the credentials', 'check the API key or the token')],
};

const UNKNOWN = transient('STT_PROTOCOL', 'closed the session', AGAIN);
const GARBLED = transient('STT_PROTOCOL', 'sent something that cannot be read', REPORT);

/** Statuses of one code mean different things: what the text says. The first that fits counts. */
export interface StatusRule {
	readonly codes: readonly number[];
	/** Default: any text. */
	readonly text?: RegExp;
	readonly meaning: Meaning;
}

/** What grpc-js makes of an accident on the way, under codes that servers use, too. */
const ACCIDENTS: readonly StatusRule[] = [
	{ codes: [14], text: /connection dropped|ECONNRESET|EPIPE|ETIMEDOUT|write (error|failed)/i, meaning: LOST },
	{ codes: [13], text: /RST_STREAM|ended without gRPC status/i, meaning: LOST },
	{ codes: [12, 13], text: /parsing error|deserializ|decompress|message compressed/i, meaning: GARBLED },
	{ codes: [8], text: /message larger than max/i, meaning: GARBLED },
	{ codes: [8], text: /^Bandwidth exhausted or memory limit exceeded/, meaning: LOST },
];

/** Makes the errors about one server. */
export class GrpcFaults extends PeerFaults {
	readonly #rules: readonly StatusRule[];

	/** @param rules the vendor's own meanings, which come before the general ones */
	constructor(peer: string, secrets: readonly string[], rules: readonly StatusRule[]) {
		super(peer, secrets);
		this.#rules = [...ACCIDENTS, ...rules];
	}

	/** What the end of a call means. Not for code 0, OK, and not for a call that this side has cancelled. */
	closed({ code, details, error }: GrpcEnd): VoiceError {
		if (error instanceof VoiceError) return error;
		if (error) return this.make(GARBLED, 'a message', error.message);
		const [name, general] = STATUSES[code] ?? [`status ${code}`, UNKNOWN];
		const rule = this.#rules.find(({ codes, text }) => codes.includes(code) && (text?.test(details) ?? true));
		return this.make(rule?.meaning ?? general, name, details);
	}
}
