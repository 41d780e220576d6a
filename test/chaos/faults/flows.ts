import type { Dice } from '../dice.ts';
import { CREDENTIALS, chaosFlow, MICROPHONES, RECOGNISER_NAMES } from '../flow.ts';
import { RATE } from '../speech.ts';
import type { Fault } from './fault.ts';

const CONSUMERS = ['play-card', 'play-file', ...RECOGNISER_NAMES] as const;
const NODES = [...CONSUMERS, ...MICROPHONES, 'button'] as const;
const CONTROLLED = ['button', 'mic-card', 'mic-file', 'mic-page', 'play-card', 'play-file'] as const;

const FORMAT = { sampleRate: RATE, channels: 1, encoding: 'pcm_s16le' };
const parts = (id: string) => ({ id, index: 0, type: 'buffer', ch: '' });

/** Messages that a flow may send by mistake. Streams that begin with one end with it. */
const MISTAKES = (dice: Dice): readonly [object, ...object[]] => [
	{},
	{ payload: null },
	{ payload: Number.NaN },
	{ payload: 'chaos' },
	{ payload: { type: 'Buffer', data: ['x'] } },
	{ payload: [[[]]], parts: 7 },
	{ payload: Buffer.alloc(0) },
	{ payload: dice.bytes(dice.between(1, 99)), complete: true, parts: parts('chaos-raw') },
	{
		payload: Buffer.from('RIFF\xff\xff\xff\xffWAVEfmt ', 'latin1'),
		complete: true,
		parts: parts('chaos-wav'),
	},
	{ payload: dice.bytes(33), audio: { ...FORMAT, sampleRate: -1 }, complete: true },
	{ payload: dice.bytes(33), audio: { ...FORMAT, channels: 1e9 }, complete: true },
	{ payload: dice.bytes(33), audio: 'loud', complete: true },
	{ payload: dice.bytes(1001), audio: FORMAT, parts: parts('chaos-odd'), complete: true },
	{ volume: 'loud', payload: 'up' },
	{ complete: true, parts: parts('chaos-nobody') },
	{ reset: true, parts: parts('chaos-nobody') },
];

/** Of the flow and of those who edit it. */
export const FLOW_FAULTS: readonly Fault[] = [
	{
		name: 'deployment',
		weight: 3,
		ready: () => true,
		async strike({ house, names, deploying, card }, dice) {
			const type = dice.pick(['full', 'flows', 'nodes'] as const);
			const changed = dice.pick(NODES);
			names[changed] = `${changed} ${dice.between(0, 999_999)}`;
			deploying();
			await house.nodeRed.setFlows(chaosFlow(house.parts, names), { type, credentials: CREDENTIALS });
			deploying();
			card.speak();
			return `${type}, ${changed} renamed`;
		},
	},
	{
		name: 'wrong message',
		weight: 3,
		ready: () => true,
		async strike({ house }, dice) {
			const node = dice.pick(CONSUMERS);
			const message = dice.pick(MISTAKES(dice));
			await house.nodeRed.send(node, { topic: 'chaos', ...message });
			return `${node}: ${JSON.stringify(message).slice(0, 80)}`;
		},
	},
	{
		name: 'buttons pressed at random',
		weight: 3,
		ready: () => true,
		async strike({ house, file }, dice) {
			const pressed: string[] = [];
			for (let count = dice.between(1, 6); count > 0; count--) {
				const node = dice.pick(CONTROLLED);
				const payload = dice.pick([
					true,
					false,
					'start',
					'stop',
					'toggle',
					'pause',
					'resume',
					'chaos',
				] as const);
				if (node === 'mic-file') file.renew(dice);
				await house.nodeRed.send(node, { payload });
				pressed.push(`${node} ${payload}`);
			}
			return pressed.join(', ');
		},
	},
	{
		name: 'reset',
		weight: 2,
		ready: () => true,
		async strike({ house }, dice) {
			const node = dice.pick(['mic-card', 'mic-file', 'mic-page'] as const);
			await house.nodeRed.send(node, { reset: true });
			return node;
		},
	},
];
