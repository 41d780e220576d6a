import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { load, type MessageTypeDefinition } from '@grpc/proto-loader';
import { packageRoot } from '../../test/lab/root.ts';
import { startSoundCard } from '../../test/lab/sound-card.ts';
import type { Extent } from '../statistics.ts';
import { Cloud } from './cloud.ts';
import { FlowContestant, ScriptContestant } from './contestants.ts';
import { type Figures, figuresOf, noTakes, type Takes } from './figures.ts';
import { measureHoldToTalk } from './hold-to-talk.ts';
import { type LiveFlow, liveFlow } from './live-flow.ts';
import { BenchNodeRed } from './node-red.ts';
import { type Module, missing } from './python.ts';
import { type Place, take } from './take.ts';

// The same work done by Python scripts, as three tutorials teach it, and by our nodes in a real Node-RED: the same
// virtual microphone, the same loopback recognisers, the same sizes of a frame, in turns.

/** So many recognisers on one microphone, to tell what one of them takes. */
export const MANY = 17;
export const PRE_ROLL_MS = 300;
/** More runs than that would take longer than they tell. */
export const RUNS_MAX = 3;

export const TUTORIALS = ['T1', 'T2', 'T3'] as const;
export type Tutorial = (typeof TUTORIALS)[number];

const MODULES: Readonly<Record<Tutorial, readonly Module[]>> = {
	T1: ['pyaudio'],
	T2: ['pyaudio', 'websockets'],
	T3: ['pyaudio', 'grpc'],
};

export interface TutorialOptions {
	readonly tutorials?: readonly Tutorial[];
	/** False: our nodes alone. */
	readonly scripts?: boolean;
}

/**
 * One row for each script and one for our nodes at the same work; of their runs (3 at most) the medians. Scripts of
 * which Debian's modules are not installed are left out, and what to install is printed.
 */
export async function measureTutorials(
	{ seconds, runs }: Extent,
	{ tutorials = TUTORIALS, scripts = true }: TutorialOptions = {},
): Promise<Figures[]> {
	const extent = { seconds, runs: Math.min(runs, RUNS_MAX) };
	const absent = scripts ? missing(['pyaudio', 'websockets', 'grpc']) : [];
	if (absent.length) console.log(`Scripts are left out. For them: sudo apt install ${absent.join(' ')}`);
	const figures: Figures[] = [];
	for (const tutorial of tutorials) {
		const withScript = scripts && missing(MODULES[tutorial]).length === 0;
		figures.push(
			...(tutorial === 'T1'
				? await measureHoldToTalk(extent, withScript)
				: await measureLive(await LIVE[tutorial](), extent, withScript)),
		);
	}
	return figures;
}

/** A script that recognises what is said, and our nodes in its place. */
interface Live {
	readonly name: Tutorial;
	readonly rate: number;
	readonly frames: number;
	readonly endsItself: boolean;
	readonly cloud: Cloud;
	script(folder: string, lengthMs: number): readonly (string | number)[];
	flow(folder: string, lengthMs: number): Pick<LiveFlow, 'provider' | 'recognition' | 'maxMs' | 'wav'>;
}

const LIVE = {
	async T2(): Promise<Live> {
		const [rate, frames, cloud] = [16_000, 3200, await Cloud.assemblyAi()];
		const endpoint = `ws://127.0.0.1:${cloud.port}/v2/realtime/ws`;
		const { apiKey } = cloud.recogniser;
		return {
			...{ name: 'T2', rate, frames, cloud, endsItself: false },
			script: () => [`${endpoint}?sample_rate=${rate}`, apiKey, rate, frames],
			flow: () => ({ provider: { provider: 'assemblyai-v2', endpoint, credentials: { apiKey } } }),
		};
	},
	async T3(): Promise<Live> {
		const [rate, frames, cloud] = [8000, 4096, await Cloud.yandex()];
		const { apiKey } = cloud.recogniser;
		const target = `127.0.0.1:${cloud.port}`;
		const descriptor = await yandexDescriptor();
		return {
			...{ name: 'T3', rate, frames, cloud, endsItself: true },
			script(folder, lengthMs) {
				const file = join(folder, 'descriptor');
				writeFileSync(file, descriptor);
				return [target, apiKey, file, join(folder, 'script.wav'), rate, frames, lengthMs / 1000];
			},
			flow: (folder, lengthMs) => ({
				provider: { provider: 'yandex', endpoint: `grpc://${target}`, credentials: { apiKey } },
				recognition: { language: 'ru-RU', finals: 'both' },
				maxMs: lengthMs,
				wav: join(folder, 'nodes.wav'),
			}),
		};
	},
};

