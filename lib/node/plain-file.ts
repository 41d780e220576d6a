import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** A pipe without a writer, or a serial line without a carrier, would hold a thread of Node.js, and Node-RED's end, for ever. */
const AT_ONCE = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** A file that is none, in words that fit behind its name. */
export class NotPlainError extends Error {}

/**
 * Opens a file that somebody has named in a setting, for reading.
 * Rejects with the error of the file system, or with a NotPlainError for a device or a pipe.
 */
export async function openPlain(path: string): Promise<FileHandle> {
	const file = await open(path, AT_ONCE);
	const found = await file.stat().catch(() => undefined);
	// A folder says so itself when it is read.
	if (found?.isFile() || found?.isDirectory()) return file;
	await file.close();
	throw new NotPlainError('is a device or a pipe');
}

/** All of such a file. Rejects also, with a NotPlainError, if it has more than `maxBytes`. */
export async function readPlain(path: string, maxBytes: number): Promise<Buffer> {
	const file = await openPlain(path);
	try {
		if ((await file.stat()).size > maxBytes)
			throw new NotPlainError(`has more than ${Math.floor(maxBytes / 1_000_000)} MB`);
		return await file.readFile();
	} finally {
		await file.close();
	}
}
