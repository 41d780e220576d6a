import { NotPlainError } from '../../../../../lib/node/plain-file.ts';
import { VoiceError } from '../../provider.ts';
import type { VadModel } from './config.ts';
import { type OnnxFile, readOnnx } from './onnx-file.ts';
import { ProtobufError } from './protobuf.ts';

/** The inputs of Silero's versions 4 and 5, and of 4 as sherpa-onnx's authors export it (csrc/silero-vad-model.cc). */
const SILERO = ['input sr h c', 'input state sr', 'x h c'];

/**
 * Looks into a model that detects speech: the engine ends its process over any other.
 * @throws VoiceError STT_MODEL_MISSING, STT_CONFIG
 */
export async function inspectVad(path: string): Promise<VadModel> {
	const { metadata, inputs } = await read(path);
	if (metadata.get('model_type') === 'ten-vad') return { path, kind: 'ten' };
	if (SILERO.includes([...inputs.keys()].join(' '))) return { path, kind: 'silero' };
	throw new VoiceError(
		'STT_CONFIG',
		`The file ${path} is no detector of speech that sherpa-onnx knows`,
		'set the option vad to silero_vad.onnx or ten-vad.onnx',
	);
}

async function read(path: string): Promise<OnnxFile> {
	try {
		return await readOnnx(path);
	} catch (thrown) {
		if (thrown instanceof ProtobufError || thrown instanceof NotPlainError)
			throw new VoiceError('STT_CONFIG', `The detector of speech ${path} ${thrown.message}`, 'get it anew');
		throw new VoiceError(
			'STT_MODEL_MISSING',
			`The detector of speech ${path} cannot be read`,
			'set the option vad to the path of silero_vad.onnx or ten-vad.onnx, or leave it out',
		);
	}
}
