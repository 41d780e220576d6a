// The encoding of protocol buffers (https://protobuf.dev/programming-guides/encoding/), as far as models need it.

/** What the bytes are not, in words that fit behind "the file". */
export class ProtobufError extends Error {
	override readonly name = 'ProtobufError';
}

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

/** A number at `at`, and how many bytes it has. */
export function varint(bytes: Buffer, at: number): { value: number; length: number } {
	let value = 0;
	for (let length = 1; length <= 10; length++) {
		const digit = bytes[at + length - 1];
		if (digit === undefined) throw new ProtobufError('is cut short');
		value += (digit & 0x7f) * 2 ** (7 * (length - 1));
		if (digit < 0x80) return { value, length };
	}
	throw new ProtobufError('has another format');
}

/** A message's fields in order: a number for a varint, else the bytes. */
export function* fieldsOf(bytes: Buffer): Generator<[field: number, value: number | Buffer]> {
	for (let at = 0; at < bytes.length; ) {
		const tag = varint(bytes, at);
		at += tag.length;
		const field = Math.floor(tag.value / 8);
		const type = tag.value % 8;
		if (type === VARINT) {
			const { value, length } = varint(bytes, at);
			at += length;
			yield [field, value];
			continue;
		}
		let size = type === FIXED32 ? 4 : 8;
		if (type === BYTES) {
			const { value, length } = varint(bytes, at);
			at += length;
			size = value;
		} else if (type !== FIXED32 && type !== FIXED64) throw new ProtobufError('has another format');
		if (at + size > bytes.length) throw new ProtobufError('is cut short');
		yield [field, bytes.subarray(at, at + size)];
		at += size;
	}
}

/** The bytes of the last such field; empty if there is none. */
export function bytesOf(message: Buffer, wanted: number): Buffer {
	let found: Buffer = Buffer.alloc(0);
	for (const [field, value] of fieldsOf(message))
		if (field === wanted && Buffer.isBuffer(value)) found = value;
	return found;
}
