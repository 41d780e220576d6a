import { setTimeout as sleep } from 'node:timers/promises';
import { audit, noSums, type Sums, wrongPresses } from './account.ts';
import { wrongCaptures, wrongFiles } from './captured.ts';
import { type Checkpoint, checkpoint, compare, complaints } from './checkpoint.ts';
import { Dice } from './dice.ts';
import type { Fault, Scene } from './faults/fault.ts';
import { FAULTS } from './faults/index.ts';
import { House } from './house.ts';
import { Ledger } from './ledger.ts';
import { Speech } from './speech.ts';
import { CardTalker, FileTalker, PageTalker } from './talkers.ts';

export interface RunOptions {
	readonly seed: number;
	/** How many faults there are to be. */
	readonly faults: number;
	/** How often everything is taken down and looked at: after so many faults. */
	readonly checkEvery?: number;
	/** Told what happens. */
	readonly tell?: (line: string) => void;
}

export interface Outcome {
	readonly seed: number;
	readonly faults: number;
	/** How often each fault struck. */
	readonly struck: Readonly<Record<string, number>>;
	/** How often the nodes reported each error, by type and code. */
	readonly reported: Readonly<Record<string, number>>;
	readonly rounds: number;
	readonly sums: Sums;
	readonly checkpoints: readonly Checkpoint[];
	readonly seconds: number;
}

/** Faults in a round, at most. */
const ROUND_FAULTS = 4;
/** How long everything may take to come to its end. */
const SETTLE_MS = 60_000;
/** … and a fault to become possible: another one in its place would not be what the seed says. */
const READY_MS = 1000;
/** … and a fault to be followed by the next, though nobody speaks. */
const QUIET_MS = 800;
const CHECK_EVERY = 50;

/** What was wrong, what had been done before, and how to see it again. */
export class ChaosError extends Error {
	/** @param again the options that lead there again */
	constructor(what: string, history: readonly string[], folder: string, again: string) {
		const list = history.slice(-12).join('\n  ');
		super(
			`${what}\nThe last of them:\n  ${list}\n` +
				`Logs: ${folder}\nAgain (what is under way then differs; try it more than once): npm run test:chaos -- ${again}`,
		);
	}
}

/**
 * A run of a whole voice interface under faults: rounds in which several people speak while things go wrong. After
 * each, everything must have come to its end and every sample must be accounted for; and now and then nothing may be
 * left behind.
 * @throws ChaosError
 */
export async function run({
	seed,
	faults,
	checkEvery = CHECK_EVERY,
	tell = () => {},
}: RunOptions): Promise<Outcome> {
	const dice = new Dice(seed);
	const began = performance.now();
	const house = await House.start(dice.pick(['portaudio', 'alsa'] as const));
	const chaos = new Chaos(house, seed, tell);
	let failed = true;
	try {
		await chaos.round(0);
		const base = await chaos.check();
		const checkpoints = [base];
		for (let due = checkEvery; chaos.faults < faults; ) {
			await chaos.round(Math.min(dice.between(1, ROUND_FAULTS), faults - chaos.faults));
			if (chaos.faults < due && chaos.faults < faults) continue;
			due += checkEvery;
			const now = await chaos.check();
			checkpoints.push(now);
			tell(`${chaos.faults} faults: ${compare(base, now)}`);
		}
		await chaos.works();
		const wrong = complaints(checkpoints, house.nodeRed.log);
		if (wrong.length) throw new Error(wrong.join('\n'));
		const { struck, reported, rounds, sums } = chaos;
		failed = false;
		return {
			seed,
			faults: chaos.faults,
			struck,
			reported,
			rounds,
			sums,
			checkpoints,
			seconds: (performance.now() - began) / 1000,
		};
	} catch (thrown) {
		const what = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
		// With the one that was at work when it failed.
		const struck = Math.max(1, chaos.faults + (chaos.isStriking ? 1 : 0));
		const often = checkEvery === CHECK_EVERY ? '' : ` --check-every ${checkEvery}`;
		const again = `--seed ${seed} --faults ${struck}${often}`;
		throw new ChaosError(
			`seed ${seed}, after ${chaos.faults} faults: ${what}`,
			chaos.history,
			house.folder,
			again,
		);
	} finally {
		const stopped = house.stop({ keep: failed });
		if (failed) await stopped.catch(() => {});
		else await stopped;
	}
}

class Chaos {
	readonly struck: Record<string, number> = {};
	readonly reported: Record<string, number> = {};
	readonly history: string[] = [];
	readonly sums = noSums();
	faults = 0;
	/** One more is at work. */
	isStriking = false;
	rounds = 0;
	readonly #house: House;
	readonly #seed: number;
	/** Of the round. */
	#dice: Dice;
	readonly #tell: (line: string) => void;
	readonly #ledger: Ledger;
	readonly #card: CardTalker;
	readonly #file: FileTalker;
	readonly #pageSpeech = new Speech(800_000);
	readonly #names: Record<string, string> = {};
	/** How many sessions the recognisers had had when the round began. */
	#before = { assemblyai: 0, yandex: 0 };

	constructor(house: House, seed: number, tell: (line: string) => void) {
		this.#house = house;
		this.#seed = seed;
		this.#dice = new Dice(seed);
		this.#tell = tell;
		this.#ledger = new Ledger(house.nodeRed);
		this.#card = new CardTalker(house);
		this.#file = new FileTalker(house);
	}

