import { changeBytes } from './mutate.ts';
import type { Random } from './random.ts';
import type { Mutate } from './target.ts';

// Protocol buffers whose lengths stay right however deep a field is changed
// (https://protobuf.dev/programming-guides/encoding/).

interface Field {
	number: number;
	type: number;
	/** Of type 2: its fields, if it may be a message. */
	fields?: Field[];
	bytes: Buffer;
}

function readVarint(data: Buffer, at: number): { value: number; end: number } | undefined {
	let value = 0;
	for (let i = 0; i < 10; i++) {
		const byte = data[at + i];
		if (byte === undefined) return undefined;
		value += (byte & 127) * 2 ** (7 * i);
		if (byte < 128) return { value, end: at + i + 1 };
	}
	return undefined;
}

function writeVarint(value: number): Buffer {
	const bytes: number[] = [];
	let rest = value;
	for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
	return Buffer.from([...bytes, rest]);
}

function parse(data: Buffer, depth = 0): Field[] | undefined {
	const fields: Field[] = [];
	for (let at = 0; at < data.length; ) {
		const tag = readVarint(data, at);
		if (!tag || tag.value < 8 || tag.value > 8000) return undefined;
		const type = tag.value % 8;
		let start = tag.end;
		let end: number;
		if (type === 0) end = readVarint(data, start)?.end ?? Number.NaN;
		else if (type === 1) end = start + 8;
		else if (type === 5) end = start + 4;
		else if (type === 2) {
			const length = readVarint(data, start);
			if (!length) return undefined;
			start = length.end;
			end = start + length.value;
		} else return undefined;
		if (!(end <= data.length)) return undefined;
		const bytes = data.subarray(start, end);
		const inner = type === 2 && bytes.length > 1 && depth < 8 ? parse(bytes, depth + 1) : undefined;
		fields.push({ number: Math.floor(tag.value / 8), type, bytes, ...(inner && { fields: inner }) });
		at = end;
	}
	return fields;
}

function encode(fields: readonly Field[]): Buffer {
	const parts = fields.flatMap(({ number, type, fields: inner, bytes }) => {
		const content = inner ? encode(inner) : bytes;
		return [writeVarint(number * 8 + type), ...(type === 2 ? [writeVarint(content.length)] : []), content];
	});
	return Buffer.concat(parts);
}

const everyList = (fields: Field[]): Field[][] => [
	fields,
	...fields.flatMap((one) => (one.fields ? everyList(one.fields) : [])),
];

const TEXTS = ['', ' ', 'en-us', 'x'.repeat(200), '\0', '漢字', '\xff\xfe', '-', '--'];

function change(root: Field[], random: Random, others: readonly Field[]): void {
	const list = random.pick(everyList(root));
	const at = random.int(list.length + 1);
	const field = list[at];
	switch (random.int(6)) {
		case 0:
			list.splice(at, 1);
			return;
		case 1:
			if (field) list.splice(random.int(list.length + 1), 0, structured(field));
			return;
		case 2:
			if (others.length) list.splice(at, random.int(2), structured(random.pick(others)));
			return;
		case 3:
			if (field) field.number = 1 + random.int(16);
			return;
		default:
			if (field) value(field, random);
	}
}

const structured = (field: Field): Field => ({
	...field,
	bytes: Buffer.from(field.bytes),
	...(field.fields && { fields: field.fields.map(structured) }),
});

function value(field: Field, random: Random): void {
	delete field.fields;
	if (field.type === 0)
		field.bytes = random.chance(0.3)
			? Buffer.from('ffffffffffffffffff01', 'hex')
			: writeVarint(Math.floor(2 ** (random.next() * 60)));
	else if (field.type === 2)
		field.bytes = random.chance(0.5) ? Buffer.from(random.pick(TEXTS)) : random.bytes(random.int(20));
	else
		field.bytes = random.chance(0.3)
			? Buffer.from('0000c07f0000f87f', 'hex').subarray(0, field.bytes.length)
			: random.bytes(field.bytes.length);
}

/** Changes fields, and sometimes bytes. */
export const protobufMutator: Mutate = (input, random, other) => {
	const root = parse(input);
	if (!root || random.chance(0.15)) return changeBytes(input, random, [], other);
	const others = everyList(parse(other) ?? []).flat();
	for (let left = 1 + random.int(4); left > 0; left--) change(root, random, others);
	return encode(root);
};
