import { after } from 'node:test';
import { needs } from '../../../lab/needs.ts';
import { toneSpeech } from '../../../lab/toy-models/tones.ts';
import { freeze } from '../helpers.ts';
import { contract } from './contract.ts';
import { nothingLeft, sherpaProvider, sherpas, ToyModels } from './sherpa-lab.ts';

// The real sherpa-onnx on toy models that take tones for words: no test of speech recognition.

const models = new ToyModels();
after(() => models.remove());

const skip = needs('sherpa-onnx');

for (const [name, folder, options] of [
	['transducer, greedy search', models.transducer(), {}],
	['transducer, beam search', models.transducer(), { decodingMethod: 'modified_beam_search' }],
	['CTC', models.ctc(), {}],
	['transducer behind a speech detector', models.transducer(), { vad: models.vad() }],
] as const)
	contract({
		name: `local, sherpa-onnx: ${name}`,
		skip,
		provider: () => sherpaProvider(folder, options),
		utterances: async () => ['ONE TWO FOUR', 'SEVEN THREE'].map((text) => ({ text, pcm: toneSpeech(text) })),
		maxWordErrorRate: 0,
		hopeless: () => sherpaProvider('/nowhere', options),
		freeze: async () => freeze(sherpas()),
		breakOff() {
			for (const { pid } of sherpas()) process.kill(pid, 'SIGKILL');
		},
		nothingLeft,
	});
