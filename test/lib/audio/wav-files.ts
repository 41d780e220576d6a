/** What a hand-made WAV file shall hold; see `makeWav`. */
export interface WavParts {
	tag?: number;
	/** Makes the tag 0xfffe and puts `tag` into the sub-format. */
	extensible?: boolean;
	channels?: number;
	sampleRate?: number;
	bits?: number;
	data: Buffer;
	/** Chunks in front of and behind the samples. */
	before?: Buffer[];
	after?: Buffer[];
	/** What the header says instead of the true length of the samples. */
	dataSize?: number;
	riffSize?: number;
}

/** A RIFF chunk with its padding byte. */
export function chunk(name: string, content: Buffer): Buffer {
	const head = Buffer.alloc(8);
	head.write(name, 'latin1');
	head.writeUInt32LE(content.length, 4);
	return Buffer.concat([head, content, Buffer.alloc(content.length % 2)]);
}

/** Writes a WAV file after the RIFF specification, independently of lib/audio/wav.ts. */
export function makeWav(parts: WavParts): Buffer {
	const { tag = 1, channels = 1, sampleRate = 16000, bits = 16, data } = parts;
	const fmt = Buffer.alloc(parts.extensible ? 40 : 16);
	const frame = (channels * bits) / 8;
	fmt.writeUInt16LE(parts.extensible ? 0xfffe : tag, 0);
	fmt.writeUInt16LE(channels, 2);
	fmt.writeUInt32LE(sampleRate, 4);
	fmt.writeUInt32LE((sampleRate * frame) % 2 ** 32, 8);
	fmt.writeUInt16LE(frame % 2 ** 16, 12);
	fmt.writeUInt16LE(bits, 14);
	if (parts.extensible) {
		fmt.writeUInt16LE(22, 16);
		fmt.writeUInt16LE(bits, 18);
		fmt.writeUInt32LE(0, 20);
		fmt.writeUInt16LE(tag, 24);
		Buffer.from('000000001000800000aa00389b71', 'hex').copy(fmt, 26);
	}
	const samples = chunk('data', data);
	if (parts.dataSize !== undefined) samples.writeUInt32LE(parts.dataSize, 4);
	const body = Buffer.concat([
		Buffer.from('WAVE'),
		chunk('fmt ', fmt),
		...(parts.before ?? []),
		samples,
		...(parts.after ?? []),
	]);
	const file = chunk('RIFF', body);
	if (parts.riffSize !== undefined) file.writeUInt32LE(parts.riffSize, 4);
	return file;
}
