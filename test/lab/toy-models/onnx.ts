// Writes ONNX files: the protocol buffers of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, as far as the toy
// models need them. Field numbers are named in the comments.

export const FLOAT = 1;
export const INT32 = 6;
export const INT64 = 7;
export const FLOAT16 = 10;
type ElementType = typeof FLOAT | typeof INT32 | typeof INT64 | typeof FLOAT16;

/** A fixed size, or a name for one that is not known before. */
type Dimension = number | string;

export interface Tensor {
	readonly name: string;
	readonly type: typeof FLOAT | typeof INT64;
	readonly dims: readonly number[];
	readonly data: ArrayLike<number>;
}

export interface Value {
	readonly name: string;
	readonly type: ElementType;
	readonly dims: readonly Dimension[];
}

export interface Operation {
	readonly op: string;
	readonly inputs: readonly string[];
	readonly outputs: readonly string[];
	readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
}

export interface Model {
	readonly name: string;
	readonly operations: readonly Operation[];
	readonly constants: readonly Tensor[];
	readonly inputs: readonly Value[];
	readonly outputs: readonly Value[];
	readonly metadata?: Readonly<Record<string, string | number>>;
}

const OPSET = 13;
const IR_VERSION = 8;

/** The bytes of a .onnx file. */
export function encodeModel(model: Model): Buffer {
	const { name, operations, constants, inputs, outputs, metadata = {} } = model;
	// GraphProto: node 1, name 2, initializer 5, input 11, output 12
	const graph = Buffer.concat([
		...operations.map((operation) => bytes(1, encodeOperation(operation))),
		bytes(2, name),
		...constants.map((tensor) => bytes(5, encodeTensor(tensor))),
		...inputs.map((value) => bytes(11, encodeValue(value))),
		...outputs.map((value) => bytes(12, encodeValue(value))),
	]);
	// ModelProto: ir_version 1, producer_name 2, graph 7, opset_import 8 { domain 1, version 2 }, metadata_props 14
	return Buffer.concat([
		int(1, IR_VERSION),
		bytes(2, 'voice-lab'),
		bytes(7, graph),
		bytes(8, Buffer.concat([bytes(1, ''), int(2, OPSET)])),
		...Object.entries(metadata).map(([key, value]) =>
			bytes(14, Buffer.concat([bytes(1, key), bytes(2, String(value))])),
		),
	]);
}

/** NodeProto: input 1, output 2, name 3, op_type 4, attribute 5 */
function encodeOperation({ op, inputs, outputs, attributes = {} }: Operation): Buffer {
	return Buffer.concat([
		...inputs.map((name) => bytes(1, name)),
		...outputs.map((name) => bytes(2, name)),
		bytes(3, `${op}_${outputs[0]}`),
		bytes(4, op),
		...Object.entries(attributes).map(([name, value]) => bytes(5, encodeAttribute(name, value))),
	]);
}

/** AttributeProto: name 1, i 3, ints 8, type 20 (2 = INT, 7 = INTS) */
function encodeAttribute(name: string, value: number | readonly number[]): Buffer {
	return typeof value === 'number'
		? Buffer.concat([bytes(1, name), int(3, value), int(20, 2)])
		: Buffer.concat([bytes(1, name), ...value.map((item) => int(8, item)), int(20, 7)]);
}

/** TensorProto: dims 1, data_type 2, name 8, raw_data 9 */
function encodeTensor({ name, type, dims, data }: Tensor): Buffer {
	const raw =
		type === FLOAT ? Float32Array.from(data).buffer : BigInt64Array.from(Array.from(data), BigInt).buffer;
	return Buffer.concat([
		...dims.map((size) => int(1, size)),
		int(2, type),
		bytes(8, name),
		bytes(9, Buffer.from(raw)),
	]);
}

/** ValueInfoProto: name 1, type 2 { tensor_type 1 { elem_type 1, shape 2 { dim 1 { dim_value 1, dim_param 2 } } } } */
function encodeValue({ name, type, dims }: Value): Buffer {
	const shape = dims.map((size) => bytes(1, typeof size === 'number' ? int(1, size) : bytes(2, size)));
	const tensor = Buffer.concat([int(1, type), bytes(2, Buffer.concat(shape))]);
	return Buffer.concat([bytes(1, name), bytes(2, bytes(1, tensor))]);
}

function varint(value: number): Buffer {
	let rest = BigInt.asUintN(64, BigInt(value));
	const digits: number[] = [];
	do {
		const digit = Number(rest & 0x7fn);
		rest >>= 7n;
		digits.push(rest ? digit | 0x80 : digit);
	} while (rest);
	return Buffer.from(digits);
}

const int = (field: number, value: number): Buffer => Buffer.concat([varint(field << 3), varint(value)]);

function bytes(field: number, content: Buffer | string): Buffer {
	const data = typeof content === 'string' ? Buffer.from(content) : content;
	return Buffer.concat([varint((field << 3) | 2), varint(data.length), data]);
}
