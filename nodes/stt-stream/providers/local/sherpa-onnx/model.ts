import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { NotPlainError, readPlain } from '../../../../../lib/node/plain-file.ts';
import type { VoiceError } from '../../provider.ts';
import { badModel, modelRefused, noModel } from './errors.ts';
import { type KindName, kindOf, MODEL_TYPES, recogniseKind } from './kinds.ts';
import { findFiles, type ModelFiles, type Precision } from './model-files.ts';
import { type OnnxFile, readOnnx } from './onnx-file.ts';
import { ProtobufError } from './protobuf.ts';
import { readTokens, type Tokens } from './tokens.ts';

/** A streaming model of which all is known that may be known without loading it. */
export interface SherpaModel {
	readonly folder: string;
	readonly kind: KindName;
	readonly files: ModelFiles;
	/** Path of tokens.txt. */
	readonly tokensFile: string;
	readonly tokens: Tokens;
	/** Hertz. */
	readonly sampleRate: number;
	readonly featureDim: number;
	/** Audio that it decodes at once. */
	readonly chunkMs: number;
	/** What a step of its result stands for. */
	readonly frameMs: number;
	/** It is told the language of each stream. */
	readonly multilingual: boolean;
}

export interface ModelChoice {
	readonly modelType: KindName | 'auto';
	readonly precision: Precision;
	/** 0 = as the model says. */
	readonly featureDim: number;
}

const DEFAULT_FEATURES = 80;
const FRAME_MS = 10;
/** Where a model does not say; sherpa-onnx takes it for granted too. */
const SUBSAMPLING = 4;
const T_ONE_FRAME_MS = 30;
/** Far more than any has, also of many languages. */
const TOKENS_MAX_BYTES = 16_000_000;

/**
 * Finds and checks the model in `folder`. Whatever would end the engine's process and shows in the files is refused
 * here, in words.
 * @throws VoiceError STT_MODEL_MISSING, STT_CONFIG for another kind of model, STT_ENGINE for a damaged one
 */
export async function inspectModel(folder: string, choice: ModelChoice): Promise<SherpaModel> {
	const files = await listFiles(folder, choice.precision);
	const tokensFile = join(folder, 'tokens.txt');
	if (!existsSync(tokensFile)) throw noModel(folder, 'no tokens.txt');
	const first = await describe(folder, (files.encoder ?? files.model) as string);
	const parts = files.joiner ? 'transducer' : files.encoder ? 'pair' : 'single';
	const kind = choice.modelType === 'auto' ? recogniseKind(parts, first.metadata) : choice.modelType;
	if (!kind && parts === 'pair' && recogniseKind('transducer', first.metadata))
		throw noModel(folder, 'no joiner, which belongs to its encoder and decoder');
	if (!kind) throw unknownKind(folder, first);
	const { keys, decoderKeys = [], featuresLast, parts: needed, chunk, notInAddon } = kindOf(kind);
	if (notInAddon)
		throw badModel(
			folder,
			`is of the type "${kind}", which sherpa-onnx's addon for Node.js cannot load`,
			'choose another streaming model, such as a zipformer',
		);
	if (needed !== parts)
		throw badModel(
			folder,
			`has not the parts of a model of the type "${kind}"`,
			'leave out the option modelType',
		);
	checkKeys(folder, kind, first, keys);
	const decoder = files.decoder ? await describe(folder, files.decoder) : undefined;
	if (decoder) checkKeys(folder, kind, decoder, decoderKeys);
	if (files.joiner) await describe(folder, files.joiner);
	const tokens = await tokensOf(folder, tokensFile);
	const vocabulary = Number((decoder ?? first).metadata.get('vocab_size') ?? 0);
	if (tokens.size < vocabulary)
		throw badModel(
			folder,
			`has ${vocabulary} tokens, and its tokens.txt only ${tokens.size}`,
			'take both from the same model',
		);
	if (kind.endsWith('ctc') && !tokens.hasBlank)
		throw badModel(folder, 'has a tokens.txt without <blk>', 'take both from the same model');
	const subsampling = Number(first.metadata.get('subsampling_factor') ?? 0) || SUBSAMPLING;
	return {
		folder,
		kind,
		files,
		tokensFile,
		tokens,
		sampleRate: kind === 't-one-ctc' ? 8000 : 16_000,
		featureDim: featuresOf(folder, featuresLast ? first : undefined, choice.featureDim),
		chunkMs: FRAME_MS * (typeof chunk === 'number' ? chunk : Number(first.metadata.get(chunk))),
		frameMs: kind === 't-one-ctc' ? T_ONE_FRAME_MS : FRAME_MS * subsampling,
		multilingual: first.inputs.has('prompt_index'),
	};
}

