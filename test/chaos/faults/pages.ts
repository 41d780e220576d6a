import { socketFor } from '../../lib/browser/page-client.ts';
import { PAGE } from '../flow.ts';
import { RATE } from '../speech.ts';
import type { Fault } from './fault.ts';

/** What a page may say that none of ours does. */
const NONSENSE = [
	'',
	'no json',
	'null',
	'[]',
	'{"type":"start"}',
	'{"type":"start","utterance":"one","sampleRate":16000}',
	'{"type":"start","utterance":1e400,"sampleRate":16000}',
	`{"type":"start","utterance":77,"sampleRate":${RATE + 0.5}}`,
	'{"type":"start","utterance":78,"sampleRate":-1}',
	'{"type":"stop","utterance":-3}',
	'{"type":"unknown"}',
	'{"type":"__proto__"}',
	'x'.repeat(90_000),
] as const;

/** Of browser tabs. */
export const PAGE_FAULTS: readonly Fault[] = [
	{
		name: 'tab closed',
		weight: 3,
		ready: ({ pages }) => pages.open.length > 0,
		strike({ pages }, dice) {
			const utterance = dice.pick(pages.open);
			const softly = dice.oneIn(2);
			if (softly) utterance?.client.socket.close(1001);
			else utterance?.client.socket.terminate();
			return `${utterance?.stream}, ${softly ? 'told' : 'not told'}`;
		},
	},
	{
		name: 'tab talks nonsense',
		weight: 3,
		ready: ({ pages }) => pages.open.length > 0,
		strike({ pages }, dice) {
			const utterance = dice.pick(pages.open);
			const text = dice.pick(NONSENSE);
			utterance?.client.socket.send(text);
			return `${utterance?.stream}: ${text.slice(0, 60)}`;
		},
	},
	{
		name: 'tab sends a gigantic or half a frame',
		weight: 2,
		ready: ({ pages }) => pages.open.length > 0,
		strike({ pages }, dice) {
			const utterance = dice.pick(pages.open);
			const gigantic = dice.oneIn(2);
			if (gigantic) utterance?.client.socket.send(Buffer.alloc(1 << 20));
			else {
				utterance?.client.socket.send(Buffer.alloc(100), { fin: false });
				utterance?.client.socket.terminate();
			}
			return `${utterance?.stream}, ${gigantic ? 'gigantic' : 'half'}`;
		},
	},
	{
		name: 'stranger',
		weight: 1,
		ready: () => true,
		async strike({ house }) {
			const socket = socketFor(`${house.nodeRed.url}${PAGE}`, 'no ticket');
			socket.on('error', () => {});
			await new Promise((resolve) => socket.once('close', resolve));
			return 'without a ticket';
		},
	},
];
