import { list, type Message, number, optional, text } from '../fields.ts';
import type { SttResult } from '../provider.ts';
import { confidence, words } from './fields.ts';
import type { Dialect, Reading } from './session.ts';

// Realtime, the second version of the interface, which the vendor retired in 2025: for servers of one's own and for
// compatible ones. Message fields: the vendor's asyncapi.yml 1.1.2, npm assemblyai 4.41.5.

export interface WishesV2 {
	/** Audio as `{"audio_data": "<base64>"}`, as the first clients sent it, in place of binary messages. */
	readonly audioAsBase64: boolean;
	/** Pause that ends an utterance, in milliseconds; '' = the server's. */
	readonly silenceThreshold: string;
}

export function dialectV2({ audioAsBase64, silenceThreshold }: WishesV2): Dialect {
	let utterance = 0;
	return {
		greeting: silenceThreshold ? [`{"end_utterance_silence_threshold":${silenceThreshold}}`] : [],
		terminate: '{"terminate_session":true}',
		audio: (pcm) => (audioAsBase64 ? JSON.stringify({ audio_data: pcm.toString('base64') }) : pcm),
		read(message): Reading {
			if ('error' in message) return { kind: 'error', text: String(message['error']) };
			switch (message['message_type']) {
				case 'SessionBegins':
					return {
						kind: 'begin',
						id: optional(text, message, 'session_id') ?? '',
						expiresAtMs: utc(optional(text, message, 'expires_at') ?? ''),
					};
				case 'PartialTranscript':
					return results('partial', message, utterance);
				case 'FinalTranscript':
					return results('final', message, utterance++);
				case 'SessionInformation':
					return {
						kind: 'events',
						events: [{ type: 'status', detail: `${message['audio_duration_seconds']} s of audio` }],
					};
				case 'SessionTerminated':
					return { kind: 'end' };
				default:
					return { kind: 'unknown', type: String(message['message_type']) };
			}
		},
	};
}

function results(type: 'partial' | 'final', message: Message, utterance: number): Reading {
	const said = text(message, 'text');
	if (!said.trim()) return { kind: 'events', events: [] };
	const startMs = optional(number, message, 'audio_start');
	const endMs = optional(number, message, 'audio_end');
	const heard = optional(list, message, 'words');
	const result: SttResult = {
		type,
		text: said,
		utterance,
		...(startMs !== undefined && { startMs }),
		...(endMs !== undefined && { endMs }),
		...(heard && { words: words(heard) }),
		...confidence(message['confidence']),
	};
	const events =
		type === 'final'
			? [{ type: 'end-of-utterance', ...(endMs !== undefined && { atMs: endMs }) } as const, result]
			: [result];
	return { kind: 'events', events };
}

/** `2023-11-04T16:51:38.316048` is UTC, but does not say so. NaN if it is none. */
const utc = (iso: string) => Date.parse(/Z|[+-]\d\d:?\d\d$/.test(iso) ? iso : `${iso}Z`);
