import { NEEDLE_BYTES, Recent } from './recent.ts';

/** A recogniser may begin again before its last final: more than any of them goes back. */
const KEEP_BYTES = 300 * 32_000;

/** So few tell a place no more. */
const LEAST_BYTES = 8 * 2;

interface Interval {
	from: number;
	to: number;
}

/** What a recogniser got of one stream, in bytes. */
export class Heard {
	readonly #covered: Interval[] = [];
	/** Got once more, because a session that was replaced had no final for it yet. */
	again = 0;
	/** Silence that fills up a piece, or holds a session open. */
	padding = 0;
	/** Nothing that anybody sent. */
	foreign = 0;
	connections = 0;
	/** The most that one connection got. */
	longest = 0;

	add(from: number, to: number): void {
		if (to <= from) return;
		let part = { from, to };
		let before = 0;
		// Of few: what touches becomes one.
		for (let i = this.#covered.length - 1; i >= 0; i--) {
			const other = this.#covered[i] as Interval;
			if (other.to < part.from || other.from > part.to) continue;
			before += other.to - other.from;
			part = { from: Math.min(part.from, other.from), to: Math.max(part.to, other.to) };
			this.#covered.splice(i, 1);
		}
		this.#covered.push(part);
		this.again += to - from - (part.to - part.from - before);
	}

	get bytes(): number {
		return this.#covered.reduce((sum, { from, to }) => sum + to - from, 0);
	}

	/** Where the part ends that began first. */
	get end(): number {
		return this.#covered.reduce((end, { to }) => Math.max(end, to), 0);
	}
}

/** A microphone's stream and what every recogniser got of it. */
export class AccountedStream {
	readonly id: string;
	readonly mic: string;
	readonly sent = new Recent(KEEP_BYTES);
	readonly heard = new Map<string, Heard>();
	isOver = false;

	constructor(id: string, mic: string) {
		this.id = id;
		this.mic = mic;
	}

	heardBy(recogniser: string): Heard {
		const known = this.heard.get(recogniser) ?? new Heard();
		this.heard.set(recogniser, known);
		return known;
	}
}

/** Follows what one connection brings, and finds out of which stream it is and which part. */
export class Trace {
	readonly #recogniser: string;
	/** Arrived, and not compared yet: it may overtake the message with the same sound. */
	#pending: Buffer[] = [];
	#stream: AccountedStream | undefined;
	#place = 0;
	#bytes = 0;

	constructor(recogniser: string) {
		this.#recogniser = recogniser;
	}

	push(pcm: Buffer): void {
		this.#pending.push(pcm);
		this.#bytes += pcm.length;
	}

	/** Of what stream; undefined: nothing was compared yet. */
	get stream(): AccountedStream | undefined {
		return this.#stream;
	}

	get idle(): boolean {
		return !this.#pending.length;
	}

	/** Compares what can be compared. */
	settle(streams: Iterable<AccountedStream>): void {
		if (!this.#pending.length) return;
		const stream = this.#stream ?? this.#assign(Buffer.concat(this.#pending), streams);
		if (!stream) return;
		const heard = stream.heardBy(this.#recogniser);
		if (!this.#stream) heard.connections++;
		this.#stream = stream;
		heard.longest = Math.max(heard.longest, this.#bytes);
		for (let piece = this.#pending.shift(); piece; piece = this.#pending.shift()) {
			const rest = this.#take(piece, stream, heard);
			if (!rest) continue;
			this.#pending.unshift(rest);
			return;
		}
	}

	/** @returns what has to wait until the stream is longer */
	#take(piece: Buffer, { sent, isOver }: AccountedStream, heard: Heard): Buffer | undefined {
		let rest = piece;
		let isBroken = false;
		while (rest.length) {
			let same = sent.matches(rest, this.#place);
			// After a break, a sample or two may fit by chance.
			if (isBroken && same < LEAST_BYTES) same = 0;
			heard.add(this.#place, this.#place + same);
			this.#place += same;
			rest = rest.subarray(same);
			if (!rest.length) return undefined;
			if (this.#place >= sent.end && !isOver) return rest;
			const needle = rest.subarray(0, NEEDLE_BYTES);
			const isTelling = needle.length >= LEAST_BYTES && !isZero(needle);
			const found = isTelling ? sent.find(needle, this.#place) : undefined;
			if (found !== undefined) this.#place = found;
			else {
				isBroken = true;
				if (rest.readInt16LE(0) === 0) heard.padding += 2;
				else heard.foreign += 2;
				rest = rest.subarray(2);
			}
		}
		return undefined;
	}

	/** Several microphones may hear the same sound: a new connection is of a stream that begins so, or goes on so. */
	#assign(audio: Buffer, streams: Iterable<AccountedStream>): AccountedStream | undefined {
		let begin = 0;
		while (begin < audio.length && audio.readInt16LE(begin) === 0) begin += 2;
		if (audio.length - begin < NEEDLE_BYTES) return undefined;
		const needle = audio.subarray(begin, begin + NEEDLE_BYTES);
		const found = [...streams].flatMap((stream) => {
			const heard = stream.heardBy(this.#recogniser);
			const place = stream.sent.find(needle, heard.end);
			const isFirst = place === begin && heard.connections === 0;
			return place === undefined ? [] : [{ stream, place, isFirst, known: heard.connections }];
		});
		found.sort((a, b) => Number(b.isFirst) - Number(a.isFirst) || b.known - a.known);
		const [best] = found;
		if (best) this.#place = best.place - begin;
		return best?.stream;
	}
}

const isZero = (pcm: Buffer): boolean => pcm.every((byte) => byte === 0);
