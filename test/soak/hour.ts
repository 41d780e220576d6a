import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Dice } from '../chaos/dice.ts';
import { BYTES_PER_MS, Speech } from '../chaos/speech.ts';
import { type LabNodeRed, startNodeRed } from '../lab/node-red.ts';
import { startAssemblyAi } from '../lab/recognisers/assemblyai.ts';
import { numbers } from '../lab/recognisers/hearing.ts';
import { startYandex } from '../lab/recognisers/yandex.ts';
import { noise } from '../lab/signals.ts';
import { startSoundCard } from '../lab/sound-card.ts';
import { writeToyCtc } from '../lab/toy-models/models.ts';
import { toneSpeech } from '../lab/toy-models/tones.ts';
import { PageClient } from '../lib/browser/page-client.ts';
import { Books } from './books.ts';
import { Drift } from './drift.ts';
import { CREDENTIALS, HOUR, hourFlow, PAGE, RATE } from './flow.ts';
import { line, type Outcome } from './report.ts';
import { type Sample, Watch, withProbes } from './vitals.ts';

/** One press, one control message and one utterance in a page in each; at its end, nobody speaks or plays. */
const CYCLE_MS = 30_000;
/** In place of AssemblyAI's three hours, so that it rotates, too; Yandex has its own five minutes. */
const ASSEMBLYAI_SESSION_MS = 600_000;
const TURN_WORDS = 10;
/** What is still on its way when the last stream ends. */
const END_MS = 30_000;
const FRAME_MS = 40;

export interface HourOptions {
	readonly minutes: number;
	readonly seed: number;
	readonly tell: (line: string) => void;
}

/** A real Node-RED on a virtual sound card, in real time. */
export async function soakInRealTime({ minutes, seed, tell }: HourOptions): Promise<Outcome> {
	const folder = await mkdtemp(join(tmpdir(), 'voice-soak-hour-'));
	const books = new Books(HOUR);
	const ears = (name: string) => books.ears(name, numbers);
	const settings = { turnWords: TURN_WORDS, keepAudio: false };
	const assemblyai = await startAssemblyAi({
		...settings,
		ears: ears('stt-assemblyai'),
		limits: { sessionMs: ASSEMBLYAI_SESSION_MS },
	});
	const yandex = await startYandex({ ...settings, ears: ears('stt-yandex') });
	const card = await startSoundCard({ rate: RATE });
	const { sockets, env, args: probes } = withProbes(folder);
	let nodeRed: LabNodeRed | undefined;
	let failed = true;
	try {
		nodeRed = await startNodeRed({
			flow: hourFlow({
				assemblyai: assemblyai.url,
				yandex: yandex.endpoint,
				model: writeToyCtc(join(folder, 'model')),
			}),
			credentials: CREDENTIALS,
			env: { ...card.env, ...env },
			wrap: (command, args) => [command, [...probes, ...args]],
		});
		const drift = new Drift(CYCLE_MS);
		// Of every message at its own time, which is what drift is made of.
		const follow = nodeRed.until(
			'the end of the soak',
			() =>
				books.take(nodeRed as LabNodeRed, (stream) => {
					if (stream.mic === 'mic-open') drift.observe(books.sentMs(stream), performance.now());
				}),
			2 ** 31 - 1,
		);
		let crash: Error | undefined;
		follow.catch((thrown: Error) => {
			crash ??= thrown;
		});
		const feed = card.feed(street(minutes * 60_000 + 2 * CYCLE_MS));
		await nodeRed.send('mic-open', { payload: true });
		const page = await PageClient.connect(`${nodeRed.url}${PAGE}`);
		const watch = new Watch(nodeRed, sockets);
		const samples: Sample[] = [];
		const details: unknown[] = [];
		const dice = new Dice(seed);
		const pageSpeech = new Speech(800_000);
		const began = performance.now();
		for (let cycle = 0; cycle < (minutes * 60_000) / CYCLE_MS; cycle++) {
			if (crash) throw crash;
			const guests = visit(nodeRed, page, pageSpeech, dice);
			await sleep(Math.max(0, began + (cycle + 1) * CYCLE_MS - 1000 - performance.now()));
			await guests;
			const sample = await watch.look(openMs(books) / 1000);
			samples.push(sample);
			details.push(watch.details);
			tell(line(sample, books, drift));
			await sleep(Math.max(0, began + (cycle + 1) * CYCLE_MS - performance.now()));
		}
		await nodeRed.send('mic-open', { payload: false });
		await page.leave();
		await closed(books, END_MS);
		feed.stop();
		failed = false;
		return {
			kind: 'hour',
			samples,
			details: [details[0], details.at(-1)],
			sums: books.sums,
			errors: books.errors,
			// And the stream that was played all the time.
			toPlay: books.recordings + 1,
			playbacks: books.playbacks,
			underruns: books.underruns,
			open: books.open.map(({ mic, id }) => `${mic} ${id}`),
			drift: { ms: drift.ms, ppm: drift.ppm },
			log: nodeRed.log.filter((text) => /MaxListeners|Unhandled|Deprecation|^\[(error|warn)\]/.test(text)),
		};
	} finally {
		if (failed && nodeRed) {
			await writeFile(join(folder, 'node-red.log'), nodeRed.log.join('\n'));
			tell(`Node-RED's log: ${join(folder, 'node-red.log')}`);
		}
		await nodeRed?.stop().catch((error: unknown) => {
			if (!failed) throw error;
		});
		await Promise.all([assemblyai.stop(), yandex.stop()]);
		await card.stop();
		if (!failed) await rm(folder, { recursive: true, force: true });
	}
}

