import type { FileHandle } from 'node:fs/promises';
import { openPlain } from '../../../../../lib/node/plain-file.ts';
import { BYTES, bytesOf, FIXED32, FIXED64, fieldsOf, ProtobufError, VARINT, varint } from './protobuf.ts';

/** What a .onnx file says about itself. */
export interface OnnxFile {
	readonly metadata: ReadonlyMap<string, string>;
	/** Inputs by name, in order; a dimension is undefined where it is not fixed. */
	readonly inputs: ReadonlyMap<string, readonly (number | undefined)[]>;
	readonly outputs: readonly string[];
}

const WINDOW = 65_536;
/** Longest head of a field: two varints. */
const HEAD = 20;
/** Metadata and descriptions of inputs; weights are never read. */
const VALUE_MAX = 4 * 1024 * 1024;

// Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
const MODEL_GRAPH = 7;
const MODEL_METADATA = 14;
const GRAPH_INITIALIZER = 5;
const GRAPH_INPUT = 11;
const GRAPH_OUTPUT = 12;
const TENSOR_NAME = 8;

/**
 * Reads what a model says about itself without loading its weights; onnxruntime ends the process over a file that is
 * cut short, and sherpa-onnx over one that lacks a key. Skips from field to field, so also a large file is read soon.
 * @throws ProtobufError if the file is cut short or no ONNX; NotPlainError; the error of the file system
 */
export async function readOnnx(path: string): Promise<OnnxFile> {
	const handle = await openPlain(path);
	try {
		const { size } = await handle.stat();
		if (!size) throw new ProtobufError('is empty');
		const file = new FileReader(handle);
		const metadata = new Map<string, string>();
		const inputs = new Map<string, (number | undefined)[]>();
		const outputs: string[] = [];
		const weights = new Set<string>();
		let graphs = 0;
		for await (const field of fieldsIn(file, 0, size)) {
			if (field.number === MODEL_METADATA) {
				const entry = await file.value(field);
				metadata.set(bytesOf(entry, 1).toString(), bytesOf(entry, 2).toString());
			}
			if (field.number !== MODEL_GRAPH) continue;
			graphs++;
			for await (const part of fieldsIn(file, field.start, field.end)) {
				if (part.number === GRAPH_INPUT) {
					const input = await file.value(part);
					inputs.set(bytesOf(input, 1).toString(), dimsOf(bytesOf(input, 2)));
				} else if (part.number === GRAPH_OUTPUT) outputs.push(bytesOf(await file.value(part), 1).toString());
				else if (part.number === GRAPH_INITIALIZER) weights.add(await nameOfTensor(file, part));
			}
		}
		if (!graphs) throw new ProtobufError('has another format');
		// Old exports list their weights among the inputs.
		for (const name of weights) inputs.delete(name);
		return { metadata, inputs, outputs };
	} finally {
		await handle.close();
	}
}

interface Field {
	readonly number: number;
	/** Where its content is in the file. */
	readonly start: number;
	readonly end: number;
}

/** The fields, without the varints, of the message that lies from `start` to `end`. */
async function* fieldsIn(file: FileReader, start: number, end: number): AsyncGenerator<Field> {
	for (let at = start; at < end; ) {
		const head = await file.at(at, HEAD);
		const tag = varint(head, 0);
		const number = Math.floor(tag.value / 8);
		const type = tag.value % 8;
		if (!number || ![VARINT, FIXED64, BYTES, FIXED32].includes(type))
			throw new ProtobufError('has another format');
		at += tag.length;
		let size = type === FIXED32 ? 4 : 8;
		if (type === VARINT || type === BYTES) {
			const { value, length } = varint(head, tag.length);
			at += length;
			size = type === BYTES ? value : 0;
		}
		if (at + size > end) throw new ProtobufError(`is cut short: ${at + size - end} bytes are missing`);
		if (type !== VARINT) yield { number, start: at, end: at + size };
		at += size;
	}
}

/** Reads a file anywhere, a window at a time. */
class FileReader {
	readonly #handle: FileHandle;
	#window: Buffer = Buffer.alloc(0);
	#start = 0;

	constructor(handle: FileHandle) {
		this.#handle = handle;
	}

	/** `length` bytes, or fewer at the end of the file. Valid until the next call. */
	async at(position: number, length: number): Promise<Buffer> {
		const from = position - this.#start;
		if (from >= 0 && from + length <= this.#window.length) return this.#window.subarray(from, from + length);
		const window = Buffer.alloc(Math.max(WINDOW, length));
		const { bytesRead } = await this.#handle.read(window, 0, window.length, position);
		this.#window = window.subarray(0, bytesRead);
		this.#start = position;
		return this.#window.subarray(0, length);
	}

	async value({ start, end }: Field): Promise<Buffer> {
		if (end - start > VALUE_MAX) throw new ProtobufError('has another format');
		return this.at(start, end - start);
	}
}

/** The name of a tensor, whose weights are skipped. */
async function nameOfTensor(file: FileReader, tensor: Field): Promise<string> {
	for await (const field of fieldsIn(file, tensor.start, tensor.end))
		if (field.number === TENSOR_NAME) return (await file.value(field)).toString();
	return '';
}

/** TypeProto: tensor_type 1 { elem_type 1, shape 2 { dim 1 { dim_value 1, dim_param 2 } } } */
function dimsOf(type: Buffer): (number | undefined)[] {
	const dims: (number | undefined)[] = [];
	for (const [field, dim] of fieldsOf(bytesOf(bytesOf(type, 1), 2))) {
		if (field !== 1 || !Buffer.isBuffer(dim)) continue;
		let size: number | undefined;
		for (const [part, value] of fieldsOf(dim)) if (part === 1 && typeof value === 'number') size = value;
		dims.push(size);
	}
	return dims;
}
