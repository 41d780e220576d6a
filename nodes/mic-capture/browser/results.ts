import type { EndpointMessage, PageTranscript } from '../../../lib/browser/protocol.ts';
import type { Message } from '../mic-node.ts';

/** What a page is to be told, and the stream that it is about. */
export interface Result {
	stream: string;
	message(stream: string): EndpointMessage;
}

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields | undefined =>
	value !== null && typeof value === 'object' ? (value as Fields) : undefined;

/** Reads a transcript or a session event of stt-stream, or of whoever makes such; undefined if it is neither. */
export function resultOf(message: Message): Result | undefined {
	const transcript = fieldsOf(message['transcript']);
	if (transcript)
		return {
			stream: textOf(transcript['stream']),
			message: (stream) => ({ type: 'transcript', stream, transcript: forPage(transcript) }),
		};
	const session = fieldsOf(message['session']);
	if (session && message['payload'] === 'closed')
		return {
			stream: textOf(session['stream']),
			message: (stream) => ({
				type: 'closed',
				stream,
				text: textOf(session['text']),
				...(session['code'] !== undefined && { code: textOf(session['code']) }),
			}),
		};
	return undefined;
}

/** What only a flow needs stays there. */
function forPage(transcript: Fields): PageTranscript {
	const { kind, text, language } = transcript;
	const turn = Number(textOf(transcript['turn']));
	const numbers = ['startMs', 'endMs', 'confidence'].flatMap((name) => {
		const value = transcript[name];
		return typeof value === 'number' && Number.isFinite(value) ? [[name, value]] : [];
	});
	return {
		kind: kind === 'partial' || kind === 'refined' ? kind : 'final',
		text: textOf(text),
		turn: Number.isFinite(turn) ? turn : 0,
		...Object.fromEntries(numbers),
		...(typeof language === 'string' && { language }),
	};
}

const textOf = (value: unknown): string =>
	typeof value === 'string' || typeof value === 'number' ? String(value) : '';
