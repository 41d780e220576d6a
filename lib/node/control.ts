import { VoiceError } from './errors.ts';

export type ControlWord = 'start' | 'stop' | 'toggle' | 'pause' | 'resume';

type Message = Readonly<Record<string, unknown>>;

/** Is this `msg.reset` (any value, as core nodes take it)? */
export function isReset(message: Message): boolean {
	return Object.hasOwn(message, 'reset');
}

/** Does the message carry audio, a transcript or session news, and so is no control? */
export function isData(message: Message): boolean {
	return (
		message['payload'] instanceof Uint8Array ||
		['audio', 'transcript', 'session'].some((key) => message[key] !== undefined)
	);
}

/**
 * The control word in a message that is neither data nor a reset: true, 1 or 'start'; false, 0 or 'stop';
 * 'toggle'; and what else `allowed` names. Any other payload throws CONTROL_UNKNOWN.
 */
export function controlWord(message: Message, allowed: readonly ControlWord[]): ControlWord {
	const payload = message['payload'];
	if (payload === true || payload === 1) return 'start';
	if (payload === false || payload === 0) return 'stop';
	const word = typeof payload === 'string' ? payload.trim().toLowerCase() : undefined;
	const found = allowed.find((candidate) => candidate === word);
	if (found) return found;
	const shown = typeof payload === 'string' ? `"${payload.slice(0, 40)}"` : `of type ${typeof payload}`;
	throw new VoiceError(
		'CONTROL_UNKNOWN',
		`A control message has the payload ${shown}`,
		`send true, false or one of ${allowed.map((word) => `"${word}"`).join(', ')}`,
	);
}
