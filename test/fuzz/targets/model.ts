import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VoiceError } from '../../../lib/node/errors.ts';
import { inspectModel } from '../../../nodes/stt-stream/providers/local/sherpa-onnx/model.ts';
import { readOnnx } from '../../../nodes/stt-stream/providers/local/sherpa-onnx/onnx-file.ts';
import { ProtobufError } from '../../../nodes/stt-stream/providers/local/sherpa-onnx/protobuf.ts';
import { readTokens } from '../../../nodes/stt-stream/providers/local/sherpa-onnx/tokens.ts';
import { writeToyCtc, writeToyTransducer } from '../../lab/toy-models/models.ts';
import { lineMutator } from '../mutate.ts';
import { protobufMutator } from '../mutate-protobuf.ts';
import { scratch } from '../scratch.ts';
import { permit, rule, type Target } from '../target.ts';

writeToyTransducer(join(scratch, 'transducer'));
writeToyCtc(join(scratch, 'ctc'));
const MODELS = ['transducer', 'ctc'].flatMap((kind) =>
	readdirSync(join(scratch, kind))
		.filter((name) => name.endsWith('.onnx'))
		.sort()
		.map((name) => join(scratch, kind, name)),
);
/** Which of them is replaced, and by what. */
const FILES = [...MODELS, join(scratch, 'transducer', 'tokens.txt')];
const BEFORE = FILES.map((path) => readFileSync(path));
const TOKENS = FILES.length - 1;

const tokens = lineMutator(['<blk> 0', '▁A 1', '99999999999999999999', '7', '#0 5', 'a b c', '\t', '\r']);
const anyChoice = { modelType: 'auto', precision: 'auto', featureDim: 0 } as const;

/** A byte that chooses a file of a model, then what stands in it. */
export const target: Target = {
	covers: ['onnx-file', 'protobuf', 'tokens', 'model', 'kinds'].map(
		(name) => `nodes/stt-stream/providers/local/sherpa-onnx/${name}.js`,
	),
	seeds: [
		...FILES.map((_, index) => Buffer.concat([Buffer.of(index), BEFORE[index]!])),
		Buffer.concat([
			Buffer.of(TOKENS),
			Buffer.from(Array.from({ length: 200_000 }, (_, at) => `a ${at}\n`).join('')),
		]),
	],
	maxBytes: 60_000,
	tries: 500,
	mutate(input, random, other) {
		const kind = (input[0] ?? 0) % FILES.length;
		const mutate = kind === TOKENS ? tokens : protobufMutator;
		return Buffer.concat([Buffer.of(kind), mutate(input.subarray(1), random, other.subarray(1))]);
	},
	async run(input) {
		const kind = (input[0] ?? 0) % FILES.length;
		const [path, content] = [FILES[kind]!, input.subarray(1)];
		writeFileSync(path, content);
		try {
			if (kind === TOKENS) checkTokens(String(content));
			else await checkOnnx(path);
			const model = await inspectModel(join(path, '..'), anyChoice);
			rule(model.featureDim > 0 && model.chunkMs > 0 && model.frameMs > 0, `${model.featureDim} features`);
		} catch (thrown) {
			permit(thrown, [VoiceError]);
			rule((thrown as VoiceError).message.length < 1000, 'a long error');
			rule(!/call stack|undefined|NaN/.test((thrown as VoiceError).message), (thrown as VoiceError).message);
		} finally {
			writeFileSync(path, BEFORE[kind]!);
		}
	},
};

async function checkOnnx(path: string): Promise<void> {
	try {
		const { metadata, inputs, outputs } = await readOnnx(path);
		rule([...metadata].flat().every((text) => typeof text === 'string') && Array.isArray(outputs), 'no text');
		for (const dims of inputs.values())
			for (const dim of dims) rule(dim === undefined || dim >= 0, `the dimension ${dim}`);
	} catch (thrown) {
		permit(thrown, [ProtobufError]);
	}
}

function checkTokens(text: string): void {
	try {
		rule(Number.isSafeInteger(readTokens(text).size), 'no size');
	} catch (thrown) {
		permit(thrown, [Error]);
		rule(/^(is empty|has )/.test((thrown as Error).message), String(thrown));
	}
}