/** T3's script, whose frames are of half a second, would be over before it is measured. */
const LEAST_SECONDS = 1;

async function measureLive(live: Live, extent: Extent, scripts: boolean): Promise<Figures[]> {
	const { name, rate, frames, cloud } = live;
	const { runs } = extent;
	const seconds = scripts ? Math.max(LEAST_SECONDS, extent.seconds) : extent.seconds;
	const takes = { script: noTakes(), nodes: noTakes() };
	const card = await startSoundCard({ rate });
	const place: Place = { card, rate, cloud };
	try {
		for (let run = 0; run < runs; run++) {
			const sides = [() => nodes(place, live, seconds, takes.nodes)];
			if (scripts) sides.unshift(() => script(place, live, seconds, takes.script));
			// Turn about who begins: whatever else this machine does meets both.
			for (const side of run % 2 ? sides.reverse() : sides) await side();
		}
	} finally {
		await card.stop();
		await cloud.stop();
	}
	const frame = `${frames} at ${rate / 1000} kHz`;
	const row = (side: keyof typeof takes) =>
		figuresOf(`${name} ${side}`, frame, takes[side], { streams: MANY, preRoll: side === 'nodes' });
	return [...(scripts ? [row('script')] : []), row('nodes')];
}

async function script(place: Place, live: Live, seconds: number, takes: Takes): Promise<void> {
	const { card } = place;
	const { rate, frames, endsItself } = live;
	const file = `${live.name.toLowerCase()}.py`;
	const args = (lengthMs: number) => live.script(card.folder, lengthMs);
	const whole = () => new ScriptContestant(file, args, card, { endsItself });
	const capture = new ScriptContestant('capture.py', () => [rate, frames], card, { streams: 0 });
	for (const [list, contestant, cut] of [
		[takes.cut, whole(), true],
		[takes.whole, whole(), false],
		[takes.capture, capture, false],
	] as const)
		try {
			list.push(await take(place, contestant, { seconds, cut }));
		} finally {
			await contestant.dispose();
		}
}

async function nodes(place: Place, live: Live, seconds: number, takes: Takes): Promise<void> {
	const { rate, frames, endsItself } = live;
	const { folder } = place.card;
	const nodeRed = await BenchNodeRed.start(place.card.env);
	const contestant = (streams: number, preRollMs: number) =>
		new FlowContestant(
			nodeRed,
			(lengthMs) => liveFlow({ rate, frames, streams, preRollMs, ...live.flow(folder, lengthMs) }),
			{ streams, endsItself },
		);
	try {
		await measureFlows(place, contestant, seconds, takes);
	} finally {
		await nodeRed.stop();
	}
}

/** Node-RED spends more in its first half minute than later, whatever it does. */
const WARM_UP_SECONDS = 15;

/** All takes of a flow that can have any number of streams. */
export async function measureFlows(
	place: Place,
	contestant: (streams: number, preRollMs: number) => FlowContestant,
	seconds: number,
	takes: Takes,
): Promise<void> {
	takes.cut.push(await take(place, contestant(1, PRE_ROLL_MS), { seconds, cut: true }));
	if (seconds >= 1)
		await take(place, contestant(MANY, 0), { seconds: Math.min(WARM_UP_SECONDS, 2 * seconds) });
	const measured = [
		[takes.whole, 1],
		[takes.capture, 0],
		[takes.more, MANY],
	] as const;
	// The other way round in every other run: what one has left behind meets the next.
	for (const [list, streams] of takes.whole.length % 2 ? measured.toReversed() : measured)
		list.push(await take(place, contestant(streams, 0), { seconds }));
}

/** What Python needs in place of generated code: the FileDescriptorProto of SpeechKit's protocol, as bytes. */
async function yandexDescriptor(): Promise<Buffer> {
	const definitions = await load('recognizer.proto', {
		includeDirs: [join(packageRoot, 'nodes/stt-stream/providers/yandex/proto')],
		keepCase: true,
	});
	const request = definitions['speechkit.stt.v3.StreamingRequest'] as unknown as MessageTypeDefinition<
		object,
		object
	>;
	// The other one is Google's own, which Python has.
	return request.fileDescriptorProtos.find((file) => file.includes('speechkit_stt_v3.proto')) as Buffer;
}
