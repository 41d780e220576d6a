import { type FileHandle, open, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { PcmFormat } from '../../../lib/audio/format.ts';
import { wavHeader } from '../../../lib/audio/wav.ts';
import { VoiceError } from '../../../lib/node/errors.ts';
import type { Sink, SinkBackend, SinkEvents, SinkOptions } from './sink.ts';

/** Bytes that may wait for the disk. */
const QUEUE_BYTES = 1 << 20;

/**
 * Plays into a WAV file, as fast as the sound comes. The file is replaced when an item is whole: whoever reads it
 * finds the last whole item, never a half one, and an interrupted item leaves it as it was.
 */
export const fileBackend: SinkBackend = { open: openFile, devices: async () => [] };

let counter = 0;

async function openFile({ file, format }: SinkOptions, events: SinkEvents): Promise<Sink> {
	if (!file)
		throw new VoiceError(
			'PLAY_DEVICE_NOT_FOUND',
			'The file backend has no file to write',
			'set a path such as /home/pi/last.wav in the node',
		);
	const { path, mode } = await placeOf(resolve(file));
	const temporary = `${path}.${process.pid}-${++counter}.part`;
	try {
		const handle = await open(temporary, 'wx', mode);
		return new FileSink(handle, temporary, path, format, events);
	} catch (thrown) {
		await rm(temporary, { force: true }).catch(() => {});
		throw fileError(thrown, path);
	}
}

/**
 * Where the file is behind links, which stay, and who may read it. What is there and no file is refused: the rename would
 * put a file in the place of a pipe, or of /dev/null for the whole machine where Node-RED runs as root.
 */
async function placeOf(path: string): Promise<{ path: string; mode?: number }> {
	try {
		const place = await realpath(path);
		const found = await stat(place);
		if (found.isFile()) return { path: place, mode: found.mode & 0o777 };
		throw Object.assign(new Error('not a file'), { code: found.isDirectory() ? 'EISDIR' : NOT_A_FILE });
	} catch (thrown) {
		if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw fileError(thrown, path);
		// Nothing is there yet, or a link to where nothing is yet.
		const target = await readlink(path).catch(() => undefined);
		return target === undefined ? { path } : placeOf(resolve(dirname(path), target));
	}
}

class FileSink implements Sink {
	readonly format: PcmFormat;
	readonly #handle: FileHandle;
	readonly #temporary: string;
	readonly #path: string;
	readonly #events: SinkEvents;
	readonly #headerBytes: number;
	/** Samples written; the header comes last, when their number is known. */
	#bytes = 0;
	#queued = 0;
	#writes: Promise<void> = Promise.resolve();
	#failure: VoiceError | undefined;
	#over = false;

	constructor(handle: FileHandle, temporary: string, path: string, format: PcmFormat, events: SinkEvents) {
		this.#handle = handle;
		this.#temporary = temporary;
		this.#path = path;
		this.format = format;
		this.#events = events;
		this.#headerBytes = wavHeader(format, 0).length;
	}

	get queuedBytes(): number {
		return this.#queued;
	}

	write(pcm: Buffer): boolean {
		this.#queued += pcm.length;
		this.#writes = this.#writes.then(() => this.#append(pcm));
		return this.#queued < QUEUE_BYTES;
	}

	pause(): void {}

	async end(): Promise<void> {
		this.#over = true;
		await this.#writes;
		try {
			if (this.#failure) throw this.#failure;
			await this.#writeAt(0, wavHeader(this.format, this.#bytes));
			await this.#handle.close();
			await rename(this.#temporary, this.#path);
		} catch (thrown) {
			await this.#discard();
			throw fileError(thrown, this.#path);
		}
	}

	async abort(): Promise<void> {
		this.#over = true;
		await this.#writes;
		await this.#discard();
	}

	async #append(pcm: Buffer): Promise<void> {
		try {
			// After a failure or an abort nothing more belongs into the file.
			if (!this.#failure) await this.#writeAt(this.#headerBytes + this.#bytes, pcm);
			this.#bytes += pcm.length;
		} catch (thrown) {
			this.#failure = fileError(thrown, this.#path);
			if (!this.#over) this.#events.lost(this.#failure);
		}
		const wasFull = this.#queued >= QUEUE_BYTES;
		this.#queued -= pcm.length;
		if (wasFull && this.#queued < QUEUE_BYTES && !this.#over) this.#events.drain();
	}

	async #writeAt(position: number, data: Buffer): Promise<void> {
		for (let at = 0; at < data.length; )
			at += (await this.#handle.write(data, at, undefined, position + at)).bytesWritten;
	}

	async #discard(): Promise<void> {
		await this.#handle.close().catch(() => {});
		await rm(this.#temporary, { force: true }).catch(() => {});
	}
}

const NOT_A_FILE = 'it is not a file';

const REMEDIES: Record<string, string> = {
	ENOSPC: 'make room on the disk',
	EDQUOT: 'make room in the quota of the user that runs Node-RED',
	EACCES: 'let the user that runs Node-RED write into that folder',
	EPERM: 'let the user that runs Node-RED write into that folder',
	EROFS: 'choose a folder that can be written to',
	EISDIR: 'set the path of a file, not of a folder',
	[NOT_A_FILE]: 'set the path of a file, not of a device or a pipe',
	ENOTDIR: 'set a path whose folder exists',
};

function fileError(thrown: unknown, path: string): VoiceError {
	if (thrown instanceof VoiceError) return thrown;
	const { code = 'unknown', message } = thrown as NodeJS.ErrnoException;
	if (code === 'ENOENT')
		return new VoiceError(
			'PLAY_DEVICE_NOT_FOUND',
			`The folder ${dirname(path)} does not exist`,
			'create it, or set another path',
			{ cause: thrown },
		);
	return new VoiceError(
		'PLAY_STALLED',
		`The sound cannot be written to ${path} (${code})`,
		REMEDIES[code] ?? `see: ${message}`,
		{ cause: thrown },
	);
}
