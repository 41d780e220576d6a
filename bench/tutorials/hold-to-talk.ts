import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FlowNode } from '../../test/lab/node-red.ts';
import { sink } from '../../test/lab/node-red.ts';
import { type SoundCard, startSoundCard } from '../../test/lab/sound-card.ts';
import { median, rounded } from '../statistics.ts';
import { boolean, inject } from './contestants.ts';
import { FedMicrophone } from './fed-microphone.ts';
import type { Figures } from './figures.ts';
import { Heard } from './heard.ts';
import { BenchNodeRed } from './node-red.ts';
import type { Program } from './program.ts';
import { startScript } from './python.ts';
import { usageOf } from './usage.ts';

// T1: what is said while the button is held, is played when it is released. What comes out of the loudspeaker is
// compared with what went into the microphone.

const RATE = 48_000;
const FRAMES = 4096;
const PRE_ROLL_MS = 300;
/** Held so long at most: it is played as long again. */
const HOLD_MAX_SECONDS = 10;
/** The first press, and the one with a pre-roll. */
const FIRST_SECONDS = 2;
/** The loudspeaker has been silent so long: all was played. */
const QUIET_MS = 800;
const PLAY_MS = 60_000;
/** A press comes at no particular moment of the script's round of 100 ms. */
const MOMENT_MS = 137;

interface Player {
	readonly program: Program;
	button(pressed: boolean): Promise<void>;
	stop(): Promise<void>;
}

interface Held {
	readonly cpu: number;
	readonly memory: number;
	readonly answerMs: number;
	readonly lost: { readonly start: number; readonly between: number; readonly stop: number };
}

let seed = 1000;

async function hold(card: SoundCard, player: Player, seconds: number): Promise<Held> {
	card.clearSpoken();
	const microphone = await FedMicrophone.start(card, RATE, seconds + 5, seed++);
	await sleep(Math.random() * MOMENT_MS);
	const before = usageOf(player.program.pid);
	const pressedAt = performance.now();
	await player.button(true);
	await sleep(seconds * 1000 - (performance.now() - pressedAt));
	const releasedAt = performance.now();
	await player.button(false);
	const { firstAt, lastAt } = await played(card, player.program);
	const after = usageOf(player.program.pid);
	await sleep(Math.max(0, lastAt + QUIET_MS - performance.now()));
	const origin = await microphone.stop();
	const heard = new Heard(
		microphone.fed,
		card.spokenStreams().map(({ data }) => data),
	);
	const frameAt = (time: number) => microphone.frameAt(time, origin);
	return {
		cpu: ((after.cpuMs - before.cpuMs) / 1000) * (60 / seconds),
		memory: after.memory,
		answerMs: firstAt - releasedAt,
		lost: {
			start: Math.max(0, Math.round(heard.first - frameAt(pressedAt))),
			between: heard.lost(heard.first, heard.last + 1) + heard.foreign,
			stop: Math.max(0, Math.round(frameAt(releasedAt) - heard.last - 1)),
		},
	};
}

/** When the loudspeaker began to play and was given the last sound. */
async function played(card: SoundCard, program: Program): Promise<{ firstAt: number; lastAt: number }> {
	const size = () => card.spokenStreams().reduce((sum, { data }) => sum + data.length, 0);
	const deadline = performance.now() + PLAY_MS;
	let [firstAt, lastAt, known] = [Number.NaN, Number.NaN, 0];
	for (; !(performance.now() - lastAt > QUIET_MS); await sleep(known ? 50 : 2)) {
		if (program.isOver || performance.now() > deadline)
			throw new Error(`Nothing was played:\n${program.words}`);
		const now = size();
		if (now === known) continue;
		lastAt = performance.now();
		if (!known) firstAt = lastAt;
		known = now;
	}
	return { firstAt, lastAt };
}

async function startScriptPlayer(card: SoundCard): Promise<Player> {
	const button = join(card.folder, 'button');
	const press = async (pressed: boolean) => writeFileSync(button, pressed ? '1' : '0');
	await press(false);
	const program = await startScript('t1.py', [button, RATE, FRAMES], card);
	program.enter();
	return { program, button: press, stop: () => program.stop() };
}

