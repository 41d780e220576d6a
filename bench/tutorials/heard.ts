import type { ConnectionRecord } from '../../test/lab/recognisers/record.ts';

/** Frames of a window that is looked for: of noise, they are found in one place only. */
const WINDOW = 32;
/** So many frames that are not of the signal are passed over, one after another, before it is given up. */
const FOREIGN_MAX = 2000;

/** A piece of what was received that is a run of what was fed. All in frames. */
interface Run {
	readonly at: number;
	readonly fed: number;
	readonly frames: number;
}

/** What of a fed signal (s16le mono noise) was received, sample by sample. */
export class Heard {
	readonly #received: Uint8Array;
	#first = Number.POSITIVE_INFINITY;
	#last = -1;
	/** Of what was received, neither silence nor of the signal. */
	foreign = 0;

	constructor(fed: Buffer, pieces: readonly Buffer[]) {
		this.#received = new Uint8Array(fed.length / 2);
		for (const piece of pieces)
			for (const run of runsOf(piece, fed, () => this.foreign++)) {
				this.#received.fill(1, run.fed, run.fed + run.frames);
				this.#first = Math.min(this.#first, run.fed);
				this.#last = Math.max(this.#last, run.fed + run.frames - 1);
			}
	}

	/** The first frame that was received; Infinity if none was. */
	get first(): number {
		return this.#first;
	}

	/** The last one, or -1. */
	get last(): number {
		return this.#last;
	}

	/** How many frames from `from` on and before `to` were never received. */
	lost(from: number, to: number): number {
		const [begin, end] = [Math.max(0, Math.round(from)), Math.min(this.#received.length, Math.round(to))];
		let lost = 0;
		for (let frame = begin; frame < end; frame++) if (!this.#received[frame]) lost++;
		return lost;
	}
}

/** The runs of `fed` in `piece`, in order. Silence is passed over, and so is what is foreign, which is told. */
export function runsOf(piece: Buffer, fed: Buffer, foreign: () => void = () => {}): Run[] {
	const runs: Run[] = [];
	const total = Math.floor(piece.length / 2);
	let expected = 0;
	let strange = 0;
	for (let at = 0; at < total; ) {
		if (piece.readInt16LE(at * 2) === 0) {
			at++;
			continue;
		}
		const window = piece.subarray(at * 2, (at + WINDOW) * 2);
		const found = window.length === WINDOW * 2 ? locate(window, fed, expected) : -1;
		if (found < 0) {
			if (++strange > FOREIGN_MAX) break;
			foreign();
			at++;
			continue;
		}
		strange = 0;
		let frames = WINDOW;
		const limit = Math.min(total - at, fed.length / 2 - found);
		while (frames < limit && piece.readInt16LE((at + frames) * 2) === fed.readInt16LE((found + frames) * 2))
			frames++;
		runs.push({ at, fed: found, frames });
		at += frames;
		expected = found + frames;
	}
	return runs;
}

function locate(window: Buffer, fed: Buffer, expected: number): number {
	for (const begin of [expected * 2, 0])
		for (let at = fed.indexOf(window, begin); at >= 0; at = fed.indexOf(window, at + 1))
			if (at % 2 === 0) return at / 2;
	return -1;
}

/** Milliseconds from a sample at the microphone to its bytes at the recogniser. */
export interface Latencies {
	/** Of all samples, one for each millisecond of sound; a sample waits until its frame is full. */
	readonly samples: number[];
	/** Of the newest sample of each message: what comes after that wait. */
	readonly messages: number[];
}

/** Of a fed signal, and when it was at the microphone. */
export interface Clocked {
	readonly fed: Buffer;
	/** Hz. */
	readonly rate: number;
	/** When frame 0 was there (performance.now()). */
	readonly origin: number;
}

/** Of what arrived from then on (performance.now()); of all, if nothing did. */
export function latenciesOf(
	record: ConnectionRecord,
	{ fed, rate, origin }: Clocked,
	from: number,
): Latencies {
	const samples: number[] = [];
	const messages: number[] = [];
	const runs = runsOf(record.audio(), fed);
	const step = rate / 1000;
	let frame = 0;
	for (const { at, bytes } of record.arrivals) {
		const end = frame + bytes / 2;
		const run = runs.find((one) => one.at < end && end <= one.at + one.frames);
		if (run && at >= from) {
			const late = (index: number) => at - origin - ((run.fed + index - run.at + 1) * 1000) / rate;
			messages.push(late(end - 1));
			for (let one = end - 1; one >= Math.max(frame, run.at); one -= step) samples.push(late(one));
		}
		frame = end;
	}
	return messages.length || from <= 0 ? { samples, messages } : latenciesOf(record, { fed, rate, origin }, 0);
}
