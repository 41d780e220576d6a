import { AudioFormatError, checkFormat, frameBytes } from '../../../lib/audio/format.ts';
import { codedAudioName } from '../../../lib/audio/sniff.ts';
import { decodeWav, encodeWav, isWav, parseWavHeader, wavHeader } from '../../../lib/audio/wav.ts';
import { byteMutator } from '../mutate.ts';
import { rule, sameBytes, type Target, unless } from '../target.ts';
import { WAV_SEEDS, WAV_WORDS } from '../wav-seeds.ts';

export const target: Target = {
	covers: ['lib/audio/wav.js', 'lib/audio/format.js', 'lib/audio/sniff.js'],
	seeds: WAV_SEEDS,
	mutate: byteMutator(WAV_WORDS),
	run(input, random) {
		codedAudioName(input);
		const audio = unless([AudioFormatError], () => decodeWav(input));
		if (!audio) return;
		const { format, pcm, truncated } = audio;
		checkFormat(format);
		rule(isWav(input), 'decoded what is no WAV');
		rule(pcm.length % frameBytes(format) === 0, 'half a frame');
		rule(pcm.length <= 2 * input.length, 'more than twice as long');
		const { dataOffset, dataBytes } = parseWavHeader(input);
		rule(dataOffset <= input.length && dataBytes >= 0, `data at ${dataOffset}, ${dataBytes} bytes`);
		if (truncated) rule(Number.isFinite(dataBytes), 'cut, but without a length');
		// The header does not depend on how much of the rest is there already.
		const part = input.subarray(0, dataOffset + random.int(input.length - dataOffset + 1));
		rule(parseWavHeader(part).dataOffset === dataOffset, 'the header moves');
		const again = decodeWav(encodeWav(random.cut(pcm), format));
		sameBytes(again.pcm, pcm, 'written and read again');
		rule(
			again.format.sampleRate === format.sampleRate && again.format.channels === format.channels,
			'format',
		);
		rule(!again.truncated, 'cut when it was written');
		rule(wavHeader(format, 2 ** 40).length === 44, 'header');
	},
};
