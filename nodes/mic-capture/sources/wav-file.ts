import type { FileHandle } from 'node:fs/promises';
import { PcmDecoder, sampleBytes } from '../../../lib/audio/convert.ts';
import { AudioFormatError, type PcmFormat } from '../../../lib/audio/format.ts';
import { codedAudioName } from '../../../lib/audio/sniff.ts';
import { parseWavHeader, type WavHeader } from '../../../lib/audio/wav.ts';
import { VoiceError } from '../../../lib/node/errors.ts';
import { NotPlainError, openPlain } from '../../../lib/node/plain-file.ts';

/** Enough for nearly every header; some writers put long lists of tags, or pictures, before the samples. */
const HEADER_SIZES = [4096, 65_536, 1 << 20, 16 << 20];

/** A WAV file that is read a piece at a time, so its size does not matter. */
export class WavFile {
	readonly format: PcmFormat;
	readonly #file: FileHandle;
	readonly #header: WavHeader;
	readonly #step: number;
	#at = 0;

	private constructor(file: FileHandle, header: WavHeader) {
		this.#file = file;
		this.#header = header;
		this.format = header.format;
		this.#step = sampleBytes(header.encoding) * header.format.channels;
	}

	/** Rejects with MIC_DEVICE_NOT_FOUND for a file that cannot be read, MIC_FORMAT for one that is no PCM WAV. */
	static async open(path: string): Promise<WavFile> {
		if (path === '')
			throw new VoiceError('MIC_DEVICE_NOT_FOUND', 'No WAV file is set', 'enter the path of one as "file"');
		let file: FileHandle | undefined;
		try {
			file = await openPlain(path);
			return new WavFile(file, await readHeader(file));
		} catch (thrown) {
			await file?.close();
			throw fileError(thrown, path);
		}
	}

	/** The next `frames` frames as s16le; fewer at the end of the file, and none after it. */
	async read(frames: number): Promise<Buffer> {
		const { dataOffset, dataBytes, encoding, format } = this.#header;
		const bytes = Math.min(frames * this.#step, dataBytes - this.#at);
		const piece = Buffer.allocUnsafeSlow(Math.max(0, bytes));
		const filled = await readFully(this.#file, piece, dataOffset + this.#at);
		this.#at += filled;
		// A file that was cut may end inside a frame: the decoder keeps that rest to itself.
		return new PcmDecoder(format, encoding).push(piece.subarray(0, filled));
	}

	rewind(): void {
		this.#at = 0;
	}

	close(): Promise<void> {
		return this.#file.close();
	}
}

async function readHeader(file: FileHandle): Promise<WavHeader> {
	for (const size of HEADER_SIZES) {
		const start = Buffer.alloc(size);
		const filled = await readFully(file, start, 0);
		const data = start.subarray(0, filled);
		try {
			return parseWavHeader(data);
		} catch (thrown) {
			const more = filled === size && size !== HEADER_SIZES.at(-1);
			if (more && data.toString('latin1', 0, 4) === 'RIFF') continue;
			const coded = codedAudioName(data);
			if (!coded) throw thrown;
			throw new AudioFormatError(
				`It holds ${coded} audio`,
				'convert it to WAV, for example: ffmpeg -i in out.wav',
			);
		}
	}
	throw new AudioFormatError('The WAV header has no end', 'record or convert the file again');
}

async function readFully(file: FileHandle, target: Buffer, position: number): Promise<number> {
	let filled = 0;
	while (filled < target.length) {
		const { bytesRead } = await file.read(target, filled, target.length - filled, position + filled);
		if (!bytesRead) break;
		filled += bytesRead;
	}
	return filled;
}

function fileError(thrown: unknown, path: string): VoiceError {
	if (thrown instanceof NotPlainError)
		return new VoiceError(
			'MIC_DEVICE_NOT_FOUND',
			`${path} ${thrown.message}`,
			'enter the path of a WAV file',
		);
	if (thrown instanceof AudioFormatError)
		return new VoiceError(
			'MIC_FORMAT',
			`The file ${path} cannot be played (${thrown.problem})`,
			thrown.remedy,
			{
				cause: thrown,
			},
		);
	const { code, message } = thrown as NodeJS.ErrnoException;
	const [problem, remedy] =
		code === 'ENOENT'
			? [`There is no file ${path}`, 'enter the path of a WAV file as Node-RED sees it']
			: code === 'EACCES'
				? [`The file ${path} may not be read`, 'give the user who runs Node-RED the right to read it']
				: code === 'EISDIR'
					? [`${path} is a folder`, 'enter the path of a WAV file']
					: [`The file ${path} cannot be read (${message})`, 'check the disk and the path'];
	return new VoiceError('MIC_DEVICE_NOT_FOUND', problem, remedy, { cause: thrown });
}
