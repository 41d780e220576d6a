import { msToFrames, type PcmFormat } from './format.ts';
import { LEVEL_FLOOR } from './level.ts';
import { type LevelStep, LevelSteps } from './level-steps.ts';

/** Speech begins with so many loud steps (20 ms each) among so many: a click is not speech. */
const LOUD_STEPS = 3;
const AMONG_STEPS = 5;
/** Speech is so much louder than the noise of the room, in dB; while it lasts, a little less will do. */
const ABOVE_NOISE_DB = 10;
const HYSTERESIS_DB = 3;
/** The threshold never rises above this, so that a loud voice is heard in any noise. */
const THRESHOLD_MOST_DB = -12;
/** The noise is what a tenth of the last 10 s does not exceed: speech pauses that often, noise does not. */
const NOISE_STEPS = 500;
const NOISE_STEPS_LEAST = 150;
const NOISE_SHARE = 0.1;

export interface SpeechDetectorSettings {
	readonly format: PcmFormat;
	/** dBFS of the root mean square; what is quieter is never speech. */
	readonly thresholdDb: number;
	/** Speech ends when it has been quiet for so long. */
	readonly silenceMs: number;
}

export interface SpeechChange {
	readonly speaking: boolean;
	/** Frames since the first that was pushed: the first loud one, or the one after the silence. */
	readonly frame: number;
}

/** Tells by loudness, against the noise of the room, where speech begins and where it has ended. */
export class SpeechDetector {
	readonly #settings: SpeechDetectorSettings;
	readonly #steps: LevelSteps;
	#noise = new NoiseFloor();
	/** As it was before what is being said. */
	#noiseBefore = this.#noise;
	/** Steps of which it is not known yet whether they are the room's. */
	#recent: { from: number; rms: number; loud: boolean }[] = [];
	#quietSince = 0;
	/** The levels since then. */
	#quiet: number[] = [];
	#speaking = false;

	constructor(settings: SpeechDetectorSettings) {
		this.#settings = settings;
		this.#steps = new LevelSteps(settings.format);
	}

	get speaking(): boolean {
		return this.#speaking;
	}

	/** dBFS above which a step counts as speech at the moment. */
	get thresholdDb(): number {
		return this.#above(this.#noise);
	}

	/** Takes the next whole frames; answers the changes within them, in order. */
	push(pcm: Buffer): SpeechChange[] {
		const changes: SpeechChange[] = [];
		for (const step of this.#steps.push(pcm)) {
			const change = this.#speaking ? this.#ends(step) : this.#begins(step);
			if (!change) continue;
			this.#speaking = change.speaking;
			changes.push(change);
		}
		return changes;
	}

	#above(noise: NoiseFloor): number {
		const { thresholdDb } = this.#settings;
		return Math.max(thresholdDb, Math.min(noise.db + ABOVE_NOISE_DB, THRESHOLD_MOST_DB));
	}

	#begins({ rms, from, to }: LevelStep): SpeechChange | undefined {
		this.#recent.push({ from, rms, loud: rms > this.thresholdDb });
		const oldest = this.#recent.length > AMONG_STEPS ? this.#recent.shift() : undefined;
		if (oldest) this.#noise.observe(oldest.rms);
		const loud = this.#recent.filter((step) => step.loud);
		const [first] = loud;
		if (!first || loud.length < LOUD_STEPS) return undefined;
		this.#noiseBefore = this.#noise.copy();
		for (const step of this.#recent) this.#noise.observe(step.rms);
		this.#recent = [];
		this.#quietSince = to;
		this.#quiet = [];
		return { speaking: true, frame: first.from };
	}

	#ends({ rms, to }: LevelStep): SpeechChange | undefined {
		if (rms > this.thresholdDb - HYSTERESIS_DB) {
			this.#quietSince = to;
			this.#quiet = [];
		} else this.#quiet.push(rms);
		this.#noise.observe(rms);
		const { format, silenceMs } = this.#settings;
		if (to - this.#quietSince < msToFrames(silenceMs, format)) return undefined;
		this.#forgetSpeech();
		return { speaking: false, frame: to };
	}

	/** What has stopped was not the room, however steady it was; what goes on and only seems quiet by now is. */
	#forgetSpeech(): void {
		const wasQuiet = this.#above(this.#noiseBefore) - HYSTERESIS_DB;
		if (this.#quiet.some((rms) => rms > wasQuiet)) return;
		this.#noise = this.#noiseBefore;
		for (const rms of this.#quiet) this.#noise.observe(rms);
	}
}

/** The level of a room in which nobody speaks, from what is heard there. */
class NoiseFloor {
	/** The last levels, oldest overwritten first, and how often each occurs, in whole dB below full scale. */
	#levels: number[] = [];
	#counts = new Array<number>(-LEVEL_FLOOR + 1).fill(0);
	#at = 0;
	/** Something else than digital silence has been heard. */
	#sound = false;

	copy(): NoiseFloor {
		const copy = new NoiseFloor();
		copy.#levels = [...this.#levels];
		copy.#counts = [...this.#counts];
		copy.#at = this.#at;
		copy.#sound = this.#sound;
		return copy;
	}

	/** dBFS; the floor of the scale as long as too little is known. */
	get db(): number {
		if (this.#levels.length < NOISE_STEPS_LEAST) return LEVEL_FLOOR;
		let left = this.#levels.length * NOISE_SHARE;
		let level = this.#counts.length - 1;
		for (; level > 0; level--) {
			left -= this.#counts[level] ?? 0;
			if (left < 0) break;
		}
		return -level;
	}

	/** Digital silence is no room (a muted microphone, or one that silences its own noise) once we know a better one. */
	observe(rms: number): void {
		if (rms > LEVEL_FLOOR) this.#sound = true;
		else if (this.#sound) return;
		const level = Math.round(-rms);
		const gone = this.#levels[this.#at];
		if (gone !== undefined) this.#count(gone, -1);
		this.#levels[this.#at] = level;
		this.#at = (this.#at + 1) % NOISE_STEPS;
		this.#count(level, 1);
	}

	#count(level: number, by: number): void {
		this.#counts[level] = (this.#counts[level] ?? 0) + by;
	}
}
