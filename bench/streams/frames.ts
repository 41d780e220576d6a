import process from 'node:process';

// What travels in the bench of streams. From the source to Node-RED go records of one size: which stream, whether
// it begins or ends, and the frame. The frame's own first bytes say which it is and when it was due, so that the
// recogniser can tell a frame that is missing, doubled or out of order, and how late each is.

export const RATE = 16_000;

/** Stream number and flags, before the frame's samples. */
export const HEAD_BYTES = 8;
export const FIRST = 1;
export const LAST = 2;

const INDEX_AT = 4;
const DUE_AT = 8;
/** Stream number, frame number, and the time at which it was due. */
const MARK_BYTES = 16;

export const frameBytes = (frameMs: number): number => (RATE / 1000) * frameMs * 2;

/** Milliseconds of a clock that all processes of this machine share and nobody sets. */
export function machineMs(): number {
	const [seconds, nanoseconds] = process.hrtime();
	return seconds * 1000 + nanoseconds / 1e6;
}

export interface Mark {
	readonly stream: number;
	readonly index: number;
	readonly dueMs: number;
}

/** Overwrites the first samples of the frame at `at`. */
export function writeMark(target: Buffer, at: number, { stream, index, dueMs }: Mark): void {
	target.writeUInt32LE(stream, at);
	target.writeUInt32LE(index, at + INDEX_AT);
	target.writeDoubleLE(dueMs, at + DUE_AT);
}

/** Checks the audio of one stream as it arrives, in pieces of any length. */
export class Check {
	/** Bytes of audio so far. */
	bytes = 0;
	/** Frames that were not the next one. */
	misplaced = 0;
	readonly #frameBytes: number;
	readonly #head = Buffer.alloc(MARK_BYTES);
	#stream: number | undefined;
	#next = 0;

	constructor(frameBytes: number) {
		this.#frameBytes = frameBytes;
	}

	/** @returns when the newest frame that is complete now was due; undefined if none has become complete */
	push(piece: Buffer): number | undefined {
		const size = this.#frameBytes;
		const end = this.bytes + piece.length;
		const complete = Math.floor(end / size) > Math.floor(this.bytes / size);
		let due: number | undefined;
		// Every frame of which a part of the mark is in this piece.
		for (let frame = Math.floor(this.bytes / size) * size; frame < end; frame += size) {
			const from = Math.max(frame, this.bytes);
			piece.copy(this.#head, Math.min(from - frame, MARK_BYTES), from - this.bytes);
			const marked = from < frame + MARK_BYTES && end >= frame + MARK_BYTES;
			if (marked) this.#look();
			if (end >= frame + size) due = this.#head.readDoubleLE(DUE_AT);
		}
		this.bytes = end;
		return complete ? due : undefined;
	}

	#look(): void {
		const stream = this.#head.readUInt32LE(0);
		this.#stream ??= stream;
		if (stream !== this.#stream || this.#head.readUInt32LE(INDEX_AT) !== this.#next) this.misplaced++;
		this.#next++;
	}
}
