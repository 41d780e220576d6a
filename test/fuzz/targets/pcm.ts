import {
	mixChannels,
	PcmDecoder,
	type SampleEncoding,
	scaleVolume,
	toPcm,
} from '../../../lib/audio/convert.ts';
import { CHANNELS_MAX } from '../../../lib/audio/format.ts';
import { Framer } from '../../../lib/audio/framing.ts';
import { byteMutator } from '../mutate.ts';
import { rule, sameBytes, type Target } from '../target.ts';

const ENCODINGS = ['u8', 's16le', 's24le', 's32le', 'f32le', 'f64le'] as const satisfies SampleEncoding[];
const BYTES = { u8: 1, s16le: 2, s24le: 3, s32le: 4, f32le: 4, f64le: 8 };

/** Encoding, channels, other channels, frame size, then samples. */
export const target: Target = {
	covers: ['lib/audio/framing.js', 'lib/audio/convert.js'],
	seeds: ENCODINGS.map((_, index) => Buffer.from([index, 2, 1, 40, ...Array(100).keys()])),
	mutate: byteMutator(['\0\0\xc0\x7f', '\0\0\x80\x7f', '\0\0\0\0\0\0\xf0\x7f', '\xff\x7f', '\0\x80']),
	run(input, random) {
		const [kind = 0, from = 0, to = 0, size = 0] = input;
		const encoding = ENCODINGS[kind % ENCODINGS.length]!;
		const channels = 1 + (from % CHANNELS_MAX);
		const data = input.subarray(4);
		const pieces = random.cut(data);

		const decoder = new PcmDecoder({ sampleRate: 16_000, channels }, encoding);
		const step = BYTES[encoding] * channels;
		const decoded = pieces.map((piece) => {
			const pcm = decoder.push(piece);
			rule(pcm.length % (2 * channels) === 0, 'half a frame');
			rule(decoder.pendingBytes < step, 'a whole frame waits');
			return pcm;
		});
		const pcm = Buffer.concat(decoded);
		const whole = data.length - (data.length % step);
		rule(decoder.pendingBytes === data.length - whole, 'bytes got lost');
		sameBytes(pcm, toPcm(data.subarray(0, whole), encoding), 'cut and whole');

		const framer = new Framer(1 + size);
		const frames = pieces.flatMap((piece) => [...framer.push(piece)]);
		for (const frame of frames) rule(frame.length === framer.size, 'not of its size');
		rule(framer.pendingBytes < framer.size, 'a whole piece waits');
		sameBytes(Buffer.concat([...frames, framer.flush()]), data, 'framed');

		const wanted = 1 + (to % CHANNELS_MAX);
		const mixed = mixChannels(pcm, channels, wanted);
		rule(mixed.length * channels === pcm.length * wanted, 'mixed to another length');
		rule(scaleVolume(pcm, kind).length === pcm.length, 'scaled to another length');
	},
};
