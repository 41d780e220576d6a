/** What can go wrong, as pages read it in `event.detail.code`. Every code has a sentence in each language (texts/). */
export type FailureCode =
	// the page and the browser
	| 'insecure-page'
	| 'unsupported'
	| 'permission-denied'
	| 'no-device'
	| 'device-busy'
	| 'device-lost'
	| 'device-muted'
	| 'device-silent'
	| 'device-stalled'
	// the way to Node-RED
	| 'not-connected'
	| 'connection-lost'
	| 'connection-slow'
	| 'unauthorized'
	| 'forbidden'
	| 'not-found'
	| 'refused'
	| 'too-many-pages'
	// what became of the words
	| 'node-failed'
	| 'recogniser-failed'
	| 'no-speech'
	| 'no-text'
	| 'no-answer';

/** Something went wrong that the person in front of the page has to know. */
export class Failure extends Error {
	override readonly name = 'Failure';
	readonly code: FailureCode;
	/** What the browser or Node-RED said of it, in English: for logs, not for the page. */
	readonly detail: string;

	constructor(code: FailureCode, detail = '') {
		super(detail ? `${code}: ${detail}` : code);
		this.code = code;
		this.detail = detail;
	}
}

/** Codes for what getUserMedia rejects with (Media Capture and Streams, section 10.2.1). */
const BY_NAME: Readonly<Record<string, FailureCode>> = {
	NotAllowedError: 'permission-denied',
	SecurityError: 'permission-denied',
	NotFoundError: 'no-device',
	OverconstrainedError: 'no-device',
	NotReadableError: 'device-busy',
	AbortError: 'device-busy',
};

/** Makes a Failure of whatever opening the microphone threw. */
export function microphoneFailure(thrown: unknown): Failure {
	if (thrown instanceof Failure) return thrown;
	const { name, message } = described(thrown);
	return new Failure(BY_NAME[name] ?? 'unsupported', `${name}: ${message}`);
}

/** Name and words of anything that can be thrown. */
export function described(thrown: unknown): { name: string; message: string } {
	if (thrown instanceof Error || thrown instanceof DOMException)
		return { name: thrown.name, message: thrown.message };
	return { name: 'Error', message: typeof thrown === 'string' ? thrown : 'unknown' };
}

/** Why this page can never record, as far as can be told without asking for the microphone. */
export function obstacle(): Failure | undefined {
	if (!globalThis.isSecureContext) return new Failure('insecure-page', location.origin);
	if (!navigator.mediaDevices?.getUserMedia) return new Failure('unsupported', 'no getUserMedia');
	if (typeof AudioContext === 'undefined' || typeof AudioWorkletNode === 'undefined')
		return new Failure('unsupported', 'no AudioWorklet');
	return undefined;
}
