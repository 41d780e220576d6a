import { partsId } from '../../lib/node/audio-message.ts';
import type { AudioStream } from '../../lib/node/audio-streams.ts';
import type { Playback } from './item.ts';

/**
 * The message that tells that an item is over. A recording comes back as the message that brought it. Of a stream
 * there is no such message any more: it gets one like its last chunk, with an empty payload.
 */
export function finishedMessage(stream: AudioStream, playback: Playback): object {
	if (stream.whole) return withPlayback(stream.first, playback);
	const id = partsId(stream.first);
	return {
		_msgid: stream.first['_msgid'],
		payload: Buffer.alloc(0),
		audio: { ...stream.format, encoding: 'pcm_s16le' },
		...(id === undefined ? {} : { parts: { id, type: 'buffer', ch: '' } }),
		topic: stream.topic,
		complete: true,
		playback,
	};
}

/** The message itself, which `res` and the like belong to; a copy where it takes no such property. */
function withPlayback(message: object, playback: Playback): object {
	try {
		return Object.assign(message, { playback });
	} catch {
		return { ...message, playback };
	}
}
