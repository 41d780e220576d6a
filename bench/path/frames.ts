import { setTimeout as sleep } from 'node:timers/promises';
import { hostPage, MicPage } from '../../test/browser/mic-page.ts';
import { openBrowser } from '../../test/lab/browser.ts';
import type { ConnectionRecord } from '../../test/lab/recognisers/record.ts';
import { noise } from '../../test/lab/signals.ts';
import { FedMicrophone } from '../tutorials/fed-microphone.ts';
import { arrivalsOf, delaysOf, soundOf } from './audio.ts';
import { type Mark, type Moment, marksOf, moment } from './marks.ts';
import { framesOf, WATCH_WORKLET } from './page-probe.ts';
import { figuresOf, type PathFigures } from './path.ts';
import { type PathLab, RATE } from './path-lab.ts';

// From the sound layer to the recogniser, 100 ms at a time. A message waits until it is full: that wait is not counted,
// because a message's way begins with its last sample.

export const SOURCES = ['portaudio', 'alsa', 'browser'] as const;
export type SourceName = (typeof SOURCES)[number];

/** Where sound leaves the sound layer. */
const LAYERS: Readonly<Record<SourceName, string>> = {
	portaudio: "naudiodon's read",
	alsa: "arecord's write",
	browser: "the page's worklet",
};
/** What happens only once is over. */
const WARM_UP_MS = 1000;
/** Longer than any microphone takes to open. */
const OPEN_MS = 8000;

let seed = 2000;

/** Two rows: to the socket in Node-RED, and to the recogniser's process. */
export async function measureFrames(
	lab: PathLab,
	source: SourceName,
	seconds: number,
): Promise<PathFigures[]> {
	const { assemblyAi } = lab;
	await lab.deploy(
		{ source, path: '/voice' },
		[{ id: 'stt', provider: 'assemblyai' }],
		hostPage('/page', '/voice'),
	);
	const known = assemblyAi.records.length;
	const began = lab.now();
	const microphone = await (source === 'browser' ? pageOf(lab, seconds) : cardOf(lab, seconds));
	try {
		await microphone.start();
		const record = await assemblyAi.until('audio', () => heard(assemblyAi.records.slice(known)));
		await sleep(WARM_UP_MS);
		const from = lab.now();
		await sleep(seconds * 1000);
		const to = lab.now();
		await microphone.stop();
		await assemblyAi.until('the end', () => record.closed);
		const off = source === 'browser' ? await microphone.frames() : marksOf(lab.marks, KINDS[source], began);
		const isMeasured = ({ at }: Mark) => at < to;
		const arrived = [soundOf(marksOf(lab.marks, 'sent', began)), arrivalsOf(record)];
		return ['the socket', 'the recogniser'].map((name, index) =>
			figuresOf(
				`${source}: ${LAYERS[source]} → ${name}`,
				delaysOf(off, (arrived[index] ?? []).filter(isMeasured), from),
			),
		);
	} finally {
		await microphone.close();
	}
}

const KINDS = { portaudio: 'captured', alsa: 'written' } as const;

const heard = (records: readonly ConnectionRecord[]) => records.find(({ bytes }) => bytes > 0);

/** Somebody at a microphone. */
interface Speaker {
	start(): Promise<void>;
	stop(): Promise<void>;
	/** What a page's worklet has posted. */
	frames(): Promise<Mark[]>;
	close(): Promise<void>;
}

async function cardOf({ card, nodeRed }: PathLab, seconds: number): Promise<Speaker> {
	const fed = await FedMicrophone.start(card, RATE, seconds + OPEN_MS / 1000, seed++);
	return {
		start: () => nodeRed.click('start'),
		stop: () => nodeRed.click('stop'),
		frames: async () => [],
		close: async () => void (await fed.stop()),
	};
}

async function pageOf({ nodeRed }: PathLab, seconds: number): Promise<Speaker> {
	const browser = await openBrowser();
	try {
		browser.say(noise((seconds + OPEN_MS / 1000) * RATE, seed++), RATE);
		const address = `${nodeRed.url}/page?raw&no-transcript`;
		const mic = new MicPage(await browser.open(address, { script: WATCH_WORKLET }));
		await mic.is('idle');
		return {
			start: () => mic.button.click(),
			stop: () => mic.button.click(),
			async frames() {
				const at = dayClock();
				return (await framesOf(mic.page)).map((frame) => ({ ...frame, at: at(frame.at) }));
			},
			close: () => browser.close(),
		};
	} catch (error) {
		await browser.close().catch(() => {});
		throw error;
	}
}

/** Turns times of day, in milliseconds, into moments. */
function dayClock(): (time: number) => Moment {
	const before = Date.now();
	let tick = before;
	while (tick === before) tick = Date.now(); // it counts whole milliseconds: just now it is right
	const late = performance.now() - tick;
	return (time) => moment(time + late);
}
