import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionRecord } from '../../test/lab/recognisers/record.ts';
import type { SoundCard } from '../../test/lab/sound-card.ts';
import type { Cloud } from './cloud.ts';
import { FedMicrophone } from './fed-microphone.ts';
import { Heard, type Latencies, latenciesOf } from './heard.ts';
import type { Program } from './program.ts';
import { usageOf } from './usage.ts';

/** Longer than any of them needs to open the microphone and to connect. */
const OPEN_MS = 8000;
/** From a cut to the stop, at most. */
const AFTER_CUT_MAX_MS = 6000;

/** Whoever takes sound from the microphone to the recogniser, and how a user handles it. */
export interface Contestant {
	/** Until the user can start it. Resolves with the program, whose children count too. */
	prepare(lengthMs: number): Promise<Program>;
	start(): Promise<void>;
	/** As the user stops it; if it `endsItself`, resolves when it has. */
	stop(): Promise<void>;
	/** Resolves when nothing more comes from it. */
	settle(records: readonly ConnectionRecord[]): Promise<void>;
	/** After its length. */
	readonly endsItself: boolean;
	/** Sessions that it has with the recogniser. */
	readonly streams: number;
}

export interface Place {
	readonly card: SoundCard;
	/** Of the card and of the audio, in Hz. */
	readonly rate: number;
	readonly cloud: Cloud;
}

/** What one recording brought. */
export interface Take {
	/** Seconds of processor time for each minute of audio. */
	readonly cpu: number;
	/** Resident, in bytes. */
	readonly memory: number;
	/** From the start to the first audio at the recogniser; NaN without one. */
	readonly firstAudioMs: number;
	/** Once it is under way, of the first stream. */
	readonly latencies: Latencies;
	/** Samples that were at the microphone and never at the recogniser. */
	readonly lost: {
		/** From the start to the first that came. */
		readonly start: number;
		/** Between the first and the last, without a cut. */
		readonly between: number;
		/** From the last that came to the stop. */
		readonly stop: number;
		/** From a second before a cut to a second before the stop. */
		readonly cut: number;
	};
}

let seed = 1;

/** So many seconds of audio are measured; with a cut, the network breaks for a second among them. */
export async function take(
	{ card, rate, cloud }: Place,
	contestant: Contestant,
	{ seconds, cut = false }: { readonly seconds: number; readonly cut?: boolean },
): Promise<Take> {
	const { recogniser, network } = cloud;
	const known = recogniser.records.length;
	const records = () => recogniser.records.slice(known);
	// Where less than a second is measured, all else is shorter, too.
	const second = Math.min(1000, seconds * 1000);
	const measuredMs = cut ? second + Math.min(AFTER_CUT_MAX_MS, seconds * 1000 + second) : seconds * 1000;
	const lengthMs = second + measuredMs + second;
	const program = await contestant.prepare(lengthMs);
	const microphone = await FedMicrophone.start(card, rate, (lengthMs + OPEN_MS) / 1000, seed++);
	const startedAt = performance.now();
	await contestant.start();
	if (contestant.streams) {
		const heard = () => records().filter(({ bytes }) => bytes > 0).length >= contestant.streams;
		await orItEnds(program, recogniser.until('audio of all streams', heard));
	} else await sleep(second);
	await sleep(second); // what starts only once is over

	const [before, from] = [usageOf(program.pid), performance.now()];
	let cutAt = Number.NaN;
	if (cut) {
		await sleep(second);
		cutAt = performance.now();
		network.cut(second);
		await sleep(measuredMs - second);
	} else await sleep(measuredMs);
	const [after, to] = [usageOf(program.pid), performance.now()];
	if (!cut && program.isOver) throw new Error(`It ended:\n${program.words}`);

	const stoppedAt = performance.now();
	await contestant.stop();
	await contestant.settle(records());
	const origin = await microphone.stop();

	const refused = records().find(({ closed }) => closed?.by === 'recogniser' && closed.code >= 3000);
	if (refused) throw new Error(`The recogniser refuses: ${JSON.stringify(refused.closed)}`);
	const audio = records().map((record) => record.audio());
	const { fed } = microphone;
	const heard = new Heard(fed, audio);
	const frameAt = (time: number) => microphone.frameAt(time, origin);
	const end = contestant.endsItself ? heard.first + (lengthMs * rate) / 1000 : frameAt(stoppedAt);
	const one = records().find(({ bytes }) => bytes > 0);
	return {
		cpu: (after.cpuMs - before.cpuMs) / ((to - from) / 60_000) / 1000,
		memory: after.memory,
		firstAudioMs: (one?.arrivals[0]?.at ?? Number.NaN) - startedAt,
		latencies: one && !cut ? latenciesOf(one, { fed, rate, origin }, from) : { samples: [], messages: [] },
		lost: {
			start: Math.max(0, Math.round(heard.first - frameAt(startedAt))),
			between: cut ? 0 : heard.lost(heard.first, heard.last + 1) + heard.foreign,
			stop: Math.max(0, Math.round(end - heard.last - 1)),
			cut: cut ? heard.lost(frameAt(cutAt - second), frameAt(stoppedAt - second)) : 0,
		},
	};
}

/** Rejects with its last words if the program ends first. */
async function orItEnds(program: Program, happens: Promise<unknown>): Promise<void> {
	happens.catch(() => {}); // it may come after the end
	const isOver = await Promise.race([happens.then(() => false), program.ended.then(() => true)]);
	if (isOver) throw new Error(`It ended:\n${program.words}`);
}

/** Resolves when all of these sessions are closed, which is not waited for longer than so. */
export async function allClosed(records: readonly ConnectionRecord[], graceMs: number): Promise<void> {
	for (const until = performance.now() + graceMs; performance.now() < until; await sleep(20))
		if (records.every(({ closed }) => closed)) return;
}
