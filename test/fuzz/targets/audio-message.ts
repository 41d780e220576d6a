import { AudioFormatError, checkFormat, frameBytes } from '../../../lib/audio/format.ts';
import { type AudioStream, AudioStreams, type StreamConsumer } from '../../../lib/node/audio-streams.ts';
import { jsonMutator, revive } from '../mutate-json.ts';
import { rule, type Target, unless } from '../target.ts';
import { WAV_SEEDS } from '../wav-seeds.ts';

const buffer = (bytes: Buffer, as: 'Buffer' | 'Uint8Array' = 'Buffer') => ({
	$: bytes.toString('base64'),
	as,
});
const pcm = buffer(Buffer.alloc(40, 7));
const audio = {
	sampleRate: 16_000,
	channels: 1,
	encoding: 'pcm_s16le',
	startMs: 0,
	level: { rms: -10, peak: -3 },
};
const parts = { id: 's1', index: 0, type: 'buffer', ch: '' };
const chunk = { payload: pcm, audio, parts, topic: 'mic' };

const SEEDS: readonly object[][] = [
	[chunk, { ...chunk, parts: { ...parts, index: 1, count: 2 }, complete: true }],
	WAV_SEEDS.slice(0, 4).map((file) => ({ payload: buffer(file), topic: 'file', _msgid: 'm1' })),
	[
		{ payload: buffer(WAV_SEEDS[0]!.subarray(0, 60)), parts },
		{ payload: buffer(WAV_SEEDS[0]!.subarray(60)), parts: { ...parts, index: 1, count: 2 } },
	],
	[{ payload: pcm, rate: 8000, channels: 2, bits: 16, encoding: 'signed-integer', format: 'raw', topic: '' }],
	[
		{ payload: pcm, rate: 8000, bits: 32, encoding: 'floating-point' },
		{ complete: true, topic: '' },
	],
	[chunk, { reset: true, parts: { id: 's1' } }, { ...chunk, audio: { ...audio, sampleRate: 8000 } }],
	[
		{ payload: buffer(Buffer.alloc(31, 3), 'Uint8Array'), topic: 1 },
		{ payload: pcm, topic: 1 },
		{ complete: 1, topic: 1 },
	],
	[
		{
			payload: pcm,
			audio: { ...audio, encoding: 'wav' },
			parts: { ...parts, parts: { ...parts, id: 's0', count: 3 } },
		},
	],
	[
		{ payload: pcm, audio: { ...audio, encoding: 'PCM_F32LE' } },
		{ payload: 'x', transcript: {} },
	],
];

/** A list of messages, one after another, into the part that sorts them. */
export const target: Target = {
	covers: ['lib/node/audio-message.js', 'lib/node/audio-streams.js'],
	seeds: SEEDS.map((seed) => Buffer.from(JSON.stringify(seed))),
	mutate: jsonMutator({
		words: [
			...Object.keys(audio),
			...Object.keys(parts),
			'payload',
			'audio',
			'parts',
			'topic',
			'complete',
			'reset',
		],
		values: [...SEEDS.flat(), pcm, parts, audio, 'pcm_u8', 'pcm_s24le', 'pcm_s32le', 'pcm_f32le', 8000],
		specials: true,
	}),
	run(input, random) {
		let messages: unknown;
		try {
			messages = revive(JSON.parse(String(input)));
		} catch {
			return;
		}
		if (!Array.isArray(messages)) return;
		let [given, taken] = [0, 0];
		const open = new Map<AudioStream, true>();
		const over = (stream: AudioStream) => rule(open.delete(stream), 'an end without a beginning');
		const consumer: StreamConsumer = {
			start(stream) {
				checkFormat(stream.format);
				rule(typeof stream.id === 'string' && typeof stream.topic === 'string', 'no text');
				rule(
					[...open.keys()].every(({ id }) => id !== stream.id),
					'begun twice',
				);
				open.set(stream, true);
			},
			audio(stream, data) {
				rule(open.has(stream), 'audio outside of its stream');
				rule(data.length > 0 && data.length % frameBytes(stream.format) === 0, 'half a frame');
				taken += data.length;
			},
			end: over,
			reset: over,
		};
		const raw = random.chance(0.5)
			? { rawSampleRate: 16_000, rawChannels: 2 }
			: { rawSampleRate: 0, rawChannels: 1 };
		const streams = new AudioStreams({ ...raw, streamIdleMs: 0 }, consumer);
		try {
			for (const message of messages) {
				if (message === null || typeof message !== 'object') continue;
				const { payload } = message as { payload?: unknown };
				if (payload instanceof Uint8Array) given += payload.length;
				unless([AudioFormatError], () => streams.accept(message as Record<string, unknown>));
			}
			rule(taken <= 2 * given, `${taken} bytes of audio made of ${given}`);
			streams.accept({ reset: true });
			rule(open.size === 0, 'a stream that nothing ends');
		} finally {
			streams.close();
		}
	},
};
