import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DamagedArchiveError, UnsafeArchiveError } from './archive-errors.ts';

const BLOCK = 512;
/** Of the extended headers, which hold names; a model's archive has short ones. */
const EXTENDED_MAX_BYTES = 64 * 1024;
/** Of zeros after the last file. */
const PADDING_MAX_BYTES = 1024 * 1024;
const PATH_MAX = 400;
const DEPTH_MAX = 16;

export interface UntarLimits {
	/** Bytes of all files together. */
	readonly maxBytes: number;
	readonly maxEntries: number;
}

/**
 * Unpacks a tar stream (ustar, GNU and pax names) into a folder that exists and is empty. Only plain files and
 * folders inside of it, by relative names: links, devices and names that lead out end the unpacking, as do more bytes
 * or entries than `limits`. Files are on the disk when it resolves. What macOS adds for itself (`._name`) is left out.
 * @throws DamagedArchiveError, UnsafeArchiveError, or the file system's error (ENOSPC); files may be left then
 */
export async function untar(
	source: AsyncIterable<Buffer>,
	folder: string,
	{ maxBytes, maxEntries }: UntarLimits,
): Promise<void> {
	const input = new ByteReader(source);
	let entries = 0;
	let bytes = 0;
	let longName: string | undefined;
	let longSize: number | undefined;
	try {
		for (;;) {
			const header = await input.exactly(BLOCK);
			if (header.every((byte) => byte === 0)) return await input.drain();
			const entry = readHeader(header);
			const size: number = longSize ?? entry.size;
			if (++entries > maxEntries) throw new UnsafeArchiveError(`it has more than ${maxEntries} files`);
			const isExtension = 'LKxg'.includes(entry.type);
			if (isExtension && size > EXTENDED_MAX_BYTES) throw new DamagedArchiveError('a name is too long');
			if (isExtension) {
				const data = await input.exactly(size);
				await input.exactly(padding(size));
				if (entry.type === 'L') longName = textOf(data);
				if (entry.type === 'x') {
					const { path, size: longer } = readPax(data);
					longName = path ?? longName;
					longSize = longer ?? longSize;
				}
				continue;
			}
			bytes += size;
			if (bytes > maxBytes)
				throw new UnsafeArchiveError(`it unpacks to more than ${Math.round(maxBytes / 1e6)} MB`);
			const path = safePath(longName ?? entry.name);
			longName = undefined;
			longSize = undefined;
			if (entry.type === '5') await inTheWay(path, mkdir(join(folder, path), { recursive: true }));
			else if (entry.type !== '0' && entry.type !== '7')
				throw new UnsafeArchiveError(`${path} is a ${kindOf(entry.type)}`);
			else if (isAppleDouble(path)) for await (const _ of input.pieces(size));
			else await writeNew(folder, path, input.pieces(size));
			if (entry.type !== '5') await input.exactly(padding(size));
		}
	} finally {
		await input.close();
	}
}

/** Never over a file that is there: an archive that has one twice is damaged. */
async function writeNew(folder: string, name: string, pieces: AsyncIterable<Buffer>): Promise<void> {
	const path = join(folder, name);
	await inTheWay(name, mkdir(dirname(path), { recursive: true }));
	const file = await inTheWay(name, open(path, 'wx', 0o644));
	try {
		for await (const piece of pieces) await file.writeFile(piece);
		// Before the folder gets its name: a model must not be empty after a power cut.
		await file.sync();
	} finally {
		await file.close();
	}
}

