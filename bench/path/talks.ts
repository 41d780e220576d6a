import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionRecord } from '../../test/lab/recognisers/record.ts';
import { FedMicrophone } from '../tutorials/fed-microphone.ts';
import { runsOf } from '../tutorials/heard.ts';
import { answersIn } from './answers.ts';
import { type Moment, moment, type Told, toldOf } from './marks.ts';
import { figuresOf, type PathFigures } from './path.ts';
import { BUTTON_PIN, type PathLab, type Provider, RATE } from './path-lab.ts';

// Somebody holds a button and talks: how soon is heard what is said, and how soon after the release the text is there.

export interface TalkCase {
	readonly source: 'portaudio' | 'alsa';
	readonly provider: Provider;
	/** A pre-roll, and sessions that are opened ahead. */
	readonly isReady: boolean;
}

export const TALKS: readonly TalkCase[] = [
	{ source: 'portaudio', provider: 'assemblyai', isReady: false },
	{ source: 'portaudio', provider: 'assemblyai', isReady: true },
	{ source: 'alsa', provider: 'yandex', isReady: false },
	{ source: 'alsa', provider: 'yandex', isReady: true },
];

const PRE_ROLL_MS = 300;
const HELD_MS = 800;
/** A press and a release come at no particular moment of the sound card's round. */
const MOMENT_MS = 137;
const PAUSE_MS = 300;
/** After a deploy: the microphone has opened, the sessions too, and the pre-roll is full. */
const READY_MS = 1500;
/** A recogniser takes so long for its last words. */
const FINISH_MS = 50;
/** What a talk may take besides. */
const SPARE_MS = 3000;
const EXPORTED_MS = 10;

let seed = 4000;

export async function measureTalks(lab: PathLab, talk: TalkCase, count: number): Promise<PathFigures[]> {
	const { source, provider, isReady } = talk;
	const recogniser = provider === 'yandex' ? lab.yandex : lab.assemblyAi;
	recogniser.script = { finishDelayMs: FINISH_MS };
	lab.button(false);
	const lengthMs = READY_MS + (count + 1) * (HELD_MS + SPARE_MS);
	// First of all, because the card changes its pace for it.
	const microphone = await FedMicrophone.start(lab.card, RATE, lengthMs / 1000, seed++);
	const talks: Talk[] = [];
	let origin = Number.NaN;
	try {
		await lab.deploy(
			{ source, preRollMs: isReady ? PRE_ROLL_MS : 0 },
			[{ id: 'stt', provider, warm: isReady }],
			[
				{
					...{ id: 'button', type: 'button-trigger', z: 'tab', backend: 'onoff', pin: String(BUTTON_PIN) },
					...{ active: 'high', pull: 'none', wires: [['mic'], []] },
				},
			],
		);
		while (!lab.isButtonReady) await sleep(EXPORTED_MS);
		await sleep(READY_MS);
		await oneTalk(lab, recogniser); // what is started only once
		for (let one = 0; one < count; one++) talks.push(await oneTalk(lab, recogniser));
		await sleep(PAUSE_MS); // its last messages
	} finally {
		origin = await microphone.stop();
	}
	const told = toldOf(lab.marks, talks[0]?.pressedAt ?? 0);
	const parts = talks.map((one, index) => {
		const until = talks[index + 1]?.pressedAt ?? Number.POSITIVE_INFINITY;
		const its = told.filter(({ at }) => at >= one.pressedAt && at < until);
		return partsOf(one, its, microphone.fed, moment(origin));
	});
	const name = `${source}${isReady ? ', pre-roll' : ''}`;
	return Object.entries(WAYS).map(([way, read]) => figuresOf(`${name}: ${way}`, parts.map(read)));
}

interface Talk {
	readonly pressedAt: Moment;
	readonly releasedAt: Moment;
	readonly record: ConnectionRecord;
}

async function oneTalk(lab: PathLab, recogniser: PathLab['assemblyAi' | 'yandex']): Promise<Talk> {
	const before = new Set(recogniser.records.filter(({ bytes }) => bytes > 0));
	const mine = () => recogniser.records.find((record) => record.bytes > 0 && !before.has(record));
	await sleep(PAUSE_MS + Math.random() * MOMENT_MS);
	const pressedAt = lab.button(true);
	await sleep(HELD_MS + Math.random() * MOMENT_MS);
	const releasedAt = lab.button(false);
	const record = await recogniser.until('audio', mine);
	await recogniser.until('the end', () => record.closed);
	return { pressedAt, releasedAt, record };
}

/** All of a talk that is measured, in the order of time. */
interface Parts {
	readonly pressedAt: Moment;
	readonly firstSampleAt: Moment;
	readonly pressToldAt: Moment;
	/** Sound is at the recogniser. */
	readonly firstAudioAt: Moment;
	readonly releasedAt: Moment;
	readonly lastSampleAt: Moment;
	readonly releaseToldAt: Moment;
	/** The microphone's last message. */
	readonly soundEndedAt: Moment;
	/** The recogniser knows that there is no more. */
	readonly finishedAt: Moment;
	/** It says its last final. */
	readonly saidAt: Moment;
	readonly toldAt: Moment;
}

/** Negative: before the press. */
const WAYS: Readonly<Record<string, (parts: Parts) => number>> = {
	'press → first sample': (at) => at.firstSampleAt - at.pressedAt,
	"press → button's message": (at) => at.pressToldAt - at.pressedAt,
	'press → first audio at the recogniser': (at) => at.firstAudioAt - at.pressedAt,
	'release → last sample': (at) => at.lastSampleAt - at.releasedAt,
	'release → last final': (at) => at.toldAt - at.releasedAt,
	'… without the recogniser': (at) => at.toldAt - at.releasedAt - recogniserMs(at),
	'… from the stop command on': (at) => at.toldAt - at.releaseToldAt - recogniserMs(at),
	'of it, until the last sound is there': (at) => at.soundEndedAt - at.releaseToldAt,
	'of it, our nodes': (at) => at.toldAt - at.soundEndedAt - recogniserMs(at),
	'the recogniser': recogniserMs,
};

function recogniserMs({ finishedAt, saidAt }: Parts): number {
	return saidAt - finishedAt;
}

function partsOf(
	{ pressedAt, releasedAt, record }: Talk,
	told: readonly (Told & { readonly at: Moment })[],
	fed: Buffer,
	origin: Moment,
): Parts {
	const next = (after: Moment, isIt: (one: Told) => boolean) =>
		told.find((one) => one.at >= after && isIt(one))?.at ?? Number.NaN;
	const isButton = (payload: boolean) => (one: Told) => one.node === 'button' && one.payload === payload;
	const runs = runsOf(record.audio(), fed);
	const [first, last] = [runs[0], runs.at(-1)];
	const sampleAt = (frame = Number.NaN) => origin + (frame * 1000) / RATE;
	const answer = answersIn(record, told, 'stt').findLast(({ isFinal }) => isFinal);
	return {
		pressedAt,
		firstSampleAt: sampleAt(first && first.fed - first.at),
		pressToldAt: next(pressedAt, isButton(true)),
		firstAudioAt: moment(record.arrivals[0]?.at ?? Number.NaN),
		releasedAt,
		lastSampleAt: sampleAt(last && last.fed + last.frames),
		releaseToldAt: next(releasedAt, isButton(false)),
		soundEndedAt: next(releasedAt, ({ node, complete }) => node === 'mic' && complete === true),
		finishedAt: moment(record.finishedAt ?? Number.NaN),
		saidAt: answer?.saidAt ?? Number.NaN,
		toldAt: answer?.toldAt ?? Number.NaN,
	};
}
