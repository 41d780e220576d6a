/** Interleaved little-endian signed 16-bit PCM: the only encoding that travels between nodes. */
export interface PcmFormat {
	/** Frames per second. */
	sampleRate: number;
	channels: number;
}

export const BYTES_PER_SAMPLE = 2;

/** Thrown by lib/audio for audio that cannot be used; carries a remedy like every error of this package. */
export class AudioFormatError extends Error {
	override readonly name = 'AudioFormatError';
	readonly problem: string;
	readonly remedy: string;
	constructor(problem: string, remedy: string) {
		super(`${problem}: ${remedy}`);
		this.problem = problem;
		this.remedy = remedy;
	}
}

/** Bytes of one frame (one sample of every channel). */
export function frameBytes(format: PcmFormat): number {
	return format.channels * BYTES_PER_SAMPLE;
}

/** Whole frames that `bytes` bytes hold. */
export function bytesToFrames(bytes: number, format: PcmFormat): number {
	return Math.floor(bytes / frameBytes(format));
}

export function framesToMs(frames: number, format: PcmFormat): number {
	return (frames * 1000) / format.sampleRate;
}

export function bytesToMs(bytes: number, format: PcmFormat): number {
	return framesToMs(bytes / frameBytes(format), format);
}

/** Nearest whole number of frames in `ms` milliseconds. */
export function msToFrames(ms: number, format: PcmFormat): number {
	return Math.round((ms * format.sampleRate) / 1000);
}

/** Bytes of the nearest whole number of frames in `ms` milliseconds. */
export function msToBytes(ms: number, format: PcmFormat): number {
	return msToFrames(ms, format) * frameBytes(format);
}

export function sameFormat(a: PcmFormat, b: PcmFormat): boolean {
	return a.sampleRate === b.sampleRate && a.channels === b.channels;
}

export const SAMPLE_RATE_MIN = 1000;
export const SAMPLE_RATE_MAX = 384_000;
export const CHANNELS_MAX = 32;

/** Could a sound card or a file have this format? */
export function isFormat({ sampleRate, channels }: PcmFormat): boolean {
	const isRate =
		Number.isInteger(sampleRate) && sampleRate >= SAMPLE_RATE_MIN && sampleRate <= SAMPLE_RATE_MAX;
	return isRate && isChannelCount(channels);
}

const isChannelCount = (channels: number) =>
	Number.isInteger(channels) && channels >= 1 && channels <= CHANNELS_MAX;

/** Refuses rates and channel counts that no sound card and no file has. */
export function checkFormat(format: PcmFormat): PcmFormat {
	const { sampleRate, channels } = format;
	if (!Number.isInteger(sampleRate) || sampleRate < SAMPLE_RATE_MIN || sampleRate > SAMPLE_RATE_MAX)
		throw new AudioFormatError(
			`Sample rate ${sampleRate} is not usable`,
			`use a whole number of hertz from ${SAMPLE_RATE_MIN} to ${SAMPLE_RATE_MAX}, such as 16000`,
		);
	if (!Number.isInteger(channels) || channels < 1 || channels > CHANNELS_MAX)
		throw new AudioFormatError(
			`${channels} channels are not usable`,
			`use 1 (mono) or 2 (stereo); ${CHANNELS_MAX} is the limit`,
		);
	return format;
}
