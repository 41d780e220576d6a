import { AudioFormatError, BYTES_PER_SAMPLE, type PcmFormat } from './format.ts';

/** Sample encodings that a file or another package's message may hold. */
export type SampleEncoding = 'u8' | 's16le' | 's24le' | 's32le' | 'f32le' | 'f64le';

const SAMPLE_BYTES: Record<SampleEncoding, number> = {
	u8: 1,
	s16le: 2,
	s24le: 3,
	s32le: 4,
	f32le: 4,
	f64le: 8,
};

export function sampleBytes(encoding: SampleEncoding): number {
	return SAMPLE_BYTES[encoding];
}

/** The encoding for a bit depth, as WAV headers and sox name it. */
export function encodingFor(bits: number, float: boolean): SampleEncoding {
	const name = float
		? ({ 32: 'f32le', 64: 'f64le' } as const)[bits]
		: ({ 8: 'u8', 16: 's16le', 24: 's24le', 32: 's32le' } as const)[bits];
	if (name) return name;
	throw new AudioFormatError(
		`${bits}-bit ${float ? 'float' : 'integer'} samples are not supported`,
		'convert the audio to 16-bit PCM',
	);
}

const clamp16 = (value: number): number => Math.max(-32768, Math.min(32767, value));

/** Float samples (full scale 1) to s16le; NaN becomes silence, what is too loud is clipped. */
export function floatToPcm(samples: Float32Array): Buffer {
	const pcm = Buffer.allocUnsafe(samples.length * BYTES_PER_SAMPLE);
	for (let i = 0; i < samples.length; i++)
		pcm.writeInt16LE(clamp16(Math.round((samples[i] || 0) * 32768)), i * 2);
	return pcm;
}

/** s16le to float samples, full scale 1. */
export function pcmToFloat(pcm: Buffer): Float32Array {
	const samples = new Float32Array(pcm.length >> 1);
	for (let i = 0; i < samples.length; i++) samples[i] = pcm.readInt16LE(i * 2) / 32768;
	return samples;
}

/** Whole samples of any encoding to s16le. 16-bit input comes back as it is (a view, not a copy). */
export function toPcm(data: Buffer, encoding: SampleEncoding): Buffer {
	if (encoding === 's16le') return data;
	const step = SAMPLE_BYTES[encoding];
	const count = Math.floor(data.length / step);
	const pcm = Buffer.allocUnsafe(count * BYTES_PER_SAMPLE);
	for (let i = 0; i < count; i++) pcm.writeInt16LE(readSample(data, i * step, encoding), i * 2);
	return pcm;
}

function readSample(data: Buffer, at: number, encoding: SampleEncoding): number {
	switch (encoding) {
		case 'u8':
			return (data.readUInt8(at) - 128) << 8;
		case 's16le':
			return data.readInt16LE(at);
		case 's24le':
			return data.readIntLE(at, 3) >> 8;
		case 's32le':
			return data.readInt32LE(at) >> 16;
		case 'f32le':
			return clamp16(Math.round((data.readFloatLE(at) || 0) * 32768));
		case 'f64le':
			return clamp16(Math.round((data.readDoubleLE(at) || 0) * 32768));
	}
}

/**
 * Turns interleaved PCM into `channels` channels. Mono is the mean of all; for more, the first channels stay and
 * those that are missing get the mean. The same count comes back as it is (a view, not a copy).
 */
export function mixChannels(pcm: Buffer, from: number, channels: number): Buffer {
	if (from === channels) return pcm;
	const frames = Math.floor(pcm.length / (from * BYTES_PER_SAMPLE));
	const mixed = Buffer.allocUnsafe(frames * channels * BYTES_PER_SAMPLE);
	for (let frame = 0; frame < frames; frame++) {
		const at = frame * from * BYTES_PER_SAMPLE;
		let sum = 0;
		for (let c = 0; c < from; c++) sum += pcm.readInt16LE(at + c * BYTES_PER_SAMPLE);
		const mono = Math.round(sum / from);
		for (let c = 0; c < channels; c++) {
			const value = channels > 1 && c < from ? pcm.readInt16LE(at + c * BYTES_PER_SAMPLE) : mono;
			mixed.writeInt16LE(value, (frame * channels + c) * BYTES_PER_SAMPLE);
		}
	}
	return mixed;
}

/** A copy of the PCM at `percent` of its volume (0 to 100, linear amplitude); at 100 the very same Buffer. */
export function scaleVolume(pcm: Buffer, percent: number): Buffer {
	if (percent >= 100) return pcm;
	const scaled = Buffer.allocUnsafe(pcm.length - (pcm.length % 2));
	const factor = Math.max(0, percent) / 100;
	for (let at = 0; at < scaled.length; at += 2)
		scaled.writeInt16LE(Math.round(pcm.readInt16LE(at) * factor), at);
	return scaled;
}

/**
 * Decodes a byte stream that is cut anywhere (a TCP packet may end inside a sample) to s16le, whole frames only.
 * What is left over at the end of the stream is less than a frame and is dropped.
 */
export class PcmDecoder {
	readonly format: PcmFormat;
	readonly #encoding: SampleEncoding;
	readonly #step: number;
	#rest: Buffer = Buffer.alloc(0);

	constructor(format: PcmFormat, encoding: SampleEncoding = 's16le') {
		this.format = format;
		this.#encoding = encoding;
		this.#step = SAMPLE_BYTES[encoding] * format.channels;
	}

	/** Bytes that wait for the rest of their frame. */
	get pendingBytes(): number {
		return this.#rest.length;
	}

	push(data: Buffer): Buffer {
		// The usual case: nothing is cut.
		if (!this.#rest.length && data.length % this.#step === 0) return toPcm(data, this.#encoding);
		const whole = this.#rest.length ? Buffer.concat([this.#rest, data]) : data;
		const usable = whole.length - (whole.length % this.#step);
		// A copy, because a view would keep the whole message alive.
		this.#rest = usable === whole.length ? Buffer.alloc(0) : Buffer.from(whole.subarray(usable));
		return toPcm(whole.subarray(0, usable), this.#encoding);
	}
}
