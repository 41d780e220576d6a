import { DamagedArchiveError } from './archive-errors.ts';
import { BitReader } from './bit-reader.ts';
import { type Codes, readCodes, readSymbol } from './prefix-codes.ts';

const BLOCK_UNIT = 100_000;
/** No block takes more: 900 001 symbols of at most 20 bits, its selectors and tables. */
const BLOCK_MAX_BYTES = 2_500_000;
const PIECE_BYTES = 1 << 18;
const GROUP_SYMBOLS = 50;
const BLOCK_MAGIC = 0x314159265359;
const END_MAGIC = 0x177245385090;

/**
 * Decompresses bzip2, also of several streams in a row. Bounded memory whatever the input is: some megabytes for a
 * block, and pieces of at most 256 kB come out. Own code, because what npm has reads whole files into memory, or
 * collects a block's output (up to 46 MB of it from 40 bytes) in an array of numbers, and takes three times as long.
 * The format is that of bzip2 1.0.8 (sourceware.org/bzip2), without the "randomised" blocks of 1996.
 * @throws DamagedArchiveError by the iteration
 */
export async function* bunzip2(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
	const input = new BitReader();
	const chunks = source[Symbol.asyncIterator]();
	let over = false;
	const fill = async () => {
		const fresh: Buffer[] = [];
		for (let missing = BLOCK_MAX_BYTES - input.bytesLeft; !over && missing > 0; ) {
			const { value, done } = await chunks.next();
			if (done) over = true;
			else {
				fresh.push(value);
				missing -= value.length;
			}
		}
		if (fresh.length > 0) input.append(fresh);
	};
	const check = (right: boolean) => {
		if (input.overrun) throw new DamagedArchiveError('it ends too early');
		if (!right) throw new DamagedArchiveError('a checksum does not match');
	};
	try {
		let block = new Block(1);
		await fill();
		do {
			block = block.ofLevel(readHeader(input));
			let streamCrc = 0;
			for (;;) {
				await fill();
				const magic = input.bits(24) * 2 ** 24 + input.bits(24);
				const crc = ((input.bits(16) << 16) | input.bits(16)) >>> 0;
				if (magic === END_MAGIC) {
					check(crc === streamCrc);
					break;
				}
				check(magic === BLOCK_MAGIC);
				try {
					block.read(input);
				} finally {
					// Whatever else is wrong with what is read behind the end.
					check(true);
				}
				for (let piece = block.piece(); piece.length; piece = block.piece()) yield piece;
				check(block.crc === crc);
				streamCrc = (((streamCrc << 1) | (streamCrc >>> 31)) ^ crc) >>> 0;
			}
			input.align();
			await fill();
		} while (input.bytesLeft > 0);
	} finally {
		await chunks.return?.();
	}
}

/** @returns the size of blocks in units of 100 000 bytes */
function readHeader(input: BitReader): number {
	const magic = input.bits(24);
	const level = input.bits(8) - 48;
	if (magic !== 0x425a68 || level < 1 || level > 9) throw new DamagedArchiveError('it is not a bzip2 file');
	return level;
}

/** One block: its compressed symbols become the Burrows-Wheeler transform, and that the original bytes. */
class Block {
	readonly #level: number;
	/** The transform's bytes below, links to the next byte above. */
	readonly #links: Uint32Array;
	#left = 0;
	#at = 0;
	/** Equal bytes in a row; after four of them a byte tells how many more there are. */
	#run = 0;
	#last = -1;
	#repeat = 0;
	#crc = 0;

	constructor(level: number) {
		this.#level = level;
		this.#links = new Uint32Array(level * BLOCK_UNIT);
	}

	ofLevel(level: number): Block {
		return level === this.#level ? this : new Block(level);
	}

	/** Of all bytes that came out. */
	get crc(): number {
		return ~this.#crc >>> 0;
	}

	read(input: BitReader): void {
		if (input.bits(1)) throw new DamagedArchiveError('a block is of a kind that nothing writes any more');
		const origin = input.bits(24);
		const alphabet = readAlphabet(input);
		const size = alphabet.length + 2;
		const tables = input.bits(3);
		if (tables < 2 || tables > 6) throw new DamagedArchiveError('a block has no code tables');
		const selectors = readSelectors(input, tables);
		const codes: Codes[] = [];
		for (let table = 0; table < tables; table++) codes.push(readCodes(input, size));
		const length = this.#readSymbols(input, alphabet, codes, selectors);
		if (origin >= length) throw new DamagedArchiveError('a block has no first byte');
		this.#link(length);
		this.#at = this.#links[origin]! >>> 8;
		this.#left = length;
		this.#run = 0;
		this.#last = -1;
		this.#repeat = 0;
		this.#crc = -1;
	}