	/** People speak, so many things go wrong, and all comes to its end. */
	async round(faults: number): Promise<void> {
		const { nodeRed, card, assemblyai, yandex } = this.#house;
		this.rounds++;
		this.#dice = new Dice(this.#seed, -this.rounds);
		const pages = new PageTalker(this.#house, this.#pageSpeech);
		const cut = new Set<string>();
		let deployments = 0;
		const heal: Scene['heal'] = [];
		const scene: Scene = {
			house: this.#house,
			card: this.#card,
			file: this.#file,
			pages,
			names: this.#names,
			heal,
			deploying: () => {
				deployments++;
				for (const { id } of this.#ledger.streams()) cut.add(id);
			},
		};
		await this.#speak(pages);
		for (let left = faults; left > 0; left--) await this.#strike(scene);
		if (!faults) await this.#pause(8);
		for (const cure of heal) await cure();
		for (const talker of [this.#card, this.#file, pages]) await talker.stop();
		await nodeRed.send('play-card', { payload: 'resume' });
		await nodeRed.send('play-file', { payload: 'resume' });
		if (this.#dice.oneIn(2)) await nodeRed.send('play-card', { payload: 'stop' });
		await this.#settled(cut, !deployments);
		const left = await wrongFiles(this.#house);
		// What began meanwhile, as the button is read late on a busy machine, must not be cut by forget().
		await this.#settled(cut, !deployments);
		const records = {
			'stt-assemblyai': assemblyai.records.slice(this.#before.assemblyai),
			'stt-yandex': yandex.records.slice(this.#before.yandex),
		};
		const wrong = [
			...wrongPresses(this.#ledger.presses, !deployments),
			...audit(this.#ledger, records, { cut, deployments }, this.sums),
			...wrongCaptures(this.#ledger.streams(), this.#file.said, pages.utterances),
			...left,
		];
		if (wrong.length) throw new Error(`round ${this.rounds}:\n${wrong.join('\n')}`);
		this.#turnPage();
		card.clearSpoken();
	}

	/** Takes everything down, looks at what is left, and sets it up again. */
	async check(): Promise<Checkpoint> {
		return checkpoint(this.#house, this.#names, this.faults, () => this.#turnPage());
	}

	/** What happens from now on belongs to the next round. */
	#turnPage(): void {
		const { nodeRed, assemblyai, yandex } = this.#house;
		for (const { type, code } of nodeRed.errors()) {
			const what = `${type}: ${code ?? 'without a code'}`;
			this.reported[what] = (this.reported[what] ?? 0) + 1;
		}
		nodeRed.forget();
		this.#before = { assemblyai: assemblyai.records.length, yandex: yandex.records.length };
	}

	/** Without faults nobody fails; on a machine that is very busy, perhaps not at once. */
	async works(): Promise<void> {
		for (let left = 5; left > 0; left--) {
			const { failed } = this.sums;
			await this.round(0);
			if (this.sums.failed === failed) return;
			this.#note('a round without faults was not whole');
		}
		throw new Error('It does not work any more, though nothing is wrong');
	}

	async #speak(pages: PageTalker): Promise<void> {
		const dice = this.#dice;
		const starts = [() => this.#card.start(dice), () => this.#file.start(dice)];
		for (let tabs = dice.between(0, 2); tabs > 0; tabs--) starts.push(() => pages.start(dice));
		for (const start of starts) if (starts.length < 3 || !dice.oneIn(6)) await start();
		await this.#pause(dice.between(0, 6));
	}

	async #strike(scene: Scene): Promise<void> {
		const dice = new Dice(this.#seed, this.faults + 1);
		let fault = dice.weigh(FAULTS);
		while (fault && !(await isReady(fault, scene))) fault = dice.weigh(FAULTS);
		if (!fault) return;
		this.#note(`${fault.name} …`);
		this.isStriking = true;
		const details = await fault.strike(scene, dice);
		this.isStriking = false;
		this.faults++;
		this.struck[fault.name] = (this.struck[fault.name] ?? 0) + 1;
		this.history[this.history.length - 1] = `${fault.name}: ${details}`;
		this.#house.log(`${this.faults} ${fault.name}: ${details}`);
		await this.#pause(dice.between(0, 12));
	}

	/** Until the microphones have sent so many more chunks; not for long, as they may all be silent. */
	async #pause(chunks: number): Promise<void> {
		const until = this.#ledger.progress + chunks;
		const look = () => (this.#ledger.progress >= until ? true : undefined);
		const stop = AbortSignal.timeout(QUIET_MS);
		while (!look() && !stop.aborted) await sleep(10);
	}

	async #settled(cut: ReadonlySet<string>, isWhole: boolean): Promise<void> {
		for (const deadline = Date.now() + SETTLE_MS; ; await sleep(20)) {
			const open = this.#ledger.open(cut, isWhole);
			if (!open.length) return;
			if (Date.now() > deadline) throw new Error(`not over after ${SETTLE_MS} ms:\n${open.join('\n')}`);
		}
	}

	#note(line: string): void {
		this.history.push(line);
		if (this.history.length > 50) this.history.shift();
		this.#tell(line);
	}
}

async function isReady(fault: Fault, scene: Scene): Promise<boolean> {
	for (const deadline = performance.now() + READY_MS; !fault.ready(scene); await sleep(10))
		if (performance.now() > deadline) return false;
	return true;
}
