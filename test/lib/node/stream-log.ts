import assert from 'node:assert/strict';
import { type AudioStream, AudioStreams, type StreamSettings } from '../../../lib/node/audio-streams.ts';
import { noise } from '../../lab/signals.ts';

export const AUDIO = { sampleRate: 16000, channels: 1, encoding: 'pcm_s16le' };
export const PCM = noise(600);

/** A consumer that writes down what it is told, e.g. `start a`, `end a complete`, and keeps the sound. */
export function consume(settings: Partial<StreamSettings> = {}) {
	const log: string[] = [];
	const sound = new Map<string, Buffer>();
	const begun: AudioStream[] = [];
	const fail: { start?: Error; audio?: Error } = {};
	const streams = new AudioStreams(
		{ rawSampleRate: 0, rawChannels: 1, streamIdleMs: 0, ...settings },
		{
			start(stream) {
				log.push(`start ${stream.id}`);
				begun.push(stream);
				sound.set(stream.id, Buffer.alloc(0));
				if (fail.start) throw fail.start;
			},
			audio(stream, pcm) {
				assert.ok(
					pcm.length > 0 && pcm.length % (2 * stream.format.channels) === 0,
					'whole frames, never empty',
				);
				if (log.at(-1) !== `audio ${stream.id}`) log.push(`audio ${stream.id}`);
				sound.set(stream.id, Buffer.concat([sound.get(stream.id)!, pcm]));
				if (fail.audio) throw fail.audio;
			},
			end: (stream, why) => void log.push(`end ${stream.id} ${why}`),
			reset: (stream) => void log.push(`reset ${stream.id}`),
		},
	);
	return { streams, log, sound, begun, fail, accept: (message: object) => streams.accept({ ...message }) };
}

/** A chunk of stream `id`. */
export const piece = (id: string, payload: Buffer, extra: object = {}) => ({
	payload,
	audio: AUDIO,
	parts: { id },
	...extra,
});
