import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionRecord } from '../../lab/recognisers/record.ts';
import type { Action, Behaviour, Cue } from '../../lab/recognisers/script.ts';
import type { Dice } from '../dice.ts';
import type { Fault, Scene } from './fault.ts';
import { LIES, RAW, RESPONSES } from './garbage.ts';

type Side = 'assemblyai' | 'yandex';

/**
 * Sessions of Yandex that end well although their words are kept back, or although not all was heard: status OK is the
 * protocol's own word for it, and is believed. AssemblyAI has a message for that, and is not believed without.
 */
export const speechless = new WeakSet<ConnectionRecord>();

/** Codes with which each closes, some that a client may retry after and some that it may not. */
const CODES = { assemblyai: [1000, 1001, 1011, 1013, 3005, 3007, 4000], yandex: [0, 1, 2, 4, 8, 13, 14, 15] };

const openOf = (scene: Scene, side: Side): ConnectionRecord[] =>
	scene.house[side].records.filter((record) => record.isOpen);
const sidesWith = (scene: Scene): Side[] =>
	(['assemblyai', 'yandex'] as const).filter((side) => openOf(scene, side).length > 0);

/** Does something to one of the sessions that are open. */
function act(scene: Scene, dice: Dice, action: (side: Side) => Action): string {
	const side = dice.pick(sidesWith(scene)) as Side;
	const record = dice.pick(openOf(scene, side)) as ConnectionRecord;
	const what = action(side);
	const keepsBack = what.do === 'mute' || (what.do === 'close' && what.code === 0);
	if (side === 'yandex' && keepsBack) speechless.add(record);
	if (side === 'assemblyai') scene.house.assemblyai.connection(record).act(what);
	else scene.house.yandex.call(record).act(what);
	return `${side} ${record.index}: ${brief(what)}`;
}

/** Prepares how the next connections are met. */
function prepare(scene: Scene, dice: Dice, behaviour: (side: Side) => Behaviour): string {
	const side = dice.pick(['assemblyai', 'yandex'] as const);
	const recogniser = scene.house[side];
	const next = recogniser.records.length;
	const until = next + dice.between(1, 2);
	const what = behaviour(side);
	recogniser.script = (index) => (index >= next && index < until ? what : {});
	scene.heal.push(() => {
		recogniser.script = {};
	});
	// Otherwise nobody would notice before the next stream.
	if (dice.oneIn(2)) recogniser.dropAll();
	return `${side}, the next ${until - next}: ${brief(what)}`;
}

const brief = (what: object): string =>
	JSON.stringify(what, (_, value) =>
		typeof value === 'string' && value.length > 60 ? `${value.slice(0, 40)}… (${value.length})` : value,
	).slice(0, 160);

const anyOpen = (scene: Scene): boolean => sidesWith(scene).length > 0;
const always = (): boolean => true;

const session = (name: string, weight: number, action: (dice: Dice, side: Side) => Action): Fault => ({
	name,
	weight,
	ready: anyOpen,
	strike: (scene, dice) => act(scene, dice, (side) => action(dice, side)),
});

const prepared = (name: string, weight: number, behaviour: (dice: Dice, side: Side) => Behaviour): Fault => ({
	name,
	weight,
	ready: always,
	strike: (scene, dice) => prepare(scene, dice, (side) => behaviour(dice, side)),
});

const cue = (cue: Cue): Behaviour => ({ cues: [cue] });

export const RECOGNISER_FAULTS: readonly Fault[] = [
	session('drop', 4, () => ({ do: 'drop' })),
	session('stall', 3, (dice) => ({ do: 'stall', forMs: dice.between(50, 1500) })),
	session('close', 3, (dice, side) => ({
		do: 'close',
		code: dice.pick(CODES[side]) as number,
		...(dice.oneIn(2) && { error: 'chaos' }),
	})),
	session('mute', 1, () => ({ do: 'mute' })),
	session('half', 2, () => ({ do: 'half', message: '{"type":"Turn","transcr' })),
	session('garbage', 5, (dice, side) => ({
		do: 'send',
		message: side === 'assemblyai' ? dice.pick(LIES(dice)) : dice.pick(RESPONSES),
	})),
	prepared('refuse', 2, (dice, side) => ({
		refuse: {
			status: dice.pick(side === 'assemblyai' ? ([429, 500, 502, 503] as const) : ([8, 13, 14] as const)),
			body: 'chaos',
		},
	})),
	prepared('slow', 2, (dice) => ({
		acceptDelayMs: dice.between(0, 2500),
		beginDelayMs: dice.between(0, 500),
		finalDelayMs: dice.between(0, 300),
	})),
	prepared('worst moment', 4, (dice, side) =>
		cue({
			at: dice.pick(['open', 'finish', { audioMs: dice.between(1, 1500) }] as const),
			...dice.pick<readonly [Action, ...Action[]]>([
				{ do: 'drop' },
				{ do: 'close', code: side === 'assemblyai' ? 1011 : 13 },
				{ do: 'half', message: '{' },
				{ do: 'stall', forMs: 800 },
			]),
		}),
	),
	{
		name: 'outage',
		weight: 3,
		ready: () => true,
		async strike({ house, heal }, dice) {
			const side = dice.pick(['assemblyai', 'yandex'] as const);
			const recogniser = house[side];
			const ms = dice.between(300, 3000);
			const forGood = dice.oneIn(3);
			const status = side === 'assemblyai' ? (forGood ? 401 : 503) : forGood ? 7 : 14;
			const back = () => {
				recogniser.script = {};
			};
			recogniser.script = { refuse: { status, body: 'chaos' } };
			recogniser.dropAll();
			heal.push(back);
			await sleep(ms);
			back();
			return `${side} answers ${status} for ${ms} ms`;
		},
	},
	{
		name: 'raw bytes',
		weight: 3,
		ready: ({ house }) => house.assemblyai.sockets.length > 0,
		strike({ house }, dice) {
			const bytes = dice.pick(RAW(dice));
			dice.pick(house.assemblyai.sockets)?.write(bytes);
			return `${bytes.length} bytes: ${bytes.subarray(0, 12).toString('hex')}…`;
		},
	},
	{
		name: 'network gone',
		weight: 2,
		ready: anyOpen,
		strike({ house }) {
			house.assemblyai.dropAll();
			house.yandex.dropAll();
			return 'every connection';
		},
	},
];
