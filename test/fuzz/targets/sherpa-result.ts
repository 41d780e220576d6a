import { understood } from '../../../nodes/stt-stream/providers/local/sherpa-onnx/results.ts';
import { isObject, parseJson } from '../../../nodes/stt-stream/providers/option-rules.ts';
import { checkEvent } from '../events.ts';
import { jsonMutator } from '../mutate-json.ts';
import { rule, type Target } from '../target.ts';

const RESULT = {
	text: ' HELLO WORLD',
	tokens: ['▁HE', 'LLO', '▁WORLD'],
	timestamps: [0.1, 0.3, 0.7],
	ys_probs: [-0.1, -0.2, -1],
	num_trailing_blanks: 12,
	start_time: 1.5,
};
const SEEDS = [
	RESULT,
	{ ...RESULT, text: '你好', tokens: ['你', '好'], timestamps: [0.1, 0.2], ys_probs: [] },
	{ ...RESULT, timestamps: [], num_trailing_blanks: undefined },
	{ ...RESULT, text: '' },
];

const numbers = (value: unknown): number[] =>
	Array.isArray(value) ? value.filter((item): item is number => typeof item === 'number') : [];
const texts = (value: unknown): string[] =>
	Array.isArray(value) ? value.map((item) => String(JSON.stringify(item))) : [];

/** What the engine says, in the types that its addon makes: any numbers, any texts, lists of any lengths. */
export const target: Target = {
	covers: ['nodes/stt-stream/providers/local/sherpa-onnx/results.js'],
	seeds: SEEDS.map((seed) => Buffer.from(JSON.stringify(seed))),
	mutate: jsonMutator({
		words: [...Object.keys(RESULT), '▁', '▁A', ' '],
		values: [0.04, -3, 1e-9, [0.1, 0.2]],
	}),
	run(input, random) {
		const given = parseJson(String(input));
		if (!isObject(given)) return;
		const number = (name: string) => (typeof given[name] === 'number' ? (given[name] as number) : 0);
		const tokens = Array.isArray(given['tokens']) ? given['tokens'] : [];
		const result = understood(
			{
				text: typeof given['text'] === 'string' ? given['text'] : '',
				tokens: tokens.every((token) => typeof token === 'string') ? (tokens as string[]) : texts(tokens),
				timestamps: numbers(given['timestamps']),
				ys_probs: numbers(given['ys_probs']),
				start_time: number('start_time'),
				...('num_trailing_blanks' in given && { num_trailing_blanks: number('num_trailing_blanks') }),
			},
			{ startFactor: random.pick([1, 0.5]), frameMs: random.pick([10, 30, 40]), words: random.chance(0.8) },
		);
		if (!result) return;
		checkEvent({ type: 'final', ...result });
		if (!result.words) return;
		const letters = (text: string) => text.replace(/\s/g, '');
		rule(
			letters(result.words.map(({ text }) => text).join('')) === letters(result.text),
			'words that are not the text',
		);
	},
};