async function startNodes(card: SoundCard): Promise<Player & { preRoll(ms: number): Promise<void> }> {
	const nodeRed = await BenchNodeRed.start(card.env);
	return {
		program: nodeRed.program,
		button: (pressed) => nodeRed.click(pressed ? 'press' : 'release'),
		async preRoll(ms) {
			await nodeRed.deploy(flow(ms));
			await sleep(1500);
		},
		stop: () => nodeRed.stop(),
	};
}

/** As examples/flows/hold-to-talk-playback.json. */
const flow = (preRollMs: number): FlowNode[] => [
	{ id: 'tab', type: 'tab', label: 'Bench' },
	inject('press', [boolean(true)], ['button']),
	inject('release', [boolean(false)], ['button']),
	{ id: 'button', type: 'button-trigger', z: 'tab', backend: 'simulated', wires: [['mic'], []] },
	{
		...{ id: 'mic', type: 'mic-capture', z: 'tab', source: 'auto', device: 'vmic', preRollMs },
		...{ sampleRate: RATE, channels: 1, framesPerBuffer: FRAMES, recordMaxMs: 300_000 },
		wires: [[], ['speaker']],
	},
	{
		...{ id: 'speaker', type: 'audio-play', z: 'tab', backend: 'auto', device: 'vspk' },
		...{ framesPerBuffer: FRAMES, mode: 'queue', volume: 100, maxQueueMs: 60_000, wires: [['out']] },
	},
	sink('out', 'tab'),
];

/** The script and our nodes in turns; without scripts, our nodes alone. */
export async function measureHoldToTalk(
	{ seconds, runs }: { readonly seconds: number; readonly runs: number },
	scripts: boolean,
): Promise<Figures[]> {
	const held = Math.min(HOLD_MAX_SECONDS, seconds);
	const takes: Record<'script' | 'nodes' | 'preRoll', Held[]> = { script: [], nodes: [], preRoll: [] };
	const first: typeof takes = { script: [], nodes: [], preRoll: [] };
	const card = await startSoundCard({ rate: RATE });
	try {
		for (let run = 0; run < runs; run++) {
			const both = async (name: keyof typeof takes, player: Player) => {
				// At the first press, what stays for the next ones is started: only its losses count.
				first[name].push(await hold(card, player, Math.min(held, FIRST_SECONDS)));
				takes[name].push(await hold(card, player, held));
			};
			if (scripts) {
				const script = await startScriptPlayer(card);
				await both('script', script).finally(() => script.stop());
			}
			const nodes = await startNodes(card);
			try {
				await nodes.preRoll(PRE_ROLL_MS);
				takes.preRoll.push(await hold(card, nodes, Math.min(held, FIRST_SECONDS)));
				await nodes.preRoll(0);
				await both('nodes', nodes);
			} finally {
				await nodes.stop();
			}
		}
	} finally {
		await card.stop();
	}
	return [
		...(scripts ? [figuresOf('T1 script', takes.script, first.script)] : []),
		figuresOf('T1 nodes', takes.nodes, first.nodes, takes.preRoll),
	];
}

function figuresOf(
	name: string,
	held: readonly Held[],
	first: readonly Held[],
	preRoll: readonly Held[] = [],
): Figures {
	const of = (read: (one: Held) => number) => median(held.map(read));
	const most = (takes: readonly Held[], part: keyof Held['lost']) =>
		Math.max(...takes.map(({ lost }) => lost[part]));
	return rounded({
		case: name,
		frame: `${FRAMES} at ${RATE / 1000} kHz`,
		cpu: { all: of(({ cpu }) => cpu), capture: '–', oneMoreStream: '–' },
		memoryMb: { all: of(({ memory }) => memory / 2 ** 20), oneMoreStream: '–' },
		firstAudioMs: '–',
		latencyMs: { p50: '–', p99: '–' },
		afterFrameMs: { p50: '–', p99: '–' },
		answerMs: of(({ answerMs }) => answerMs),
		lost: {
			atStart: most([...held, ...first], 'start'),
			atStartWithPreRoll: preRoll.length ? most(preRoll, 'start') : '–',
			between: most([...held, ...first, ...preRoll], 'between'),
			atStop: most([...held, ...first, ...preRoll], 'stop'),
			overDrop: '–',
		},
	});
}
