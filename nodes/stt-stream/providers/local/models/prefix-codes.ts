import { DamagedArchiveError } from './archive-errors.ts';
import type { BitReader } from './bit-reader.ts';

// The Huffman codes of bzip2.

const CODE_MAX_BITS = 20;
/** Codes up to this length are found in one step. */
const FAST_BITS = 11;

/** Prefix codes of one table, found by their bits. */
export interface Codes {
	/** By the next FAST_BITS bits: symbol * 32 + length, 0 for longer codes. */
	readonly fast: Uint16Array;
	/** By length: the last code of that length, shifted to CODE_MAX_BITS; -1 for none. */
	readonly limit: Int32Array;
	/** By length: what to take from a code to get its place in `symbols`. */
	readonly base: Int32Array;
	readonly symbols: Uint16Array;
	readonly maxLength: number;
}

/** Reads the code lengths of `size` symbols. */
export function readCodes(input: BitReader, size: number): Codes {
	const lengths = new Uint8Array(size);
	let length = input.bits(5);
	for (let symbol = 0; symbol < size; symbol++) {
		for (;;) {
			if (length < 1 || length > CODE_MAX_BITS) throw new DamagedArchiveError('a code is too long');
			if (!input.bits(1)) break;
			length += input.bits(1) ? -1 : 1;
		}
		lengths[symbol] = length;
	}
	return codesOf(lengths);
}

function codesOf(lengths: Uint8Array): Codes {
	const fast = new Uint16Array(1 << FAST_BITS);
	const limit = new Int32Array(CODE_MAX_BITS + 1).fill(-1);
	const base = new Int32Array(CODE_MAX_BITS + 1);
	const symbols = new Uint16Array(lengths.length);
	let code = 0;
	let place = 0;
	let maxLength = 0;
	for (let length = 1; length <= CODE_MAX_BITS; length++) {
		base[length] = code - place;
		for (let symbol = 0; symbol < lengths.length; symbol++) {
			if (lengths[symbol] !== length) continue;
			if (code >= 1 << length) throw new DamagedArchiveError('a code table is not a prefix code');
			if (length <= FAST_BITS) {
				const first = code << (FAST_BITS - length);
				fast.fill(symbol * 32 + length, first, first + (1 << (FAST_BITS - length)));
			}
			symbols[place++] = symbol;
			code++;
			limit[length] = (code << (CODE_MAX_BITS - length)) - 1;
			maxLength = length;
		}
		code <<= 1;
	}
	return { fast, limit, base, symbols, maxLength };
}

export function readSymbol(input: BitReader, { fast, limit, base, symbols, maxLength }: Codes): number {
	const ahead = input.peek20();
	const found = fast[ahead >>> (CODE_MAX_BITS - FAST_BITS)]!;
	if (found) {
		input.skip(found & 31);
		return found >>> 5;
	}
	for (let length = FAST_BITS + 1; length <= maxLength; length++) {
		if (ahead > limit[length]!) continue;
		input.skip(length);
		const symbol = symbols[(ahead >>> (CODE_MAX_BITS - length)) - base[length]!];
		if (symbol !== undefined) return symbol;
	}
	throw new DamagedArchiveError('a code is not in its table');
}
