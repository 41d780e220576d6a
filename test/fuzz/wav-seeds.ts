import { encodeWav, wavHeader } from '../../lib/audio/wav.ts';

const samples = Buffer.from(Array.from({ length: 48 }, (_, index) => (index * 37) & 255));

function withFmt(fmt: readonly [offset: number, value: number][], data = samples): Buffer {
	const file = encodeWav([data], { sampleRate: 16_000, channels: 1 });
	for (const [offset, value] of fmt) file.writeUInt16LE(value, offset);
	return file;
}

/** WAVE_FORMAT_EXTENSIBLE, with a list of tags before the samples. */
function extensible(): Buffer {
	const plain = wavHeader({ sampleRate: 48_000, channels: 2 }, 24);
	const list = Buffer.from('LIST\x05\0\0\0INFOx\0', 'latin1');
	const fmt = Buffer.alloc(24);
	fmt.writeUInt16LE(22);
	fmt.writeUInt16LE(1, 8);
	const head = Buffer.from(plain.subarray(0, 36));
	head.writeUInt32LE(40, 16);
	head.writeUInt16LE(0xfffe, 20);
	return Buffer.concat([head, fmt, list, plain.subarray(36), samples.subarray(0, 24)]);
}

const openEnded = withFmt([]);
openEnded.writeUInt32LE(0xffffffff, 40);
const empty = wavHeader({ sampleRate: 8000, channels: 1 }, 0);

/** MPEG frames and others' marks, to be told from PCM. */
const mp3 = Buffer.alloc(430);
mp3.set([0xff, 0xfb, 0x90, 0x00]);
mp3.set([0xff, 0xfb, 0x90, 0x00], 417);
const aac = Buffer.from(
	'fff15080043ffc0000000000000000000000000000000000000000000000000000fff15080043ffc',
	'hex',
);

export const WAV_SEEDS: readonly Buffer[] = [
	withFmt([]),
	withFmt([[34, 8]]),
	withFmt([[34, 24]]),
	withFmt([[34, 32]]),
	withFmt([
		[20, 3],
		[34, 32],
	]),
	withFmt([
		[20, 3],
		[34, 64],
	]),
	withFmt([[20, 85]]),
	withFmt([[22, 2]]),
	extensible(),
	openEnded,
	empty,
	mp3,
	aac,
	Buffer.from('OggS....'),
	Buffer.from('....ftypM4A '),
	Buffer.from('1a45dfa3', 'hex'),
];

export const WAV_WORDS = [
	...['RIFF', 'WAVE', 'fmt ', 'data', 'LIST', 'RF64', 'fact', 'ID3', '#!AMR', '\xff\xfb\x90\x00', '\xff\xf1'],
	...[
		'\x01\x00',
		'\x03\x00',
		'\xfe\xff',
		'\x80\x3e\x00\x00',
		'\xff\xff\xff\xff',
		'\x00\xf0\xff\x7f',
		'\x10\0\0\0',
	],
];
