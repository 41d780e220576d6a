import { appendFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { wavHeader } from '../../lib/audio/wav.ts';
import { type LabNodeRed, startNodeRed } from '../lab/node-red.ts';
import { startAssemblyAi } from '../lab/recognisers/assemblyai.ts';
import { numbers } from '../lab/recognisers/hearing.ts';
import { numberedAudio } from '../lab/recognisers/numbered-audio.ts';
import { startYandex } from '../lab/recognisers/yandex.ts';
import { noise } from '../lab/signals.ts';
import { Books } from './books.ts';
import { CREDENTIALS, DAY, DAY_NUMBERS, dayFlow } from './flow.ts';
import { line, type Outcome } from './report.ts';
import { type Sample, Watch, withProbes } from './vitals.ts';

const DEVICE_RATE = 48_000;
/** So many words, then a pause: recognisers are replaced in pauses, if there are any. */
const CYCLE_WORDS = 288;
const CYCLE_MS = 30_000;
const TURN_WORDS = 10;
/** How far the microphone may be ahead of what recognisers have heard: less than any of their time limits. */
const AHEAD_MS = 2000;
/** … and of what is on the disk: less than the player's queue. */
const DISK_AHEAD_MS = 20_000;
/** Time passes also where nothing is heard, as while audio is sent once more; slowly, in real milliseconds. */
const PATIENCE_MS = 10;
const NUDGE_MS = 200;
const FIRST_MS = 20;
/** What is on its way arrives in so much, in real milliseconds, or never. */
const SETTLED_MS = 100;
const STUCK_MS = 30_000;
/** A microphone that has sent less than was due by so much is waiting for its file. */
const LATE_MS = 1000;
const IDLE_MS = 600_000;
/** How long the end may take, in real milliseconds. */
const END_MS = 30_000;

export interface DayOptions {
	readonly hours: number;
	/** Looks at Node-RED so often, in hours of audio. */
	readonly everyHours: number;
	readonly tell: (line: string) => void;
	/** More modules that Node-RED's process is to load. */
	readonly imports?: readonly string[];
}

/**
 * A real Node-RED whose time passes as fast as it and the recognisers can follow: a microphone at 48 kHz that is never
 * closed, two recognisers with the session limits that the vendors have, and a player that writes to a file.
 */
export async function soakInCompressedTime({
	hours,
	everyHours,
	tell,
	imports = [],
}: DayOptions): Promise<Outcome> {
	const folder = await mkdtemp(join(tmpdir(), 'voice-soak-'));
	const said = join(folder, 'said.wav');
	const played = join(folder, 'played.wav');
	const books = new Books(DAY);
	const time = { ms: 0 };
	const ears = (name: string) => books.ears(name, numbers, () => heard());
	let heard = () => {};
	const settings = { turnWords: TURN_WORDS, keepAudio: false };
	const assemblyai = await startAssemblyAi({
		...settings,
		ears: ears('stt-assemblyai'),
		paceNow: () => time.ms,
	});
	const yandex = await startYandex({
		...settings,
		ears: ears('stt-yandex'),
		// Its real time means nothing here.
		limits: { idleMs: IDLE_MS },
	});
	const probes = withProbes(folder);
	const modules = [new URL('./hand-time.js', import.meta.url).href, ...imports];
	const clock = join(folder, 'time');
	let nodeRed: LabNodeRed | undefined;
	let pace: Pace | undefined;
	let failed = true;
	try {
		record(said, Math.min(DAY_NUMBERS / CYCLE_WORDS, Math.ceil((hours * 3_600_000) / CYCLE_MS) + 1));
		nodeRed = await startNodeRed({
			flow: dayFlow({ assemblyai: assemblyai.url, yandex: yandex.endpoint }, { said, played }),
			credentials: CREDENTIALS,
			env: { ...probes.env, VOICE_SOAK_TIME: clock },
			wrap: (command, args) => [
				command,
				[...modules.flatMap((path) => ['--import', path]), ...probes.args, ...args],
			],
		});
		pace = new Pace(books, clock, played, time);
		heard = () => pace?.consider();
		let crash: Error | undefined;
		nodeRed
			.until('the end of the soak', () => books.take(nodeRed as LabNodeRed), 2 ** 31 - 1)
			.catch((thrown: Error) => {
				crash ??= thrown;
			});
		await pace.begin();
		await nodeRed.send('mic-open', { payload: true });
		const watch = new Watch(nodeRed, probes.sockets);
		const samples: Sample[] = [];
		const details: unknown[] = [];
		for (let hour = everyHours; hour <= hours + 1e-6; hour += everyHours) {
			pace.limitMs = hour * 3_600_000;
			while (!pace.isThere && !crash) await pace.nudge();
			if (crash) throw crash;
			const sample = await watch.look(pace.heardMs / 1000);
			samples.push(sample);
			details.push(watch.details);
			tell(line(sample, books));
		}
		pace.limitMs = Number.POSITIVE_INFINITY;
		pace.isEnding = true;
		await nodeRed.send('mic-open', { payload: false });
		const isOver = () => !books.open.length && books.playbacks > 0;
		for (const deadline = performance.now() + END_MS; !isOver() && performance.now() < deadline && !crash; )
			await pace.nudge();
		pace.end();
		failed = false;
		const sentMs = books.sums['stt-yandex']?.sentMs ?? 0;
		const playedMs = (statSync(played, { throwIfNoEntry: false })?.size ?? 0) / BYTES_PER_MS;
		return {
			kind: 'day',
			samples,
			details: [details[0], details.at(-1)],
			sums: books.sums,
			errors: books.errors,
			toPlay: 1,
			playbacks: books.playbacks,
			underruns: books.underruns,
			lostInPlayingMs: sentMs - playedMs + HEADER_BYTES / BYTES_PER_MS,
			open: books.open.map(({ mic, id }) => `${mic} ${id}`),
			log: nodeRed.log.filter((text) => /MaxListeners|Unhandled|Deprecation|^\[(error|warn)\]/.test(text)),
		};
	} finally {
		pace?.end();
		// What went wrong before is what counts.
		if (failed) await nodeRed?.stop().catch(() => {});
		else await nodeRed?.stop();
		await Promise.all([assemblyai.stop(), yandex.stop()]);
		await rm(folder, { recursive: true, force: true });
	}
}

const BYTES_PER_MS = (DAY.sampleRate * 2) / 1000;
const HEADER_BYTES = 44;

/** Lets time pass in Node-RED, as far as what was spoken has been heard and written down. */
class Pace {
	/** No further than this. */
	limitMs = AHEAD_MS;
	/** The microphone was told to stop. */
	isEnding = false;
	readonly #books: Books;
	readonly #path: string;
	readonly #played: string;
	readonly #time: { ms: number };
	#socket: ReturnType<typeof connect> | undefined;
	/** When time was last allowed to pass, and when something was last heard, in real milliseconds. */
	#movedAt = 0;
	#heardAt = 0;
	#beganAt = 0;
	#heardMs = 0;
	#diskMs = 0;
	/** When the stream began. */
	#beginMs: number | undefined;

	/** @param time what was allowed, for all to see */
	constructor(books: Books, path: string, played: string, time: { ms: number }) {
		this.#books = books;
		this.#path = path;
		this.#played = played;
		this.#time = time;
	}

	/** From here on time stands still unless it is told to pass. */
	async begin(): Promise<void> {
		const socket = connect(this.#path);
		await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
		socket.on('error', () => {});
		this.#socket = socket;
		this.#beganAt = performance.now();
	}

	end(): void {
		this.#socket?.end();
	}

	/** How much of the stream all recognisers have heard. */
	get heardMs(): number {
		const [stream] = this.#books.open;
		return stream ? Math.min(...DAY.traced.map((name) => this.#books.heardMs(stream, name))) : 0;
	}

	/** All that there is up to the limit was heard. */
	get isThere(): boolean {
		return this.#time.ms >= this.limitMs && performance.now() - this.#heardAt > SETTLED_MS;
	}

	/** Something was heard. */
	consider(): void {
		this.#books.settle();
		const { heardMs } = this;
		if (heardMs === this.#heardMs || this.#beginMs === undefined) return;
		this.#heardMs = heardMs;
		this.#heardAt = performance.now();
		this.#allow(this.#beginMs + heardMs + AHEAD_MS);
	}

	/** To be called again and again. @throws if nothing has been heard for long */
	async nudge(): Promise<void> {
		await sleep(PATIENCE_MS);
		this.#diskMs = await this.#written();
		const [stream] = this.#books.open;
		if (stream) this.#beginMs ??= Math.max(0, this.#time.ms - this.#books.sentMs(stream));
		this.consider();
		const now = performance.now();
		// Until the file is open, hardly any: it would be time that the microphone lags behind for ever.
		const least = this.#beginMs === undefined ? FIRST_MS : NUDGE_MS;
		if (now - this.#movedAt > PATIENCE_MS && !this.#isMicLate) this.#allow(this.#time.ms + least, least);
		if (now - Math.max(this.#heardAt, this.#beganAt) > STUCK_MS)
			throw new Error(`nothing was heard for ${STUCK_MS} ms: ${this.#where}`);
	}

	get #where(): string {
		const [stream] = this.#books.open;
		const heard = DAY.traced.map((name) => (stream ? this.#books.heardMs(stream, name) : 0));
		const sent = stream ? this.#books.sentMs(stream) : 0;
		return `time ${this.#time.ms}, begun ${this.#beginMs}, sent ${sent}, heard ${heard}, on the disk ${this.#diskMs}`;
	}

	/** Its file is still being read: in the time that passes meanwhile, the stream would seem to have ended. */
	get #isMicLate(): boolean {
		const [stream] = this.#books.open;
		if (!stream || stream.isOver || this.#beginMs === undefined || this.isEnding) return false;
		return this.#books.sentMs(stream) < this.#time.ms - this.#beginMs - LATE_MS;
	}

	#allow(untilMs: number, leastMs = NUDGE_MS): void {
		const ms = Math.min(untilMs, this.limitMs, this.#diskMs + DISK_AHEAD_MS);
		if (ms < this.#time.ms + leastMs && ms < this.limitMs) return;
		if (ms <= this.#time.ms) return;
		this.#time.ms = ms;
		this.#movedAt = performance.now();
		this.#socket?.write(`${ms}\n`);
	}

	/** What the player has written of its file, which gets its name at the end. */
	async #written(): Promise<number> {
		const folder = dirname(this.#played);
		const name = (await readdir(folder)).find((one) => one.startsWith('played.wav'));
		const { size = 0 } = (name && statSync(join(folder, name), { throwIfNoEntry: false })) || {};
		return size / BYTES_PER_MS;
	}
}

/** Writes so many cycles of numbers and pauses at the rate of a sound card; not two pauses are alike. */
function record(path: string, cycles: number): void {
	const format = { sampleRate: DEVICE_RATE, channels: 1 };
	const bytes = (CYCLE_MS / 1000) * DEVICE_RATE * 2;
	writeFileSync(path, wavHeader(format, cycles * bytes));
	for (let cycle = 0; cycle < cycles; cycle++) {
		const hiss = noise(bytes / 2, cycle + 1);
		const samples = new Int16Array(hiss.buffer, hiss.byteOffset, bytes / 2);
		const words = numberedAudio(CYCLE_WORDS, DEVICE_RATE, cycle * CYCLE_WORDS);
		const spoken = new Int16Array(words.buffer, words.byteOffset, words.length / 2);
		for (let i = 0; i < samples.length; i++)
			samples[i] = (spoken[i] ?? 0) + Math.trunc((samples[i] as number) / (i < spoken.length ? 20 : 256));
		appendFileSync(path, hiss);
	}
}
