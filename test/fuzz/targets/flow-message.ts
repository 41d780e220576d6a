import { controlWord, isData, isReset } from '../../../lib/node/control.ts';
import { VoiceError } from '../../../lib/node/errors.ts';
import { resultOf } from '../../../nodes/mic-capture/browser/results.ts';
import { jsonMutator, revive } from '../mutate-json.ts';
import { rule, type Target, unless } from '../target.ts';

const transcript = {
	kind: 'final',
	text: 'hello',
	startMs: 0,
	endMs: 5,
	turn: 0,
	confidence: 0.5,
	language: 'en',
	stream: 's',
};
const SEEDS: readonly object[] = [
	...[true, false, 0, 1, 'start', ' STOP', 'toggle', 'pause', 'resume', 'x', null, {}, []].map((payload) => ({
		payload,
	})),
	{ reset: false },
	{ payload: 'hello', transcript },
	{ payload: 'closed', session: { stream: 's', text: 'hello', code: 'STT_AUTH' } },
	{ payload: { $: 'AAAA', as: 'Uint8Array' } },
];

/** Any message into what reads controls, and into what a microphone's pages are told of a recogniser's results. */
export const target: Target = {
	covers: ['lib/node/control.js', 'nodes/mic-capture/browser/results.js'],
	seeds: SEEDS.map((seed) => Buffer.from(JSON.stringify(seed))),
	mutate: jsonMutator({
		words: [
			...Object.keys(transcript),
			'payload',
			'session',
			'transcript',
			'reset',
			'closed',
			'partial',
			'refined',
		],
		values: [transcript],
		specials: true,
	}),
	run(input) {
		let message: Record<string, unknown>;
		try {
			message = revive(JSON.parse(String(input))) as Record<string, unknown>;
		} catch {
			return;
		}
		if (message === null || typeof message !== 'object') return;
		rule(typeof isReset(message) === 'boolean' && typeof isData(message) === 'boolean', 'neither yes nor no');
		const allowed = ['start', 'stop', 'toggle', 'pause', 'resume'] as const;
		const word = unless([VoiceError], () => controlWord(message, allowed));
		rule(word === undefined || allowed.includes(word), `the word ${word}`);
		const told = resultOf(message)?.message('s');
		if (!told) return;
		rule(JSON.stringify(told).length <= 20 * input.length + 200, 'longer than what it was made of');
		if (told.type === 'transcript') {
			const { text, turn, kind } = told.transcript;
			rule(typeof text === 'string' && Number.isFinite(turn), `no text or turn: ${text} ${turn}`);
			rule(['partial', 'final', 'refined'].includes(kind), `the kind ${kind}`);
		} else rule(told.type === 'closed' && typeof told.text === 'string', 'no text');
	},
};
