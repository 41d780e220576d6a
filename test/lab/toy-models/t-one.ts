import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { float, floats, TOKENS, whole, writeTexts } from './models.ts';
import { encodeModel, FLOAT, FLOAT16, INT32, type Operation } from './onnx.ts';
import { TONES } from './tones.ts';

const SAMPLE_RATE = 8000;
/** Samples of a frame of 30 ms, and frames that the engine hands over at once. */
const FRAME = 240;
const FRAMES = 10;
const STATE = 4;
/** Power below which nothing counts, and how far a word must stand out in natural logarithms. */
const QUIET = 1e8;
const THRESHOLD = 8.5;
const STEEPNESS = 10;

/**
 * A toy in the form of T-one (https://github.com/voicekit-team/T-one), the one kind of model that hears samples instead
 * of a spectrum and 8 kHz: how much of each frame's power lies at the words' frequencies decides.
 */
export function writeToyTOne(folder: string): string {
	writeTexts(folder);
	const tones = Object.values(TONES);
	const size = TOKENS.length;
	/** A column for each token; that of the blank is empty. */
	const waves = (wave: (angle: number) => number) =>
		Array.from({ length: FRAME * size }, (_, at) => {
			const hz = tones[(at % size) - 1];
			return hz ? wave((2 * Math.PI * hz * Math.floor(at / size)) / SAMPLE_RATE) : 0;
		});
	const binary = (op: string, a: string, b: string, to: string): Operation => ({
		op,
		inputs: [a, b],
		outputs: [to],
	});
	const unary = (op: string, from: string, to: string, attributes = {}): Operation => ({
		op,
		inputs: [from],
		outputs: [to],
		attributes,
	});
	// Nothing lies at the blank's frequency, which is therefore as far below the loudness as that is above 1.
	const bias = TOKENS.map((_, token) => (token ? 0 : STEEPNESS * (Math.log(QUIET) + THRESHOLD)));
	const model = encodeModel({
		name: 'toy_t_one',
		metadata: { frame_length_ms: 30, state_dim: STATE, sample_rate: SAMPLE_RATE },
		constants: [
			whole('frames', [3], [-1, FRAMES, FRAME]),
			float('cosines', [FRAME, size], waves(Math.cos)),
			float('sines', [FRAME, size], waves(Math.sin)),
			float('floor', [1], [1]),
			float('quiet', [1], [QUIET]),
			float('steepness', [1], [STEEPNESS]),
			float('bias', [size], bias),
		],
		operations: [
			unary('Cast', 'samples', 'waveform', { to: FLOAT }),
			binary('Reshape', 'waveform', 'frames', 'framed'),
			binary('MatMul', 'framed', 'cosines', 'real'),
			binary('MatMul', 'framed', 'sines', 'imaginary'),
			binary('Mul', 'real', 'real', 'real2'),
			binary('Mul', 'imaginary', 'imaginary', 'imaginary2'),
			binary('Add', 'real2', 'imaginary2', 'power'),
			binary('Add', 'power', 'floor', 'some'),
			unary('Log', 'some', 'level'),
			binary('Mul', 'framed', 'framed', 'squares'),
			unary('ReduceMean', 'squares', 'mean', { axes: [2], keepdims: 1 }),
			binary('Add', 'mean', 'quiet', 'all'),
			unary('Log', 'all', 'loudness'),
			binary('Sub', 'level', 'loudness', 'contrast'),
			binary('Mul', 'contrast', 'steepness', 'steep'),
			binary('Add', 'steep', 'bias', 'logits'),
			unary('LogSoftmax', 'logits', 'log_probs', { axis: -1 }),
			unary('Identity', 'state', 'state_next'),
		],
		inputs: [
			{ name: 'samples', type: INT32, dims: ['N', FRAME * FRAMES, 1] },
			{ name: 'state', type: FLOAT16, dims: ['N', STATE] },
		],
		outputs: [
			floats('log_probs', ['N', FRAMES, size]),
			{ name: 'state_next', type: FLOAT16, dims: ['N', STATE] },
		],
	});
	writeFileSync(join(folder, 'model.onnx'), model);
	return folder;
}
