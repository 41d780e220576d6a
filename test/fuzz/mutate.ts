import type { Random } from './random.ts';
import type { Mutate } from './target.ts';

const INTERESTING = [0, 1, 2, 7, 8, 16, 32, 44, 64, 100, 127, 128, 255, 256, 512, 1000, 4096, 32767, 32768];
const LARGE = [65535, 65536, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 0x7fff0000];

type Step = (data: Buffer, random: Random, words: readonly Buffer[], other: Buffer) => Buffer;

const insert = (data: Buffer, at: number, what: Uint8Array, over = 0) =>
	Buffer.concat([data.subarray(0, at), what, data.subarray(at + over)]);

const STEPS: readonly Step[] = [
	// one bit, one byte
	(data, random) => {
		if (data.length) data[random.int(data.length)]! ^= 1 << random.int(8);
		return data;
	},
	(data, random) => {
		if (data.length) data[random.int(data.length)] = random.int(256);
		return data;
	},
	// a number, where a length may stand
	(data, random) => {
		const value = random.chance(0.5) ? random.pick(INTERESTING) : random.pick(LARGE);
		const width = random.pick([1, 2, 4]);
		const bytes = Buffer.alloc(4);
		if (random.chance(0.7)) bytes.writeUInt32LE(value);
		else bytes.writeUInt32BE(value);
		return insert(data, random.int(data.length + 1), bytes.subarray(0, width), width);
	},
	(data, random) => {
		if (data.length) data[random.int(data.length)]! += random.pick([1, -1, 8, -8]);
		return data;
	},
	// pieces: away, twice, from elsewhere
	(data, random) => {
		const at = random.int(data.length + 1);
		return insert(data, at, Buffer.alloc(0), random.int(Math.min(64, data.length - at) + 1));
	},
	(data, random) => {
		const at = random.int(data.length + 1);
		const piece = data.subarray(at, at + random.int(64));
		return insert(data, random.int(data.length + 1), piece);
	},
	(data, random, _, other) => {
		const at = random.int(other.length + 1);
		const piece = other.subarray(at, at + random.int(200));
		return insert(data, random.int(data.length + 1), piece, random.chance(0.5) ? piece.length : 0);
	},
	(data, random, _, other) =>
		Buffer.concat([
			data.subarray(0, random.int(data.length + 1)),
			other.subarray(random.int(other.length + 1)),
		]),
	(data, random) => data.subarray(0, random.int(data.length + 1)),
	(data, random) => {
		const run = Buffer.alloc(random.pick([3, 30, 300, 3000]), random.pick([0, 255, 32, 34, 48, 65, 128]));
		return insert(data, random.int(data.length + 1), run, random.chance(0.5) ? run.length : 0);
	},
	// words of the format
	(data, random, words) => {
		if (!words.length) return data;
		const word = random.pick(words);
		return insert(data, random.int(data.length + 1), word, random.chance(0.5) ? word.length : 0);
	},
];

/** A few changes of bytes, one after another. */
export function changeBytes(input: Buffer, random: Random, words: readonly Buffer[], other: Buffer): Buffer {
	let data: Buffer = Buffer.from(input);
	for (let left = 1 + random.int(random.pick([1, 4, 12])); left > 0; left--)
		data = random.pick(STEPS)(data, random, words, other);
	return data;
}

/**
 * Changes bytes.
 * @param dictionary words of the format, to insert
 * @param mend makes good what no parser looks behind when it is wrong, such as checksums
 */
export function byteMutator(
	dictionary: readonly (string | Buffer)[],
	mend?: (input: Buffer) => Buffer,
): Mutate {
	const words = dictionary.map((word) => (typeof word === 'string' ? Buffer.from(word, 'latin1') : word));
	return (input, random, other) => {
		const changed = changeBytes(input, random, words, other);
		return mend && random.chance(0.8) ? mend(Buffer.from(changed)) : changed;
	};
}

/** Changes of lines of text: as of bytes, and whole lines. */
export function lineMutator(dictionary: readonly string[]): Mutate {
	const bytes = byteMutator(dictionary);
	return (input, random, other) => {
		if (random.chance(0.6)) return bytes(input, random, other);
		const lines = input.toString('latin1').split('\n');
		const others = [...lines, ...other.toString('latin1').split('\n'), ...dictionary];
		for (let left = 1 + random.int(3); left > 0; left--)
			lines.splice(
				random.int(lines.length + 1),
				random.int(2),
				...(random.chance(0.8) ? [random.pick(others)] : []),
			);
		return Buffer.from(lines.join('\n'), 'latin1');
	};
}
