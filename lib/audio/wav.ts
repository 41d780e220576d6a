import { encodingFor, type SampleEncoding, sampleBytes, toPcm } from './convert.ts';
import { AudioFormatError, BYTES_PER_SAMPLE, checkFormat, frameBytes, type PcmFormat } from './format.ts';

// WAV as in "Multimedia Programming Interface and Data Specifications 1.0" (RIFF), with WAVE_FORMAT_EXTENSIBLE.

const HEADER_BYTES = 44;
const FORMAT_PCM = 1;
const FORMAT_FLOAT = 3;
const FORMAT_EXTENSIBLE = 0xfffe;
const OPEN_ENDED_FROM = 0x7fff0000;

/** Other values of the format tag, so that the error can say what the file holds. */
const CODECS: Record<number, string> = {
	2: 'ADPCM',
	6: 'A-law',
	7: 'µ-law',
	17: 'IMA ADPCM',
	49: 'GSM',
	85: 'MP3',
};

export interface WavHeader {
	format: PcmFormat;
	encoding: SampleEncoding;
	dataOffset: number;
	/** Bytes of samples that the header promises; Infinity if it was written before the length was known. */
	dataBytes: number;
}

export interface WavAudio {
	format: PcmFormat;
	/** s16le. */
	pcm: Buffer;
	/** The file held fewer samples than its header promises; `pcm` has those that are there. */
	truncated: boolean;
}

export function isWav(data: Buffer): boolean {
	return (
		data.length >= 12 && data.toString('latin1', 0, 4) === 'RIFF' && data.toString('latin1', 8, 12) === 'WAVE'
	);
}

const damaged = (what: string) =>
	new AudioFormatError(`The WAV data is damaged (${what})`, 'record or convert the file again');

/**
 * Reads the header from the first bytes of a WAV file. Throws AudioFormatError for what is no WAV, is cut inside
 * its header, or is coded.
 */
export function parseWavHeader(data: Buffer): WavHeader {
	if (!isWav(data))
		throw new AudioFormatError('The data is not a WAV file', 'use a WAV file with PCM samples');
	let at = 12;
	let fmt: { format: PcmFormat; encoding: SampleEncoding } | undefined;
	while (at + 8 <= data.length) {
		const chunk = data.toString('latin1', at, at + 4);
		const size = data.readUInt32LE(at + 4);
		at += 8;
		if (chunk === 'fmt ') fmt = parseFmt(data, at, size);
		if (chunk === 'data') {
			if (!fmt) throw damaged('samples before their format');
			return {
				...fmt,
				dataOffset: at,
				dataBytes: isOpenEnded(data, at, size) ? Number.POSITIVE_INFINITY : size,
			};
		}
		at += size + (size % 2);
	}
	throw damaged('it ends before its samples');
}

/**
 * Writers to a pipe cannot know the length and leave 0, 0xffffffff (ffmpeg), almost 0x7ffff000 (sox) or 0x80000000
 * (arecord): the samples then go to the end of the file. No sound of 2 GiB is meant by that.
 */
function isOpenEnded(data: Buffer, dataOffset: number, size: number): boolean {
	if (size !== 0) return size >= OPEN_ENDED_FROM;
	// A finished file without samples may have other chunks behind them; its RIFF length counts those.
	const riffEnd = data.readUInt32LE(4) + 8;
	return riffEnd <= dataOffset || riffEnd >= OPEN_ENDED_FROM;
}

function parseFmt(data: Buffer, at: number, size: number): { format: PcmFormat; encoding: SampleEncoding } {
	if (size < 16 || at + size > data.length) throw damaged('the format is cut');
	let tag = data.readUInt16LE(at);
	if (tag === FORMAT_EXTENSIBLE && size >= 26) tag = data.readUInt16LE(at + 24);
	if (tag !== FORMAT_PCM && tag !== FORMAT_FLOAT)
		throw new AudioFormatError(
			`The WAV file holds ${CODECS[tag] ?? `format ${tag}`} audio`,
			'convert it to 16-bit PCM, for example: ffmpeg -i in.wav -c:a pcm_s16le out.wav',
		);
	const format = checkFormat({ channels: data.readUInt16LE(at + 2), sampleRate: data.readUInt32LE(at + 4) });
	const encoding = encodingFor(data.readUInt16LE(at + 14), tag === FORMAT_FLOAT);
	return { format, encoding };
}

/** Decodes a whole WAV file. A file that was cut gives the samples that are there. */
export function decodeWav(data: Buffer): WavAudio {
	const { format, encoding, dataOffset, dataBytes } = parseWavHeader(data);
	const step = sampleBytes(encoding) * format.channels;
	const there = Math.min(dataBytes, data.length - dataOffset);
	const usable = there - (there % step);
	const pcm = toPcm(data.subarray(dataOffset, dataOffset + usable), encoding);
	return { format, pcm, truncated: Number.isFinite(dataBytes) && there < dataBytes };
}

/** The 44-byte header before `dataBytes` bytes of s16le. Past 4 GiB the length says "to the end of the file". */
export function wavHeader(format: PcmFormat, dataBytes: number): Buffer {
	const header = Buffer.alloc(HEADER_BYTES);
	const length = Math.min(dataBytes, 0xffffffff - HEADER_BYTES);
	header.write('RIFF', 0, 'latin1');
	header.writeUInt32LE(length + HEADER_BYTES - 8, 4);
	header.write('WAVEfmt ', 8, 'latin1');
	header.writeUInt32LE(16, 16);
	header.writeUInt16LE(FORMAT_PCM, 20);
	header.writeUInt16LE(format.channels, 22);
	header.writeUInt32LE(format.sampleRate, 24);
	header.writeUInt32LE(format.sampleRate * frameBytes(format), 28);
	header.writeUInt16LE(frameBytes(format), 32);
	header.writeUInt16LE(BYTES_PER_SAMPLE * 8, 34);
	header.write('data', 36, 'latin1');
	header.writeUInt32LE(length, 40);
	return header;
}

/** A WAV file of the given s16le pieces. */
export function encodeWav(pieces: readonly Buffer[], format: PcmFormat): Buffer {
	const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
	return Buffer.concat([wavHeader(format, bytes), ...pieces], HEADER_BYTES + bytes);
}
