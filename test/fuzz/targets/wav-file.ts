import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AudioFormatError } from '../../../lib/audio/format.ts';
import { decodeWav } from '../../../lib/audio/wav.ts';
import { VoiceError } from '../../../lib/node/errors.ts';
import { WavFile } from '../../../nodes/mic-capture/sources/wav-file.ts';
import { byteMutator } from '../mutate.ts';
import { scratch } from '../scratch.ts';
import { permit, rule, sameBytes, type Target, unless } from '../target.ts';
import { WAV_SEEDS, WAV_WORDS } from '../wav-seeds.ts';

const path = join(scratch, 'input.wav');

/** The file, a piece at a time, gives what the decoder of whole files gives. */
export const target: Target = {
	covers: ['nodes/mic-capture/sources/wav-file.js'],
	seeds: WAV_SEEDS,
	mutate: byteMutator(WAV_WORDS),
	maxBytes: 20_000,
	tries: 1000,
	async run(input, random) {
		writeFileSync(path, input);
		const whole = unless([AudioFormatError], () => decodeWav(input));
		let file: WavFile;
		try {
			file = await WavFile.open(path);
		} catch (thrown) {
			permit(thrown, [VoiceError]);
			rule(!whole, `refused what can be decoded: ${thrown}`);
			return;
		}
		try {
			rule(whole !== undefined, 'opened what cannot be decoded');
			for (let round = 0; round < 2; round++) {
				const pieces: Buffer[] = [];
				for (;;) {
					const frames = 1 + random.int(random.pick([2, 40, 5000]));
					const piece = await file.read(frames);
					if (!piece.length) break;
					rule(piece.length <= frames * whole.format.channels * 2, 'more than was asked for');
					pieces.push(piece);
				}
				sameBytes(Buffer.concat(pieces), whole.pcm, `round ${round}`);
				file.rewind();
			}
		} finally {
			await file.close();
		}
	},
};