/** What the file system says of a name that is taken, that is a file and a folder, or that is none, is the archive's fault. */
async function inTheWay<T>(name: string, making: Promise<T>): Promise<T> {
	try {
		return await making;
	} catch (thrown) {
		const { code = '' } = thrown as NodeJS.ErrnoException;
		if (!['EEXIST', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG'].includes(code)) throw thrown;
		throw new DamagedArchiveError(`its file ${JSON.stringify(name.slice(0, 80))} cannot be one`);
	}
}

interface Entry {
	readonly name: string;
	readonly size: number;
	readonly type: string;
}

function readHeader(header: Buffer): Entry {
	let sum = 0;
	for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : header[i]!;
	if (sum !== octal(header.subarray(148, 156))) throw new DamagedArchiveError('it is not a tar archive');
	const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? textOf(header.subarray(345, 500)) : '';
	const name = textOf(header.subarray(0, 100));
	const type = String.fromCharCode(header[156] || 48);
	const size = type === '5' ? 0 : octal(header.subarray(124, 136));
	return { name: prefix ? `${prefix}/${name}` : name, size, type };
}

function octal(field: Buffer): number {
	// GNU tar writes sizes of 8 GB and more in binary.
	if (field[0]! & 0x80) throw new UnsafeArchiveError('it has a file of more than 8 GB');
	const text = textOf(field).trim();
	if (!/^[0-7]*$/.test(text)) throw new DamagedArchiveError('a header is not readable');
	return Number.parseInt(text || '0', 8);
}

/** Up to the first NUL. */
function textOf(field: Buffer): string {
	const end = field.indexOf(0);
	return field.toString('utf8', 0, end < 0 ? field.length : end);
}

/** `path` and `size` of records "length key=value\n" (POSIX pax). */
function readPax(data: Buffer): { path?: string; size?: number } {
	const found: { path?: string; size?: number } = {};
	for (let at = 0; at < data.length; ) {
		const space = data.indexOf(32, at);
		const length = Number(data.toString('latin1', at, space));
		if (space < 0 || !Number.isInteger(length) || length < 5 || at + length > data.length)
			throw new DamagedArchiveError('a header is not readable');
		const [, key, value] = /^([^=]*)=(.*)\n$/s.exec(data.toString('utf8', space + 1, at + length)) ?? [];
		if (key === 'path' && value !== undefined) found.path = value;
		if (key === 'size') found.size = paxSize(value);
		at += length;
	}
	return found;
}

function paxSize(value: string | undefined): number {
	const size = Number(value);
	if (!/^\d+$/.test(value ?? '') || !Number.isSafeInteger(size))
		throw new DamagedArchiveError('a header is not readable');
	return size;
}

/** Relative, with forward slashes, and inside of where it is put. */
function safePath(name: string): string {
	const parts = name.split('/').filter((part) => part !== '' && part !== '.');
	const shown = JSON.stringify(name.slice(0, 80));
	if (name.startsWith('/') || parts.includes('..') || /[\\:\0]/.test(name))
		throw new UnsafeArchiveError(`its file ${shown} leads out of the folder`);
	if (name.length > PATH_MAX || parts.length > DEPTH_MAX)
		throw new UnsafeArchiveError(`its file name ${shown}… is too long`);
	return parts.join('/');
}

const isAppleDouble = (path: string) => path.split('/').at(-1)?.startsWith('._') ?? false;

const kindOf = (type: string) =>
	({ 1: 'hard link', 2: 'symbolic link', 3: 'device', 4: 'device', 6: 'named pipe' })[type] ?? 'special file';

/** How much follows a file's bytes up to the next block. */
const padding = (size: number) => (BLOCK - (size % BLOCK)) % BLOCK;

/** Takes exact numbers of bytes from chunks of any size. */
class ByteReader {
	readonly #chunks: AsyncIterator<Buffer>;
	#rest: Buffer = Buffer.alloc(0);

	constructor(source: AsyncIterable<Buffer>) {
		this.#chunks = source[Symbol.asyncIterator]();
	}

	async exactly(size: number): Promise<Buffer> {
		const parts: Buffer[] = [];
		for await (const piece of this.pieces(size)) parts.push(piece);
		return Buffer.concat(parts);
	}

	/** The next `size` bytes, as they come. */
	async *pieces(size: number): AsyncGenerator<Buffer> {
		for (let left = size; left > 0; ) {
			while (this.#rest.length === 0) if (!(await this.#next())) throw tooShort();
			const piece = this.#rest.subarray(0, left);
			this.#rest = this.#rest.subarray(piece.length);
			left -= piece.length;
			yield piece;
		}
	}

	/** Reads to the end, so that what compressed it checks its checksum; it may only be padding. */
	async drain(): Promise<void> {
		let left = PADDING_MAX_BYTES;
		do {
			left -= this.#rest.length;
			if (left < 0 || this.#rest.some((byte) => byte !== 0))
				throw new DamagedArchiveError('it has more after its end');
		} while (await this.#next());
	}

	async close(): Promise<void> {
		await this.#chunks.return?.();
	}

	async #next(): Promise<boolean> {
		const { value, done } = await this.#chunks.next();
		this.#rest = done ? Buffer.alloc(0) : value;
		return !done;
	}
}

const tooShort = () => new DamagedArchiveError('it ends too early');
