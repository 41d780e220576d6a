/** Names the container or codec that coded audio begins with, or undefined if it looks like none of them. */
export function codedAudioName(data: Buffer): string | undefined {
	if (data.length < 4) return undefined;
	const text = (from: number, to: number) => data.toString('latin1', from, to);
	const start = text(0, 4);
	const marks: Record<string, string> = {
		OggS: 'Ogg (Opus or Vorbis)',
		fLaC: 'FLAC',
		FORM: 'AIFF',
		'.snd': 'AU',
		caff: 'CAF',
		RF64: 'RF64',
		wvpk: 'WavPack',
	};
	if (marks[start]) return marks[start];
	if (start.startsWith('ID3')) return 'MP3';
	if (text(4, 8) === 'ftyp') return 'MP4/M4A';
	if (text(0, 5) === '#!AMR') return 'AMR';
	if (data.readUInt32BE(0) === 0x1a45dfa3) return 'WebM/Matroska';
	return mpegAudioName(data);
}

/**
 * MPEG frames have no magic, only 11 set bits, which PCM has too; so a second frame must follow where the first
 * says that it ends.
 */
function mpegAudioName(data: Buffer): string | undefined {
	if (data[0] !== 0xff || ((data[1] ?? 0) & 0xe0) !== 0xe0) return undefined;
	const adts = ((data[1] ?? 0) & 0xf6) === 0xf0;
	const length = adts ? adtsFrameBytes(data) : mp3FrameBytes(data);
	if (length < 8 || data.length < length + 2) return undefined;
	const second = data.subarray(length);
	const same = second[0] === 0xff && ((second[1] ?? 0) & 0xfe) === ((data[1] ?? 0) & 0xfe);
	return same ? (adts ? 'AAC' : 'MP3') : undefined;
}

function adtsFrameBytes(data: Buffer): number {
	if (data.length < 7) return 0;
	return (((data[3] ?? 0) & 3) << 11) | ((data[4] ?? 0) << 3) | ((data[5] ?? 0) >> 5);
}

const MP3_BITRATES = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const MP3_LOW_BITRATES = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const MP3_RATES = [44100, 48000, 32000];

/** Layer III only (ISO 11172-3 and 13818-3): the layer that everybody's MP3 files use. */
function mp3FrameBytes(data: Buffer): number {
	const [, second = 0, third = 0] = data;
	const version = (second >> 3) & 3;
	const layer = (second >> 1) & 3;
	const rate = MP3_RATES[(third >> 2) & 3];
	if (layer !== 1 || version === 1 || rate === undefined) return 0;
	const first = version === 3;
	const kbits = (first ? MP3_BITRATES : MP3_LOW_BITRATES)[third >> 4] ?? 0;
	const sampleRate = first ? rate : version === 2 ? rate / 2 : rate / 4;
	return Math.floor(((first ? 144 : 72) * kbits * 1000) / sampleRate) + ((third >> 1) & 1);
}