	/** The next bytes; empty at the end of the block. */
	piece(): Buffer {
		const out = Buffer.allocUnsafe(PIECE_BYTES);
		const links = this.#links;
		let [left, at, run, last, repeat, crc, length] = [
			this.#left,
			this.#at,
			this.#run,
			this.#last,
			this.#repeat,
			this.#crc,
			0,
		];
		while (length < PIECE_BYTES) {
			if (repeat > 0) {
				repeat--;
			} else {
				if (left === 0) break;
				left--;
				const link = links[at]!;
				const byte = link & 0xff;
				at = link >>> 8;
				if (run === 4) {
					run = 0;
					repeat = byte;
					continue;
				}
				run = byte === last ? run + 1 : 1;
				last = byte;
			}
			out[length++] = last;
			crc = (crc << 8) ^ CRC_TABLE[(crc >>> 24) ^ last]!;
		}
		this.#left = left;
		this.#at = at;
		this.#run = run;
		this.#last = last;
		this.#repeat = repeat;
		this.#crc = crc;
		return out.subarray(0, length);
	}

	/** Undoes prefix codes, run lengths and move-to-front. @returns how many bytes the transform has */
	#readSymbols(input: BitReader, alphabet: Uint8Array, codes: Codes[], selectors: Uint8Array): number {
		const links = this.#links;
		const front = alphabet.slice();
		const end = alphabet.length + 1;
		let length = 0;
		let group = 0;
		let left = 0;
		let runWeight = 1;
		let run = 0;
		let table = codes[0]!;
		for (;;) {
			if (left === 0) {
				if (group === selectors.length) throw new DamagedArchiveError('a block has no end');
				table = codes[selectors[group++]!]!;
				left = GROUP_SYMBOLS;
			}
			left--;
			const symbol = readSymbol(input, table);
			if (symbol <= 1) {
				run += runWeight << symbol;
				runWeight <<= 1;
				if (run > links.length) throw new DamagedArchiveError('a run is longer than its block');
				continue;
			}
			if (run > 0) {
				if (length + run > links.length) throw new DamagedArchiveError('a block is too long');
				links.fill(front[0]!, length, length + run);
				length += run;
				run = 0;
				runWeight = 1;
			}
			if (symbol === end) return length;
			if (length === links.length) throw new DamagedArchiveError('a block is too long');
			const place = symbol - 1;
			const byte = front[place]!;
			front.copyWithin(1, 0, place);
			front[0] = byte;
			links[length++] = byte;
		}
	}

	/** Links each byte of the transform with the one that follows it in the original. */
	#link(length: number): void {
		const links = this.#links;
		const starts = new Uint32Array(257);
		for (let i = 0; i < length; i++) starts[(links[i]! & 0xff) + 1]!++;
		for (let byte = 1; byte <= 256; byte++) starts[byte]! += starts[byte - 1]!;
		for (let i = 0; i < length; i++) {
			const byte = links[i]! & 0xff;
			links[starts[byte]!++]! |= i << 8;
		}
	}
}

/** The byte values that the block has. */
function readAlphabet(input: BitReader): Uint8Array {
	const rows = input.bits(16);
	const bytes: number[] = [];
	for (let row = 0; row < 16; row++) {
		if (!(rows & (0x8000 >>> row))) continue;
		const columns = input.bits(16);
		for (let column = 0; column < 16; column++)
			if (columns & (0x8000 >>> column)) bytes.push(row * 16 + column);
	}
	if (bytes.length === 0) throw new DamagedArchiveError('a block has no bytes');
	return Uint8Array.from(bytes);
}

/** Which table each group of symbols uses. */
function readSelectors(input: BitReader, tables: number): Uint8Array {
	const selectors = new Uint8Array(input.bits(15));
	const front = [0, 1, 2, 3, 4, 5];
	for (let i = 0; i < selectors.length; i++) {
		let place = 0;
		while (input.bits(1)) if (++place === tables) throw new DamagedArchiveError('a code table is missing');
		const [table = 0] = front.splice(place, 1);
		front.unshift(table);
		selectors[i] = table;
	}
	return selectors;
}

const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
	let crc = byte << 24;
	for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
	return crc;
});