/** What is to be heard: numbers, tones for the local engine, and hardly anything, in turn; it never repeats. */
function street(ms: number): Buffer {
	const speech = new Speech(0);
	const hush = (pcm: Buffer, seed: number) => {
		const hiss = noise(pcm.length / 2, seed);
		for (let at = 0; at < pcm.length; at += 2)
			pcm.writeInt16LE(pcm.readInt16LE(at) + Math.trunc(hiss.readInt16LE(at) / 256), at);
		return pcm;
	};
	const pieces: Buffer[] = [];
	for (let at = 0; at < ms; at += CYCLE_MS) {
		for (let part = 0; part < 4; part++) {
			pieces.push(speech.say(5000).pcm, hush(Buffer.alloc(1000 * BYTES_PER_MS), at + part));
		}
		pieces.push(hush(toneSpeech('ONE TWO THREE FOUR FIVE SIX SEVEN ZERO'), at + 4));
		const so = pieces.reduce((sum, { length }) => sum + length, 0) / BYTES_PER_MS;
		pieces.push(hush(Buffer.alloc((at + CYCLE_MS - so) * BYTES_PER_MS), at + 5));
	}
	return Buffer.concat(pieces);
}

/** Who comes by within one cycle: a press of 5 to 9 s, a control message of 5 to 9 s, and 4 s in a page. */
async function visit(nodeRed: LabNodeRed, page: PageClient, speech: Speech, dice: Dice): Promise<void> {
	const hold = async (node: string, afterMs: number, ms: number) => {
		await sleep(afterMs);
		await nodeRed.send(node, { payload: true });
		await sleep(ms);
		await nodeRed.send(node, { payload: false });
	};
	const utter = async () => {
		await sleep(2000);
		const { utterance } = await page.start(RATE);
		const { pcm } = speech.say(4000);
		const began = performance.now();
		for (let at = 0; at < pcm.length; at += FRAME_MS * BYTES_PER_MS) {
			await sleep(Math.max(0, began + at / BYTES_PER_MS + FRAME_MS - performance.now()));
			page.socket.send(pcm.subarray(at, at + FRAME_MS * BYTES_PER_MS));
		}
		await page.stop(utterance);
	};
	const [first, second] = [dice.between(5000, 9000), dice.between(5000, 9000)];
	await Promise.all([hold('button', 500, first), hold('mic-hall', 8000, second), utter()]);
}

/** Of the stream that is never closed. */
const openMs = (books: Books): number => {
	const stream = books.open.find(({ mic }) => mic === 'mic-open');
	return stream ? books.sentMs(stream) : 0;
};

/** Until every recogniser has closed every stream, and all was played. */
async function closed(books: Books, ms: number): Promise<void> {
	const isOver = () => !books.open.length && books.playbacks > books.recordings;
	for (const deadline = performance.now() + ms; !isOver() && performance.now() < deadline; ) await sleep(100);
}