async function listFiles(folder: string, precision: Precision): Promise<ModelFiles> {
	if (!(await isFolder(folder))) throw noModel(folder, 'no such folder');
	const files = await findFiles(folder, precision);
	if (files) return files;
	const other = precision === 'auto' ? undefined : await findFiles(folder, 'auto');
	if (other) throw badModel(folder, `has no ${precision} files`, 'set the option precision to "auto"');
	throw noModel(folder, 'no encoder and decoder, and no single network (*.onnx)');
}

async function isFolder(path: string): Promise<boolean> {
	try {
		return (await stat(path)).isDirectory();
	} catch {
		return false;
	}
}

interface Network extends OnnxFile {
	readonly name: string;
}

async function describe(folder: string, path: string): Promise<Network> {
	const name = basename(path);
	try {
		return { name, ...(await readOnnx(path)) };
	} catch (thrown) {
		const isTold = thrown instanceof ProtobufError || thrown instanceof NotPlainError;
		const what = isTold ? thrown.message : 'cannot be read';
		throw modelRefused(folder, `its file ${name} ${what}`);
	}
}

function checkKeys(folder: string, kind: KindName, network: Network, keys: readonly string[]): void {
	const missing = keys.filter((key) => !network.metadata.get(key));
	if (missing.includes('decode_chunk_len') || missing.includes('T') || missing.includes('chunk_shift'))
		throw badModel(
			folder,
			`is not for streaming: its ${network.name} says nothing of "${missing.join('", "')}"`,
			'choose a streaming model',
		);
	if (missing.length)
		throw badModel(
			folder,
			`is no whole model of the type "${kind}": its ${network.name} says nothing of "${missing.join('", "')}"`,
			'get the model anew, or export it with the current script of its authors',
		);
	// No layer, and sherpa-onnx writes where it may not.
	const layers = network.metadata.get('num_encoder_layers');
	if (layers?.split(',').some((count) => !(Number(count) > 0)))
		throw badModel(folder, `has a ${network.name} of no layers`, 'choose another model');
	for (const key of ['T', 'window_size', 'vocab_size', 'context_size']) {
		const value = network.metadata.get(key);
		if (value !== undefined && !(Number(value) > 0))
			throw badModel(folder, `has a ${network.name} with the ${key} "${value.slice(0, 20)}"`, 'get it anew');
	}
}

function unknownKind(folder: string, { name, metadata, inputs }: Network): VoiceError {
	const type = metadata.get('model_type');
	const says = type
		? `says "${type.slice(0, 60)}"`
		: `has the inputs ${[...inputs.keys()].slice(0, 4).join(', ')}`;
	return badModel(
		folder,
		`is no streaming model that sherpa-onnx is known to run: its ${name} ${says}`,
		`choose a streaming model, or say what it is with the option modelType (${MODEL_TYPES.join(', ')})`,
	);
}

async function tokensOf(folder: string, path: string): Promise<Tokens> {
	try {
		return readTokens(String(await readPlain(path, TOKENS_MAX_BYTES)));
	} catch (thrown) {
		throw modelRefused(
			folder,
			`its tokens.txt ${thrown instanceof Error ? thrown.message : 'cannot be read'}`,
		);
	}
}

/** A wrong feature size ends the process. */
function featuresOf(folder: string, network: Network | undefined, wanted: number): number {
	const dims = [...(network?.inputs.values() ?? [])][0];
	const declared = dims?.at(-1);
	if (declared && wanted && declared !== wanted)
		throw badModel(
			folder,
			`takes ${declared} features, and the option featureDim says ${wanted}`,
			'leave that option out',
		);
	return declared ?? (wanted || DEFAULT_FEATURES);
}
